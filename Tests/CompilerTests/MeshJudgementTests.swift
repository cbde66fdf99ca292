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
  @Test(arguments: [
    ("ingress", Hop.Kind.ingress, "LW7207"), ("ingress without the cluster's label", .ingress, "LW7207"),
    ("egress", .egress, "LW7201"), ("egress without the cluster's label", .egress, "LW7201"),
  ])
  func breakIsFoundAtItsHop(_ name: String, _ hop: Hop.Kind, _ rule: String) throws {
    let files: String
    switch name {
    case "ingress":
      files =
        Self.template(
          "ingress-policy", "Ingress",
          "ingress: [{from: [{podSelector: {matchLabels: {name: x-wing}}}], ports: [{port: 81}]}]")
        + Self.closed("cluster02")
    case "ingress without the cluster's label":
      files =
        Self.template(
          "ingress-policy", "Ingress", "ingress: [{from: [{podSelector: {matchLabels: {name: x-wing}}}]}]")
        + Self.closed("cluster02")
    case "egress":
      files =
        Self.template(
          "egress-policy", "Egress",
          "egress: [\(Self.dns), {to: [{podSelector: {matchLabels: {name: x-wing}}}]}]")
        + Self.closed("cluster01")
    default:
      files =
        Self.template(
          "egress-policy", "Egress",
          "egress: [\(Self.dns), {to: [{podSelector: {matchLabels: {name: rebel-base}}}]}]")
        + Self.closed("cluster01")
    }
    let compilation = try FixtureFleet(base: "clustermesh").overlaid(by: files).compile()
    let judged = try #require(compilation.judgement?.crossings.first)
    #expect(judged.verdict == .refuted, "\(compilation.findingsText)")
    #expect(judged.decisiveHop?.kind == hop, "\(compilation.findingsText)")
    #expect(compilation.findings.contains { $0.rule.id == rule }, "\(compilation.findingsText)")
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
