import Kubernetes

/// What a rule matches, in interned sets: who and which ports, for sure and perhaps.
struct Grant: Sendable {
  let action: PolicyRules.Action
  let mayPeers: Int32
  let mustPeers: Int32
  let mayPorts: Int32
  let mustPorts: Int32
  /// The subjects for which the grant holds; nil for all (a named port means different numbers in
  /// different pods).
  let subjects: IntervalSet<Int32>?
  /// The rule's place in its section, from 0.
  let rule: Int32
  /// The peer's place in the rule, from 0; nil for a rule without peers.
  let peer: Int32?
}

/// One direction of a policy.
struct CompiledSection: Sendable {
  let isolates: Bool
  /// In the order of the rules.
  let grants: [Grant]
  /// True where the policy isolates and only allows: rows need no subtraction.
  let isPlain: Bool
  let hasRestrictedGrants: Bool

  init(isolates: Bool, grants: [Grant], stage: PolicyRules.Stage) {
    self.isolates = isolates
    self.grants = grants
    isPlain = isolates && stage == .policy && grants.allSatisfy { $0.action == .allow }
    hasRestrictedGrants = grants.contains { $0.subjects != nil }
  }
}

/// A policy, evaluated down to sets of classes. A class because every class of pods looks at several.
final class CompiledPolicy: Sendable {
  let rules: PolicyRules
  let maySelect: IntervalSet<Int32>
  let mustSelect: IntervalSet<Int32>
  /// Nil where the policy says nothing about the direction.
  let ingress: CompiledSection?
  let egress: CompiledSection?

  init(_ rules: PolicyRules, _ tables: inout EvaluationTables) {
    self.rules = rules
    let subjects = tables.subjects(of: rules)
    maySelect = subjects.may
    mustSelect = subjects.must
    ingress = rules.ingress.map { section in
      CompiledSection(
        isolates: section.isolates,
        grants: section.rules.enumerated().flatMap {
          Self.ingressGrants($1, Int32(clamping: $0), rules.namespace, subjects.may, &tables)
        }, stage: rules.stage)
    }
    egress = rules.egress.map { section in
      CompiledSection(
        isolates: section.isolates,
        grants: section.rules.enumerated().flatMap {
          Self.egressGrants($1, Int32(clamping: $0), rules.namespace, &tables)
        },
        stage: rules.stage)
    }
  }

  func section(_ direction: NetworkPolicy.Direction) -> CompiledSection? {
    direction == .ingress ? ingress : egress
  }

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

  /// Who is meant; for a rule in doubt nobody for sure.
  private static func peers(
    _ rule: PolicyRules.Rule, _ namespace: Int?, _ tables: inout EvaluationTables
  ) -> [(may: Int32, must: Int32, isBlock: Bool)] {
    let nobody = rule.doubts.isEmpty ? nil : tables.peerSets.intern(PeerSet())
    guard let peers = rule.peers else {
      let everyone = tables.answer(PeerTerm(nil, policyNamespace: namespace))
      return [(everyone.may, nobody ?? everyone.must, false)]
    }
    return peers.map { peer in
      var isBlock = false
      switch peer {
      case .block, .networks: isBlock = true
      default: break
      }
      let answer = tables.answer(PeerTerm(peer, policyNamespace: namespace))
      return (answer.may, nobody ?? answer.must, isBlock)
    }
  }

  private static func ingressGrants(
    _ rule: PolicyRules.Rule, _ number: Int32, _ namespace: Int?, _ subjects: IntervalSet<Int32>,
    _ tables: inout EvaluationTables
  ) -> [Grant] {
    let (numbers, names) = ports(rule)
    var grants: [Grant] = []
    for (peer, (may, must, _)) in peers(rule, namespace, &tables).enumerated() {
      let peer = rule.peers == nil ? nil : Int32(clamping: peer)
      if !numbers.isEmpty {
        let ports = tables.portSets.intern(numbers)
        grants.append(
          Grant(
            action: rule.action, mayPeers: may, mustPeers: must, mayPorts: ports, mustPorts: ports,
            subjects: nil, rule: number, peer: peer))
      }
      for (transport, name) in names {
        // The name is resolved in the destination, which is the subject.
        for group in tables.resolutions(name, transport, among: subjects) {
          grants.append(
            Grant(
              action: rule.action, mayPeers: may, mustPeers: must,
              mayPorts: tables.portSets.intern(group.may),
              mustPorts: tables.portSets.intern(group.must), subjects: group.classes, rule: number, peer: peer
            ))
        }
      }
    }
    return grants
  }

  private static func egressGrants(
    _ rule: PolicyRules.Rule, _ number: Int32, _ namespace: Int?, _ tables: inout EvaluationTables
  ) -> [Grant] {
    let (numbers, names) = ports(rule)
    var grants: [Grant] = []
    for (peer, (may, must, isBlock)) in peers(rule, namespace, &tables).enumerated() {
      let peer = rule.peers == nil ? nil : Int32(clamping: peer)
      if !numbers.isEmpty {
        let ports = tables.portSets.intern(numbers)
        grants.append(
          Grant(
            action: rule.action, mayPeers: may, mustPeers: must, mayPorts: ports, mustPorts: ports,
            subjects: nil, rule: number, peer: peer))
      }
      for (transport, name) in names {
        let mayClasses = tables.peerSets[may].classes
        let mustClasses = tables.peerSets[must].classes
        for group in tables.resolutions(name, transport, among: mayClasses) {
          // Towards an address a name means nothing; that a pod is reached by its address leaves it open.
          let mustPorts = isBlock ? PortSet() : group.must
          grants.append(
            Grant(
              action: rule.action, mayPeers: tables.peerSets.intern(PeerSet(classes: group.classes)),
              mustPeers: tables.peerSets.intern(PeerSet(classes: group.classes.intersection(mustClasses))),
              mayPorts: tables.portSets.intern(group.may), mustPorts: tables.portSets.intern(mustPorts),
              subjects: nil, rule: number, peer: peer))
        }
      }
    }
    return grants
  }
}
