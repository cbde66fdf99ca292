import Kubernetes

/// What a rule opens, in interned sets.
struct Grant: Sendable {
  let mayPeers: Int32
  let mustPeers: Int32
  let mayPorts: Int32
  let mustPorts: Int32
  /// The subjects for which the grant holds; nil for all (a named port means different numbers in
  /// different pods).
  let subjects: IntervalSet<Int32>?
}

/// A policy, evaluated down to sets of classes.
struct CompiledPolicy: Sendable {
  let rules: PolicyRules
  let maySelect: IntervalSet<Int32>
  let mustSelect: IntervalSet<Int32>
  /// Nil where the policy does not isolate the direction.
  let ingress: [Grant]?
  let egress: [Grant]?

  init(_ rules: PolicyRules, _ tables: inout EvaluationTables) {
    self.rules = rules
    let subjects = tables.subjects(of: rules)
    maySelect = subjects.may
    mustSelect = subjects.must
    ingress = rules.ingress.map {
      $0.flatMap { Self.ingressGrants($0, rules.namespace, subjects.may, &tables) }
    }
    egress = rules.egress.map { $0.flatMap { Self.egressGrants($0, rules.namespace, &tables) } }
  }

  func grants(_ direction: NetworkPolicy.Direction) -> [Grant]? { direction == .ingress ? ingress : egress }

  /// The rule's numbered ports as one set, and its named ones.
  private static func ports(_ rule: PolicyRules.Rule) -> (PortSet, [(TransportProtocol, String)]) {
    guard let ports = rule.ports else { return (.all, []) }
    var numbers = PortSet()
    var names: [(TransportProtocol, String)] = []
    for port in ports {
      switch port {
      case .numbers(let transport, let range): numbers[transport] = numbers[transport].union(range)
      case .name(let transport, let name): names.append((transport, name))
      case .nothing: break
      }
    }
    return (numbers, names)
  }

  private static func peers(
    _ rule: PolicyRules.Rule, _ namespace: Int, _ tables: inout EvaluationTables
  ) -> [(answer: TermAnswer, isBlock: Bool)] {
    guard let peers = rule.peers else {
      return [(tables.answer(PeerTerm(nil, policyNamespace: namespace)), false)]
    }
    return peers.map { peer in
      var isBlock = false
      if case .block = peer { isBlock = true }
      return (tables.answer(PeerTerm(peer, policyNamespace: namespace)), isBlock)
    }
  }

  private static func ingressGrants(
    _ rule: PolicyRules.Rule, _ namespace: Int, _ subjects: IntervalSet<Int32>,
    _ tables: inout EvaluationTables
  ) -> [Grant] {
    let (numbers, names) = ports(rule)
    var grants: [Grant] = []
    for (peer, _) in peers(rule, namespace, &tables) {
      if !numbers.isEmpty {
        let ports = tables.portSets.intern(numbers)
        grants.append(
          Grant(mayPeers: peer.may, mustPeers: peer.must, mayPorts: ports, mustPorts: ports, subjects: nil))
      }
      for (transport, name) in names {
        // The name is resolved in the destination, which is the subject.
        for group in tables.resolutions(name, transport, among: subjects) {
          grants.append(
            Grant(
              mayPeers: peer.may, mustPeers: peer.must, mayPorts: tables.portSets.intern(group.may),
              mustPorts: tables.portSets.intern(group.must), subjects: group.classes))
        }
      }
    }
    return grants
  }

  private static func egressGrants(
    _ rule: PolicyRules.Rule, _ namespace: Int, _ tables: inout EvaluationTables
  ) -> [Grant] {
    let (numbers, names) = ports(rule)
    var grants: [Grant] = []
    for (peer, isBlock) in peers(rule, namespace, &tables) {
      if !numbers.isEmpty {
        let ports = tables.portSets.intern(numbers)
        grants.append(
          Grant(mayPeers: peer.may, mustPeers: peer.must, mayPorts: ports, mustPorts: ports, subjects: nil))
      }
      for (transport, name) in names {
        let mayClasses = tables.peerSets[peer.may].classes
        let mustClasses = tables.peerSets[peer.must].classes
        for group in tables.resolutions(name, transport, among: mayClasses) {
          // Towards an address a name means nothing; that a pod is reached by its address leaves it open.
          let must = isBlock ? PortSet() : group.must
          grants.append(
            Grant(
              mayPeers: tables.peerSets.intern(PeerSet(classes: group.classes)),
              mustPeers: tables.peerSets.intern(PeerSet(classes: group.classes.intersection(mustClasses))),
              mayPorts: tables.portSets.intern(group.may), mustPorts: tables.portSets.intern(must),
              subjects: nil))
        }
      }
    }
    return grants
  }
}
