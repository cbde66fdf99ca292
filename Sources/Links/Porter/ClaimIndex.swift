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

  init(_ settings: PorterSettings, _ model: FleetModel) {
    let primary = settings.primary.value
    declared = Self.index(model.clusters[primary]?.declared)
    onRecord = Self.index(model.recordedOutput[primary])
    observed = Self.index(model.clusters[primary]?.observed)
    served = Dictionary(
      settings.members.map { ($0, Self.index(model.clusters[$0]?.observed, Claim.init(server:))) }
    ) { first, _ in first }
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

  /// True where the virtual server that a cluster has for a Service was made for another claim: what leads to it
  /// does not lead to this one's.
  func isServedForAnother(_ claim: String, _ service: NamespacedName, in cluster: String) -> Bool {
    guard let claims = served[cluster]?[service] else { return false }
    return !claims.contains { $0.manifest.name == claim }
  }
}
