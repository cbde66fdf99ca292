import Diagnostics
import Linker
import Output
import Reachability
import Testing

@testable import Compiler

/// What the clusters answered, against what claims ask for.
@Suite struct PorterObservationTests {
  private static func observed(_ port: Int) -> String {
    """
    -- observed/golddr/operator.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
    spec: {ports: [{port: \(port), targetPort: 37650}]}

    """
  }

  private static func judged(_ files: String) throws -> (Compilation, JudgedCrossing) {
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(by: files).compile(options)
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
    return (compilation, try #require(compilation.judgement?.crossings.first, "\(compilation.findingsText)"))
  }

  /// The operator has not written its Service anew since the claim was changed.
  @Test func serviceOfAnotherPort() throws {
    let (compilation, crossing) = try Self.judged(Self.observed(40000))
    #expect(crossing.verdict == .refuted, "\(compilation.findingsText)")
    #expect(crossing.decisiveHop?.kind == .name)
    #expect(
      compilation.findingsText.contains(
        "Service yourservice-gold in golddr was observed at port 40000, and claim yourservice-tsc gives clients port 8000"
      ), "\(compilation.findingsText)")
    #expect(try Self.judged(Self.observed(8000)).1.verdict == .proved)
  }

  @Test func endpointsThatAreNotReady() throws {
    let (compilation, crossing) = try Self.judged(
      """
      -- observed/golddr/operator.yaml --
      apiVersion: v1
      kind: Endpoints
      metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
      subsets: [{notReadyAddresses: [{ip: 142.34.229.70}], ports: [{port: 37650}]}]

      """)
    #expect(crossing.verdict == .refuted, "\(compilation.findingsText)")
    #expect(crossing.decisiveHop?.kind == .address)
  }

  /// What clients are told follows from the claim that exists, where the connection asks for nothing else.
  @Test(arguments: [(true, "8000"), (false, "37650")]) func keptClaimDecides(
    _ overrides: Bool, _ port: String
  ) throws {
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- workloads/gold/claim.yaml --
        apiVersion: porter.devops.gov.bc.ca/v1alpha1
        kind: TransportServerClaim
        metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
        spec: {service: yourservice, servicePort: 8000, overrideServicePort: \(overrides), monitor: {type: tcp, interval: 20, timeout: "61"}}
        -- connections/yourservice.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Connection
        metadata: {name: yourservice, namespace: a1b2c3-dev}
        spec:
          from: [{clusters: [golddr]}]
          to: {clusters: [gold], service: yourservice, ports: [8000]}
          exposure: {acknowledged: span-bc}
          publish: {configMap: peer}

        """
    ).compile()
    #expect(!compilation.findings.containErrors, "\(compilation.findingsText)")
    func text(_ end: String) -> String {
      let file = compilation.output.files.first { $0.path.hasSuffix(end) }
      return String(decoding: file?.content ?? [], as: UTF8.self)
    }
    #expect(text("configmap-peer.yaml").contains("port: \"\(port)\""), "\(text("configmap-peer.yaml"))")
    #expect(
      text("gold/expected/a1b2c3-dev/transportserver-yourservice-tsc.yaml").contains("interval: 20"),
      "\(text("transportserver-yourservice-tsc.yaml"))")
    #expect(text("transportserver-yourservice-tsc.yaml").contains("timeout: 61"))
  }

  /// A Service that clients outside the pair are given has its name at once, and its faults with it.
  @Test func namesOfClientsAreCheckedBeforeAnythingIsObserved() throws {
    func findings(_ porter: String, _ files: String = "") throws -> String {
      try FixtureFleet(base: "porter-pair").overlaid(
        by: """
          -- observed/gold/a1b2c3-dev.yaml --

          -- observed/golddr/a1b2c3-dev.yaml --

          -- clusters/emerald.yaml --
          apiVersion: linkwright.dev/v1alpha1
          kind: Cluster
          metadata: {name: emerald}
          spec: {distribution: openshift, network: {baseline: []}}
          -- connections/yourservice.yaml --
          apiVersion: linkwright.dev/v1alpha1
          kind: Connection
          metadata: {name: yourservice, namespace: a1b2c3-dev}
          spec:
            from: [{clusters: [emerald]}]
            to: {clusters: [gold], service: yourservice, ports: [8000]}
            exposure: {acknowledged: span-bc}
            porter: \(porter)

          """ + files
      ).compile().findingsText
    }
    let taken = """
      -- workloads/emerald/db.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: db, namespace: a1b2c3-dev}
      spec: {selector: {app: db}, ports: [{port: 8000}]}

      """
    #expect(try findings("{serviceName: db}", taken).contains("LW2111"))
    #expect(try !findings("{serviceName: other}", taken).contains("LW2111"))
  }
}
