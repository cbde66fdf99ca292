import Kubernetes

/// What one peer of one rule opens to a pod.
struct PodGrant: Sendable {
  /// The policy's number in the network.
  let policy: Int
  /// The number among the parts of all policies.
  let part: Int
  /// The rule's place among those of the part's direction, from 0.
  let rule: Int
  /// The peer's place in the rule, from 0; nil where the rule names none.
  let peer: Int?
  let peers: PeerSet
  let ports: PortSet
}

/// Questions that are not about one pair: whole ranges of addresses, and whether anything isolates at all.
extension PolicyEngine {
  /// True when no policy isolates the pod in a direction, nor may.
  func isOpen(_ pod: Int, _ direction: NetworkPolicy.Direction) -> Bool {
    let number = Int(podClass(of: pod))
    let row = rows[Int(direction == .ingress ? ingressRow[number] : egressRow[number])]
    return row.may == nil && row.must == nil
  }

  /// Whether a pod's own policies let it out to a port of an end, whatever that end's policies say.
  func leaves(_ pod: Int, to destination: Endpoint, _ port: UInt16, _ transport: TransportProtocol) -> Ternary
  {
    let row = rows[Int(egressRow[Int(podClass(of: pod))])]
    let point = point(destination)
    return Ternary(
      may: opened(row.may, to: point).contains(port, transport),
      must: opened(row.must, to: point).contains(port, transport))
  }

  /// Whether a pod's own policies let an end in to a port, whatever that end's policies say.
  func enters(
    from source: Endpoint, to pod: Int, _ port: UInt16, _ transport: TransportProtocol
  ) -> Ternary {
    let row = rows[Int(ingressRow[Int(podClass(of: pod))])]
    let point = point(source)
    return Ternary(
      may: opened(row.may, to: point).contains(port, transport),
      must: opened(row.must, to: point).contains(port, transport))
  }

  /// What each policy may open to a pod in a direction, rule by rule; policies by their number in the network.
  ///
  /// Pods are those that surely match: a pod whose address nobody knows may lie in any range, and a namespace whose
  /// labels nobody tells may carry any, which says nothing. Strangers, of whom all is known, stand for the rest.
  func grants(to pod: Int, _ direction: NetworkPolicy.Direction) -> [PodGrant] {
    let number = podClass(of: pod)
    return selecting(number, direction).flatMap { part in
      grants(Int32(clamping: part), direction, number).filter { $0.action == .allow }.map { grant in
        var peers = tables.peerSets[grant.mayPeers]
        peers.classes = tables.peerSets[grant.mustPeers].classes
        return PodGrant(
          policy: policies[part].rules.manifest, part: part, rule: Int(grant.rule),
          peer: grant.peer.map(Int.init),
          peers: peers, ports: tables.portSets[grant.mayPorts])
      }
    }
  }

  /// A rule as it is written.
  func rule(of grant: PodGrant, _ direction: NetworkPolicy.Direction) -> PolicyRules.Rule? {
    let rules = policies[grant.part].rules.section(direction)?.rules ?? []
    return rules.indices.contains(grant.rule) ? rules[grant.rule] : nil
  }

  /// True where an ingress rule of some policies may admit every IPv4 address, or admits every pod. Linear in their rules.
  func mayAdmitEverybody(among numbers: Set<Int>) -> Bool {
    guard !numbers.isEmpty else { return false }
    return policies.contains { policy in
      numbers.contains(policy.rules.manifest)
        && (policy.section(.ingress)?.grants.contains {
          $0.action == .allow && tables.peerSets[$0.mayPeers].ipv4 == .all
        } ?? false
          || policy.rules.section(.ingress)?.rules.contains { rule in
            rule.action == .allow && rule.peers?.indices.contains { rule.everyPod($0) != nil } ?? false
          } ?? false)
    }
  }

  /// All classes of pods.
  var everyClass: IntervalSet<Int32> { tables.classes.all }

  /// The policies that isolate a pod in a direction, or may.
  func selecting(_ pod: Int, _ direction: NetworkPolicy.Direction) -> [Int] {
    selecting(podClass(of: pod), direction).map { policies[$0].rules.manifest }
  }

  /// Whether all addresses of a block are admitted to a port of a pod.
  func admits(_ block: AddressBlock, to pod: Int, _ port: UInt16, _ transport: TransportProtocol) -> Ternary {
    let row = rows[Int(ingressRow[Int(podClass(of: pod))])]
    let may = admitted(row.may, port, transport)
    let must = admitted(row.must, port, transport)
    let mayOverlap = may.map { $0.ipv4.overlaps(block.ipv4) || $0.ipv6.overlaps(block.ipv6) } ?? true
    let mustHold =
      must.map { $0.ipv4.isSuperset(of: block.ipv4) && $0.ipv6.isSuperset(of: block.ipv6) } ?? true
    return Ternary(may: mayOverlap, must: mustHold)
  }

  /// True where every IPv4 address is admitted for sure: `from: []` and 0.0.0.0/0.
  ///
  /// - Parameter withPods: false for whoever has no address of a pod: then those may be left out.
  func admitsEveryone(
    to pod: Int, _ port: UInt16, _ transport: TransportProtocol, withPods: Bool = true
  ) -> Bool {
    let row = rows[Int(ingressRow[Int(podClass(of: pod))])]
    var everywhere = IntervalSet<UInt32>(0, .max)
    if !withPods { everywhere = everywhere.subtracting(AddressBlock(network.podNetworks).ipv4) }
    return admitted(row.must, port, transport)?.ipv4.isSuperset(of: everywhere) ?? true
  }

  /// True where every rule that may open a port admits pods by their labels, or those of the pod's own namespace, and nobody
  /// else. Linear in the rules of the policies that select the pod.
  func admitsPodsAlone(to pod: Int, _ port: UInt16, _ transport: TransportProtocol) -> Bool {
    let number = podClass(of: pod)
    let parts = selecting(number, .ingress)
    // Something must isolate the pod for sure, or everybody gets in.
    let isIsolated = parts.contains { part in
      policies[part].mustSelect.contains(number) && policies[part].section(.ingress)?.isolates == true
    }
    guard isIsolated, parts.allSatisfy({ policies[$0].rules.stage == .policy }) else { return false }
    return parts.allSatisfy { part in
      let rules = policies[part].rules.section(.ingress)?.rules ?? []
      return rules.filter { $0.action == .allow && mayHold($0.ports, port, transport) }.allSatisfy { rule in
        rule.peers.map { $0.allSatisfy(Self.isOfPods) } ?? false
      }
    }
  }

  /// Nodes have no labels that a podSelector asks for; without one, a namespace may stand for them.
  private static func isOfPods(_ peer: PolicyRules.Peer) -> Bool {
    switch peer {
    case .pods(namespaceSelector: nil, podSelector: _, cluster: let clusters) where clusters.isEmpty: true
    case .pods(namespaceSelector: _, podSelector: let selector?, cluster: _): asksForLabels(selector)
    case .endpoints(let selector): asksForLabels(selector.pods)
    case .nothing: true
    default: false
    }
  }

  private static func asksForLabels(_ selector: LabelSelector) -> Bool {
    selector.requirements.contains { requirement in
      switch requirement {
      case .isIn(let key, _), .exists(let key): !key.hasPrefix("reserved")
      default: false
      }
    }
  }

  private func mayHold(_ ports: [PolicyRules.Port]?, _ port: UInt16, _ transport: TransportProtocol) -> Bool {
    guard let ports else { return true }
    return ports.contains { entry in
      switch entry {
      case .numbers(let own, let range): own == transport && range.contains(port)
      case .name(let own, _): own == transport
      case .nothing: false
      }
    }
  }

  /// True when some rule opens a port in a direction to somebody.
  func opensAnywhere(
    _ pod: Int, _ direction: NetworkPolicy.Direction, _ port: UInt16, _ transport: TransportProtocol
  ) -> Bool {
    let number = Int(podClass(of: pod))
    let row = rows[Int(direction == .ingress ? ingressRow[number] : egressRow[number])]
    return admitted(row.may, port, transport).map { !$0.isEmpty } ?? true
  }

  /// Whom a row opens a port to; nil for everyone.
  private func admitted(_ entries: [Row.Entry]?, _ port: UInt16, _ transport: TransportProtocol) -> PeerSet? {
    guard let entries else { return nil }
    var peers = PeerSet()
    for entry in entries where tables.portSets[entry.ports].contains(port, transport) {
      peers = peers.union(tables.peerSets[entry.peers])
    }
    return peers
  }
}

extension PolicyRules.Rule {
  /// Whom a peer means where that is every pod of the cluster or more, in words; nil for anybody narrower.
  func everyPod(_ peer: Int?) -> String? {
    guard let peers, let peer, peers.indices.contains(peer) else { return nil }
    func isEvery(_ clusters: [LabelSelector.Requirement]) -> Bool {
      clusters.allSatisfy { if case .exists = $0 { true } else { false } }
    }
    switch peers[peer] {
    case .pods(let namespaces, let pods, let clusters):
      guard isEvery(clusters) else { return nil }
      let labels = pods?.requirements.filter { CiliumLabels.bare($0.key) != CiliumLabels.cluster } ?? []
      guard labels.isEmpty else { return nil }
      if let namespaces, namespaces.selectsEverything { return "pods of every namespace" }
      return namespaces == nil && !clusters.isEmpty ? "pods of every cluster of the mesh" : nil
    case .endpoints(let selector):
      let isWhole =
        selector.pods.selectsEverything && selector.namespaces.selectsEverything && isEvery(selector.cluster)
      return isWhole ? "pods of every namespace" : nil
    case .entities(let entities):
      if entities.contains(.all) { return "everybody" }
      if entities.contains(.worldIPv4) || entities.contains(.worldIPv6) {
        return "every address outside the cluster"
      }
      return entities.contains(.cluster) || entities.contains(.clusterMesh) ? "pods of every namespace" : nil
    case .block, .outside, .networks, .services, .somebody, .nothing: return nil
    }
  }
}
