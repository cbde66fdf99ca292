import Diagnostics
import Kubernetes
import YAMLTree

/// What is valid in admin policies and rarely meant. Whom they select is their authors' business: they are written for
/// what may come.
extension PolicyLints {
  mutating func checkAdminPolicies() {
    var byStage: [PolicyRules.Stage: [CompiledPolicy]] = [:]
    for policy in engine.policies where manifests.isChecked(policy.rules.manifest) {
      switch policy.rules.stage {
      case .policy, .opaque: continue
      case .admin, .baseline: break
      }
      for earlier in byStage[policy.rules.stage] ?? [] where checkPriority(policy, earlier) { break }
      byStage[policy.rules.stage, default: []].append(policy)
      if case .endpoints(let subject) = policy.rules.subject, policy.maySelect.isEmpty {
        let manifest = engine.network.policies[policy.rules.manifest]
        if let near = nearMiss(subject) {
          report(
            ReachabilityRules.policySelectsNothing, "\(manifest.identity.description) selects no known pod",
            manifest.node.at("spec", "subject") ?? manifest.nameNode, help: near)
        }
      }
      for direction in [NetworkPolicy.Direction.ingress, .egress] {
        for rule in policy.rules.section(direction)?.rules ?? [] {
          checkNames(rule, policy, direction)
          checkPeers(rule, direction)
        }
      }
    }
  }

  /// What the manifests nearly have of a selector that selects nothing; nil where it may be meant for what is elsewhere.
  private func nearMiss(_ selector: EndpointSelector) -> String? {
    let scope = engine.network.namespaces.indices.filter {
      engine.network.namespaces[$0].matches(selector.namespaces, engine.network.profile).may
    }
    guard !scope.isEmpty else { return nearestNamespace(selector.namespaces) }
    let known = scope.flatMap { podsOfNamespace[$0] ?? [] }
    return isNearMiss(selector.pods, among: known) ? nearest(selector.pods, among: known) : nil
  }

  /// Peers that are nearly somebody.
  private mutating func checkPeers(_ rule: PolicyRules.Rule, _ direction: NetworkPolicy.Direction) {
    let nodes = rule.node[direction == .ingress ? "from" : "to"]?.elements.map { $0 } ?? []
    guard let peers = rule.peers, peers.count == nodes.count else { return }
    for (peer, node) in zip(peers, nodes) {
      guard case .endpoints(let selector) = peer,
        let answer = engine.tables.known(PeerTerm(peer, policyNamespace: nil)),
        engine.tables.peerSets[answer.may].isEmpty, let near = nearMiss(selector)
      else { continue }
      report(ReachabilityRules.peerSelectsNothing, "this peer selects no known pod", node, help: near)
    }
  }

  /// Two policies of one priority that select the same pods, and both say something of one direction; true where that is
  /// reported.
  private mutating func checkPriority(_ policy: CompiledPolicy, _ earlier: CompiledPolicy) -> Bool {
    let meet =
      policy.rules.ingress != nil && earlier.rules.ingress != nil
      || policy.rules.egress != nil && earlier.rules.egress != nil
    guard meet, policy.maySelect.overlaps(earlier.maySelect) else { return false }
    let (manifest, first) = (
      engine.network.policies[policy.rules.manifest], engine.network.policies[earlier.rules.manifest]
    )
    let place = manifest.node.at("spec", "priority") ?? manifest.nameNode
    let number = manifest.node.at("spec", "priority")?.text
    findings.append(
      Diagnostic(
        ReachabilityRules.adminPriority,
        "\(manifest.identity.description) has the \(number.map { "priority \($0)" } ?? "tier") of \(first.identity.description)",
        at: place.range, "which comes first is not defined",
        also: [Label((first.node.at("spec", "priority") ?? first.nameNode).range, "the same")],
        help: ["give each a priority of its own; the lower comes first"]))
    return true
  }

  /// A port's name that no pod declares, with any protocol, of those that the rule is about.
  private mutating func checkNames(
    _ rule: PolicyRules.Rule, _ policy: CompiledPolicy, _ direction: NetworkPolicy.Direction
  ) {
    let entries =
      (rule.node["ports"]?.elements.map { $0["namedPort"] } ?? [])
      + (rule.node["protocols"]?.elements.map { $0["destinationNamedPort"] } ?? [])
    for case let node? in entries {
      guard let name = node.string else { continue }
      var classes = policy.maySelect
      if direction == .egress {
        classes = (rule.peers ?? []).reduce(IntervalSet()) { classes, peer in
          engine.tables.known(PeerTerm(peer, policyNamespace: nil)).map {
            classes.union(engine.tables.peerSets[$0.may].classes)
          } ?? classes
        }
      }
      guard !classes.isEmpty,
        TransportProtocol.allCases.allSatisfy({
          engine.tables.resolutions(name, $0, among: classes).isEmpty
        })
      else { continue }
      let pods = engine.network.pods.indices.filter { classes.contains(engine.podClass(of: $0)) }
      let names = Set(pods.flatMap { engine.network.pods[$0].namedPorts.map(\.name) })
      report(
        ReachabilityRules.unknownPortName,
        "no container of the pods that this rule is about declares a port '\(name)'", node,
        help: didYouMean(name, among: names) ?? "declare it, or write the port's number")
    }
  }
}
