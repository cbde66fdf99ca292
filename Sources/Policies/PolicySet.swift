import CEL
package import Diagnostics
import Expressions
package import FleetSpec
package import Kubernetes
package import YAMLTree

/// All policies of a fleet, checked and ready to judge. Immutable: many tasks judge at once.
package struct PolicySet: Sendable {
  /// What is wrong with the policies themselves.
  package private(set) var findings: [Diagnostic] = []
  private let policies: [Policy]
  private let compiled: [CompiledPolicy]
  /// The day of the source commit, `2026-11-25`; nil for a source that has none.
  private let day: String?
  private let clusters: CELValue
  private let clusterDocuments: [String: CELValue]
  private let fleet: CELValue

  /// Checks every expression of every policy.
  ///
  /// - Parameter day: the day of the source commit in UTC, `2026-11-25`; nil for a directory or an index.
  package init(_ specification: Specification, _ types: PolicyTypes, day: String?) {
    policies = specification.policies
    self.day = day
    var findings: [Diagnostic] = []
    compiled = specification.policies.enumerated().flatMap { number, policy in
      var compilation = PolicyCompilation(policy, number: number, types)
      let compiled = compilation.run()
      findings += compilation.findings
      return compiled
    }
    self.findings = findings.inReportOrder()
    let documents = compiled.isEmpty ? [:] : specification.clusters.mapValues { $0.node.value() }
    clusterDocuments = documents
    clusters = .object(documents.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
    fleet = specification.fleet.node.value()
  }

  /// True when there is nothing to judge.
  package var isEmpty: Bool { compiled.isEmpty }

  /// True when what is found depends on the day of the source commit.
  package var dependsOnDay: Bool { policies.contains { $0.exemptions.contains { $0.until != nil } } }

  // MARK: Judging

  /// What policies say of a document of the specification. A Connection is judged in each of its namespaces.
  package func judge(_ connection: Connection) -> [PolicyBreach] {
    let judges = compiled.filter { $0.group == nil && $0.kind == "Connection" }
    guard !judges.isEmpty else { return [] }
    return connection.namespaces.flatMap { namespace in
      judge(
        Subject(
          document: connection.node, kind: "Connection", name: connection.name.value,
          namespace: namespace.value), judges)
    }
  }

  /// What policies say of the documents that are no connections.
  package func judge(_ specification: Specification) -> [PolicyBreach] {
    var breaches: [PolicyBreach] = []
    func judge(_ document: Node, _ kind: String, _ name: String) {
      let judges = compiled.filter { $0.group == nil && $0.kind == kind }
      if !judges.isEmpty {
        breaches += self.judge(Subject(document: document, kind: kind, name: name), judges)
      }
    }
    judge(specification.fleet.node, "Fleet", specification.fleet.name.value)
    for (name, cluster) in specification.clusters.sorted(by: { $0.key < $1.key }) {
      judge(cluster.node, "Cluster", name)
    }
    for (name, link) in specification.links.sorted(by: { $0.key < $1.key }) { judge(link.node, "Link", name) }
    return breaches
  }

  /// True when a policy judges objects of a kind. Linear in the policies.
  package func judgesObjects(_ identity: ObjectIdentity) -> Bool {
    compiled.contains { covers($0, identity) }
  }

  /// What policies say of an emitted object; nodes of the result are those of the object.
  package func judge(_ object: Node, _ identity: ObjectIdentity, cluster: String) -> [PolicyBreach] {
    let judges = compiled.filter { covers($0, identity) }
    guard !judges.isEmpty else { return [] }
    return judge(Subject(object: object, identity: identity, cluster: cluster), judges)
  }

  private func covers(_ compiled: CompiledPolicy, _ identity: ObjectIdentity) -> Bool {
    guard compiled.kind == identity.kind else { return false }
    if let group = compiled.group { return group == identity.group }
    return !PolicyTypes.specKinds.contains(compiled.kind)
  }

  private func judge(_ subject: Subject, _ judges: [CompiledPolicy]) -> [PolicyBreach] {
    var breaches: [PolicyBreach] = []
    for judge in judges
    where judge.policy.selection.covers(
      name: subject.name, namespace: subject.namespace, cluster: subject.cluster)
    {
      var judgement = Judgement(judge, subject, clusters, clusterDocuments, fleet)
      breaches += judgement.breaches().map { excused($0, subject) }
    }
    return breaches
  }

  // MARK: Exceptions

  private func excused(_ breach: PolicyBreach, _ subject: Subject) -> PolicyBreach {
    var breach = breach
    for (index, exemption) in policies[breach.policy].exemptions.enumerated() {
      let covers = exemption.selection.covers(
        name: subject.name, namespace: subject.namespace, cluster: subject.cluster)
      let names = exemption.rules?.map(\.value)
      guard covers, names == nil || breach.rule.map({ names?.contains($0) ?? false }) == true else {
        continue
      }
      if let until = exemption.until, let day, day > until.value {
        breach.expired = until
        continue
      }
      breach.exemption = index
      breach.excuse = exemption.reason
      return breach
    }
    return breach
  }

  /// What is to be said of exceptions once everything is judged.
  ///
  /// - Parameter isComplete: false where errors kept something from being judged: then nothing is called unused.
  package func findingsOfExceptions(_ breaches: [PolicyBreach], isComplete: Bool) -> [Diagnostic] {
    var used: [Int: Set<Int>] = [:]
    for breach in breaches {
      if let exemption = breach.exemption { used[breach.policy, default: []].insert(exemption) }
    }
    var findings: [Diagnostic] = []
    for (number, policy) in policies.enumerated() {
      for (index, exemption) in policy.exemptions.enumerated() {
        let isUsed = used[number]?.contains(index) ?? false
        if isUsed, let until = exemption.until, day == nil {
          findings.append(
            Diagnostic(
              PolicyRules.dateNotCompared, "the exception holds whatever the date is", at: until.node.range,
              "not compared: this source has no date",
              help: ["validate a commit with '--ref HEAD' to compare it"]))
        }
        // Paths are judged elsewhere; an exception from them alone is theirs.
        let isOfRules = exemption.rules.map { names in
          names.contains { name in policy.rules.contains { $0.name?.value == name.value } }
        }
        guard !isUsed, isComplete, isOfRules ?? policy.paths.isEmpty else { continue }
        let isOver = exemption.until.map { until in day.map { $0 > until.value } ?? false } ?? false
        findings.append(
          Diagnostic(
            PolicyRules.unusedException,
            isOver ? "the exception is over" : "the exception excuses nothing", at: exemption.node.range,
            isOver ? "ended on \(exemption.until?.value ?? "")" : "nothing that it covers breaks a rule",
            help: ["remove it"]))
      }
    }
    return findings
  }

  /// Kinds that no policy can have meant: neither of the specification, nor emitted, nor with a schema. And kinds of
  /// which nothing is judged, since what is emitted of them are patches of somebody else's objects, or what controllers
  /// are expected to make.
  package func findingsOfKinds(
    emitted: Set<String>, judged: Set<String>, defined: Set<String>, _ types: PolicyTypes
  ) -> [Diagnostic] {
    let known = Set(PolicyTypes.specKinds + types.objectKinds).union(emitted).union(defined)
    let unjudged = emitted.subtracting(judged)
    return policies.flatMap(\.kinds).compactMap { kind in
      if !known.contains(kind.kind) {
        return Diagnostic(
          PolicyRules.unknownKind, "nothing of kind \(kind.kind) is declared or emitted",
          at: kind.node.range, "never judged",
          help: didYouMean(kind.kind, among: known.sorted()).map { [$0] } ?? [])
      }
      let isSpec = kind.group == nil && PolicyTypes.specKinds.contains(kind.kind)
      guard !isSpec, unjudged.contains(kind.kind) else { return nil }
      return Diagnostic(
        PolicyRules.unknownKind,
        "what is emitted of kind \(kind.kind) is no object of its own, and is not judged",
        at: kind.node.range,
        "never judged",
        help: [
          "patches of others' objects, and what controllers make, are theirs: judge the Connection or Link instead"
        ])
    }
  }
}
