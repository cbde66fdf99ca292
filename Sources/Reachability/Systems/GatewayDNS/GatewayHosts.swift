import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// The hosts that gateways of a cluster answer for, and where each leads: HTTPProxy of Contour, Ingress, and routes of the
/// Gateway API.
struct GatewayHosts: Sendable {
  /// Where a part of a route leads.
  struct Backend: Sendable {
    let service: NamespacedName
    let port: Node?
    /// What requests must have beside the host; nil where all of them go there.
    let condition: Node?
    /// Where the object says so.
    var node: Node?
    /// The proxy that leads there, where that is one which the route's includes.
    var child: KnownObject?
  }

  /// A route for one host.
  struct Route: Sendable {
    let host: String
    let object: KnownObject
    let node: Node?
    let backends: [Backend]
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
    let proxies = cluster.objects(ofKind: "HTTPProxy")
    var byName: [NamespacedName: KnownObject] = [:]
    for object in proxies { byName[NamespacedName(object.manifest.namespace ?? "", object.name)] = object }
    for object in proxies { addProxy(object, byName) }
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
      if let partial = Self.condition(of: found, to: service, port) {
        return .open(
          Question(
            "which paths and headers the clients ask with: \(found.object.manifest.identity.description) of \(cluster) takes a part of the requests for \(name) to \(service.name)"
          ), places: [found.object.label(at: partial)])
      }
      if let name = found.object.node.at("spec", "ingressClassName"),
        found.object.manifest.kind == "HTTPProxy", name.text != "contour"
      {
        return .open(
          Question(
            "whether Contour of \(cluster) serves the class '\(name.text)', which \(found.object.manifest.identity.description) names"
          ), places: [found.object.label(at: name)])
      }
      if let filter = Self.addressFilter(of: found) {
        return .open(
          Question(
            "whether the addresses with which clients arrive pass \(filter.key) of \(found.object.manifest.identity.description) in \(cluster)"
          ), places: [found.object.label(at: filter.node)])
      }
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
        "\(first.object.manifest.kind) \(first.object.name) in \(cluster) takes \(name) to \(listed(first.backends.map { Self.words($0, beside: service) })), not to port \(port.number) of \(service.description)",
        at: first.backends.isEmpty
          ? [first.label]
          : first.backends.compactMap { $0.node.map { node in first.object.label(at: node) } },
        help: [Self.help(first, service, port)],
        because: Self.claim(name, to: service, port, in: cluster)))
  }

  /// What requests must have to get to a Service's port; nil where all of a host do.
  private static func condition(of route: Route, to service: NamespacedName, _ port: ServicePort) -> Node? {
    let leading = route.backends.filter { leads($0, to: service, port) }
    return leading.contains { $0.condition == nil } ? nil : leading.first?.condition
  }

  /// Contour's filters of clients' addresses, which stand at a virtual host or at a route.
  private static func addressFilter(of route: Route) -> (key: String, node: Node)? {
    guard route.object.manifest.kind == "HTTPProxy" else { return nil }
    let spec = route.object.node["spec"]
    let parts = [spec?["virtualhost"]].compactMap { $0 } + (spec?["routes"]?.elements.map { $0 } ?? [])
    for part in parts {
      for key in ["ipAllowPolicy", "ipDenyPolicy"] {
        if let node = part[key], node.count > 0 { return (key, node) }
      }
    }
    return nil
  }

  /// - Parameter service: the one that is meant; another namespace is told.
  private static func words(_ backend: Backend, beside service: NamespacedName? = nil) -> String {
    let isElsewhere = service.map { $0.namespace != backend.service.namespace } ?? false
    let name = isElsewhere ? backend.service.description : backend.service.name
    return backend.port.map { "\(name):\($0.text)" } ?? name
  }

  /// Only routes of the Gateway API lead to Services of other namespaces.
  private static func help(_ route: Route, _ service: NamespacedName, _ port: ServicePort) -> String {
    let manifest = route.object.manifest
    guard manifest.namespace != service.namespace else {
      return "lead to \(service.name), port \(port.number)"
    }
    return manifest.kind.hasSuffix("Route")
      ? "lead to \(service.name) of namespace \(service.namespace), port \(port.number), and let a ReferenceGrant there allow it"
      : "write \(manifest.kind) \(manifest.name) into namespace \(service.namespace): it leads to Services of its own namespace alone"
  }

  /// That a route takes its host to a Service's port, by a proxy that it includes where one leads there.
  static func claim(
    _ route: Route, _ name: String, to service: NamespacedName, _ port: ServicePort, in cluster: String
  ) -> Claim {
    let leading = route.backends.first { leads($0, to: service, port) && $0.condition == nil }
    guard let child = leading?.child else { return claim(name, to: service, port, in: cluster) }
    return .found(
      ObjectQuery(
        "HTTPProxy", of: nil, in: cluster, child.manifest.namespace, child.name,
        where: [.text(["spec", "routes", "*", "services", "*", "name"], [service.name])]))
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
    let weighs = ObjectCondition.not(.number(["weight"], 0))
    let proxied = [
      ObjectCondition.text(["name"], [service.name]), leads(["port"], nil), weighs,
      .not(.text(["mirror"], ["true"])),
    ]
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
            .all([
              .element(["spec", "tcpproxy", "services", "*"], proxied),
              .exists(["spec", "virtualhost", "tls"]),
            ]),
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
            [.text(["name"], [service.name]), leads(["port"], nil), weighs]),
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
    route.backends.contains { leads($0, to: service, port) }
  }

  private static func leads(_ backend: Backend, to service: NamespacedName, _ port: ServicePort) -> Bool {
    guard backend.service == service else { return false }
    guard let node = backend.port else { return true }
    return node.integer == port.number || node.string.map { $0 == port.name } ?? false
  }

  // MARK: Reading

  private mutating func add(
    _ host: Node?, _ object: KnownObject, _ backends: [Backend], delegates: Bool = false
  ) {
    routes.append(
      Route(
        host: host?.text ?? "", object: object, node: host, backends: backends,
        delegates: delegates))
  }

  private mutating func addProxy(_ object: KnownObject, _ proxies: [NamespacedName: KnownObject]) {
    guard let host = object.node.at("spec", "virtualhost", "fqdn") else { return }
    var reading = ProxyReading(proxies)
    reading.read(object, under: nil)
    add(host, object, reading.backends, delegates: reading.isCut)
  }

  private mutating func addIngress(_ object: KnownObject) {
    let namespace = object.manifest.namespace ?? ""
    func backend(_ node: Node?, _ condition: Node?) -> [Backend] {
      guard let service = node?["service"], let name = service["name"] else { return [] }
      let port = service["port"]
      return [
        Backend(
          service: NamespacedName(namespace, name.text), port: port?["number"] ?? port?["name"],
          condition: condition, node: name)
      ]
    }
    for rule in object.node.at("spec", "rules")?.elements.map({ $0 }) ?? [] {
      let paths = rule.at("http", "paths")?.elements.map { $0 } ?? []
      add(
        rule["host"], object,
        paths.flatMap { item in
          let isWhole = (item["path"]?.text ?? "/") == "/" && item["pathType"]?.text != "Exact"
          return backend(item["backend"], isWhole ? nil : item["path"])
        })
    }
    let other = backend(object.node.at("spec", "defaultBackend"), nil)
    if !other.isEmpty { add(nil, object, other) }
  }

  private mutating func addRoute(_ object: KnownObject) {
    let namespace = object.manifest.namespace ?? ""
    let rules = object.node.at("spec", "rules")?.elements.map { $0 } ?? []
    let backends = rules.flatMap { rule in
      let condition = Self.matchCondition(rule)
      return (rule["backendRefs"]?.elements.filter { $0["weight"]?.integer != 0 } ?? []).map { reference in
        Backend(
          service: NamespacedName(reference["namespace"]?.text ?? namespace, reference["name"]?.text ?? ""),
          port: reference["port"], condition: condition, node: reference["name"])
      }
    }
    let hosts = object.node.at("spec", "hostnames")?.elements.map { $0 } ?? []
    for host in hosts { add(host, object, backends) }
    if hosts.isEmpty { add(nil, object, backends) }
  }

  /// One of the matches of a rule is enough; nil where one takes everything, or there are none.
  private static func matchCondition(_ rule: Node) -> Node? {
    guard let matches = rule["matches"], matches.count > 0 else { return nil }
    let takesAll = matches.elements.contains { match in
      match.entries.allSatisfy { key, value in
        key.text == "path" && (value["value"]?.text ?? "/") == "/"
          && (value["type"]?.text ?? "PathPrefix") == "PathPrefix"
      }
    }
    return takesAll ? nil : matches
  }
}

/// Where a proxy of Contour leads, with the proxies that it includes: conditions of an inclusion hold for all that is behind.
private struct ProxyReading {
  private(set) var backends: [GatewayHosts.Backend] = []
  /// True where it includes something that nobody knows.
  private(set) var isCut = false

  private let proxies: [NamespacedName: KnownObject]
  private var seen: Set<NamespacedName> = []

  init(_ proxies: [NamespacedName: KnownObject]) { self.proxies = proxies }

  /// Each proxy once: Contour refuses circles.
  mutating func read(_ object: KnownObject, under condition: Node?) {
    let namespace = object.manifest.namespace ?? ""
    let isRoot = seen.isEmpty
    guard seen.insert(NamespacedName(namespace, object.name)).inserted else { return }
    let spec = object.node["spec"]
    for route in spec?["routes"]?.elements.map({ $0 }) ?? [] {
      add(route, condition ?? Self.condition(route), namespace, isRoot ? nil : object)
    }
    // Without TLS there is no name by which a connection could be told: Contour calls the object invalid.
    if let proxy = spec?["tcpproxy"], spec?.at("virtualhost", "tls") != nil {
      add(proxy, condition, namespace, isRoot ? nil : object)
    }
    if spec?.at("tcpproxy", "include") != nil { isCut = true }
    for include in spec?["includes"]?.elements.map({ $0 }) ?? [] {
      let key = NamespacedName(include["namespace"]?.text ?? namespace, include["name"]?.text ?? "")
      guard let child = proxies[key] else {
        isCut = true
        continue
      }
      read(child, under: condition ?? Self.condition(include))
    }
  }

  private mutating func add(_ part: Node, _ condition: Node?, _ namespace: String, _ child: KnownObject?) {
    // A weight of nothing gets nothing.
    for service in part["services"]?.elements.filter({
      // A mirror gets copies, and answers nobody.
      $0["weight"]?.integer != 0 && $0["mirror"]?.boolean != true
    }) ?? [] {
      backends.append(
        GatewayHosts.Backend(
          service: NamespacedName(namespace, service["name"]?.text ?? ""), port: service["port"],
          condition: condition, node: child == nil ? service["name"] : nil, child: child))
    }
  }

  /// Conditions of one route are all of them to be met.
  private static func condition(_ part: Node) -> Node? {
    part["conditions"]?.elements.first { condition in
      condition.entries.contains { $0.key.text != "prefix" || $0.value.text != "/" }
    }
  }
}
