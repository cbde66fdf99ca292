package import Diagnostics
package import Kubernetes
import YAMLTree

/// Why one packet passes or not: both ends, each with every policy that has a say.
package struct Trace: Sendable {
  /// What one policy says.
  package struct Decision: Sendable {
    package let policy: Manifest
    /// Whether the policy selects the pod.
    package let selects: Ternary
    package let opens: Ternary
    /// Where: the rule that opens, or the policy's name.
    package let range: SourceRange
    /// In words.
    package let reason: String
    /// False where policies of an earlier tier have decided.
    package internal(set) var isAsked = true
    /// The rule that opens; nil where none does.
    let rule: Node?
    /// Which of the rule's peers lets the other end in; nil where the rule names none.
    let peer: Int?
  }

  /// What one end says.
  package struct Side: Sendable {
    package let direction: NetworkPolicy.Direction
    package let pod: Int
    package let answer: Ternary
    /// None where nothing isolates the pod in this direction.
    package let decisions: [Decision]
  }

  package let answer: Ternary
  /// True where a pod talks to itself: never blocked.
  package let isSelf: Bool
  /// The primary networks of both ends, where they are not the same; nil for the cluster's own.
  package let networks: (source: String?, destination: String?)?
  /// True where the source may be the pod's own node, which reaches it whatever policies say.
  package let isPerhapsNode: Bool
  package let sides: [Side]
  /// What the answer hangs on where it depends.
  package let questions: OpenQuestions
}

extension PolicyEngine {
  /// Explains one packet. Linear in the rules of the policies that select either end.
  package func trace(
    from source: Endpoint, to destination: Endpoint, port: UInt16, _ transport: TransportProtocol
  ) -> Trace {
    let answer = connections(from: source, to: destination)
    let passes = Ternary(
      may: answer.may.contains(port, transport), must: answer.must.contains(port, transport))
    if case .pod(let pod) = source, source == destination, network.pods[pod].kind == "Pod" {
      return Trace(
        answer: .yes, isSelf: true, networks: nil, isPerhapsNode: false, sides: [], questions: [])
    }
    var sides: [Trace.Side] = []
    if case .pod(let pod) = source {
      sides.append(side(.egress, pod, other: destination, destination: destination, port, transport))
    }
    if case .pod(let pod) = destination {
      sides.append(side(.ingress, pod, other: source, destination: destination, port, transport))
    }
    var networks: (source: String?, destination: String?)?
    if case (.pod(let a), .pod(let b)) = (source, destination), meet(source, destination) != .yes {
      networks = (
        network.namespaces[network.pods[a].namespace].primaryNetwork,
        network.namespaces[network.pods[b].namespace].primaryNetwork
      )
    }
    return Trace(
      answer: passes, isSelf: false, networks: networks,
      isPerhapsNode: passes != .yes && isPerhapsNode(source, destination), sides: sides,
      questions: passes == .depends ? openQuestions(from: source, to: destination) : [])
  }

  private func side(
    _ direction: NetworkPolicy.Direction, _ pod: Int, other: Endpoint, destination: Endpoint, _ port: UInt16,
    _ transport: TransportProtocol
  ) -> Trace.Side {
    let number = podClass(of: pod)
    let row = rows[Int((direction == .ingress ? ingressRow : egressRow)[Int(number)])]
    let point = point(other)
    let answer = Ternary(
      may: opened(row.may, to: point).contains(port, transport),
      must: opened(row.must, to: point).contains(port, transport))
    var decisions: [Trace.Decision] = []
    var (isDecided, isPassed) = (false, false)
    for index in inOrder(selecting(number, direction)) {
      let policy = policies[index]
      var decision = decision(index, number, direction, point, destination, port, transport)
      decision.isAsked = !isDecided
      switch policy.rules.stage {
      case .admin:
        if isPassed { decision.isAsked = false }
        guard decision.isAsked, decision.selects == .yes, decision.rule != nil else { break }
        if decision.opens != .depends { isDecided = true }
        if decision.reason.hasSuffix("passes on it") { isPassed = true }
      case .policy, .opaque: break
      case .baseline:
        let isIsolated = selecting(number, direction).contains {
          policies[$0].rules.stage == .policy && policies[$0].mustSelect.contains(number)
            && policies[$0].section(direction)?.isolates == true
        }
        if isIsolated { decision.isAsked = false }
      }
      decisions.append(decision)
    }
    return Trace.Side(direction: direction, pod: pod, answer: answer, decisions: decisions)
  }

  /// Tiers first, by priority; the baseline last; policies of namespaces as they stand.
  private func inOrder(_ parts: [Int]) -> [Int] {
    func rank(_ part: Int) -> (Int, Int) {
      switch policies[part].rules.stage {
      case .admin(let priority): (0, priority)
      case .policy, .opaque: (1, 0)
      case .baseline(let priority): (2, priority)
      }
    }
    return parts.enumerated().sorted {
      let (a, b) = (rank($0.element), rank($1.element))
      return a == b ? $0.offset < $1.offset : a < b
    }.map(\.element)
  }

  private func decision(
    _ index: Int, _ number: Int32, _ direction: NetworkPolicy.Direction, _ other: PeerPoint,
    _ destination: Endpoint,
    _ port: UInt16, _ transport: TransportProtocol
  ) -> Trace.Decision {
    let policy = policies[index]
    let manifest = network.policies[policy.rules.manifest]
    let selects = Ternary(may: true, must: policy.mustSelect.contains(number))
    let rules = policy.rules.section(direction)?.rules ?? []
    var best: (answer: Ternary, rule: PolicyRules.Rule)?
    var failures: [String] = []
    for rule in rules {
      let who = peerAnswer(rule, policy.rules.namespace, other)
      let what = portAnswer(rule, destination, port, transport)
      let both = who && what && (rule.doubts.isEmpty ? .yes : .depends)
      // In tiers the first rule decides; elsewhere a rule that denies comes before those that allow.
      let isBetter: Bool
      switch (policy.rules.stage, best?.rule.action) {
      case (_, nil): isBetter = both != .no
      case (.policy, .deny?): isBetter = rule.action == .deny && both.rawValue > best?.answer.rawValue ?? 0
      case (.policy, _):
        isBetter = both != .no && rule.action == .deny || both.rawValue > best?.answer.rawValue ?? 0
      default: isBetter = false
      }
      if isBetter { best = (both, rule) }
      let failure = "\(rule.name): \(who == .no ? "other peers" : "other ports")"
      if both == .no, failures.last != failure { failures.append(failure) }
    }
    if let best {
      let verbs: [PolicyRules.Action: String] = [.allow: "admit", .deny: "deny", .pass: "pass on"]
      let verb = verbs[best.rule.action] ?? ""
      let opens: Ternary =
        best.rule.action == .allow ? best.answer : best.rule.action == .deny ? !best.answer : .depends
      return Trace.Decision(
        policy: manifest, selects: selects, opens: opens, range: best.rule.node.range,
        reason: best.answer == .yes
          ? "\(best.rule.name) \(verb == "deny" ? "denies" : verb == "admit" ? "admits" : "passes on") it"
          : "\(best.rule.name) may \(verb) it", rule: best.rule.node,
        peer: best.rule.peers.flatMap { peer(of: $0, that: other, policy.rules.namespace) }
      )
    }
    let reason: String
    switch policy.rules.stage {
    case .opaque: reason = "policies of this kind are not evaluated"
    case .admin, .baseline: reason = failures.joined(separator: ", ")
    case .policy:
      let isolates = policy.section(direction)?.isolates == true
      reason =
        failures.isEmpty
        ? (isolates ? "isolates without a rule" : "does not isolate") : failures.joined(separator: ", ")
    }
    return Trace.Decision(
      policy: manifest, selects: selects, opens: policy.rules.stage == .policy ? .no : .depends,
      range: manifest.nameNode.range, reason: reason, rule: nil, peer: nil)
  }

  /// The first peer that surely holds the other end, else the first that may.
  private func peer(of peers: [PolicyRules.Peer], that other: PeerPoint, _ namespace: Int?) -> Int? {
    let answers = peers.map { membership(of: other, in: $0, namespace).answer }
    return answers.firstIndex(of: .yes) ?? answers.firstIndex(where: \.may)
  }

  private func peerAnswer(_ rule: PolicyRules.Rule, _ namespace: Int?, _ other: PeerPoint) -> Ternary {
    guard let peers = rule.peers else { return .yes }
    return peers.reduce(Ternary.no) { $0 || membership(of: other, in: $1, namespace).answer }
  }

  private func membership(
    of point: PeerPoint, in peer: PolicyRules.Peer, _ namespace: Int?
  ) -> (answer: Ternary, questions: OpenQuestions) {
    guard let answer = tables.known(PeerTerm(peer, policyNamespace: namespace)) else { return (.no, []) }
    let (may, must) = (
      tables.peerSets[answer.may].contains(point), tables.peerSets[answer.must].contains(point)
    )
    guard may != must else { return (Ternary(may: may, must: must), []) }
    var questions = answer.questions
    // What is asked of a block's addresses is asked of all pods; this one's may be told.
    if case .block(let block) = peer, case .podClass(let number) = point {
      let addresses = network.pods[Int(tables.classes.sample[Int(number)])].addresses
      let hits = addresses.count(where: block.contains)
      if !addresses.isEmpty { questions.remove(.addresses) }
      if hits > 0, hits < addresses.count { questions.insert(.severalAddresses) }
    }
    return (Ternary(may: may, must: must), questions)
  }

  private func portAnswer(
    _ rule: PolicyRules.Rule, _ destination: Endpoint, _ port: UInt16, _ transport: TransportProtocol
  ) -> Ternary {
    guard let ports = rule.ports else { return .yes }
    var answer = Ternary.no
    for entry in ports {
      switch entry {
      case .numbers(transport, let range) where range.contains(port): return .yes
      case .name(transport, let name):
        guard case .pod(let pod) = destination else { continue }
        let number = podClass(of: pod)
        for group in tables.resolutions(name, transport, among: IntervalSet(number, number)) {
          answer =
            answer
            || Ternary(may: group.may.contains(port, transport), must: group.must.contains(port, transport))
        }
      default: break
      }
    }
    return answer
  }

  /// What the difference of may and must hangs on, for one pair. Linear in the rules that concern it.
  ///
  /// - Parameter side: whose policies are asked; nil for both.
  package func openQuestions(
    from source: Endpoint, to destination: Endpoint, _ side: NetworkPolicy.Direction? = nil
  ) -> OpenQuestions {
    var questions: OpenQuestions = []
    if case .pod(let pod) = source, side != .ingress {
      questions.formUnion(openQuestions(.egress, podClass(of: pod), point(destination)))
      if network.profile.enforcesEgress == .depends { questions.insert(.egressSupport) }
    }
    if isPerhapsNode(source, destination) { questions.insert(.placement) }
    if side != .egress, meet(source, destination) == .depends { questions.insert(.primaryNetworks) }
    if case .pod(let pod) = destination, side != .egress {
      questions.formUnion(openQuestions(.ingress, podClass(of: pod), point(source)))
      if questions.isEmpty { questions.insert(.namedPorts) }
    }
    return questions
  }

  /// True where the source may be on the node of the destination.
  private func isPerhapsNode(_ source: Endpoint, _ destination: Endpoint) -> Bool {
    guard case (.pod(let from), .pod(let to)) = (source, destination),
      tables.localNodes.classes.contains(podClass(of: from))
    else { return false }
    return rows[Int(ingressRow[Int(podClass(of: to))])].may != nil
  }

  private func openQuestions(
    _ direction: NetworkPolicy.Direction, _ number: Int32, _ other: PeerPoint
  ) -> OpenQuestions {
    var questions: OpenQuestions = []
    var priorities: Set<PolicyRules.Stage> = []
    var isIsolated = false
    for index in selecting(number, direction) {
      let policy = policies[index]
      switch policy.rules.stage {
      case .opaque: questions.insert(policy.rules.subject == .hosts ? .hostFirewall : .otherPolicies)
      case .admin, .baseline:
        if !priorities.insert(policy.rules.stage).inserted { questions.insert(.equalPriority) }
      case .policy: break
      }
      if policy.rules.enforced == .depends, policy.rules.stage != .opaque { questions.insert(.enforcement) }
      questions.formUnion(whySelectionDepends(policy, number))
      if policy.section(direction)?.isolates == true, policy.mustSelect.contains(number) { isIsolated = true }
      for rule in policy.rules.section(direction)?.rules ?? [] {
        for peer in rule.peers ?? [] {
          questions.formUnion(membership(of: other, in: peer, policy.rules.namespace).questions)
        }
        if !rule.doubts.isEmpty, peerAnswer(rule, policy.rules.namespace, other).may {
          questions.formUnion(rule.doubts)
        }
      }
    }
    if !isIsolated, mayBeIsolatedUnseen(number) { questions.insert(.baseline) }
    return questions
  }

  private func whySelectionDepends(_ policy: CompiledPolicy, _ number: Int32) -> OpenQuestions {
    guard policy.rules.enforced == .yes, !policy.mustSelect.contains(number) else { return [] }
    switch policy.rules.subject {
    case .pods: return tables.classes.isHostNetwork[Int(number)] ? .hostNetwork : .runtimeLabels
    case .endpoints(let selector):
      return tables.known(PeerTerm(.endpoints(selector), policyNamespace: nil))?.questions ?? []
    case .anyone: return .liveFacts
    case .hosts: return .hostFirewall
    }
  }
}
