import Kubernetes
import Linker
import YAMLTree

/// Which CiliumNetworkPolicies let pods of another cluster through already. Only what cannot be misread counts: endpoints
/// by labels, ports by numbers, and no rule of layer 7; everything else leaves it to a policy of Linkwright's own, which
/// adds and never takes away.
extension CiliumPolicies {
  /// A policy that admits a peer to all of the ports of all of these pods, or lets these pods out to it.
  func admitting(
    _ peer: MeshPeer, _ direction: NetworkPolicy.Direction, pods: [Labels], ports: [PodPort],
    of member: MeshMember,
    namespace: String
  ) -> Manifest? {
    guard !isEmpty, !pods.isEmpty else { return nil }
    let section = direction == .ingress ? "ingress" : "egress"
    // A deny wins over whatever admits.
    guard !denies(pods, cluster: member.cluster, namespace: namespace, section + "Deny") else { return nil }
    for manifest in policies(cluster: member.cluster, namespace: namespace) {
      for spec in Self.specs(manifest) {
        guard let selector = spec["endpointSelector"] else { continue }
        let plain = Self.selector(selector)
        guard pods.allSatisfy(plain.matches) else { continue }
        let rules = (spec[section]?.elements.map { $0 } ?? []).filter { rule in
          let endpoints = rule[direction == .ingress ? "fromEndpoints" : "toEndpoints"]
          return endpoints?.elements.contains {
            peer.isNamed(by: $0, in: namespace, needsCluster: member.settings.policyDefaultLocalCluster)
          } ?? false
        }
        if ports.allSatisfy({ port in rules.contains { Self.admits($0, port) } }) { return manifest }
      }
    }
    return nil
  }

  private func denies(_ pods: [Labels], cluster: String, namespace: String, _ section: String) -> Bool {
    let all = policies(cluster: cluster, namespace: namespace) + policies(cluster: cluster, namespace: "")
    return all.contains { manifest in
      Self.specs(manifest).contains { spec in
        guard (spec[section]?.count ?? 0) > 0, let selector = spec["endpointSelector"] else { return false }
        return pods.contains(where: Self.selector(selector).matches)
      }
    }
  }

  private static func specs(_ manifest: Manifest) -> [Node] {
    [manifest.node["spec"]].compactMap { $0 } + (manifest.node["specs"]?.elements.map { $0 } ?? [])
  }

  private static func admits(_ rule: Node, _ port: PodPort) -> Bool {
    guard let list = rule["toPorts"], list.count > 0 else { return true }
    guard case .number(let number) = port.reference else { return false }
    return list.elements.contains { entry in
      entry["rules"] == nil
        && entry["ports"]?.elements.contains {
          $0["port"]?.text == String(number)
            && ["ANY", port.transport.rawValue].contains($0["protocol"]?.text ?? "ANY")
        } == true
    }
  }
}
