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
      return Trace(answer: .yes, isSelf: true, sides: [], questions: [])
    }
    var sides: [Trace.Side] = []
    if case .pod(let pod) = source {
      sides.append(side(.egress, pod, other: destination, destination: destination, port, transport))
    }
    if case .pod(let pod) = destination {
      sides.append(side(.ingress, pod, other: source, destination: destination, port, transport))
    }
    return Trace(
      answer: passes, isSelf: false, sides: sides,
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
    let decisions = selecting(number, direction).map { index in
      decision(index, number, direction, point, destination, port, transport)
    }
    return Trace.Side(direction: direction, pod: pod, answer: answer, decisions: decisions)
  }

  /// The policies that isolate a class in a direction, or may.
  func selecting(_ number: Int32, _ direction: NetworkPolicy.Direction) -> [Int] {
    policies.indices.filter {
      policies[$0].maySelect.contains(number) && policies[$0].grants(direction) != nil
    }
  }

  private func decision(
    _ index: Int, _ number: Int32, _ direction: NetworkPolicy.Direction, _ other: PeerPoint,
    _ destination: Endpoint,
    _ port: UInt16, _ transport: TransportProtocol
  ) -> Trace.Decision {
    let policy = policies[index]
    let manifest = network.policies[index]
    let selects = Ternary(may: true, must: policy.mustSelect.contains(number))
    let rules = (direction == .ingress ? policy.rules.ingress : policy.rules.egress) ?? []
    var best: (answer: Ternary, node: Node, text: String)?
    var failures: [String] = []
    for (position, rule) in rules.enumerated() {
      let name = "\(direction == .ingress ? "ingress" : "egress") rule \(position + 1)"
      let who = peerAnswer(rule, policy.rules.namespace, other)
      let what = portAnswer(rule, destination, port, transport)
      let both = who && what
      if both.rawValue > best?.answer.rawValue ?? 0 { best = (both, rule.node, name) }
      if both == .no {
        failures.append("\(name): \(who == .no ? "other peers" : "other ports")")
      }
    }
    if let best {
      return Trace.Decision(
        policy: manifest, selects: selects, opens: best.answer, range: best.node.range,
        reason: best.answer == .yes ? "\(best.text) admits it" : "\(best.text) may admit it")
    }
    return Trace.Decision(
      policy: manifest, selects: selects, opens: .no, range: manifest.nameNode.range,
      reason: rules.isEmpty ? "isolates without a rule" : failures.joined(separator: ", "))
  }

  private func peerAnswer(_ rule: PolicyRules.Rule, _ namespace: Int, _ other: PeerPoint) -> Ternary {
    guard let peers = rule.peers else { return .yes }
    return peers.reduce(Ternary.no) { $0 || membership(of: other, in: $1, namespace).answer }
  }

  private func membership(
    of point: PeerPoint, in peer: PolicyRules.Peer, _ namespace: Int
  ) -> (answer: Ternary, questions: OpenQuestions) {
    guard let answer = tables.known(PeerTerm(peer, policyNamespace: namespace)) else { return (.no, []) }
    let (may, must) = (
      tables.peerSets[answer.may].contains(point), tables.peerSets[answer.must].contains(point)
    )
    return (Ternary(may: may, must: must), may != must ? answer.questions : [])
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
  package func openQuestions(from source: Endpoint, to destination: Endpoint) -> OpenQuestions {
    var questions: OpenQuestions = []
    if case .pod(let pod) = source {
      questions.formUnion(openQuestions(.egress, podClass(of: pod), point(destination)))
      if network.profile.enforcesEgress == .depends { questions.insert(.egressSupport) }
    }
    if case .pod(let pod) = destination {
      questions.formUnion(openQuestions(.ingress, podClass(of: pod), point(source)))
      if questions.isEmpty { questions.insert(.namedPorts) }
    }
    return questions
  }

  private func openQuestions(
    _ direction: NetworkPolicy.Direction, _ number: Int32, _ other: PeerPoint
  ) -> OpenQuestions {
    var questions: OpenQuestions = []
    for index in selecting(number, direction) {
      let policy = policies[index]
      if !policy.mustSelect.contains(number) {
        questions.insert(tables.classes.isHostNetwork[Int(number)] ? .hostNetwork : .runtimeLabels)
      }
      for rule in (direction == .ingress ? policy.rules.ingress : policy.rules.egress) ?? [] {
        for peer in rule.peers ?? [] {
          questions.formUnion(membership(of: other, in: peer, policy.rules.namespace).questions)
        }
      }
    }
    return questions
  }
}
