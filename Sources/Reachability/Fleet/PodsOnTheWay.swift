import Diagnostics
import FleetSpec
package import Kubernetes
import Linker

/// Pods of either cluster on which a crossing hangs, with whom the policies of their own namespace see: those of a DNS
/// server, of the mesh's API server. Asked for with `CrossingPeers.beside`.
package struct PodsOnTheWay: Sendable {
  let key: NamespaceSlice.Key
  let pods: [SubjectPod]
  /// Whom their policies meet.
  let peers: [PeerPod]

  init(_ cluster: String, _ namespace: String, _ pods: [SubjectPod], meeting peers: [PeerPod] = []) {
    key = NamespaceSlice.Key(cluster: cluster, namespace: namespace)
    // Policies do not see pods in the network of their node.
    self.pods = pods.filter { !($0.workload?.isHostNetwork ?? false) }
    self.peers = peers
  }
}

extension Walk {
  /// Whether the policies of such pods' own namespace admit a sender to all of them; nil where nobody has asked for the
  /// pods. The certificate holds it.
  ///
  /// - Parameter port: the port of the pods; nil where nobody knows it.
  package mutating func admission(
    of sender: Sender, to way: PodsOnTheWay, port: (SubjectPod) -> Int?, _ transport: TransportProtocol
  ) -> Ternary? {
    var answer: Ternary?
    for pods in way.pods {
      guard let port = port(pods),
        let one = admission(of: sender, to: pods, in: way.key, port: port, transport)
      else { continue }
      if one == .no { return .no }
      answer = answer.map { $0 && one } ?? one
    }
    return answer
  }

  /// True where the policies of such pods' namespace admit somebody to all of them, whoever it is.
  func opens(_ way: PodsOnTheWay, _ port: (SubjectPod) -> Int?, _ transport: TransportProtocol) -> Bool {
    guard let slice = judge.slices[way.key] else { return false }
    return way.pods.allSatisfy { pods in
      guard let pod = slice.number(ofSubject: pods.id),
        let number = port(pods).flatMap({ UInt16(exactly: $0) })
      else { return true }
      return slice.engine.opensAnywhere(pod, .ingress, number, transport)
    }
  }

  /// A rule that denies a sender such pods outright; nil where no rule does.
  func denied(
    _ sender: Sender, to way: PodsOnTheWay, _ port: (SubjectPod) -> Int?, _ transport: TransportProtocol,
    _ rule: Rule, as destination: String
  ) -> Fault? {
    guard let slice = judge.slices[way.key] else { return nil }
    for pods in way.pods {
      guard let pod = slice.number(ofSubject: pods.id),
        let number = port(pods).flatMap({ UInt16(exactly: $0) }),
        let fault = slice.denied(pod, from: sender, number, transport, rule, as: destination)
      else { continue }
      return fault
    }
    return nil
  }

  /// True where they admit pods by their labels alone: nobody in the network of a node.
  func admitsPodsAlone(
    _ way: PodsOnTheWay, _ port: (SubjectPod) -> Int?, _ transport: TransportProtocol
  ) -> Bool {
    guard let slice = judge.slices[way.key] else { return false }
    return way.pods.allSatisfy { pods in
      guard let pod = slice.number(ofSubject: pods.id),
        let number = port(pods).flatMap({ UInt16(exactly: $0) })
      else { return true }
      return slice.engine.admitsPodsAlone(to: pod, number, transport)
    }
  }

  /// The names of the policies that isolate such pods.
  func isolatingNames(_ way: PodsOnTheWay) -> String {
    guard let slice = judge.slices[way.key] else { return "a policy" }
    let numbers = Set(
      way.pods.compactMap { slice.number(ofSubject: $0.id) }.flatMap { slice.engine.selecting($0, .ingress) })
    return numbers.isEmpty
      ? "a policy"
      : listed(
        numbers.sorted().map {
          "\(slice.policies[$0].object.manifest.kind) \(slice.policies[$0].object.name)"
        })
  }

  /// The policies that isolate such pods.
  func isolating(_ way: PodsOnTheWay, _ text: String) -> [Label] {
    guard let slice = judge.slices[way.key] else { return [] }
    let numbers = way.pods.compactMap { slice.number(ofSubject: $0.id) }
    return Set(numbers.flatMap { slice.engine.selecting($0, .ingress) }).sorted().prefix(3).map {
      slice.policies[$0].object.label(text)
    }
  }

  /// Isolated clients ask their cluster's DNS, though the carrier's own name does not hang on it, or hangs on more than is
  /// known: whatever answers for that name asks there for all others.
  package mutating func needResolver() {
    guard let slice = clientSlice, !isOver, !needs.contains(where: \.isOfResolver) else { return }
    let resolver = ClusterResolver(slice.cluster.model.cluster.distribution)
    for pod in clientPods where !slice.isOpen(pod, .egress) {
      for transport in [TransportProtocol.udp, .tcp] {
        need(slice, .egress, pod, .resolver, Int(resolver.port), transport)
      }
    }
  }
}
