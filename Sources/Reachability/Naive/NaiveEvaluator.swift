package import Kubernetes
import YAMLTree

/// Policies pod by pod, straight from the manifests: slow, plain, and independent.
///
/// Checks what the class engine says, so it shares no matching code with it: it reads the trees itself,
/// compares strings, and asks one packet at a time; it follows the possible worlds instead of subtracting
/// sets. Linear in the policies of the cluster.
package struct NaiveEvaluator: Sendable {
  let network: ClusterNetwork

  package init(_ network: ClusterNetwork) { self.network = network }

  enum Side {
    case leaving
    case entering
  }

  /// Whether one packet passes.
  package func passes(
    from source: Endpoint, to destination: Endpoint, port: Int, _ transport: TransportProtocol
  ) -> Ternary {
    if case .pod(let index) = source, source == destination, network.pods[index].kind == "Pod" { return .yes }
    let packet = Packet(source: source, destination: destination, port: port, transport: transport)
    var may = true
    var must = true
    if case .pod(let index) = source {
      let out = verdict(on: index, .leaving, packet)
      may = may && out.may
      must = must && out.must
    }
    if case .pod(let index) = destination {
      let into = verdict(on: index, .entering, packet)
      may = may && (into.may || isPerhapsLocal(source))
      must = must && into.must
      if case .pod(let other) = source {
        let together = meet(other, index)
        may = may && together.may
        must = must && together.must
      }
    }
    return Ternary(may: may, must: must)
  }

  /// Whether a pod's own policies let one packet out, whatever those of its destination say.
  func leaves(_ pod: Int, to destination: Endpoint, port: Int, _ transport: TransportProtocol) -> Ternary {
    let packet = Packet(source: .pod(pod), destination: destination, port: port, transport: transport)
    let out = verdict(on: pod, .leaving, packet)
    return Ternary(may: out.may, must: out.must)
  }

  /// Whether the primary networks of two pods' namespaces let them meet.
  func meet(_ a: Int, _ b: Int) -> Ternary {
    let (one, other) = (network.pods[a].namespace, network.pods[b].namespace)
    guard network.namespaces[one].primaryNetwork != network.namespaces[other].primaryNetwork else {
      return .yes
    }
    return Ternary(
      may: network.profile.isolatesPrimaryNetworks != .yes,
      must: network.profile.isolatesPrimaryNetworks == .no)
  }

  /// Whether a pod's own policies let one packet in, whatever those of its sender say.
  func enters(from source: Endpoint, to pod: Int, port: Int, _ transport: TransportProtocol) -> Ternary {
    let packet = Packet(source: source, destination: .pod(pod), port: port, transport: transport)
    let into = verdict(on: pod, .entering, packet)
    return Ternary(may: into.may, must: into.must)
  }

  /// What runs in the network of a node may be on the destination's own, which no policy keeps out.
  private func isPerhapsLocal(_ source: Endpoint) -> Bool {
    guard network.admitsLocalNode, case .pod(let index) = source else { return false }
    let pod = network.pods[index]
    return pod.isHostNetwork && !network.namespaces[pod.namespace].isRemote
      && network.profile.hostNetworkIsPod != .yes
  }

  struct Packet {
    let source: Endpoint
    let destination: Endpoint
    let port: Int
    let transport: TransportProtocol

    func other(_ side: Side) -> Endpoint { side == .entering ? source : destination }
  }

  /// One end's say.
  private func verdict(on subject: Int, _ side: Side, _ packet: Packet) -> (may: Bool, must: Bool) {
    if side == .leaving, network.profile.enforcesEgress == .no { return (true, true) }
    guard !network.namespaces[network.pods[subject].namespace].isRemote else { return (true, true) }
    var opinions: [NaiveOpinion] = []
    for (position, policy) in network.policies.enumerated() {
      switch policy.identity.group {
      case "networking.k8s.io": opinions += opinion(policy, position, subject, side, packet)
      case "cilium.io": opinions += ciliumOpinions(policy, position, subject, side, packet)
      case "policy.networking.k8s.io": opinions += adminOpinions(policy, subject, side, packet)
      default:
        if isOpaque(policy, position, subject, side) { return (true, false) }
      }
    }
    if let unseen = unseenOpinion(subject) { opinions.append(unseen) }
    let isEgressDoubtful = side == .leaving && network.profile.enforcesEgress == .depends
    let ends = NaiveOpinion.ends(opinions)
    return (ends.contains(.allowed) || isEgressDoubtful, !ends.contains(.denied))
  }

  /// A policy of the platform that nobody has listed: it may be there, and then isolates.
  private func unseenOpinion(_ subject: Int) -> NaiveOpinion? {
    let pod = network.pods[subject]
    guard network.unlistedNamespaces.contains(pod.namespace) else { return nil }
    if pod.isHostNetwork, network.profile.hostNetworkIsPod == .no { return nil }
    return NaiveOpinion(stage: .together, selected: .depends, isolates: true, rules: [])
  }

  /// Policies that nobody here reads: of the pod's namespace, or of the cluster.
  private func isOpaque(_ policy: Manifest, _ position: Int, _ subject: Int, _ side: Side) -> Bool {
    if network.profile.name == NetworkProfile.npGuard { return false }
    if policy.kind.hasPrefix("Egress"), side == .entering { return false }
    let namespace = network.policyNamespaces[position]
    return namespace < 0 || namespace == network.pods[subject].namespace
  }

  /// A NetworkPolicy: isolates what it selects, and allows.
  private func opinion(
    _ policy: Manifest, _ position: Int, _ subject: Int, _ side: Side, _ packet: Packet
  ) -> [NaiveOpinion] {
    let spec = policy.node["spec"]
    guard applies(spec, side) else { return [] }
    let namespace = network.policyNamespaces[position]
    let selected = selects(spec, namespace, subject)
    guard selected != .no else { return [] }
    let opened = opens(spec, namespace, side, packet)
    return [
      NaiveOpinion(
        stage: .together, selected: selected, isolates: true,
        rules: [(.allow, Ternary(may: opened.may, must: opened.must))])
    ]
  }

  private func applies(_ spec: Node?, _ side: Side) -> Bool {
    let listed = spec?["policyTypes"].map { $0.elements.map(\.text) } ?? []
    switch side {
    case .entering: return listed.isEmpty || listed.contains("Ingress")
    case .leaving:
      if listed.isEmpty { return (spec?["egress"]?.count ?? 0) != 0 }
      return listed.contains("Egress")
    }
  }

  private func selects(_ spec: Node?, _ namespace: Int, _ subject: Int) -> Ternary {
    let pod = network.pods[subject]
    guard pod.namespace == namespace, !network.namespaces[namespace].isRemote else { return .no }
    var answer = NaiveSelector.matches(spec?["podSelector"], possibleValues: { values(of: $0, in: pod) })
    if pod.isHostNetwork { answer = least(answer, network.profile.hostNetworkIsPod) }
    return answer
  }

  private func opens(_ spec: Node?, _ namespace: Int, _ side: Side, _ packet: Packet) -> (
    may: Bool, must: Bool
  ) {
    var may = false
    var must = false
    let rules = side == .entering ? spec?["ingress"] : spec?["egress"]
    for rule in rules?.elements.map({ $0 }) ?? [] {
      let peers = (side == .entering ? rule["from"] : rule["to"])?.elements.map { $0 } ?? []
      let other = side == .entering ? packet.source : packet.destination
      if peers.isEmpty {
        let port = portMatches(rule["ports"], packet, throughBlock: false)
        may = may || port.may
        must = must || port.must
      }
      for peer in peers {
        let isBlock = peer["ipBlock"].map { !$0.isNull } ?? false
        let who = isBlock ? blockMatches(peer, other) : selectorsMatch(peer, namespace, other)
        let port = portMatches(rule["ports"], packet, throughBlock: isBlock && side == .leaving)
        may = may || (who.may && port.may)
        must = must || (who.must && port.must)
      }
    }
    return (may, must)
  }

  // MARK: Ports

  private func portMatches(_ list: Node?, _ packet: Packet, throughBlock: Bool) -> Ternary {
    let entries = list?.elements.map { $0 } ?? []
    if entries.isEmpty { return .yes }
    var best = Ternary.no
    for entry in entries {
      let wanted = entry["protocol"]?.string ?? "TCP"
      guard wanted == packet.transport.rawValue else { continue }
      guard let port = entry["port"], !port.isNull else { return .yes }
      if let number = port.integer {
        let last = entry["endPort"]?.integer ?? number
        if packet.port >= number, packet.port <= last { return .yes }
      } else if let name = port.string {
        let named = namedPort(name, packet, throughBlock: throughBlock)
        if named.rawValue > best.rawValue { best = named }
      }
    }
    return best
  }

  /// A name means what the destination pod's containers say it means.
  func namedPort(_ name: String, _ packet: Packet, throughBlock: Bool) -> Ternary {
    guard case .pod(let index) = packet.destination else { return .no }
    var isMeant = false
    var isMeantOtherwise = false
    for port in network.pods[index].namedPorts where port.name == name && port.transport == packet.transport {
      if Int(port.number) == packet.port { isMeant = true } else { isMeantOtherwise = true }
    }
    guard isMeant else { return .no }
    return isMeantOtherwise || throughBlock ? .depends : .yes
  }

  // MARK: Peers

  private func selectorsMatch(_ peer: Node, _ own: Int, _ other: Endpoint) -> Ternary {
    guard case .pod(let index) = other else { return .no }
    let pod = network.pods[index]
    let namespace = network.namespaces[pod.namespace]
    let namespaceSelector = peer["namespaceSelector"].flatMap { $0.isNull ? nil : $0 }
    let podSelector = peer["podSelector"].flatMap { $0.isNull ? nil : $0 }
    if namespaceSelector == nil, podSelector == nil { return .no }
    var answer: Ternary
    if let namespaceSelector {
      answer = NaiveSelector.matches(namespaceSelector, possibleValues: { values(of: $0, in: namespace) })
    } else {
      answer = namespace.name == network.namespaces[own].name ? .yes : .no
    }
    let inCilium = pods(podSelector, pod, knowsClusters: true)
    let elsewhere = pods(podSelector, pod, knowsClusters: false)
    switch network.profile.enforcesCiliumPolicies {
    case .yes: answer = least(answer, inCilium)
    case .no: answer = least(answer, elsewhere)
    case .depends: answer = least(answer, inCilium == elsewhere ? inCilium : .depends)
    }
    if pod.isHostNetwork {
      var treated = network.profile.hostNetworkIsPod
      if namespaceSelector != nil {
        if podSelector == nil {
          treated = greatest(treated, network.profile.namespaceSelectorIncludesHostNetwork)
        } else if NaiveSelector.isEmpty(podSelector) {
          treated = greatest(treated, network.profile.emptyPodSelectorIncludesHostNetwork)
        }
      }
      answer = least(answer, treated)
    }
    return answer
  }

  /// Whether a podSelector matches, and reaches the pod's cluster: a selector that names clusters does what it
  /// says where the plugin knows that label, and finds no pod with it elsewhere.
  private func pods(_ selector: Node?, _ pod: PodFacts, knowsClusters: Bool) -> Ternary {
    let namespace = network.namespaces[pod.namespace]
    let label = "io.cilium.k8s.policy.cluster"
    var namesCluster = false
    var answer = Ternary.yes
    if let selector {
      answer = NaiveSelector.matches(selector) { key in
        guard key == label else { return values(of: key, in: pod) }
        namesCluster = true
        return knowsClusters ? clusterNames(of: namespace) : [nil]
      }
      // The label decides although another requirement fails first.
      namesCluster = namesCluster || NaiveSelector.keys(selector).contains(label)
    }
    if namespace.isRemote, !(namesCluster && knowsClusters) {
      answer = least(answer, network.profile.selectorsCrossClusters)
    }
    return answer
  }

  /// The name of a namespace's cluster; anything but nothing where it is not known.
  func clusterNames(of namespace: NamespaceFacts) -> [String?] {
    let name = namespace.isRemote ? namespace.cluster : network.clusterName
    return name.map { [$0] } ?? ["\u{1}anything"] + NaiveSelector.wildcard
  }

  private func blockMatches(_ peer: Node, _ other: Endpoint) -> Ternary {
    let block = NaiveBlock(peer["ipBlock"])
    let effect = block.exceptions.isEmpty ? Ternary.yes : network.profile.enforcesExcept
    switch other {
    case .address(let address):
      guard block.contains(address) else { return .no }
      let isNode = network.nodeNetworks.contains { NaiveBlock.holds($0, address) }
      return least(effect, isNode ? network.profile.ipBlockMatchesNodes : .yes)
    case .pod(let index):
      let pod = network.pods[index]
      var gate = network.profile.ipBlockMatchesPods
      if pod.isHostNetwork {
        let node = network.profile.ipBlockMatchesNodes
        switch network.profile.hostNetworkIsPod {
        case .yes: break
        case .no: gate = node
        case .depends: gate = gate == node ? gate : .depends
        }
      }
      return least(least(effect, gate), holdsPod(block, pod))
    }
  }

  func holdsPod(_ block: NaiveBlock, _ pod: PodFacts) -> Ternary {
    if pod.addresses.isEmpty {
      let networks = pod.isHostNetwork ? network.nodeNetworks : network.podNetworks
      if networks.isEmpty { return block.isNothing ? .no : .depends }
      return block.meets(networks)
    }
    let inside = pod.addresses.filter { block.contains($0) }
    if inside.isEmpty { return .no }
    return inside.count == pod.addresses.count ? .yes : .depends
  }

  // MARK: Labels

  /// Every value that a label may have, nil among them where it may be missing; nil where anything is possible.
  func values(of key: String, in pod: PodFacts) -> [String?]? {
    if key == "io.cilium.k8s.policy.serviceaccount" { return pod.serviceAccount.map { [$0] } }
    let declared = pod.labels.items.first { $0.key == key }?.value
    guard let runtime = pod.runtimeLabels.first(where: { $0.key == key }) else { return [declared] }
    guard let later = runtime.values else {
      // Missing at first, anything later; two stand-ins that no selector names make "anything".
      return declared == nil ? nil : [declared, "\u{1}anything"] + NaiveSelector.wildcard
    }
    return [declared] + later.map { Optional($0) }
  }

  func values(of key: String, in namespace: NamespaceFacts) -> [String?]? {
    if key == "kubernetes.io/metadata.name" { return [namespace.name] }
    if let value = namespace.labels.items.first(where: { $0.key == key })?.value { return [value] }
    return namespace.knowsLabels || network.profile.assumesNoOtherLabels ? [nil] : nil
  }

  func least(_ a: Ternary, _ b: Ternary) -> Ternary { a.rawValue <= b.rawValue ? a : b }
  func greatest(_ a: Ternary, _ b: Ternary) -> Ternary { a.rawValue >= b.rawValue ? a : b }
}
