package import Diagnostics
package import Kubernetes

/// Pods between the two ends: those of a gateway, in a namespace of the target's cluster.
extension Walk {
  /// Whether the policies of such pods' own namespace admit a sender; nil where nobody has asked for the pods
  /// (`CrossingPeers.onTheWay`). The certificate holds it.
  package mutating func admission(
    of sender: Sender, to pods: SubjectPod, in key: NamespaceSlice.Key, port: Int,
    _ transport: TransportProtocol
  ) -> Ternary? {
    guard !isOver, let slice = judge.slices[key], let pod = slice.number(ofSubject: pods.id),
      let number = UInt16(exactly: port)
    else { return nil }
    var answer = Ternary.yes
    let isOpen = slice.isOpen(pod, .ingress)
    if !isOpen { need(slice, .ingress, pod, .sender(sender), port, transport) }
    // Policies of the whole cluster may keep the sender in.
    if !isOpen || !slice.cluster.clusterwidePolicies.isEmpty {
      answer = slice.admits(sender, to: pod, number, transport).answer
    }
    rely(on: .ingress(key, pods, sender, port: port, transport), holds: answer)
    return answer
  }

  /// Whether the policies of such pods' own namespace let them out to a pod behind them
  /// (`CrossingPeers.behindTheWay`); nil where nobody has asked for the pods. The other end's policies have a
  /// hop of their own. The certificate holds it.
  package mutating func departure(
    of pods: SubjectPod, in key: NamespaceSlice.Key, to peer: PeerPod, port: Int,
    _ transport: TransportProtocol
  ) -> Ternary? {
    guard !isOver, let slice = judge.slices[key], let pod = slice.number(ofSubject: pods.id),
      let destination = slice.number(ofPeer: peer.id), let number = UInt16(exactly: port)
    else { return nil }
    var answer = Ternary.yes
    if !slice.isOpen(pod, .egress) {
      need(slice, .egress, pod, .peer(peer.id), port, transport)
      answer = slice.engine.leaves(pod, to: .pod(destination), number, transport)
    }
    rely(on: .egress(key, pods, .peer(peer), port: port, transport), holds: answer)
    return answer
  }

  /// True where policies isolate such pods and let them out to nobody at some TCP ports.
  package func staysIn(_ pods: SubjectPod, in key: NamespaceSlice.Key, except ports: [UInt16]) -> Bool {
    guard let slice = judge.slices[key], let pod = slice.number(ofSubject: pods.id),
      !slice.isOpen(pod, .egress)
    else { return false }
    return !slice.engine.grants(to: pod, .egress).contains { grant in
      ports.contains { grant.ports.contains($0, .tcp) }
    }
  }

  /// The policies that isolate such pods.
  package func isolating(
    _ pods: SubjectPod, in key: NamespaceSlice.Key, _ direction: NetworkPolicy.Direction = .ingress,
    _ text: String = "isolates the gateway's pods"
  ) -> [Label] {
    guard let slice = judge.slices[key], let pod = slice.number(ofSubject: pods.id) else { return [] }
    return Set(slice.engine.selecting(pod, direction)).sorted().prefix(3).map {
      slice.policies[$0].object.label(text)
    }
  }

  /// Isolated clients need a port of addresses that nobody knows.
  package mutating func needAnywhere(port: Int, _ transport: TransportProtocol) {
    guard let slice = clientSlice, !isOver else { return }
    for pod in clientPods where !slice.isOpen(pod, .egress) {
      need(
        slice, .egress, pod, .sender(.unknown(description: "an address that is not known")), port, transport)
    }
  }
}
