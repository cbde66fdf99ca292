import Compiler
import Diagnostics
import Foundation
import TestSupport
import Testing

/// What a tenant of a shared Argo CD counts on: every namespace of the output can be synced on its own, and holds
/// nothing but objects of that namespace.
@Suite struct TenantTests {
  static let kubectl = Program.find("kubectl")

  /// Directories with a kustomization of one namespace, below the examples and the expected output of cases.
  static let namespaces: [String] = {
    let roots = ["examples"] + GoldenCase.all.map { "\($0.path)/expected" }
    return roots.flatMap { root in
      ((try? FixtureFleet.paths(below: root)) ?? []).filter {
        $0.hasSuffix("/kustomization.yaml") && !$0.hasSuffix("/manifests/kustomization.yaml")
          && $0.contains("/manifests/")
      }.map { "\(root)/" + $0.dropLast("/kustomization.yaml".count) }
    }
  }()

  @Test(.enabled(if: kubectl != nil, "kubectl is not installed"), arguments: namespaces)
  func namespaceBuildsOnItsOwn(_ directory: String) throws {
    let kubectl = try #require(Self.kubectl)
    let output = try kubectl.run(["kustomize", Repository.path(directory)])
    #expect(output.status == 0, "\(output.errorText)")
    let name = String(directory.split(separator: "/").last ?? "")
    let objects = output.text.components(separatedBy: "\n---\n")
    #expect(!objects.isEmpty)
    for object in objects {
      let place = object.split(separator: "\n").first { $0.hasPrefix("  namespace: ") }
      #expect(place == "  namespace: \(name)" || name == "_cluster", "\(object)")
    }
  }

  @Test func namespacesAreManyEnoughToMeanSomething() { #expect(Self.namespaces.count > 40) }

  /// A finding names who answers for the connection, wherever it points.
  @Test func findingsNameTheOwner() throws {
    let fleet = try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- connections/yourservice.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Connection
        metadata: {name: yourservice, namespace: a1b2c3-dev}
        spec:
          from: [{clusters: [golddr]}]
          to: {clusters: [gold], service: yourservice, ports: [8000]}
          owner: data-team
          porter: {overrideServicePort: true, networkPolicy: {emit: false}}
        """)
    let findings = try fleet.compile().findings
    #expect(!findings.isEmpty)
    for finding in findings where finding.primary?.range.file.path.hasPrefix("connections/") == true {
      #expect(finding.owner == "data-team", "\(finding.goldenText)")
    }
  }

  /// Where overrides give namespaces different owners, a finding about one namespace names its own or nobody.
  @Test func ownersFollowOverrides() throws {
    let fleet = try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- observed/gold/a1b2c3-dev.yaml --
        -- observed/golddr/a1b2c3-dev.yaml --
        -- connections/yourservice.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Connection
        metadata: {name: yourservice}
        spec:
          namespaces: [a1b2c3-dev, a1b2c3-prod]
          from: [{clusters: [golddr]}]
          to:
            clusters: [gold]
            service: {name: other, type: NodePort, selector: {name: yourapp}, ports: [{port: 9000}]}
            ports: [9000]
          exposure: {acknowledged: span-bc}
          porter: {overrideServicePort: true}
          overrides: [{namespaces: [a1b2c3-prod], owner: prod-team}]
        """)
    let findings = try fleet.compile().findings
    let pending = findings.filter { $0.rule.id == "LW1401" }
    #expect(pending.count >= 2, "\(findings.map(\.goldenText))")
    for finding in pending {
      #expect(
        finding.owner == (finding.message.contains("a1b2c3-prod") ? "prod-team" : nil),
        "\(finding.goldenText)")
    }
  }
}
