import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The least change of an emitted policy that closes what no connection needs, and where in the policy it is made.
struct Remedy {
  let slice: NamespaceSlice
  /// What connections need of the pod in this direction.
  let needs: [Need]
  let policy: KnownObject
  let decision: Trace.Decision?
  let pod: Int
  let direction: NetworkPolicy.Direction
  let kind: Exactness.Excess.Kind

  private var list: StaticString { direction == .ingress ? "from" : "to" }
  private var isPlain: Bool { PolicyKind(policy.manifest) == .network }

  /// The peer that lets the other end in, where it is one of several; else the rule.
  private var peer: (node: Node, number: Int)? {
    guard isPlain, let rule = decision?.rule, let number = decision?.peer,
      let node = rule[list]?.elements.dropFirst(number).first(where: { _ in true })
    else { return nil }
    return (node, number)
  }

  var opener: Node? {
    switch kind {
    case .pods: policy.node["spec"]?[isPlain ? "podSelector" : "endpointSelector"] ?? policy.node["spec"]
    case .others: peer?.node ?? decision?.rule
    case .ports: decision?.rule?["ports"] ?? decision?.rule
    }
  }

  var text: String {
    switch kind {
    case .pods:
      let own = slice.subjects[pod]
      let verb = direction == .ingress ? "leads to" : "comes from"
      return
        "narrow \(isPlain ? "spec.podSelector" : "its selector") so that it leaves \(own.description) (\(own.labels.description)) out: no connection \(verb) it"
    case .others:
      guard !peers.isEmpty else { return "take the rule out: nobody is needed" }
      guard let peer else { return "write '\(list): [\(peers.joined(separator: ", "))]' into the rule" }
      if (decision?.rule?[list]?.count ?? 0) > 1, !isNeeded(peer.node) {
        return "take \(list)[\(peer.number)] out of the rule"
      }
      return "write '\(peers.joined(separator: ", "))' instead of \(list)[\(peer.number)]"
    case .ports:
      return "write 'ports: [\(ports.joined(separator: ", "))]' into the rule"
    }
  }

  /// True where a peer of the rule also lets somebody in whom a connection needs.
  private func isNeeded(_ peer: Node) -> Bool {
    if let block = peer["ipBlock"].flatMap({ $0["cidr"] }).flatMap({ IPNetwork($0.text) }) {
      return needs.contains { need in
        switch need.other {
        case .address(let address): block.contains(address)
        case .sender(.networks(let networks, _)): networks.contains { block.contains($0.address) }
        case .sender(.unknown): true
        default: false
        }
      }
    }
    let namespaces = peer["namespaceSelector"].map { LabelSelector($0) }
    let pods = LabelSelector(peer["podSelector"])
    return needed.contains { pod in
      let place = pod.namespaceLabels.setting(NamespaceFacts.nameLabel, to: pod.namespace)
      return (namespaces?.matches(place) ?? (pod.namespace == slice.namespace)) && pods.matches(pod.labels)
    }
  }

  /// The pods that connections need, as the policy sees them.
  private var needed: [PeerPod] {
    let resolver = ClusterResolver(slice.cluster.model.cluster.distribution).pod
    return needs.flatMap { need -> [PeerPod] in
      switch need.other {
      case .sender(let sender): sender.pods
      case .resolver: [resolver]
      case .peer(let id): slice.peerPods.filter { $0.id == id }
      case .address: []
      }
    }
  }

  /// Peers that are enough, as they are written in a NetworkPolicy.
  private var peers: [String] {
    let resolver = ClusterResolver(slice.cluster.model.cluster.distribution).pod
    return needs.flatMap { need -> [String] in
      switch need.other {
      case .address(let address):
        return ["{ipBlock: {cidr: \(address.text)/\(address.isIPv6 ? 128 : 32)}}"]
      case .resolver: return [selector(resolver)]
      case .peer(let id): return slice.peerPods.filter { $0.id == id }.map(selector)
      case .sender(.networks(let networks, _)):
        return networks.map { "{ipBlock: {cidr: \($0.address.text)/\($0.prefixLength)}}" }
      case .sender(let sender): return sender.pods.map(selector)
      }
    }.withoutRepetitions
  }

  private func selector(_ pod: PeerPod) -> String {
    func labels(_ labels: Labels) -> String {
      "{matchLabels: {\(labels.items.map { "\($0.key): \($0.value.isEmpty ? "\"\"" : $0.value)" }.joined(separator: ", "))}}"
    }
    let own = Labels([NamespaceFacts.nameLabel: pod.namespace])
    // A part of the platform is chosen by the label that the platform documents; the first will do.
    let marks = pod.kind == "Platform" ? Array(pod.namespaceLabels.items.suffix(1)) : []
    let namespace = marks.isEmpty ? own : Labels(pairs: marks.map { ($0.key, $0.value) })
    // Without the label of its cluster a peer of a mesh means pods of the policy's own.
    let carried =
      pod.isRemote
      ? pod.meshCluster.map { pod.labels.setting(CiliumLabels.cluster, to: $0) } ?? pod.labels : pod.labels
    let pods = carried.isEmpty ? "" : ", podSelector: \(labels(carried))"
    return "{namespaceSelector: \(labels(namespace))\(pods)}"
  }

  private var ports: [String] {
    needs.map { need in
      need.transport == .tcp
        ? "{port: \(need.port)}" : "{protocol: \(need.transport.rawValue), port: \(need.port)}"
    }.withoutRepetitions
  }
}
