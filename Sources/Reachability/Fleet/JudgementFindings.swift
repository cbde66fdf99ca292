package import Diagnostics
import FleetSpec
import Kubernetes
package import Linker
package import Parallel
import YAMLTree

extension Judgement {
  /// Findings about connections that fail, and about what verdicts hang on.
  ///
  /// - Parameter faulted: connections about which an error is found already, at its source: their failure is its
  ///   consequence, and is not reported again.
  /// - Parameter reported: findings of the link types, so that nothing is said twice.
  /// - Parameter pending: what link types wait for, and say themselves.
  package func findings(
    except faulted: Set<String>, reported: [Diagnostic] = [], pending: [Pending] = [],
    mapping: some ParallelMapping
  ) -> [Diagnostic] {
    refutations(except: faulted) + openQuestions(except: faulted) + missingFacts(except: faulted, pending)
      + excesses(except: faulted, reported: reported, mapping: mapping) + audiences(except: faulted)
      + refusedPolicies()
  }

  /// What Cilium refuses of the policies that the fleet's own templates make, or leaves out of them: each fault of a
  /// template once.
  private func refusedPolicies() -> [Diagnostic] {
    var seen: Set<String> = []
    return fleet.clusters.values.sorted { $0.name < $1.name }.flatMap(\.policiesOfTemplates).flatMap {
      policy in
      let subject = policy.subject?.range ?? policy.manifest.nameNode.range
      return CiliumPolicyChecks(policy.manifest) { policy.templateLabel(at: $0, "")?.range ?? subject }
        .findings
    }.filter { finding in
      let place = finding.primary.map { "\($0.range.file.path) \($0.range.start)" } ?? ""
      return seen.insert("\(place) \(finding.message)").inserted
    }
  }

  /// One finding per connection, rule and broken place.
  private func refutations(except faulted: Set<String>) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var seen: [String: Int] = [:]
    for judged in crossings where judged.verdict == .refuted {
      let crossing = judged.crossing
      guard !faulted.contains(crossing.connection.id.description),
        let hop = judged.decisiveHop, case .broken(let fault) = hop.state
      else { continue }
      // Several ports or clients may fail for one reason.
      let key = "\(crossing.connection.id.description) \(fault.rule.id) \(fault.message)"
      if let known = seen[key] {
        findings[known].notes.append("also \(crossing.route)")
        continue
      }
      seen[key] = findings.count
      findings.append(
        Diagnostic(
          fault.rule, fault.message, at: crossing.port.reference.node.range,
          "\(crossing.route) fails at hop '\(hop.kind.rawValue)'", also: fault.places, help: fault.help,
          notes: [
            "'linkwright explain \(crossing.connection.id.description)' shows every hop"
          ]))
    }
    return findings
  }

  /// One finding for each namespace whose observation verdicts wait for, where no link type waits for it as well.
  private func missingFacts(except faulted: Set<String>, _ pending: [Pending]) -> [Diagnostic] {
    var said: [String: Set<Substring>] = [:]
    for item in pending {
      said["\(item.cluster) \(item.namespace)", default: []].formUnion(item.resources.split(separator: ","))
    }
    var groups: [String: (facts: [MissingFact], first: JudgedCrossing, connections: [String])] = [:]
    for judged in crossings where judged.verdict == .pending {
      let name = judged.crossing.connection.id.description
      guard !faulted.contains(name) else { continue }
      for case .pending(let fact) in judged.openHops.map(\.state) {
        let key = "\(fact.cluster) \(fact.namespace)"
        guard !(said[key]?.isSuperset(of: fact.resources.split(separator: ",")) ?? false) else { continue }
        groups[key, default: ([], judged, [])].facts.append(fact)
        groups[key]?.connections.append(name)
      }
    }
    return groups.sorted { $0.key < $1.key }.compactMap { _, group in
      guard let fact = group.facts.first else { return nil }
      let facts = Set(group.facts.map(\.fact)).sorted()
      let connections = group.connections.withoutRepetitions
      let resources = Set(group.facts.flatMap { $0.resources.split(separator: ",").map(String.init) })
        .sorted()
      let cluster = fleet.clusters[fact.cluster]?.model.cluster
      let tool = cluster?.distribution == .openshift ? "oc" : "kubectl"
      return Diagnostic(
        JudgementRules.waits,
        "whether \(connections.count == 1 ? "\(connections[0]) works" : "\(connections.count) connections work") cannot be told until \(fact.namespace) in \(fact.cluster) is observed: \(listed(facts))",
        at: group.first.crossing.connection.connection.name.node.range,
        "\(group.first.crossing.route) waits for it",
        help: [
          "\(tool) --context \(cluster?.context ?? fact.cluster) -n \(fact.namespace) get \(resources.joined(separator: ",")) -o yaml | linkwright observe --cluster \(fact.cluster) -f -"
        ], notes: connections.count > 1 ? ["they are \(listed(connections))"] : [])
    }
  }

  /// One finding per question: where it could be answered, else at the first connection that hangs on it.
  private func openQuestions(except faulted: Set<String>) -> [Diagnostic] {
    var order: [Question] = []
    var crossingsOf: [Question: [JudgedCrossing]] = [:]
    for judged in crossings where judged.verdict == .depends {
      guard !faulted.contains(judged.crossing.connection.id.description) else { continue }
      var asked: [Question] = []
      for hop in judged.openHops {
        if case .depends(let questions) = hop.state { asked += questions.filter { !$0.isReported } }
      }
      for question in asked.withoutRepetitions {
        if crossingsOf[question] == nil { order.append(question) }
        crossingsOf[question, default: []].append(judged)
      }
    }
    return order.compactMap { question in
      guard let all = crossingsOf[question], let first = all.first else { return nil }
      let connections = all.map { $0.crossing.connection.id.description }.withoutRepetitions
      let subject = Label(
        first.crossing.connection.connection.name.node.range, "\(first.crossing.route) hangs on it")
      return Diagnostic(
        JudgementRules.depends,
        connections.count == 1
          ? "whether \(connections[0]) works hangs on \(question.text)"
          : "whether \(connections.count) connections work hangs on \(question.text)",
        at: question.place.map { Label($0, "could be said here") } ?? subject,
        also: question.place == nil ? [] : [subject], help: [question.help],
        notes: connections.count > 1 ? ["they are \(listed(connections))"] : [])
    }
  }
}

extension Crossing {
  /// `golddr → gold 5432/TCP`.
  package var route: String {
    "\(clientPlace) → \(target.cluster) \(port.port.number)/\(port.port.transport.rawValue)"
  }
}
