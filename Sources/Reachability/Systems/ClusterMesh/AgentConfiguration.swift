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
