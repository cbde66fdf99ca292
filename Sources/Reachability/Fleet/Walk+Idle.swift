import Diagnostics
import Kubernetes
import Linker
import YAMLTree

extension Walk {
  /// Ends the walk where all workloads are told to make no pods. What scales one while it runs may make some; an
  /// autoscaler of Kubernetes does not: it leaves workloads without replicas alone.
  mutating func isIdle(
    _ workloads: [Workload?], in cluster: JudgedCluster, _ namespace: String, _ hop: Hop.Kind, _ text: String,
    behind front: String
  ) -> Bool {
    var sleeping: [(workload: Workload, node: Node)] = []
    for workload in workloads {
      guard let workload, let node = workload.idle else { return false }
      sleeping.append((workload, node))
    }
    guard !sleeping.isEmpty else { return false }
    if let (scaler, workload) = scaler(of: sleeping.map { $0.workload }, in: cluster, namespace) {
      depend(
        hop, in: cluster.name, text,
        on: [
          Question(
            "how many pods \(scaler.kind) \(scaler.name) makes of \(workload.description) of \(cluster.name), which has none by itself"
          )
        ])
      return true
    }
    let isSuspended = sleeping.allSatisfy { $0.node.text == "true" }
    let verb =
      isSuspended
      ? (sleeping.count == 1 ? "is suspended" : "are suspended")
      : (sleeping.count == 1 ? "makes no pods" : "make no pods")
    fail(
      hop, in: cluster.name, text,
      Fault(
        JudgementRules.pods,
        "\(listed(sleeping.map { $0.workload.description })) of \(namespace) in \(cluster.name) \(verb): nobody answers behind \(front)",
        at: sleeping.map { Label($0.node.range, isSuspended ? "suspended" : "no pods") },
        help: [
          isSuspended
            ? "let it run: suspend: false"
            : "ask for at least one replica, or suppress this where a standby is scaled up by hand"
        ],
        because: .found(
          sleeping.map {
            ObjectQuery(
              $0.workload.kind, of: nil, in: cluster.name, namespace, $0.workload.key.name,
              where: [.not(.text(["spec", "replicas"], ["0"])), .not(.text(["spec", "suspend"], ["true"]))])
          })))
    return true
  }

  /// What makes pods of one of the workloads beside their own controllers: KEDA, or a Rollout that took one over.
  private func scaler(
    of workloads: [Workload], in cluster: JudgedCluster, _ namespace: String
  ) -> (Manifest, Workload)? {
    for (kind, reference) in [("ScaledObject", "scaleTargetRef"), ("Rollout", "workloadRef")]
      as [(String, StaticString)]
    {
      for object in cluster.objects(ofKind: kind)
      where object.manifest.namespace ?? namespace == namespace {
        guard let target = object.node.at("spec", reference) else { continue }
        let found = workloads.first {
          $0.key.name == target["name"]?.text && $0.kind == target["kind"]?.string ?? "Deployment"
        }
        if let found { return (object.manifest, found) }
      }
    }
    return nil
  }
}
