import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Emitted objects that give Services an address outside of their cluster though no link needs them: a template's load
/// balancer, node port, Route or Ingress.
///
/// A link's own way in is left out: what a static link leads to, the routes behind a published gateway, the API server
/// of a mesh.
struct PublishedObjects {
  static let kinds: Set<String> = [
    "GRPCRoute", "HTTPProxy", "HTTPRoute", "Ingress", "Route", "TCPRoute", "TLSRoute",
  ]

  private struct Target: Hashable {
    let cluster: String
    let key: NamespacedName
  }

  private let fleet: JudgedFleet
  private let crossings: [JudgedCrossing]
  private let served: Set<Target>
  private let selected: [String: [Labels]]

  /// Linear in the crossings.
  init(_ crossings: [JudgedCrossing], in fleet: JudgedFleet) {
    self.fleet = fleet
    self.crossings = crossings
    var served: Set<Target> = []
    var selected: [String: [Labels]] = [:]
    for crossing in crossings.lazy.map(\.crossing)
    where [StaticSystem.key, GatewayDNSSystem.key].contains(crossing.connection.link.link.type.value) {
      let target = Target(cluster: crossing.target.cluster, key: crossing.target.service.key)
      guard served.insert(target).inserted else { continue }
      selected[target.cluster, default: []].append(crossing.target.service.selector)
    }
    self.served = served
    self.selected = selected
  }

  /// Linear in the emitted objects.
  func excesses() -> [SystemExcess] {
    guard let link = crossings.first?.crossing.connection.link.link else { return [] }
    var found: [SystemExcess] = []
    for (name, cluster) in fleet.clusters.sorted(by: { $0.key < $1.key }) {
      let all = (Array(cluster.emitted.values) + Array(cluster.patches.values)).filter {
        // What the program brings of itself is what links are.
        $0.template != nil && ($0.manifest.kind == "Service" || Self.kinds.contains($0.manifest.kind))
      }
      for object in all.sorted(by: { $0.manifest.identity.description < $1.manifest.identity.description }) {
        guard let (what, opener) = exposed(object, in: name) else { continue }
        found.append(
          SystemExcess(
            JudgementRules.exposesServices, object, at: opener, of: link, saidBy: [],
            "\(object.manifest.identity.description) in \(name) exposes \(what) outside of the cluster, which no link needs",
            remedy: object.manifest.kind == "Service"
              ? "write 'type: ClusterIP' without externalIPs, or take the Service out"
              : "take it out, or reach the Service by a connection"))
      }
    }
    return found
  }

  /// What an object exposes, and by which of its nodes; nil for nothing, and for what a link needs.
  private func exposed(_ object: KnownObject, in cluster: String) -> (what: String, opener: Node?)? {
    let spec = object.node["spec"]
    let namespace = object.manifest.namespace ?? "default"
    guard object.manifest.kind == "Service", object.manifest.identity.group.isEmpty else {
      let backends = Self.backends(of: spec).filter { node in
        let there = NamespacedName(node.namespace ?? namespace, node.name.text)
        return !served.contains(Target(cluster: cluster, key: there))
      }
      guard let first = backends.first else { return nil }
      return ("Service \(first.namespace ?? namespace)/\(first.name.text)", first.name)
    }
    let type = spec?["type"]
    let addresses = spec?["externalIPs"].flatMap { $0.count > 0 ? $0 : nil }
    guard ["LoadBalancer", "NodePort"].contains(type?.text ?? "") || addresses != nil else { return nil }
    let selector = spec?.labels("selector") ?? Labels()
    // API servers of clusters, and of a mesh's members, are there for other clusters.
    guard selector["component"] != "kube-apiserver", selector["k8s-app"] != "clustermesh-apiserver",
      object.name != "clustermesh-apiserver"
    else { return nil }
    let isServed =
      served.contains(Target(cluster: cluster, key: NamespacedName(namespace, object.name)))
      || !selector.isEmpty && (selected[cluster] ?? []).contains(selector)
    guard !isServed else { return nil }
    let way =
      addresses != nil
      ? "at external addresses" : type?.text == "NodePort" ? "at every node" : "by a load balancer"
    let pods = selector.isEmpty ? "its pods" : "pods with \(selector.description)"
    return ("\(pods) \(way)", addresses ?? type)
  }

  private typealias Backend = (namespace: String?, name: Node)

  private static func backends(of spec: Node?) -> [Backend] {
    var found: [Backend] = []
    func add(_ node: Node?) {
      if let name = node?["name"] { found.append((node?["namespace"]?.text, name)) }
    }
    add(spec?["to"])
    add(spec?.at("defaultBackend", "service"))
    for other in spec?["alternateBackends"]?.elements.map({ $0 }) ?? [] { add(other) }
    for rule in spec?["rules"]?.elements.map({ $0 }) ?? [] {
      for path in rule.at("http", "paths")?.elements.map({ $0 }) ?? [] { add(path.at("backend", "service")) }
      for reference in rule["backendRefs"]?.elements.map({ $0 }) ?? [] { add(reference) }
    }
    for route in spec?["routes"]?.elements.map({ $0 }) ?? [] {
      for service in route["services"]?.elements.map({ $0 }) ?? [] { add(service) }
    }
    for service in spec?.at("tcpproxy", "services")?.elements.map({ $0 }) ?? [] { add(service) }
    return found
  }
}
