import Diagnostics
import Kubernetes
import YAMLTree

/// The pods of clustermesh-apiserver, from which agents of other members read: policies of Cilium's own namespace may
/// keep these out.
enum MeshServer {
  /// Etcd's port in the pods (chart, clustermesh-apiserver/deployment.yaml).
  private static let port = 2379

  /// Nil where no policy of the namespace is known.
  static func onTheWay(_ member: ClusterMeshSystem.Member) -> PodsOnTheWay? {
    let way = pods(member)
    return PodsOnTheWay.arePoliciesKnown(way.key.namespace, in: member.cluster) ? way : nil
  }

  private static func pods(_ member: ClusterMeshSystem.Member) -> PodsOnTheWay {
    let namespace = member.cilium["namespace"]?.string ?? "kube-system"
    let labels = Labels([
      "k8s-app": "clustermesh-apiserver", "app.kubernetes.io/name": "clustermesh-apiserver",
      "app.kubernetes.io/part-of": "cilium",
    ])
    // The chart labels them; whatever else is added, no policy is written by.
    return PodsOnTheWay(
      member.cluster.name, namespace,
      [SubjectPod(id: "clustermesh-apiserver", workload: nil, labels: labels, knowsLabels: true)]
    )
  }

  /// Whoever reads comes with an address of the other cluster's nodes, or of what translates it on the way.
  static func judge(
    _ member: ClusterMeshSystem.Member, readBy reader: ClusterMeshSystem.Member, _ walk: inout Walk
  ) {
    let own = pods(member)
    let selector = LabelSelector(equality: Labels(["k8s-app": "clustermesh-apiserver"]))
    let workloads = member.cluster.workloads(in: own.key.namespace).filter { selector.matches($0.podLabels) }
    guard
      !walk.isIdle(
        workloads, in: member.cluster, own.key.namespace, .tunnel,
        "\(reader.cluster.name) reads \(member.name)",
        behind: "Service clustermesh-apiserver")
    else { return }
    let sender = Sender.outside(description: "agents of \(reader.cluster.name)")
    guard let way = onTheWay(member) else {
      if walk.isTracing { walk.relyOnOpen(pods(member), sender, port: port, .tcp) }
      return
    }
    let text = "\(reader.cluster.name) reads \(member.name)"
    switch walk.admission(of: sender, to: way, port: { _ in port }, .tcp) {
    case .yes?, nil: break
    case .depends?:
      walk.depend(
        .tunnel, in: member.cluster.name, text,
        on: [
          Question(
            "whether the addresses that the policies of \(way.key.namespace) in \(member.cluster.name) admit are those of the other members' agents"
          )
        ])
    case .no?:
      walk.fail(
        .tunnel, in: member.cluster.name, text,
        walk.denied(sender, to: way, { _ in port }, .tcp, JudgementRules.tunnel, as: "clustermesh-apiserver")
          ?? Fault(
            JudgementRules.tunnel,
            "no policy of \(way.key.namespace) in \(member.cluster.name) admits agents of \(reader.cluster.name) to clustermesh-apiserver",
            at: walk.isolating(way, "isolates clustermesh-apiserver"),
            help: ["admit TCP \(port) to its pods from the nodes of the other members"]))
    }
  }
}
