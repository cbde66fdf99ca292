import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What the agents of a member were told when somebody looked: ConfigMap `cilium-config`, which the chart makes of the
/// Helm values.
struct AgentConfiguration {
  let member: ClusterMeshSystem.Member

  private var map: KnownObject? {
    let namespace = member.cilium["namespace"]?.string ?? "kube-system"
    return member.cluster.observed("v1", "ConfigMap", namespace, "cilium-config")
      ?? member.cluster.object("v1", "ConfigMap", namespace, "cilium-config")
  }

  /// An identity other than the one under which the fleet knows the member: values that nobody has applied, or a mistake.
  func judge(_ walk: inout Walk) {
    guard !walk.isOver, let map, let data = map.node["data"] else { return }
    let facts = [
      ("cluster-id", "spec.cilium.id", member.cilium["id"]?.text), ("cluster-name", "name", member.name),
    ]
    for (key, path, wanted) in facts {
      guard let wanted, let said = data[key], said.text != wanted else { continue }
      let cluster = member.cluster.name
      walk.depend(
        .tunnel, in: cluster, at: [map.label(at: said)], "agents of \(cluster)",
        on: [
          Question(
            "whether the agents of \(cluster) go by its Helm values: cilium-config says '\(key): \(said.text)', and the Cluster has the \(path) \(wanted)",
            at: said.range,
            help: "apply the Helm values and observe ConfigMap cilium-config again, or correct the Cluster")
        ])
    }
  }
}

extension ClusterMeshSystem {
  /// certgen and Helm take the CA of each cluster's own Secret, and make one where there is none: two of them do not trust
  /// each other.
  func authorities(_ near: Member, _ far: Member, _ walk: inout Walk) {
    guard !walk.isOver, let certificates = link.section["certificates"], let method = certificates["method"],
      ["cronJob", "helm"].contains(method.text), certificates["sharedAuthority"]?.boolean != true,
      certificates["caBundle"] == nil
    else { return }
    walk.depend(
      .tunnel, in: near.cluster.name, at: [Label(method.range)],
      "certificates of \(near.name) and \(far.name)",
      on: [
        Question(
          "whether \(near.cluster.name) and \(far.cluster.name) trust each other's certificates: '\(method.text)' takes the CA of each cluster's own Secret",
          at: method.range,
          help: "copy one CA Secret into every member, and say so with 'sharedAuthority: true'",
          isReported: true)
      ])
  }
}

extension ClusterMeshSystem {
  /// An address of the other member's API server among those of the reader's own pods or Services: what its agents send there
  /// does not leave the cluster.
  func ownAddress(_ other: Member, readBy one: Member) -> Fault? {
    guard let clusters = one.values?.at("clustermesh", "config", "clusters") else { return nil }
    let entry =
      clusters.kind == .sequence
      ? clusters.elements.first { $0["name"]?.text == other.name } : clusters[other.name]
    let document = one.cluster.model.cluster
    for node in entry?["ips"]?.elements ?? Elements.none {
      guard let address = IPAddress(node.text) else { continue }
      for (networks, key, whose) in [
        (document.podCIDRs, "podCIDRs", "pods"), (document.serviceCIDRs, "serviceCIDRs", "Services"),
      ] {
        guard let holding = networks.first(where: { IPNetwork($0.value)?.contains(address) ?? false }) else {
          continue
        }
        return Fault(
          JudgementRules.tunnel,
          "\(node.text), at which \(one.cluster.name) reads \(other.name), is among the addresses of \(whose) of \(one.cluster.name) itself",
          at: [Label(holding.node.range, "holds the address")],
          help: ["give \(other.cluster.name) an address that no other member uses, or correct '\(key)'"],
          because: .found(
            ObjectQuery(
              of: nil, in: one.cluster.name, nil, nil, .document,
              where: [.text(["spec", "network", key, "*"], [holding.value])])), wanted: .no)
      }
    }
    return nil
  }
}
