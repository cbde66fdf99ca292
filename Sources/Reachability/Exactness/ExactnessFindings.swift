import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

extension Judgement {
  /// What emitted policies open beyond the connections, one finding per policy, rule and kind of excess.
  ///
  /// Policies of connections that fail or wait for an observation, or of which errors are found, are left out: what they
  /// need is not known.
  func excesses(except faulted: Set<String>, mapping: some ParallelMapping) -> [Diagnostic] {
    var needs: [NamespaceSlice.Key: [Need]] = [:]
    var unclear: Set<String> = faulted
    for judged in crossings {
      let notesAll = self.judge.system(of: judged.crossing).map { type(of: $0).notesAllNeeds } ?? false
      if [.refuted, .pending].contains(judged.verdict) || !notesAll {
        unclear.insert(judged.crossing.connection.id.description)
      }
      for need in judged.needs { needs[need.slice, default: []].append(need) }
    }
    let slices = judge.slices.values.filter(\.hasEmittedPolicies).sorted {
      ($0.cluster.name, $0.namespace) < ($1.cluster.name, $1.namespace)
    }
    let known = needs
    let found = mapping.map(slices, piece: 4) { slice in
      Exactness(slice: slice, needs: known[slice.key] ?? []).excesses()
    }
    var findings: [Diagnostic] = []
    var seen: Set<String> = []
    for (slice, excesses) in zip(slices, found) {
      for excess in excesses
      where !excess.policy.connections.isEmpty && unclear.isDisjoint(with: excess.policy.connections) {
        let key =
          "\(slice.cluster.name) \(excess.policy.manifest.identity.description) \(excess.rule) \(excess.kind)"
        guard seen.insert(key).inserted else { continue }
        findings.append(finding(excess, in: slice))
      }
    }
    return findings
  }

  private func finding(_ excess: Exactness.Excess, in slice: NamespaceSlice) -> Diagnostic {
    let policy = excess.policy.manifest
    let pods = slice.subjects[excess.pod].description
    let ports = excess.ports.isAll ? "every port" : excess.ports.description
    let isIngress = excess.direction == .ingress
    let way =
      isIngress
      ? "admits \(excess.other) to \(ports) of \(pods)" : "lets \(pods) out to \(excess.other) at \(ports)"
    let rule: Rule
    let help: String
    switch excess.kind {
    case .others:
      rule = JudgementRules.opensToOthers
      help = "narrow the peers of the template's rule to what is needed: \(excess.enough)"
    case .pods:
      rule = JudgementRules.opensOtherPods
      help =
        "narrow the template's podSelector: no connection \(isIngress ? "leads to" : "comes from") \(pods)"
    case .ports:
      rule = JudgementRules.opensOtherPorts
      help = "name the ports that are needed: \(excess.enough)"
    }
    return Diagnostic(
      rule, "\(policy.identity.description) in \(slice.cluster.name) \(way), which no connection needs",
      at: excess.policy.subject ?? Label(policy.nameNode.range),
      help: [help],
      notes: ["by \(excess.rule)"])
  }
}
