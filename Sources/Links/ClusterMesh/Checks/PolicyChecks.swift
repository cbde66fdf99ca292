import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Policies that stand in manifests (facts 42, 43 and 45).
struct PolicyChecks {
  let mesh: MeshLink
  let model: FleetModel

  func findings(_ units: [GlobalServiceUnit]) -> [Diagnostic] {
    let inspecting = inspectingPolicies()
    return mesh.bound.flatMap { labels($0) } + units.flatMap { missing($0) + inspected($0, inspecting) }
  }

  /// Cluster labels in policies of a member name members, or nothing is ever selected.
  private func labels(_ member: MeshMember) -> [Diagnostic] {
    guard let facts = model.clusters[member.cluster]?.declared else { return [] }
    let names = Set(mesh.bound.map(\.name))
    var findings: [Diagnostic] = []
    for (identity, manifest) in facts.objects
    where ["NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy"].contains(identity.kind) {
      for value in Self.clusterValues(in: manifest.node["spec"] ?? manifest.node)
      where !names.contains(value.text) {
        findings.append(
          Diagnostic(
            ClusterMeshRules.unknownLabel, "no member of the mesh has the name '\(value.text)'",
            at: value.range,
            "selects nothing", also: [Label(manifest.nameNode.range, identity.description)],
            help: [didYouMean(value.text, among: names) ?? "the members are \(listed(names.sorted()))"]))
      }
    }
    return findings
  }

  /// Values of the cluster label in selectors. Linear in the nodes; the depth of trees is bounded.
  private static func clusterValues(in node: Node) -> [Node] {
    switch node.kind {
    case .sequence: return node.elements.flatMap { clusterValues(in: $0) }
    case .mapping:
      if let key = node["key"]?.text, key.hasSuffix(MeshPolicies.clusterLabel), let values = node["values"] {
        return values.elements.map { $0 }
      }
      return node.entries.flatMap { key, value in
        key.text.hasSuffix(MeshPolicies.clusterLabel) && value.isScalar ? [value] : clusterValues(in: value)
      }
    default: return []
    }
  }

  /// A policy that names the clients' labels but not their cluster.
  private func missing(_ unit: GlobalServiceUnit) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for connection in unit.connections {
      for target in connection.targets where target.service.key == unit.service {
        guard let member = mesh.member(target.cluster), let cluster = model.clusters[target.cluster] else {
          continue
        }
        for client in connection.clients(of: target) {
          guard let origin = client.cluster.flatMap({ mesh.member($0) }), client.podSelector != nil else {
            continue
          }
          let peer = MeshPeer(client: client, of: origin)
          for policy in cluster.declared.policies[unit.service.namespace] ?? [] where policy.isolatesIngress {
            guard target.pods.contains(where: { policy.podSelector.matches($0.podLabels) }) else { continue }
            findings += policy.rules(.ingress).flatMap { NetworkPolicy.peers($0, .ingress) ?? [] }
              .filter { $0["podSelector"].map { !LabelSelector($0).selectsEverything } ?? false }
              .filter { peer.isMissedForCluster(by: $0, of: unit.service.namespace) }
              .map { finding(policy, $0, origin, member, client) }
          }
        }
      }
    }
    return findings
  }

  private func finding(
    _ policy: NetworkPolicy, _ peer: Node, _ origin: MeshMember, _ member: MeshMember, _ client: BoundClient
  ) -> Diagnostic {
    let isLocal = member.settings.policyDefaultLocalCluster
    return Diagnostic(
      ClusterMeshRules.missingLabel,
      isLocal
        ? "NetworkPolicy \(policy.manifest.name) of \(member.cluster) does not admit these pods of \(origin.cluster)"
        : "NetworkPolicy \(policy.manifest.name) of \(member.cluster) admits these pods of every cluster",
      at: peer.range, "names no cluster", also: [Label(client.node.range, "the client")],
      help: [
        isLocal
          ? "add \(MeshPolicies.clusterLabel): \(origin.name) to the podSelector; Linkwright emits a policy of its own until then"
          : "add \(MeshPolicies.clusterLabel) to the podSelector; from chart 1.19 on the policy would mean \(member.cluster) only"
      ])
  }

  /// Policies with rules of layer 7, by cluster and namespace, found once for all units.
  private func inspectingPolicies() -> [String: [(manifest: Manifest, rules: Node)]] {
    var found: [String: [(manifest: Manifest, rules: Node)]] = [:]
    for member in mesh.bound where member.settings.routing == "tunnel" {
      for (identity, manifest) in model.clusters[member.cluster]?.declared.objects ?? [:] {
        guard identity.kind == "CiliumNetworkPolicy", let namespace = identity.namespace,
          let rules = manifest.node["spec"].flatMap({ Self.applicationRules($0) })
        else { continue }
        found["\(member.cluster)/\(namespace)", default: []].append((manifest, rules))
      }
    }
    return found
  }

  /// In a tunnel, the proxy of layer 7 has no route back to pods of other clusters.
  private func inspected(
    _ unit: GlobalServiceUnit, _ policies: [String: [(manifest: Manifest, rules: Node)]]
  ) -> [Diagnostic] {
    guard !policies.isEmpty else { return [] }
    return unit.targets.flatMap { target -> [Diagnostic] in
      (policies["\(target.cluster)/\(unit.service.namespace)"] ?? []).compactMap { manifest, rules in
        let selector = LabelSelector(manifest.node.at("spec", "endpointSelector"))
        guard target.pods.contains(where: { selector.matches($0.podLabels) }) else { return nil }
        return Diagnostic(
          ClusterMeshRules.applicationRules,
          "\(manifest.identity.description) inspects requests to pods that are reached from other clusters",
          at: rules.range,
          "rules of layer 7", also: [Label(target.reference.range, "reached by this connection")],
          help: ["they need native routing between the clusters: use rules for ports, or change routingMode"])
      }
    }
  }

  private static func applicationRules(_ spec: Node) -> Node? {
    for rule in spec["ingress"]?.elements.map({ $0 }) ?? [] {
      for ports in rule["toPorts"]?.elements.map({ $0 }) ?? [] {
        if let rules = ports["rules"], rules.count > 0 { return rules }
      }
    }
    return nil
  }
}
