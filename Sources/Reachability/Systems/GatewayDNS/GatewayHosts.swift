import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// The hosts that gateways of a cluster answer for, and where each leads: HTTPProxy of Contour, Ingress, and routes of the
/// Gateway API.
struct GatewayHosts: Sendable {
  /// A route for one host.
  struct Route: Sendable {
    let host: String
    let object: KnownObject
    let node: Node?
    let backends: [(service: NamespacedName, port: Node?)]
    /// Other objects say where a part of it leads.
    let delegates: Bool

    var label: Label { object.label(at: node) }

    /// Where a proxy sends plain requests to its TLS port instead of serving them (Contour: a virtual host with TLS and no
    /// route with permitInsecure); nil where it serves them.
    var redirection: Node? {
      guard object.manifest.kind == "HTTPProxy", let tls = object.node.at("spec", "virtualhost", "tls"),
        tls["passthrough"]?.boolean != true
      else { return nil }
      let serves = object.node.at("spec", "routes")?.elements.contains {
        $0["permitInsecure"]?.boolean == true
      }
      return serves == true ? nil : tls
    }
  }

  enum Answer: Sendable {
    case found(Route)
    case open(Question, places: [Label])
    case refused(Fault)
  }

  private var routes: [Route] = []
  private let cluster: String

  /// Linear in the routes of the cluster.
  init(_ cluster: JudgedCluster) {
    self.cluster = cluster.name
    for object in cluster.objects(ofKind: "HTTPProxy") { addProxy(object) }
    for object in cluster.objects(ofKind: "Ingress") { addIngress(object) }
    for kind in ["HTTPRoute", "GRPCRoute", "TLSRoute"] {
      for object in cluster.objects(ofKind: kind) { addRoute(object) }
    }
  }

  /// Where a request for a host goes, seen from a connection to a Service.
  func route(_ name: String, to service: NamespacedName, _ port: ServicePort) -> Answer {
    guard !routes.isEmpty else {
      return .open(
        Question("which route of \(cluster) has the host \(name)", isReported: true), places: [])
    }
    let exact = routes.filter { $0.host == name }
    let candidates = exact.isEmpty ? routes.filter { Self.takes($0.host, name) } : exact
    guard let first = candidates.first else {
      return .refused(
        Fault(
          JudgementRules.unpublished, "no route of \(cluster) has the host \(name): the gateway answers 404",
          at: routes.filter { $0.object.manifest.namespace == service.namespace }.prefix(3).map { route in
            route.object.label(at: route.node, "another host")
          },
          help: ["give the route of \(service.name) this host, or set gatewayDNS.host"],
          because: Self.claim(name, to: service, port, in: cluster)))
    }
    if let found = candidates.first(where: { Self.leads($0, to: service, port) }) {
      guard found.host.isEmpty else { return .found(found) }
      return .open(
        Question(
          "whether \(found.object.manifest.kind) \(found.object.name) takes requests for \(name): it names no host"
        ),
        places: [found.label])
    }
    if let delegating = candidates.first(where: \.delegates) {
      return .open(
        Question(
          "where the objects lead that \(delegating.object.manifest.kind) \(delegating.object.name) includes"),
        places: [delegating.label])
    }
    return .refused(
      Fault(
        JudgementRules.unpublished,
        "\(first.object.manifest.kind) \(first.object.name) in \(cluster) takes \(name) to \(listed(first.backends.map { Self.words($0) })), not to port \(port.number) of \(service.description)",
        at: [first.label], help: ["lead to \(service.name), port \(port.number)"],
        because: Self.claim(name, to: service, port, in: cluster)))
  }

  private static func words(_ backend: (service: NamespacedName, port: Node?)) -> String {
    backend.port.map { "\(backend.service.name):\($0.text)" } ?? backend.service.name
  }

  /// That some route takes a host to a Service's port.
  static func claim(_ name: String, to service: NamespacedName, _ port: ServicePort, in cluster: String)
    -> Claim
  {
    var hosts = [name]
    if let dot = name.firstIndex(of: ".") { hosts.append("*" + name[dot...]) }
    func leads(_ number: [String], _ text: [String]?) -> ObjectCondition {
      var ways: [ObjectCondition] = [.number(number, port.number)]
      if let text, let name = port.name { ways.append(.text(text, [name])) }
      ways.append(.not(.either([.exists(number)] + (text.map { [.exists($0)] } ?? []))))
      return .either(ways)
    }
    let proxied = [ObjectCondition.text(["name"], [service.name]), leads(["port"], nil)]
    let served: [ObjectCondition] = [
      .text(["backend", "service", "name"], [service.name]),
      leads(["backend", "service", "port", "number"], ["backend", "service", "port", "name"]),
    ]
    return .found([
      ObjectQuery(
        "HTTPProxy", of: nil, in: cluster, service.namespace,
        where: [
          .text(["spec", "virtualhost", "fqdn"], hosts),
          .either([
            .element(["spec", "routes", "*", "services", "*"], proxied),
            .element(["spec", "tcpproxy", "services", "*"], proxied),
          ]),
        ]),
      ObjectQuery(
        "Ingress", of: nil, in: cluster, service.namespace,
        where: [
          .element(
            ["spec", "rules", "*"],
            [.text(["host"], hosts), .element(["http", "paths", "*"], served)])
        ]),
      ObjectQuery(
        "HTTPRoute", "GRPCRoute", "TLSRoute", of: nil, in: cluster,
        where: [
          .text(["spec", "hostnames", "*"], hosts),
          .element(
            ["spec", "rules", "*", "backendRefs", "*"],
            [.text(["name"], [service.name]), leads(["port"], nil)]),
        ]),
    ])
  }

  /// `*.example.test` takes one label; no host takes all.
  private static func takes(_ host: String, _ name: String) -> Bool {
    if host.isEmpty { return true }
    guard host.hasPrefix("*."), let dot = name.firstIndex(of: ".") else { return false }
    return name[dot...] == host.dropFirst()
  }

  private static func leads(_ route: Route, to service: NamespacedName, _ port: ServicePort) -> Bool {
    route.backends.contains { backend in
      guard backend.service == service else { return false }
      guard let node = backend.port else { return true }
      return node.integer == port.number || node.string.map { $0 == port.name } ?? false
    }
  }

  // MARK: Reading

  private mutating func add(
    _ host: Node?, _ object: KnownObject, _ backends: [(service: NamespacedName, port: Node?)],
    delegates: Bool = false
  ) {
    routes.append(
      Route(
        host: host?.text.lowercased() ?? "", object: object, node: host, backends: backends,
        delegates: delegates))
  }

  private mutating func addProxy(_ object: KnownObject) {
    guard let host = object.node.at("spec", "virtualhost", "fqdn") else { return }
    let namespace = object.manifest.namespace ?? ""
    let spec = object.node["spec"]
    let parts = (spec?["routes"]?.elements.map { $0 } ?? []) + [spec?["tcpproxy"]].compactMap { $0 }
    let services = parts.flatMap { $0["services"]?.elements.map { $0 } ?? [] }
    let includes = (spec?["includes"]?.count ?? 0) > 0 || spec?.at("tcpproxy", "include") != nil
    add(
      host, object,
      services.map { (NamespacedName(namespace, $0["name"]?.text ?? ""), $0["port"]) }, delegates: includes)
  }

  private mutating func addIngress(_ object: KnownObject) {
    let namespace = object.manifest.namespace ?? ""
    func backend(_ node: Node?) -> [(service: NamespacedName, port: Node?)] {
      guard let service = node?["service"], let name = service["name"] else { return [] }
      let port = service["port"]
      return [(NamespacedName(namespace, name.text), port?["number"] ?? port?["name"])]
    }
    for rule in object.node.at("spec", "rules")?.elements.map({ $0 }) ?? [] {
      let paths = rule.at("http", "paths")?.elements.map { $0 } ?? []
      add(rule["host"], object, paths.flatMap { backend($0["backend"]) })
    }
    let other = backend(object.node.at("spec", "defaultBackend"))
    if !other.isEmpty { add(nil, object, other) }
  }

  private mutating func addRoute(_ object: KnownObject) {
    let namespace = object.manifest.namespace ?? ""
    let rules = object.node.at("spec", "rules")?.elements.map { $0 } ?? []
    let backends = rules.flatMap { $0["backendRefs"]?.elements.map { $0 } ?? [] }.map { reference in
      (
        service: NamespacedName(reference["namespace"]?.text ?? namespace, reference["name"]?.text ?? ""),
        port: reference["port"]
      )
    }
    let hosts = object.node.at("spec", "hostnames")?.elements.map { $0 } ?? []
    for host in hosts { add(host, object, backends) }
    if hosts.isEmpty { add(nil, object, backends) }
  }
}
