import Compiler
import Diagnostics
import Reachability
import Testing

/// Planted breaks in each hop of a Cilium mesh.
@Suite struct MeshJudgementTests {
  @Test func unbrokenMeshIsProved() throws {
    let compilation = try FixtureFleet(base: "clustermesh").compile()
    let judgement = try #require(compilation.judgement)
    #expect(!judgement.crossings.isEmpty)
    for judged in judgement.crossings {
      #expect(judged.verdict == .proved, "\(judgement.trace(of: judged.crossing)?.text() ?? "")")
    }
  }

  @Test(arguments: ["examples/clustermesh", "examples/clustermesh-five"])
  func examplesAreNotRefuted(_ path: String) throws {
    let judgement = try #require(try FixtureFleet(directory: path).compile().judgement)
    #expect(!judgement.crossings.isEmpty)
    for judged in judgement.crossings {
      #expect(judged.verdict != .refuted, "\(judgement.trace(of: judged.crossing)?.text() ?? "")")
    }
  }
}

extension MeshJudgementTests {
  /// Breaks that the mesh's own rules do not find, or that the judge must find even so.
  static let breaks: [JudgementTests.Break] = [
    JudgementTests.Break(
      "ingress", over: "clustermesh",
      template(
        "ingress-policy", "Ingress",
        "ingress: [{from: [{podSelector: {matchLabels: {name: x-wing}}}], ports: [{port: 81}]}]")
        + closed("cluster02"), at: .ingress, "LW7207"),
    JudgementTests.Break(
      "ingress without the cluster's label", over: "clustermesh",
      template(
        "ingress-policy", "Ingress", "ingress: [{from: [{podSelector: {matchLabels: {name: x-wing}}}]}]")
        + closed("cluster02"), at: .ingress, "LW7207"),
    JudgementTests.Break(
      "egress", over: "clustermesh",
      template(
        "egress-policy", "Egress", "egress: [\(dns), {to: [{podSelector: {matchLabels: {name: x-wing}}}]}]")
        + closed("cluster01"), at: .egress, "LW7201"),
    JudgementTests.Break(
      "egress without the cluster's label", over: "clustermesh",
      template(
        "egress-policy", "Egress",
        "egress: [\(dns), {to: [{podSelector: {matchLabels: {name: rebel-base}}}]}]")
        + closed("cluster01"), at: .egress, "LW7201"),
  ]

  @Test(arguments: breaks)
  func breakIsFoundAtItsHop(_ planted: JudgementTests.Break) throws {
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile()
    let judged = try #require(compilation.judgement?.crossings.first)
    #expect(judged.verdict == .refuted, "\(compilation.findingsText)")
    #expect(judged.decisiveHop?.kind == planted.hop, "\(compilation.findingsText)")
    #expect(compilation.findings.contains { $0.rule.id == planted.rule }, "\(compilation.findingsText)")
  }

  private static let dns =
    "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]}"

  private static func template(_ name: String, _ type: String, _ rules: String) -> String {
    """
    -- templates/cluster-mesh/\(name).yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: "${policy.name}", namespace: "${policy.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
    spec:
      podSelector: {}
      policyTypes: [\(type)]
      \(rules)

    """
  }

  private static func closed(_ cluster: String) -> String {
    """
    -- workloads/\(cluster)/closed.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: closed, namespace: default}
    spec: {podSelector: {}, policyTypes: [Ingress, Egress]}

    """
  }
}
