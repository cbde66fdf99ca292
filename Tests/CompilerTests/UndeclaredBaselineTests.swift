import Compiler
import Diagnostics
import Kubernetes
import Reachability
import Testing

/// Where nobody has said which policies the platform puts into every namespace, pods that no known policy isolates may
/// be isolated: `reach`, `explain` and policies about paths say the same of it.
@Suite struct UndeclaredBaselineTests {
  private static let undeclared = """
    -- clusters/silver.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: silver}
    spec: {distribution: openshift}
    -- workloads/silver/scanner.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: local, namespace: a1b2c3-prod}
    spec:
      selector: {matchLabels: {app: local}}
      template: {metadata: {labels: {app: local}}, spec: {containers: [{name: app, image: app}]}}

    """
  private static let isolated = """
    -- workloads/silver/policy.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: mine, namespace: a1b2c3-prod}
    spec:
      podSelector: {}
      policyTypes: [Ingress, Egress]
      ingress: [{ports: [{port: 3310}]}]
      egress: [{}]

    """

  private static func line(_ files: String, profile: NetworkProfile? = nil) throws -> ConnectivityList.Line {
    let compilation = try FixtureFleet(base: "porter-silver").overlaid(by: files).compile()
    let judgement = try #require(compilation.judgement, "\(compilation.findingsText)")
    let list = ConnectivityList(judgement, clusters: ["silver"], profile: profile, mapping: AllCores())
    return try #require(
      list.lines.first {
        $0.source == "silver/a1b2c3-prod/local[Deployment]"
          && $0.destination == "silver/a1b2c3-prod/clamav[StatefulSet]"
      })
  }

  @Test func listDependsWhereNothingKnownIsolates() throws {
    let open = try Self.line(Self.undeclared)
    #expect(open.must.isEmpty && open.depends.isAll)
    #expect(open.reasons.contains { $0.hasPrefix("which policies the platform puts") }, "\(open.reasons)")
    // Known policies decide about what they isolate, whatever stands beside them.
    let closed = try Self.line(Self.undeclared + Self.isolated)
    #expect(closed.must.contains(3310, .tcp) && closed.depends.isEmpty)
    // One tool's conventions know no doubt.
    #expect(try Self.line(Self.undeclared, profile: .named("np-guard")).must.isAll)
  }

  @Test func verdictDependsAsWell() throws {
    let compilation = try FixtureFleet(base: "porter-silver").overlaid(by: Self.undeclared).compile()
    let judged = try #require(compilation.judgement?.crossings.first)
    #expect(judged.verdict == .depends)
    #expect(judged.reasons.contains { $0.hasPrefix("which policies the platform puts") })
  }

  @Test(arguments: [
    ("{distribution: openshift}", 1), ("{distribution: openshift, network: {baseline: []}}", 0),
  ])
  func requiredPathIsNotSure(_ cluster: String, _ count: Int) throws {
    let files =
      Self.undeclared.replacing("spec: {distribution: openshift}", with: "spec: \(cluster)") + """
        -- policies/paths.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Policy
        metadata: {name: paths}
        spec:
          paths:
          - require:
              from: {clusters: [silver], podSelector: {matchLabels: {app: local}}}
              to: {clusters: [silver], podSelector: {matchLabels: {app: clamav}}}

        """
    let compilation = try FixtureFleet(base: "porter-silver").overlaid(by: files).compile()
    #expect(
      compilation.findings.filter { $0.rule.id == "LW7302" }.count == count, "\(compilation.findingsText)")
  }
}
