import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// Objects at the two ends that no API server takes as what they seem to be.
extension Walk {
  /// Nothing where every manifest of both clusters is whole; a rule reports those that are not.
  mutating func judgeUnserved() {
    if let cluster = targetCluster, !cluster.model.declared.doubtful.isEmpty {
      let workloads = targetPods.compactMap { targetSlice?.subjects[$0].workload }
      judgeUnserved(of: cluster, target.service.key.namespace, workloads, .pod)
    }
    if let cluster = clientCluster, !cluster.model.declared.doubtful.isEmpty {
      let workloads = clientPods.compactMap { clientSlice?.subjects[$0].workload }
      judgeUnserved(of: cluster, client.namespace, workloads, .client)
    }
  }

  /// Workloads of a gateway that an API server refuses: nobody else checks them.
  mutating func judgeRefused(
    _ workloads: [Workload?], _ hop: Hop.Kind, in cluster: JudgedCluster, _ name: String
  ) {
    for case let workload? in workloads where !isOver {
      guard let fault = WorkloadFault.all(of: workload).first else { continue }
      depend(
        hop, in: cluster.name, at: [Label(fault.place.range)], name,
        on: [
          Question(
            "whether an API server of \(cluster.name) takes \(workload.description): \(fault.message)",
            at: fault.place.range, help: fault.remedy)
        ])
    }
  }

  private mutating func judgeUnserved(
    of cluster: JudgedCluster, _ namespace: String, _ workloads: [Workload], _ hop: Hop.Kind
  ) {
    for doubt in cluster.model.declared.doubtful where !isOver && doubt.namespace == namespace {
      guard workloads.contains(where: { $0.kind == doubt.kind && $0.key.name == doubt.name }) else {
        continue
      }
      depend(
        hop, in: cluster.name, at: [Label(doubt.place.range)],
        "\(doubt.kind) \(doubt.name ?? "")",
        on: [
          Question(
            "whether an API server of \(cluster.name) takes \(doubt.kind) \(doubt.name ?? ""), which \(doubt.fault)",
            isReported: true)
        ])
    }
  }
}
