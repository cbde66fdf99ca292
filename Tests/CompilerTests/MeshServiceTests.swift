import Diagnostics
import Reachability
import Testing

@testable import Compiler

/// What owners do to the Services and workloads at both ends of a mesh: what breaks the connection, and what may run.
@Suite struct MeshServiceTests {
  private static func demo(
    _ cluster: String, service: String = "type: ClusterIP",
    ports: String = "{name: http, port: 80, targetPort: 80}",
    labels: String = "{}", replicas: Int = 2, selector: String = "rebel-base", extra: String = ""
  ) -> String {
    """
    -- workloads/\(cluster)/\(cluster == "cluster01" ? "x-wing" : "rebel-base").yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: rebel-base, namespace: default}
    spec:
      replicas: \(replicas)
      selector: {matchLabels: {name: rebel-base}}
      template:
        metadata: {labels: {name: rebel-base}}
        spec: {containers: [{name: rebel-base, image: nginx, ports: [{name: http, containerPort: 80}]}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: x-wing, namespace: default}
    spec:
      selector: {matchLabels: {name: x-wing}}
      template:
        metadata: {labels: {name: x-wing}}
        spec: {containers: [{name: x-wing, image: json-mock, ports: [{name: http, containerPort: 80}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata:
      {name: rebel-base, namespace: default, labels: \(labels), annotations: {service.cilium.io/global: "true"}}
    spec:
      \(service)
      selector: {name: \(selector)}
      ports: [\(ports)]
    \(extra)
    """
  }

  /// What an owner may do to the Services at both ends.
  static let ownersBreaks: [JudgementTests.Break] = [
    JudgementTests.Break(
      "no replicas", over: "clustermesh", demo("cluster02", replicas: 0), at: .pod, "LW7208"),
    JudgementTests.Break(
      "alias at the target", over: "clustermesh",
      demo("cluster02", service: "type: ExternalName\n  externalName: db.example.com"), at: .service, "LW7205"
    ),
    JudgementTests.Break(
      "alias at the client", over: "clustermesh",
      demo("cluster01", service: "type: ExternalName\n  externalName: db.example.com"), at: .name, "LW7202"),
  ]

  @Test(arguments: ownersBreaks)
  func whatOwnersBreakIsFoundAtItsHop(_ planted: JudgementTests.Break) throws {
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile()
    let crossings = try #require(compilation.judgement?.crossings)
    let refuted = crossings.filter { $0.verdict == .refuted }
    #expect(!refuted.isEmpty, "\(compilation.findingsText)")
    #expect(refuted.contains { $0.decisiveHop?.kind == planted.hop }, "\(compilation.findingsText)")
    #expect(compilation.findings.contains { $0.rule.id == planted.rule }, "\(compilation.findingsText)")
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }

  /// What runs, or may run, is not refuted.
  @Test(
    arguments: [
      ("replicas as they are", demo("cluster02"), ConnectionVerdict.proved),
      (
        "KEDA scales it",
        demo(
          "cluster02", replicas: 0,
          extra: """
            ---
            apiVersion: keda.sh/v1alpha1
            kind: ScaledObject
            metadata: {name: rebels, namespace: default}
            spec: {scaleTargetRef: {name: rebel-base}, triggers: []}
            """), .depends
      ),
      (
        "a Rollout has taken it over",
        demo(
          "cluster02", replicas: 0,
          extra: """
            ---
            apiVersion: argoproj.io/v1alpha1
            kind: Rollout
            metadata: {name: rebels, namespace: default}
            spec: {workloadRef: {apiVersion: apps/v1, kind: Deployment, name: rebel-base}}
            """), .depends
      ),
      (
        "an autoscaler leaves it alone",
        demo(
          "cluster02", replicas: 0,
          extra: """
            ---
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: {name: rebels, namespace: default}
            spec: {scaleTargetRef: {kind: Deployment, name: rebel-base}, maxReplicas: 3}
            """), .refuted
      ),
      ("other pods join", demo("cluster01", selector: "x-wing"), .depends),
      (
        "another number at the client", demo("cluster01", ports: "{name: http, port: 81, targetPort: 80}"),
        .depends
      ),
    ])
  func whatMayRunIsNotRefuted(_ name: String, _ files: String, _ verdict: ConnectionVerdict) throws {
    let compilation = try FixtureFleet(base: "clustermesh").overlaid(by: files).compile()
    let judged = try #require(compilation.judgement?.crossings.first)
    #expect(judged.verdict == verdict, "\(name): \(compilation.findingsText)")
  }
}
