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

    var portNode: Node { manifest.node.at("spec", "servicePort") ?? manifest.nameNode }
  }

  private let declared: [NamespacedName: [Claim]]
  private let onRecord: [NamespacedName: [Claim]]
  private let observed: [NamespacedName: [Claim]]

  init(_ settings: PorterSettings, _ model: FleetModel) {
    let primary = settings.primary.value
    declared = Self.index(model.clusters[primary]?.declared)
    onRecord = Self.index(model.recordedOutput[primary])
    observed = Self.index(model.clusters[primary]?.observed)
  }

  private static func index(_ facts: ClusterFacts?) -> [NamespacedName: [Claim]] {
    var index: [NamespacedName: [Claim]] = [:]
    for manifest in facts?.objects.values.lazy.filter({ $0.kind == "TransportServerClaim" }) ?? [] {
      guard let claim = Claim(manifest) else { continue }
      index[NamespacedName(claim.namespace, claim.service), default: []].append(claim)
    }
    return index.mapValues { $0.sorted { $0.manifest.name < $1.manifest.name } }
  }

  /// Claims that people wrote for a Service.
  func declared(for service: NamespacedName) -> [Claim] { declared[service] ?? [] }

  /// Claims for a Service that were emitted before or that the cluster has.
  func live(for service: NamespacedName) -> [Claim] { (observed[service] ?? []) + (onRecord[service] ?? []) }
}
