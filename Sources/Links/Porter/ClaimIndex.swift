import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// TransportServerClaims that exist already, and who else uses the load balancer of a link, by the Service
/// that they publish.
struct ClaimIndex: Sendable {
  /// A claim's manifest with the fields that matter.
  struct Claim: Sendable {
    let manifest: Manifest
    let namespace: String
    let service: String
    let port: Int?

    init?(_ manifest: Manifest) {
      guard manifest.kind == "TransportServerClaim", let namespace = manifest.namespace,
        let service = manifest.node.at("spec", "service")?.string
      else { return nil }
      self.manifest = manifest
      self.namespace = namespace
      self.service = service
      let port = manifest.node.at("spec", "servicePort")
      self.port = port?.integer ?? port.flatMap { Int($0.text) }
    }

    /// The claim that a TransportServer was made for: both have one name.
    init?(server manifest: Manifest) {
      guard manifest.kind == "TransportServer", let namespace = manifest.namespace,
        let pool = manifest.node.at("spec", "pool"), let service = pool["service"]?.string
      else { return nil }
      self.manifest = manifest
      self.namespace = namespace
      self.service = service
      port = pool["servicePort"]?.integer
    }

    var portNode: Node { manifest.node.at("spec", "servicePort") ?? manifest.nameNode }
  }

  private let declared: [NamespacedName: [Claim]]
  private let onRecord: [NamespacedName: [Claim]]
  private let observed: [NamespacedName: [Claim]]
  /// Claims whose TransportServers were observed, by cluster.
  private let served: [String: [NamespacedName: [Claim]]]
  /// Observed TransportServers by cluster, namespace, address and port.
  private let servers: [String: [Manifest]]
  private let addressesByNamespace: [String: [(address: String, cluster: String)]]

  init(_ settings: PorterSettings, _ model: FleetModel) {
    let primary = settings.primary.value
    declared = Self.index(model.clusters[primary]?.declared)
    onRecord = Self.index(model.recordedOutput[primary])
    observed = Self.index(model.clusters[primary]?.observed)
    served = Dictionary(
      settings.members.map { ($0, Self.index(model.clusters[$0]?.observed, Claim.init(server:))) }
    ) { first, _ in first }
    var servers: [String: [Manifest]] = [:]
    var addresses: [String: [String: String]] = [:]
    for cluster in settings.members {
      for manifest in model.clusters[cluster]?.observed.objects.values ?? [:].values
      where manifest.kind == "TransportServer" {
        guard let place = Self.place(of: manifest, in: cluster) else { continue }
        servers[place, default: []].append(manifest)
        if let namespace = manifest.namespace,
          let address = manifest.node.at("spec", "virtualServerAddress").flatMap({ IPAddress($0.text) })
        {
          let text = address.description
          addresses[namespace, default: [:]][text] = min(cluster, addresses[namespace]?[text] ?? cluster)
        }
      }
    }
    self.servers = servers.filter { $0.value.count > 1 }
    addressesByNamespace = addresses.mapValues { owners in
      owners.sorted { ($0.value, $0.key) < ($1.value, $1.key) }.map { (address: $0.key, cluster: $0.value) }
    }
  }

  private static func place(of server: Manifest, in cluster: String) -> String? {
    guard let address = server.node.at("spec", "virtualServerAddress").flatMap({ IPAddress($0.text) }),
      let port = server.node.at("spec", "virtualServerPort")?.text
    else { return nil }
    return "\(cluster) \(server.namespace ?? "") \(address.description) \(port)"
  }

  /// The TransportServer of a claim with others of its namespace that were observed at its address and port.
  func twins(of claim: String, _ namespace: String, in cluster: String) -> [(own: Manifest, twin: Manifest)] {
    for (place, servers) in servers where place.hasPrefix("\(cluster) \(namespace) ") {
      guard let own = servers.first(where: { $0.name == claim }) else { continue }
      return servers.filter { $0.name != claim }.sorted { $0.name < $1.name }.map { (own, $0) }
    }
    return []
  }

  private static func index(
    _ facts: ClusterFacts?, _ claim: (Manifest) -> Claim? = { Claim($0) }
  ) -> [NamespacedName: [Claim]] {
    var index: [NamespacedName: [Claim]] = [:]
    for manifest in facts?.objects.values ?? [:].values {
      guard let claim = claim(manifest) else { continue }
      index[NamespacedName(claim.namespace, claim.service), default: []].append(claim)
    }
    return index.mapValues { $0.sorted { $0.manifest.name < $1.manifest.name } }
  }

  /// Claims that people wrote for a Service.
  func declared(for service: NamespacedName) -> [Claim] { declared[service] ?? [] }

  /// Claims for a Service that were emitted before or that the cluster has.
  func live(for service: NamespacedName) -> [Claim] {
    (observed[service] ?? []) + (onRecord[service] ?? [])
      + served.sorted { $0.key < $1.key }.flatMap { $0.value[service] ?? [] }
  }

  /// The addresses at which virtual servers of a namespace were observed, once each, in order.
  func addresses(in namespace: String) -> [(address: String, cluster: String)] {
    addressesByNamespace[namespace] ?? []
  }

  /// True where the virtual server that a cluster has for a Service was made for another claim: what leads to it
  /// does not lead to this one's.
  func isServedForAnother(_ claim: String, _ service: NamespacedName, in cluster: String) -> Bool {
    guard let claims = served[cluster]?[service] else { return false }
    return !claims.contains { $0.manifest.name == claim }
  }
}
