import Compiler
import Diagnostics
import Testing

/// CustomResourceDefinitions in schemas/crds/, judged as an API server judges objects by them.
@Suite struct CustomResourceTests {
  /// A fleet that adds one object of a kind with a definition.
  private static func fleet(
    spec: String, schema: String, version: String = "v1", scope: String = "Namespaced", served: Bool = true,
    definitions: String = "apiextensions.k8s.io/v1", root: String = ""
  ) throws -> FixtureFleet {
    try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- schemas/crds/foos.yaml --
        apiVersion: \(definitions)
        kind: CustomResourceDefinition
        metadata: {name: foos.e.org}
        spec:
          group: e.org
          names: {kind: Foo, plural: foos}
          scope: \(scope)
          versions:
          - name: \(version)
            served: \(served)
            storage: true
            schema:
              openAPIV3Schema:
                type: object
                properties:
                  spec: \(schema)
        \(root)
        -- templates/porter/+foo.yaml --
        $scope: claim
        apiVersion: e.org/v1
        kind: Foo
        metadata: {name: x, namespace: "${place.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
        spec: \(spec)
        """)
  }

  private static func findings(
    _ properties: String, _ rules: String, _ spec: String, more: String = ""
  ) throws -> [Diagnostic] {
    let schema = "{type: object, properties: {\(properties)}, x-kubernetes-validations: [\(rules)]\(more)}"
    return try fleet(spec: spec, schema: schema).compile().findings.filter {
      ["LW6016", "LW6017", "LW1605", "LW1602"].contains($0.rule.id)
    }
  }

  struct Case: Sendable, CustomTestStringConvertible {
    let properties: String
    let rule: String
    let spec: String
    let holds: Bool
    var testDescription: String { rule }

    init(_ properties: String, _ rule: String, _ spec: String, _ holds: Bool = true) {
      self.properties = properties
      self.rule = rule
      self.spec = spec
      self.holds = holds
    }
  }

  static let list =
    "type: array, items: {type: object, properties: {k: {type: string}, v: {type: integer}}}, x-kubernetes-list-type: map, x-kubernetes-list-map-keys: [k]"
  static let entries = "p: [{k: a, v: 1}, {k: b, v: 2}]"

  /// What formats, defaults, kinds of lists and numbers mean to rules.
  @Test(arguments: [
    Case(
      "x: {type: string, format: date-time}",
      "self.x > timestamp('2020-01-01T00:00:00Z') && self.x.getFullYear() == 2021",
      "{x: '2021-01-01T00:00:00Z'}"),
    Case(
      "x: {type: string, format: date}", "self.x < timestamp('2030-01-01T00:00:00Z')", "{x: '2021-01-01'}"),
    Case("x: {type: string, format: duration}", "self.x <= duration('1h')", "{x: 30m}"),
    Case("x: {type: string, format: duration}", "self.x <= duration('1h')", "{x: 90m}", false),
    Case("x: {type: string, format: byte}", "self.x == b'abc'", "{x: YWJj}"),
    Case("x: {type: integer, default: 5}", "self.x == 5", "{}"),
    Case("x: {type: integer, default: 5}", "has(self.x) && self.x == 6", "{}", false),
    Case("x: {type: integer, default: 5}", "self.x == 6", "{x: 6}"),
    Case(
      "m: {type: object, default: {}, properties: {x: {type: integer, default: 5}}}", "self.m.x == 5", "{}"),
    Case(
      "x: {type: array, items: {type: string}, x-kubernetes-list-type: set}", "self.x == ['b', 'a']",
      "{x: [a, b]}"),
    Case(
      "x: {type: array, items: {type: string}, x-kubernetes-list-type: set}",
      "(self.x + ['a', 'c']).size() == 3", "{x: [a, b]}"),
    Case("x: {type: array, items: {type: string}}", "self.x == ['b', 'a']", "{x: [a, b]}", false),
    Case("p: {\(list)}", "self.p == [self.p[1], self.p[0]]", "{\(entries)}"),
    Case("p: {\(list)}", "self.p == [self.p[1], self.p[1]]", "{\(entries)}", false),
    Case("p: {\(list)}", "(self.p + [self.p[0]]).size() == 2", "{\(entries)}"),
    Case("x: {type: number}", "self.x * 2.0 == 2.0", "{x: 1}"),
    Case(
      "x: {x-kubernetes-int-or-string: true}", "type(self.x) == int ? self.x < 10 : self.x == '50%'",
      "{x: '50%'}"),
    Case("x: {type: integer, nullable: true}", "!has(self.x) || self.x == null", "{x: null}"),
    Case(
      "x: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}",
      "self.x.kind == 'Pod' && self.x.metadata.name == 'p'",
      "{x: {apiVersion: v1, kind: Pod, metadata: {name: p}, spec: {}}}"),
  ])
  func values(_ example: Case) throws {
    let found = try Self.findings(
      example.properties, "{rule: \"\(example.rule)\", message: BROKEN}", example.spec)
    #expect(found.map(\.rule.id) == (example.holds ? [] : ["LW6017"]), "\(found.map(\.message))")
    #expect(
      found.allSatisfy {
        $0.message.hasSuffix("Foo a1b2c3-dev/x in gold: BROKEN") || $0.message.hasSuffix("golddr: BROKEN")
      })
  }

  /// Rules below a default, in elements and in values of maps.
  @Test func everyPlaceIsJudged() throws {
    let rule = "x-kubernetes-validations: [{rule: self < 3, message: BROKEN}]"
    let found = try Self.findings(
      "a: {type: array, items: {type: integer, \(rule)}}, m: {type: object, additionalProperties: {type: integer, \(rule)}}, d: {type: integer, default: 7, \(rule)}",
      "", "{a: [1, 4], m: {p: 1, q: 5}}")
    #expect(
      found.flatMap(\.notes) == [
        "spec.a[1] breaks the rule self < 3", "spec.d breaks the rule self < 3",
        "spec.m.q breaks the rule self < 3",
      ], "\(found)")
  }

  @Test(arguments: [
    (
      "x: {type: string, format: byte}", "{rule: \"self.x == 'abc'\"}",
      "cannot be applied to bytes and string"
    ),
    (
      "x: {type: object, x-kubernetes-preserve-unknown-fields: true}", "{rule: self.x.foo == 1}",
      "has no field 'foo'"
    ),
    ("x: {type: string}", "{rule: 'true', messag: B}", "a rule has no field 'messag'"),
    ("x: {type: string}", "{rule: 'true', reason: Nonsense}", "'Nonsense' is no reason"),
    ("x: {type: string}", "{rule: 'true', fieldPath: .nosuch}", "the schema has no field 'nosuch' here"),
    ("x: {type: string}", "{rul: 'true'}", "must be a list of mappings"),
    ("x: {type: string}", "{rule: oldSelf.y == self.x}", "has no field 'y'"),
    (
      "x: {type: array, items: {type: string, x-kubernetes-validations: [{rule: self == oldSelf}]}}", "",
      "'oldSelf' cannot be used here"
    ),
  ])
  func refusedDefinitions(_ properties: String, _ rules: String, _ message: String) throws {
    let found = try Self.findings(properties, rules, "{}")
    #expect(
      found.contains { $0.rule.id == "LW6016" && $0.message.contains(message) }, "\(found.map(\.message))")
  }

  @Test func rulesBelowOtherSchemas() throws {
    let found = try Self.findings(
      "x: {type: string}", "", "{}", more: ", allOf: [{x-kubernetes-validations: [{rule: 'false'}]}]")
    #expect(found.contains { $0.rule.id == "LW6016" && $0.message.contains("below allOf") })
  }

  /// Rules about a former state are left to the server, unless they ask whether there is one.
  @Test func formerState() throws {
    #expect(try Self.findings("x: {type: string}", "{rule: self.x == oldSelf.x}", "{x: a}").isEmpty)
    let rule = "{rule: '!oldSelf.hasValue() && self.x == \"b\"', optionalOldSelf: true, message: BROKEN}"
    #expect(try Self.findings("x: {type: string}", rule, "{x: b}").isEmpty)
    #expect(try Self.findings("x: {type: string}", rule, "{x: a}").first?.rule.id == "LW6017")
  }

  @Test func pointsAtTheFieldPath() throws {
    let found = try Self.findings(
      "a: {type: string}, b: {type: string}", "{rule: self.a == self.b, message: BROKEN, fieldPath: .b}",
      "{a: '1', b: '2'}")
    let label = try #require(found.first?.secondary.first { $0.text == "this value" })
    #expect(PolicyTests.source(label) == "'2'")
  }

  @Test(arguments: ["''", "'  '", "'a\\\\nb'"])
  func unusableMessages(_ text: String) throws {
    let found = try Self.findings(
      "x: {type: string}", "{rule: 'false', message: PLAIN, messageExpression: \"\(text)\"}", "{x: a}")
    #expect(found.first?.message.hasSuffix(": PLAIN") == true, "\(found.map(\.message))")
  }

  // MARK: Versions and scopes

  private static let plain = "{type: object, properties: {x: {type: string}}}"

  @Test func versionsThatAreNotServed() throws {
    for (version, served, help) in [("v7", true, "e.org/v7"), ("v1", false, "served: true")] {
      let found = try Self.fleet(spec: "{x: a}", schema: Self.plain, version: version, served: served)
        .compile().findings
      let finding = try #require(found.first { $0.rule.id == "LW1605" })
      #expect(finding.help.first?.contains(help) == true, "\(finding)")
      #expect(PolicyTests.source(finding.primary) == "e.org/v1")
    }
    let found = try Self.fleet(
      spec: "{x: a}", schema: Self.plain, definitions: "apiextensions.k8s.io/v1beta1"
    ).compile().findings
    #expect(found.contains { $0.rule.id == "LW6016" && $0.message.contains("v1beta1") })
  }

  @Test func clusterScope() throws {
    let found = try Self.fleet(spec: "{x: a}", schema: Self.plain, scope: "Cluster").compile().findings
    #expect(found.contains { $0.rule.id == "LW1605" && $0.message.contains("cluster scope") })
  }

  /// A known kind in a version that no API server has is not checked against any schema: it must not pass.
  @Test(arguments: [
    ("networking.k8s.io/v9", "NetworkPolicy", "networking.k8s.io/v1"), ("v2", "ConfigMap", "v1"),
    ("apps/v9", "Deployment", "apps/v1"), ("extensions/v1beta1", "NetworkPolicy", "networking.k8s.io/v1"),
    ("v1", "List", "each of its items"), ("v1", "Namespace", "whoever runs the cluster"),
  ])
  func unknownVersions(_ version: String, _ kind: String, _ help: String) throws {
    let found = try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- templates/porter/+extra.yaml --
        $scope: claim
        apiVersion: \(version)
        kind: \(kind)
        metadata: {name: x, namespace: "${place.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
        """
    ).compile().findings
    let finding = try #require(
      found.first { ["LW1605", "LW6104"].contains($0.rule.id) }, "\(found.map(\.message))")
    #expect(finding.help.first?.contains(help) == true, "\(finding)")
  }

  @Test func replacedTemplatesKeepTheirVersion() throws {
    let found = try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- templates/porter/network-policy.yaml --
        apiVersion: networking.k8s.io/v9
        kind: NetworkPolicy
        metadata: {name: "${policy.name}", namespace: "${service.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
        spec: {policyTyps: [Ingress]}
        """
    ).compile().findings
    #expect(
      found.contains { $0.rule.id == "LW1605" && $0.message.contains("networking.k8s.io/v9") },
      "\(found.map(\.message))")
  }

  @Test func unknownKindsAreTheFleetsBusiness() throws {
    let found = try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- templates/porter/+extra.yaml --
        $scope: claim
        apiVersion: monitoring.coreos.com/v1
        kind: ServiceMonitor
        metadata: {name: x, namespace: "${place.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
        spec: {anything: 1}
        """
    ).compile().findings
    #expect(!found.contains { $0.rule.id.hasPrefix("LW16") }, "\(found.map(\.message))")
  }

  /// Files that look as if they counted.
  @Test(arguments: [
    ("templates/porter/network-policy.yml", "LW1603"), ("templates/porter/+extra.yml", "LW1603"),
    ("schemas/crds/foos.yml", "LW6016"), ("schemas/crds/foos.json", "LW6016"),
  ])
  func otherEndings(_ path: String, _ rule: String) throws {
    let found = try FixtureFleet(base: "porter-pair").overlaid(by: "-- \(path) --\n{}\n").compile().findings
    let finding = try #require(found.first { $0.rule.id == rule }, "\(found.map(\.message))")
    #expect(finding.message.contains(path) && finding.help == ["rename it to end in .yaml"])
  }

  /// One connection, one object from two templates: the added template is to blame.
  @Test func addedObjectOfAnother() throws {
    let found = try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- templates/porter/+extra.yaml --
        $scope: claim
        apiVersion: porter.devops.gov.bc.ca/v1alpha1
        kind: TransportServerClaim
        metadata: {name: "${claim.name}", namespace: "${place.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
        spec: {service: "${service.name}", servicePort: "${service.port}", monitor: {type: tcp, interval: 10, timeout: 10}}
        """
    ).compile().findings
    let finding = try #require(found.first { $0.rule.id == "LW1501" }, "\(found.map(\.message))")
    #expect(finding.message.hasPrefix("two templates make TransportServerClaim"))
    #expect(finding.primary?.range.file.path == "templates/porter/+extra.yaml")
    #expect(
      finding.secondary.contains { $0.range.file.path == "templates/porter/transport-server-claim.yaml" })
  }
}
