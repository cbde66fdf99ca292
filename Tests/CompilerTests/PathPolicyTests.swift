import Compiler
import Diagnostics
import Testing

/// `spec.paths` of Policy documents on the evaluated fleet.
@Suite struct PathPolicyTests {
  private static func findings(_ paths: String, _ more: String = "", exceptions: String = "[]") throws
    -> [Diagnostic]
  {
    let files = """
      -- policies/paths.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: paths}
      spec:
        paths: [\(paths)]
      \(exceptions == "[]" ? "" : "  exceptions: \(exceptions)")

      """
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(by: files + more).compile()
    #expect(compilation.judgement != nil, "\(compilation.findingsText)")
    return compilation.findings.filter { $0.rule.id.hasPrefix("LW73") }
  }

  @Test func declaredConnectionIsForbidden() throws {
    let found = try Self.findings(
      "{deny: {from: {clusters: [golddr]}, to: {namespaceSelector: '*-dev', clusters: [gold]}}}")
    #expect(found.map(\.rule.id) == ["LW7301"])
    #expect(found.first?.notes.first?.contains("load-balancer") == true)
  }

  @Test func portsAreThoseOfPods() throws {
    #expect(
      try Self.findings("{deny: {from: {clusters: [golddr]}, to: {clusters: [gold]}, ports: [{port: 8000}]}}")
        .count == 1)
    #expect(
      try Self.findings("{deny: {from: {clusters: [golddr]}, to: {clusters: [gold]}, ports: [{port: 8001}]}}")
        .isEmpty)
  }

  private static let shop = """
    -- workloads/gold/shop.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: shop, namespace: a1b2c3-prod}
    spec:
      selector: {matchLabels: {app: shop}}
      template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: app, image: shop}]}}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: mine, namespace: a1b2c3-prod}
    spec:
      podSelector: {}
      policyTypes: [Ingress]
      ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a1b2c3-dev}}}], ports: [{port: 8080}]}]

    """

  @Test func policiesInsideAClusterAreJudged() throws {
    let deny = "{deny: {from: {namespaceSelector: '*-dev'}, to: {namespaceSelector: '*-prod'}}}"
    let found = try Self.findings(deny, Self.shop)
    #expect(found.map(\.rule.id) == ["LW7301"])
    #expect(
      found.first?.message.contains("Deployment yourapp of a1b2c3-dev → Deployment shop of a1b2c3-prod")
        == true)
    #expect(
      try Self.findings(
        "{deny: {from: {namespaceSelector: '*-test'}, to: {namespaceSelector: '*-prod'}}}", Self.shop
      ).isEmpty)
  }

  @Test func requiredPathIsMissing() throws {
    let wanted =
      "{require: {from: {namespaceSelector: '*-dev', clusters: [gold]}, to: {namespaceSelector: '*-prod'}, ports: [{port: %}]}}"
    #expect(try Self.findings(wanted.replacing("%", with: "8080"), Self.shop).isEmpty)
    #expect(try Self.findings(wanted.replacing("%", with: "8081"), Self.shop).map(\.rule.id) == ["LW7302"])
  }

  @Test func exceptionGivesItsReason() throws {
    let found = try Self.findings(
      "{name: no-dev, deny: {from: {clusters: [golddr]}, to: {clusters: [gold]}}}",
      exceptions: "[{rules: [no-dev], namespaces: [a1b2c3-dev], reason: agreed with security}]")
    #expect(found.map(\.suppression) == ["agreed with security"])
  }
}
