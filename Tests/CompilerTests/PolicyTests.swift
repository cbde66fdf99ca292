import Compiler
import Diagnostics
import Testing

/// Policies over documents and emitted objects.
@Suite struct PolicyTests {
  /// The policy with one rule over the pair of the rules' examples.
  static func fleet(_ spec: String, connection: String = "") throws -> FixtureFleet {
    let indented = spec.split(separator: "\n").map { "  \($0)" }.joined(separator: "\n")
    return try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- policies/p.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Policy
        metadata: {name: p}
        spec:
        \(indented)
        """ + connection)
  }

  static func findings(
    _ spec: String, connection: String = "", day: String? = nil
  ) throws -> [Diagnostic] {
    var options = CompileOptions()
    options.sourceDay = day
    return try fleet(spec, connection: connection).compile(options).findings.filter {
      $0.rule.id.hasPrefix("LW60")
    }
  }

  static func source(_ label: Label?) -> String {
    guard let range = label?.range else { return "" }
    return String(decoding: range.file.bytes[range.start..<range.end], as: UTF8.self)
  }

  /// Rules are judged one by one: equal words about one place are two findings, and the severe one stands.
  @Test func rulesOfOneMessageAreToldApart() throws {
    let rules = """
      match: {kinds: [Fleet]}
      rules:
      - {name: advice, expression: "1 == 2", message: same, severity: note}
      - {name: must, expression: "2 == 3", message: same}
      - {name: also, expression: "3 == 4", message: same}
      """
    let found = try Self.findings(rules).filter { $0.rule.id == "LW6010" }
    #expect(found.map(\.severity) == [.error, .error, .note])
    #expect(Set(found.map { Self.source($0.secondary.first) }).count == 3)
  }

  static let connection = """

    -- connections/two.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: two}
    spec:
      namespaces: [a1b2c3-dev]
      from:
      - {external: {name: zone-b, cidrs: [10.0.0.0/8, 142.34.0.0/24]}}
      - {podSelector: {matchLabels: {app: a}}}
      to: {clusters: [gold], service: yourservice, ports: [8000]}
      exposure: {acknowledged: span-bc}
    """

  /// A rule, and the text that its finding must point at.
  struct Blame: Sendable, CustomTestStringConvertible {
    let expression: String
    let source: String
    var testDescription: String { expression }

    init(_ expression: String, _ source: String) {
      self.expression = expression
      self.source = source
    }
  }

  @Test(arguments: [
    Blame("self.metadata.name != 'two'", "two"),
    Blame("has(self.owner)", "two"),
    Blame("self.to.ports.all(p, p in [443, 5432])", "8000"),
    Blame("self.to.service == 'x' || self.to.service == 'y'", "yourservice"),
    Blame("self.metadata.name == 'two' && self.to.service != 'yourservice'", "yourservice"),
    Blame(
      "self.from.all(f, !has(f.external) || f.external.cidrs.all(c, cidr(c).prefixLength() >= 16))",
      "10.0.0.0/8"),
    Blame("self.from.all(f, has(f.external))", "{podSelector: {matchLabels: {app: a}}}"),
    Blame("self.to.ports.exists(p, p == 1)", "[8000]"),
    Blame("clusters[self.to.clusters[0]].spec.distribution == 'kubernetes'", "gold"),
    Blame("!self.metadata.namespace.endsWith('-dev')", "two"),
    Blame("!self.from.exists(f, has(f.namespace) && f.namespace == 'a1b2c3-dev')", ""),
  ])
  func pointsAtTheValue(_ blame: Blame) throws {
    let spec = """
      match: {kinds: [Connection], names: [two]}
      rules:
      - expression: |
          \(blame.expression)
        message: refused
      """
    let findings = try Self.findings(spec, connection: Self.connection)
    #expect(findings.map(\.rule.id) == ["LW6010"], "\(findings.map(\.message))")
    #expect(findings.first?.message == "refused")
    #expect(findings.first?.primary?.range.file.path == "connections/two.yaml")
    if !blame.source.isEmpty { #expect(Self.source(findings.first?.primary) == blame.source) }
  }

  @Test func messageExpressionAndSeverity() throws {
    let findings = try Self.findings(
      """
      match: {kinds: [Connection]}
      variables: [{name: ports, expression: self.to.ports}, {name: first, expression: 'variables.ports[0]'}]
      rules:
      - {expression: variables.first == 1, messageExpression: '"port " + string(variables.first)', severity: warning}
      - {expression: variables.first == 1, messageExpression: 'string(variables.ports[7])', message: fallback, severity: note}
      """)
    #expect(findings.map(\.message) == ["fallback", "port 8000"])
    #expect(findings.map(\.severity) == [.note, .warning])
    #expect(findings.allSatisfy { Self.source($0.primary) == "8000" })
  }

  @Test func emittedObjects() throws {
    let findings = try Self.findings(
      """
      match: {kinds: [networking.k8s.io/NetworkPolicy], clusters: [gold]}
      rules: [{expression: 'object.spec.ingress.all(r, r.from.all(f, has(f.podSelector)))'}]
      """)
    let finding = try #require(findings.first)
    #expect(findings.count == 1 && finding.primary?.range.file.path == "connections/yourservice.yaml")
    #expect(finding.secondary.contains { $0.range.file.path == "templates/porter/network-policy.yaml" })
  }

  @Test func conditionRestricts() throws {
    let spec = """
      match: {kinds: [TransportServerClaim, Cluster], condition: 'object.kind == "Cluster"'}
      rules: [{expression: object.metadata.name == "gold"}]
      """
    let findings = try Self.findings(spec)
    #expect(findings.map { Self.source($0.primary) } == ["golddr"])
  }

  // MARK: Exceptions

  static let dated = """
    match: {kinds: [Connection]}
    rules: [{name: owner, expression: has(self.owner)}]
    exceptions: [{rules: [owner], names: ["your*"], reason: older than the rule, until: "2027-03-31"}]
    """

  @Test func exceptionHoldsToItsLastDay() throws {
    for day in ["2026-11-25", "2027-03-31"] {
      let findings = try Self.findings(Self.dated, day: day)
      #expect(findings.map(\.suppression) == ["older than the rule"])
      #expect(try !Self.fleet(Self.dated).compile().failed)
    }
  }

  @Test func exceptionEnds() throws {
    let findings = try Self.findings(Self.dated, day: "2027-04-01")
    #expect(findings.map(\.rule.id) == ["LW6010", "LW6014"])
    #expect(findings[0].suppression == nil)
    #expect(findings[0].secondary.contains { $0.text == "the exception is over" })
  }

  @Test func exceptionWithoutADateIsSaidToBe() throws {
    let findings = try Self.findings(Self.dated)
    #expect(findings.filter { $0.suppression == nil }.map(\.rule.id) == ["LW6013"])
  }

  // MARK: Bad input

  @Test(arguments: [
    ("self.ownr == 'x'", "Connection has no field 'ownr'"), ("self.to.ports[0", "is not closed"),
    ("self.metadata.name", "where a bool is needed"), ("slef.owner == ''", "unknown variable 'slef'"),
  ])
  func brokenExpressions(_ expression: String, _ message: String) throws {
    let findings = try Self.findings(
      """
      match: {kinds: [Connection]}
      rules:
      - expression: |-
          \(expression)
      """)
    #expect(!findings.isEmpty && findings.allSatisfy { $0.rule.id == "LW6011" })
    #expect(findings.contains { $0.message.contains(message) }, "\(findings.map(\.message))")
    #expect(findings.allSatisfy { $0.primary?.range.file.path == "policies/p.yaml" })
  }

  @Test(arguments: [
    ("1 / (self.to.ports[0] - 8000) == 1", "zero"), ("self.to.ports[7] == 1", "7"),
    ("self.owner == 'x'", "owner"), ("{'a': 1}['b'] == 1", "b"),
    (
      "[0,1,2,3,4,5,6,7,8,9].all(a, [0,1,2,3,4,5,6,7,8,9].all(b, [0,1,2,3,4,5,6,7,8,9].all(c, [0,1,2,3,4,5,6,7,8,9].all(d, "
        + "[0,1,2,3,4,5,6,7,8,9].all(e, [0,1,2,3,4,5,6,7,8,9].all(f, a + b + c + d + e + f >= 0))))))",
      "steps"
    ),
  ])
  func failingEvaluations(_ expression: String, _ message: String) throws {
    let findings = try Self.findings(
      """
      match: {kinds: [Connection]}
      rules:
      - expression: |-
          \(expression)
      """)
    #expect(findings.map(\.rule.id) == ["LW6012"])
    #expect(findings.first?.message.contains(message) == true, "\(findings.map(\.message))")
  }

  /// A pattern that takes others exponential time.
  @Test func patternsDoNotBacktrack() throws {
    let findings = try Self.findings(
      """
      match: {kinds: [Connection]}
      rules: [{expression: '!(self.metadata.name + "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!").matches("^(a+)+$")'}]
      """)
    #expect(findings.isEmpty)
  }

  @Test func failedVariableIsTheReason() throws {
    let findings = try Self.findings(
      """
      match: {kinds: [Connection]}
      variables: [{name: team, expression: 'self.owner.split("-")[0]'}]
      rules: [{expression: variables.team == "sso"}]
      """)
    #expect(findings.map(\.rule.id) == ["LW6012"])
    #expect(findings.first?.message.contains("owner") == true, "\(findings.map(\.message))")
  }

  @Test func misspeltKindIsNoticed() throws {
    let findings = try Self.findings(
      """
      match: {kinds: [Conection]}
      rules: [{expression: 'true'}]
      """)
    #expect(findings.map(\.rule.id) == ["LW6015"])
    #expect(findings.first?.help.contains { $0.contains("Connection") } == true)
  }

  // MARK: Rules that were written for admission

  /// `request`, `object`, `oldObject` and `variables` mean what they mean to the API server when an object is created.
  @Test(arguments: [
    "!has(request.operation) || request.operation != 'UPDATE'",
    "request.kind.kind == 'NetworkPolicy' && request.kind.group == 'networking.k8s.io' && request.kind.version == 'v1'",
    "request.namespace == object.metadata.namespace && request.name == object.metadata.name",
    "oldObject == null && !request.dryRun && !has(request.userInfo)",
    "request.operation == 'CREATE' ? variables.peers.size() > 0 : true",
    "object.spec.policyTypes.exists(t, t == 'Ingress') && variables.pairs.all(pair, pair[0] == 'namespaceSelector' && pair[1] != '')",
    "variables.byKind.all(entry, entry.kind == 'peer' && entry.file == '') && variables.nothing == null",
    "object.spec.podSelector.matchLabels.all(key, key in ['name', 'app'])",
  ])
  func admissionRules(_ expression: String) throws {
    let found = try Self.findings(
      """
      match: {kinds: [NetworkPolicy]}
      variables:
      - {name: peers, expression: "has(object.spec.ingress) ? object.spec.ingress[0].from : []"}
      - {name: pairs, expression: "variables.peers.map(p, has(p.namespaceSelector), ['namespaceSelector', dyn(p.namespaceSelector.matchLabels.map(k, k).join(','))])"}
      - {name: byKind, expression: "variables.peers.map(p, {'kind': 'peer', 'of': p, 'file': dyn('')})"}
      - {name: nothing, expression: "has(object.spec.egress) ? object.spec.egress : null"}
      rules:
      - {expression: "\(expression)"}
      """)
    #expect(found.isEmpty, "\(found.map(\.message))")
  }

  /// What a repository cannot know is said with what to write instead.
  @Test(arguments: [
    ("params.max > 1", "one of the policy's variables"),
    ("namespaceObject.metadata.name != ''", "match.namespaces"),
    ("authorizer.group('').resource('pods').check('get').allowed()", "who may do what"),
  ])
  func whatAdmissionKnowsAlone(_ expression: String, _ help: String) throws {
    let found = try Self.findings(
      "match: {kinds: [NetworkPolicy]}\nrules:\n- {expression: \"\(expression)\"}")
    #expect(found.first?.rule.id == "LW6011" && found.first?.help.first?.contains(help) == true, "\(found)")
  }
}
