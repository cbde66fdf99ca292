import Compiler
import Kubernetes
import YAMLTree

/// Services and Endpoints under the names that the operator would give its own, kept by hand: of clusters whose operator
/// does not write them.
struct PorterWrittenEndpoints: Sendable {
  struct Item: Sendable {
    /// Where they stand.
    let cluster: String
    /// The cluster whose virtual server they lead to.
    let other: String
    let claim: PorterClaim
    let service: Manifest
    /// Nil for a slice, which nobody takes for an answer of the operator.
    let endpoints: Manifest?
    /// The type of the target's Service, for which the address stands.
    let type: String

    var address: String? {
      endpoints?.node["subsets"]?.elements.first { _ in true }?["addresses"]?.elements.first { _ in true }?[
        "ip"]?
        .text
    }
  }

  private(set) var items: [Item] = []

  /// What a cluster answered is the operator's; what stands in manifests somebody wrote.
  init(_ clusters: [AdoptedCluster], members: [String], claims: [PorterClaim], input: AdoptionInput) {
    for cluster in clusters where !cluster.isDump {
      for claim in claims {
        for other in members where other != cluster.name {
          let name = "\(claim.service)-\(other)"
          guard let service = cluster.services[NamespacedName(claim.namespace, name)],
            service.selector.isEmpty,
            service.type != "ExternalName", let target = input[other]?.services[claim.key]
          else { continue }
          items.append(
            Item(
              cluster: cluster.name, other: other, claim: claim, service: service.manifest,
              endpoints: cluster.object("v1", "Endpoints", claim.namespace, name), type: target.type))
        }
      }
    }
  }

  var isEmpty: Bool { items.isEmpty }

  /// The address of a cluster's virtual servers for a type of Service, where all agree on it.
  func address(of cluster: String, _ type: String) -> String? {
    let found = Set(items.filter { $0.other == cluster && $0.type == type }.compactMap(\.address))
    return found.count == 1 ? found.first : nil
  }

  /// Takes them over. Their ports are what the operator drew: nothing else in the manifests tells them.
  func take(over link: String, _ inference: inout Inference) {
    var names: [NamespacedName: String] = [:]
    for candidate in inference.connections where candidate.link == link {
      names[candidate.service] = candidate.id.description
    }
    for item in items {
      guard let connection = names[item.claim.key] else { continue }
      for manifest in [item.service, item.endpoints].compactMap({ $0 }) {
        inference.takenOver.append(
          TakenOver(cluster: item.cluster, manifest: manifest, role: .leads, connection: connection))
        inference.answers[item.cluster, default: []].insert(manifest.identity)
      }
    }
    if items.contains(where: { $0.endpoints != nil }), inference.endpointsAPI == nil {
      inference.endpointsAPI = "Endpoints"
    }
  }
}
