import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Parallel
import YAMLTree

extension Judgement {
  /// What emitted policies open beyond the connections, one finding per policy, rule and kind of excess.
  ///
  /// Policies of connections that fail or wait for an observation, or of which errors are found, are left out: what they
  /// need is not known. What lets clients out is known where the way ends behind them.
  ///
  /// - Parameter reported: what rules of link types say already about what authors wrote.
  func excesses(
    except faulted: Set<String>, reported: [Diagnostic], mapping: some ParallelMapping
  ) -> [Diagnostic] {
    var needs: [NamespaceSlice.Key: [Need]] = [:]
    var unclear: Set<String> = faulted
    var unclearClusters: Set<String> = []
    /// Connections that fail before their clients have left, or in the cluster where they would.
    var unclearLeaving: Set<String> = faulted
    var failing: [String: Set<String>] = [:]
    for judged in crossings {
      let notesAll = self.judge.system(of: judged.crossing).map { type(of: $0).notesAllNeeds } ?? false
      if [.refuted, .pending].contains(judged.verdict) || !notesAll {
        unclear.insert(judged.crossing.connection.id.description)
        unclearClusters.insert(judged.crossing.target.cluster)
        let id = judged.crossing.connection.id.description
        failing[id, default: []].insert(judged.crossing.target.cluster)
        if judged.verdict != .refuted || !notesAll
          || [.client, .egress, .name].contains(judged.decisiveHop?.kind ?? .client)
        {
          unclearLeaving.insert(id)
        }
      }
      // A walk that could not tell the pods' port has not asked their policies.
      if judged.openHops.contains(where: { $0.kind == .targetPort }) {
        unclear.insert(judged.crossing.connection.id.description)
      }
      for need in judged.needs { needs[need.slice, default: []].append(need) }
    }
    let known = needs
    let slices = judge.slices.values.filter { $0.hasEmittedPolicies || known[$0.key] != nil }.sorted {
      ($0.cluster.name, $0.namespace) < ($1.cluster.name, $1.namespace)
    }
    let found = mapping.map(slices, piece: 4) { slice in
      let exactness = Exactness(slice: slice, needs: known[slice.key] ?? [])
      return (exactness.excesses(), exactness.openings())
    }
    var findings: [Diagnostic] = []
    var seen: Set<String> = []
    var places: [String: (number: Int, pods: [Int])] = [:]
    for (slice, (excesses, openings)) in zip(slices, found) {
      for opening in openings {
        let policy = opening.policy.manifest.identity.description
        guard seen.insert("\(slice.cluster.name) \(policy) anyway").inserted else { continue }
        findings.append(Self.finding(anyway: opening, in: slice))
      }
      for excess in excesses
      where unclear.isDisjoint(with: excess.policy.connections)
        || excess.direction == .egress && unclearLeaving.isDisjoint(with: excess.policy.connections)
          && excess.policy.connections.allSatisfy({ failing[$0]?.contains(slice.cluster.name) != true })
      {
        // What serves a link as a whole names no connection: what all of them need must be known.
        if excess.policy.connections.isEmpty, unclearClusters.contains(slice.cluster.name) { continue }
        let key =
          "\(slice.cluster.name) \(excess.policy.manifest.identity.description) \(excess.place) \(excess.kind)"
        guard seen.insert(key).inserted else {
          // One selector opens several: all of them are to be left out.
          if var known = places[key], excess.isNarrowing, !known.pods.contains(excess.pod) {
            known.pods.append(excess.pod)
            places[key] = known
            findings[known.number].notes.append(
              "it opens \(slice.subjects[excess.pod].description) as well")
            findings[known.number].help = [
              Remedy.narrowing(known.pods, of: excess.policy, excess.direction, slice)
            ]
          }
          continue
        }
        places[key] = (findings.count, [excess.pod])
        findings.append(finding(excess, in: slice))
      }
    }
    return findings + systemExcesses(except: faulted, reported)
  }

  /// What emitted objects that are no policies open beyond the connections.
  private func systemExcesses(except faulted: Set<String>, _ reported: [Diagnostic]) -> [Diagnostic] {
    var seen: Set<String> = []
    // A connection that could not be bound is in no crossing: what somebody else's objects open may be for it.
    let knowsAll = faulted.isEmpty && !reported.containErrors
    func isMeant(_ excess: SystemExcess) -> Bool {
      excess.acknowledging.contains { $0.connection.connection.acknowledgedExposure != nil }
    }
    func isSaid(_ excess: SystemExcess) -> Bool {
      let document = excess.link.node.range
      return reported.contains { finding in
        excess.saidBy.contains(finding.rule.id) && finding.primary?.range.file.path == document.file.path
      }
    }
    let published = PublishedObjects(crossings, in: judge.fleet).excesses()
    return (judge.systemsInOrder.flatMap { $0.excesses(beyond: crossings, in: judge.fleet) } + published)
      .filter { excess in
        faulted.isDisjoint(with: excess.object.connections) && !isSaid(excess) && !isMeant(excess)
          && (knowsAll || excess.object.evidence == .emitted) && (excess.condition.map(isOpen) ?? true)
          && seen.insert(excess.message).inserted
      }.map { excess in
        Diagnostic(
          excess.rule, excess.message,
          at: excess.object.subject ?? Label(excess.object.manifest.nameNode.range),
          also: [excess.object.templateLabel(at: excess.opener, "opens it")].compactMap { $0 },
          help: [excess.remedy])
      }
  }

  /// Whether policies may let pods of another cluster in to a port; true where the namespace is not evaluated.
  private func isOpen(_ asked: SystemExcess.PortOfPods) -> Bool {
    let key = NamespaceSlice.Key(cluster: asked.cluster, namespace: asked.service.key.namespace)
    guard let slice = judge.slices[key] else { return true }
    let network = slice.engine.network
    let others = network.pods.indices.filter { network.namespaces[network.pods[$0].namespace].isRemote }
    let selector = LabelSelector(equality: asked.service.selector)
    let transport = asked.port.transport
    return slice.subjects.indices.contains { pod in
      guard selector.matches(slice.subjects[pod].labels),
        let number = slice.subjects[pod].number(of: asked.port.target, transport).flatMap({
          UInt16(exactly: $0)
        })
      else { return false }
      return others.contains {
        slice.engine.connections(from: .pod($0), to: .pod(pod)).may.contains(number, transport)
      }
    }
  }

  /// An existing policy that admits everybody, or every pod, at the rule that does.
  private static func finding(anyway excess: Exactness.Excess, in slice: NamespaceSlice) -> Diagnostic {
    let policy = excess.policy.manifest
    let ports = excess.ports.isAll ? "every port" : excess.ports.description
    let pods = slice.subjects[excess.pod].description
    return Diagnostic(
      JudgementRules.admitsAnyway,
      "\(policy.identity.description) in \(slice.cluster.name) admits \(excess.other) to \(ports) of \(pods): what connections declare narrows nothing",
      at: (excess.opener ?? policy.nameNode).range, "\(excess.rule) admits them", help: [excess.remedy])
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
    let words: String
    switch excess.kind {
    case .others: (rule, words) = (JudgementRules.opensToOthers, "lets it in")
    case .pods: (rule, words) = (JudgementRules.opensOtherPods, "selects it")
    case .ports: (rule, words) = (JudgementRules.opensOtherPorts, "opens them")
    }
    let opener = excess.policy.templateLabel(at: excess.opener, words)
    var finding = Diagnostic(
      rule, "\(policy.identity.description) in \(slice.cluster.name) \(way), which no connection needs",
      at: excess.policy.subject ?? Label(policy.nameNode.range),
      also: [opener].compactMap { $0 },
      help: [excess.remedy],
      notes: ["it is \(excess.rule) that \(isIngress ? "admits" : "lets") them\(isIngress ? "" : " out")"])
    // Without a template of the fleet's own it is a link that says so: `networkPolicy.ports: all`.
    if excess.kind == .ports, opener == nil { finding.severity = .note }
    return finding
  }
}
