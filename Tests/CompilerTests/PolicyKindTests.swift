import Compiler
import Diagnostics
import Testing

/// Policies over several kinds, and what rules for admission read of the request.
@Suite struct PolicyKindTests {
  private static func findings(_ kinds: String, _ expression: String) throws -> [Diagnostic] {
    try PolicyTests.findings(
      """
      match: {kinds: [\(kinds)]}
      rules:
      - expression: |-
          \(expression)
      """)
  }

  /// Rules as they are published: guards keep them from reading what a kind does not have.
  @Test(arguments: [
    "object.kind != 'NetworkPolicy' || object.spec.podSelector.matchLabels.size() > 0",
    "object.kind == 'NetworkPolicy' ? object.spec.policyTypes.size() == 1 : object.spec.service != ''",
    "['NetworkPolicy'].all(kind, object.kind != kind) || object.spec.podSelector.matchLabels.size() > 0",
    "object.kind != 'Pod' || object.spec.containers.all(c, c.image != '')",
    "!(object.kind == 'NetworkPolicy') || has(object.spec.ingress)",
    "has(object.spec.podSelector) || has(object.spec.service)",
    "has(object.spec.service) && object.spec.service != '' || has(object.spec.podSelector)",
    "request.resource.resource != 'networkpolicies' || object.spec.policyTypes.size() > 0",
    "request.kind.kind != 'NetworkPolicy' || object.spec.policyTypes.size() > 0",
    "variables.isPolicy ? object.spec.policyTypes.size() > 0 : object.spec.service != ''",
  ])
  func guardedByKind(_ expression: String) throws {
    let found = try PolicyTests.findings(
      """
      match: {kinds: [NetworkPolicy, TransportServerClaim]}
      variables: [{name: isPolicy, expression: object.kind == 'NetworkPolicy'}]
      rules:
      - expression: |-
          \(expression)
      """)
    #expect(found.isEmpty, "\(found.map(\.message))")
  }

  /// Kubescape C-0012 and C-0016 over kinds that they do not concern.
  @Test(arguments: [
    "object.kind != 'Pod' || object.spec.containers.all(c, !has(c.env) || c.env.all(e, e.name != 'password'))",
    "(object.kind == 'Pod' ? object.spec.containers : object.kind in ['Deployment'] ? object.spec.template.spec.containers : []).all(c, has(c.securityContext))",
    "['Deployment', 'Job'].all(kind, object.kind != kind) || object.spec.template.spec.containers.size() > 0",
  ])
  func otherKinds(_ expression: String) throws {
    for kind in ["NetworkPolicy", "TransportServerClaim", "NetworkPolicy, TransportServerClaim"] {
      let found = try Self.findings(kind, expression)
      #expect(found.isEmpty, "\(kind): \(found.map(\.message))")
    }
  }

  /// A condition that never holds for a kind keeps all rules from it.
  @Test func conditionByKind() throws {
    let found = try PolicyTests.findings(
      """
      match: {kinds: [NetworkPolicy, TransportServerClaim], condition: object.kind == "NetworkPolicy"}
      rules: [{expression: object.spec.policyTypes.size() > 0}]
      """)
    #expect(found.isEmpty, "\(found.map(\.message))")
  }

  @Test(arguments: [
    ("NetworkPolicy, TransportServerClaim", "has(object.spec.podSelectr) || has(object.spec.servic)"),
    (
      "NetworkPolicy, TransportServerClaim",
      "object.kind != 'NetworkPolicy' || object.spec.podSelectr.size() > 0"
    ),
    ("NetworkPolicy, TransportServerClaim", "object.kind != 'Pod' || objct.spec.containers.size() > 0"),
    ("NetworkPolicy", "object.kind != 'Pod' || object.spec.containers.foo("),
    ("NetworkPolicy", "!has(object.spec.podSelectr) || object.spec.podSelectr.size() > 0"),
    ("NetworkPolicy", "duration('1x') > duration('1s')"),
    ("NetworkPolicy", "timestamp('x') > timestamp('y')"),
    ("NetworkPolicy", "timestamp('2026-11-25T08:00:00Z').getHours('Europe/Berlin') > 1"),
    ("NetworkPolicy", "request.operaton == 'CREATE'"),
    ("NetworkPolicy", "request.object.metadata.name == 'x'"),
  ])
  func misspelt(_ kinds: String, _ expression: String) throws {
    let found = try Self.findings(kinds, expression)
    #expect(!found.isEmpty && found.allSatisfy { $0.rule.id == "LW6011" }, "\(found.map(\.message))")
  }

  /// What an API server would warn of, and fail on: the same here.
  @Test func unguardedFieldOfOneKind() throws {
    let found = try Self.findings("NetworkPolicy, TransportServerClaim", "object.spec.policyTypes.size() > 0")
    #expect(found.map(\.rule.id).sorted() == ["LW6012", "LW6019"], "\(found.map(\.message))")
    let warning = try #require(found.first { $0.rule.id == "LW6019" })
    #expect(warning.severity == .warning && PolicyTests.source(warning.primary) == "policyTypes")
    #expect(warning.notes == ["where it judges objects of kind TransportServerClaim"])
  }

  // MARK: The request

  /// What an API server knows of a creation.
  @Test(arguments: [
    "request.kind == {'group': 'networking.k8s.io', 'version': 'v1', 'kind': 'NetworkPolicy'}",
    "request.resource.group != 'rbac.authorization.k8s.io' && request.resource.resource == 'networkpolicies'",
    "request.requestResource.resource == 'networkpolicies' && request.requestKind.version == 'v1'",
    "!has(request.subResource) || request.subResource == ''", "!has(request.requestSubResource)",
    "request.options.kind == 'CreateOptions'", "request.?userInfo.username.orValue('') == ''",
    "has(request.dryRun) && !request.dryRun", "request.name == object.metadata.name",
  ])
  func request(_ expression: String) throws {
    let found = try Self.findings("NetworkPolicy", expression)
    #expect(found.isEmpty, "\(found.map(\.message))")
  }

  /// What a server takes because objects have no types there, as published policies write it.
  @Test(arguments: [
    "object.spec.podSelector != {}", "object.spec.?egress.orValue(null) == null",
    "object.metadata.?annotations['a'].orValue(null) == null", "object.spec.?podSelector.orValue({}) != {}",
    "object.metadata.namespace != null", "object.spec.ingress != null",
    "object.metadata.labels != null && 'app.kubernetes.io/managed-by' in object.metadata.labels",
    "object['spec']['podSelector'] != null", "!(object.metadata.labels == null)",
  ])
  func comparedAsOnServers(_ expression: String) throws {
    let found = try Self.findings("NetworkPolicy", expression)
    #expect(found.isEmpty, "\(found.map(\.message))")
  }

  @Test func whoAsksIsNotKnown() throws {
    let found = try Self.findings("NetworkPolicy", "'system:masters' in request.userInfo.groups")
    #expect(found.first?.rule.id == "LW6012")
    #expect(found.first?.help.first?.contains("does not tell who asks") == true, "\(found.map(\.help))")
  }

  // MARK: Values that are no bools, and rules that must be told apart

  @Test(arguments: ["dyn('true')", "dyn(null)", "dyn(1)"])
  func noBool(_ expression: String) throws {
    for spec in [
      "match: {kinds: [Connection], condition: \"\(expression)\"}\nrules: [{expression: 'true'}]",
      "match: {kinds: [Connection]}\nrules: [{expression: \"\(expression)\"}]",
      "match: {kinds: [Connection]}\nrules: [{expression: \"self.metadata.name != '' && \(expression)\"}]",
    ] {
      let found = try PolicyTests.findings(spec)
      #expect(found.map(\.rule.id) == ["LW6012"], "\(spec): \(found.map(\.message))")
    }
  }

  @Test func wrongPartsAreReportedOnce() throws {
    let spec = """
      match: {kinds: [Connection]}
      variables:
      - {name: wrong, expression: self.ownr}
      - {name: after, expression: variables.wrong + 'x'}
      - {name: itself, expression: variables.itself + 1}
      rules: [{expression: variables.after == 'x'}, {expression: variables.wrong == 'y'}]
      """
    let found = try PolicyTests.findings(spec)
    #expect(found.map(\.rule.id) == ["LW6011", "LW6011"], "\(found.map(\.message))")
    #expect(found.last?.help.first?.contains("not itself") == true, "\(found.map(\.help))")
    let condition = try PolicyTests.findings(
      "match: {kinds: [Connection], condition: slef.x}\nrules: [{expression: 'false'}]")
    #expect(condition.map(\.rule.id) == ["LW6011"], "\(condition.map(\.message))")
  }

  @Test func rulesAreToldApart() throws {
    let found = try PolicyTests.findings(
      """
      match: {kinds: [Connection]}
      rules:
      - {name: a, expression: 1 == 2}
      - {expression: 2 == 3}
      - {expression: 3 == 4}
      - {name: soft, expression: 4 == 5, severity: note}
      - {name: e, expression: 1 / 0 == 1}
      - {expression: 2 / 0 == 1}
      - {expression: 3 / 0 == 1, message: same}
      - {expression: 5 == 6, message: same}
      - {expression: 6 == 7, message: same}
      exceptions: [{rules: [a], reason: known}]
      """)
    let messages = found.map(\.message)
    #expect(found.count == 9, "\(messages)")
    #expect(messages.contains("rule 'a' of policy 'p' does not allow this"))
    #expect(messages.contains("policy 'p' does not allow this: failed expression: 2 == 3"))
    #expect(
      found.filter { $0.suppression != nil }.map(\.message) == ["rule 'a' of policy 'p' does not allow this"])
    #expect(found.filter { $0.rule.id == "LW6012" }.count == 3 && messages.filter { $0 == "same" }.count == 2)
  }

  @Test func blankMessagesFallBack() throws {
    for text in ["''", "'  '", "'a\\\\nb'"] {
      let found = try PolicyTests.findings(
        "match: {kinds: [Connection]}\nrules: [{expression: 'false', messageExpression: \"\(text)\", message: plain}]"
      )
      #expect(found.map(\.message) == ["plain"], "\(text)")
    }
  }

  @Test func variablesOfOneName() throws {
    let found = try PolicyTests.fleet(
      """
      match: {kinds: [Connection]}
      variables: [{name: v, expression: '1'}, {name: v, expression: '2'}]
      rules: [{expression: variables.v == 1}]
      """
    ).compile().findings
    #expect(
      found.contains { $0.rule.id == "LW6001" && $0.message.contains("'v'") }, "\(found.map(\.message))")
  }

  /// What is only patched here is somebody else's, and no policy sees it: that is said.
  @Test func patchesAreNotJudged() throws {
    let fleet = try FixtureFleet(directory: "examples/tetrate-bookinfo-istio").overlaid(
      by: """
        -- policies/p.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Policy
        metadata: {name: p}
        spec:
          match: {kinds: [Service]}
          rules: [{expression: 'false'}]
        """)
    let found = try fleet.compile().findings.filter { $0.rule.id.hasPrefix("LW60") }
    #expect(found.map(\.rule.id) == ["LW6015"] && found[0].message.contains("is not judged"), "\(found)")
  }

  /// A kind that has a definition only is nothing to judge yet, and no mistake.
  @Test func definedKindsMayBeMeant() throws {
    let fleet = try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- schemas/crds/foos.yaml --
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: foos.e.org}
        spec:
          group: e.org
          names: {kind: Foo, plural: foos}
          scope: Namespaced
          versions:
          - {name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}
        -- policies/p.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Policy
        metadata: {name: p}
        spec:
          match: {kinds: [Foo]}
          rules: [{expression: 'false'}]
        """)
    let found = try fleet.compile().findings.filter { $0.rule.id.hasPrefix("LW60") }
    #expect(found.isEmpty, "\(found)")
  }

  @Test func admissionPolicyAmongPolicies() throws {
    let found = try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- policies/p.yaml --
        apiVersion: admissionregistration.k8s.io/v1
        kind: ValidatingAdmissionPolicy
        metadata: {name: p}
        spec: {validations: [{expression: 'true'}]}
        """
    ).compile().findings
    #expect(
      found.first { $0.rule.id == "LW1111" }?.help.first?.contains("become 'rules'") == true, "\(found)")
  }
}
