import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Ways to Services that no connection names, through what links serve to all comers.
extension PathEvaluation {
  mutating func denyStrayOpenings(_ path: Policy.PathRule, _ policy: Policy) {
    let fleet = judgement.fleet
    for stray in judgement.judge.systemsInOrder.flatMap({
      $0.strayOpenings(beyond: judgement.crossings, in: fleet)
    }) {
      guard let goal = StrayGoal(stray, path, networks[stray.cluster.name]) else { continue }
      let entering = { (cluster: JudgedCluster, workload: Workload) in
        goal.ends.contains { stray.mayEnter(cluster, workload, $0.port, $0.pod) }
      }
      guard
        let (words, places, lines) = sender(path.from, through: stray.opening, { _, _, _ in false }, entering)
      else { continue }
      let key = stray.service.key
      report(
        PathRules.forbidden, path, policy,
        "\(words) may reach Service \(key.description) of \(stray.cluster.name), which no connection names, at \(stray.opening.description)",
        at: places + [stray.place], exempting: (key.name, key.namespace, stray.cluster.name),
        witness:
          "\(lines)  address: \(stray.opening.description)\n  service: Service \(key.description)\n  pod: \(goal.ends[0].pod.description) @\(stray.cluster.name)\n",
        closing: "take the Service out of what is published"
      )
    }
  }
}

/// Pods behind a Service that a path leads to, at ports where their policies may admit what serves it.
private struct StrayGoal {
  private(set) var ends: [(port: ServicePort, pod: SubjectPod)] = []

  /// Nil where a path does not lead there, or policies keep everybody out. Linear in the workloads of the namespace.
  init?(_ stray: StrayOpening, _ path: Policy.PathRule, _ network: ClusterPaths?) {
    guard let network, !stray.service.selector.isEmpty else { return nil }
    let namespace = stray.service.key.namespace
    let chosen = LabelSelector(equality: stray.service.selector)
    let workloads = network.workloads(in: path.to).filter {
      $0.key.namespace == namespace && chosen.matches($0.podLabels)
    }
    guard !workloads.isEmpty else { return nil }
    let slice = NamespaceSlice(stray.cluster, namespace, subjects: [], peers: stray.senders)
    let senders = stray.senders.compactMap { slice.number(ofPeer: $0.id) }
    let wanted = ClusterPaths.wanted(path)
    for pod in workloads.map({ SubjectPod($0) }) {
      guard let number = slice.number(ofSubject: pod.id) else { continue }
      for port in stray.service.ports where stray.port.map({ $0 == port.number }) ?? true {
        guard let target = pod.number(of: port.target, port.transport).flatMap({ UInt16(exactly: $0) }),
          wanted?.contains(target, port.transport) ?? true
        else { continue }
        let passes = senders.contains { sender in
          slice.engine.connections(from: .pod(sender), to: .pod(number)).may.contains(target, port.transport)
        }
        if passes { ends.append((port, pod)) }
      }
    }
    if ends.isEmpty { return nil }
  }
}
