import Compiler
import Diagnostics
import Reachability
import Testing

/// A Service that Porter cannot serve is told at its own hop, of the way that leads to it alone, though nothing is
/// written: the other way is what it would be.
@Suite struct PorterTargetTests {
  struct Fault: Sendable, CustomTestStringConvertible {
    let name: String
    /// Errors beside those of the judge.
    let rules: [String]
    /// The way that fails, and where.
    let route: String
    let hop: Hop.Kind
    let files: String
    var testDescription: String { name }
  }

  static let bothWays = """
    -- connections/yourservice.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: yourservice, namespace: a1b2c3-dev}
    spec:
      from: [{clusters: [gold, golddr]}]
      to: {service: yourservice, ports: [8000]}
      exposure: {acknowledged: span-bc}
      porter: {overrideServicePort: true}

    """

  /// The Service of golddr, with something else in its spec.
  static func service(_ spec: String) -> String {
    """
    -- workloads/golddr/yourservice.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: yourservice, namespace: a1b2c3-dev}
    spec: \(spec)
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: yourapp, namespace: a1b2c3-dev}
    spec:
      selector: {matchLabels: {name: yourapp}}
      template:
        metadata: {labels: {name: yourapp}}
        spec: {containers: [{name: app, image: i, ports: [{name: api, containerPort: 8000}]}]}

    """
  }

  static func extra(_ kind: String, _ rest: String) -> String {
    """
    -- workloads/gold/extra.yaml --
    apiVersion: v1
    kind: \(kind)
    metadata: {name: yourservice-golddr, namespace: a1b2c3-dev}
    \(rest)

    """
  }

  static let faults = [
    Fault(
      name: "ExternalName", rules: ["LW2114", "LW2117"], route: "gold → golddr", hop: .service,
      files: service("{type: ExternalName, externalName: db.example.com, ports: [{port: 8000}]}")),
    Fault(
      name: "headless", rules: ["LW2114", "LW2117"], route: "gold → golddr", hop: .service,
      files: service(
        "{clusterIP: None, selector: {name: yourapp}, ports: [{port: 8000, targetPort: 8000}]}")),
    Fault(
      name: "without selector", rules: ["LW2114"], route: "gold → golddr", hop: .service,
      files: service("{type: NodePort, ports: [{port: 8000, targetPort: 8000}]}")),
    Fault(
      name: "another type", rules: ["LW2117"], route: "gold → golddr", hop: .service,
      files: service("{selector: {name: yourapp}, ports: [{port: 8000, targetPort: 8000}]}")),
    Fault(
      name: "UDP", rules: ["LW2115"], route: "gold → golddr", hop: .service,
      files: service(
        "{type: NodePort, selector: {name: yourapp}, ports: [{port: 8000, targetPort: 8000, protocol: UDP}]}")
    ),
    Fault(
      name: "somebody else's Service", rules: ["LW2111"], route: "gold → golddr", hop: .name,
      files: extra("Service", "spec: {selector: {name: yourapp}, ports: [{port: 8000}]}")),
    Fault(
      name: "somebody else's Endpoints", rules: ["LW2111"], route: "gold → golddr", hop: .name,
      files: extra("Endpoints", "subsets: [{addresses: [{ip: 192.0.2.1}], ports: [{port: 8000}]}]")),
  ]

  @Test(arguments: faults)
  func faultIsToldAtItsHopAndOfItsWay(_ fault: Fault) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(by: Self.bothWays + fault.files).compile(
      options)
    #expect(compilation.failed && compilation.writtenFiles.isEmpty)
    let errors = Set(compilation.findings.filter { $0.severity == .error }.map(\.rule.id))
    #expect(errors == Set(fault.rules), "\(compilation.findingsText)")
    let judgement = try #require(compilation.judgement)
    #expect(judgement.crossings.count == 2)
    for judged in judgement.crossings {
      guard judged.crossing.route.hasPrefix(fault.route) else {
        #expect(judged.verdict == .proved, "\(judged.crossing.route)")
        continue
      }
      #expect(judged.verdict == .refuted)
      #expect(judged.decisiveHop?.kind == fault.hop, "\(String(describing: judged.decisiveHop))")
    }
  }

  /// Two ports of one Service: the claim serves the first, and the second is the one that fails.
  @Test func secondPortIsTheOneThatFails() throws {
    let connection = Self.bothWays.replacing("ports: [8000]", with: "ports: [8000, 8001]")
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(
      by: connection
        + Self.service(
          "{type: NodePort, selector: {name: yourapp}, ports: [{name: a, port: 8000, targetPort: 8000}, {name: b, port: 8001, targetPort: 8000}]}"
        )
        + Self.service(
          "{type: NodePort, selector: {name: yourapp}, ports: [{name: a, port: 8000, targetPort: 8000}, {name: b, port: 8001, targetPort: 8000}]}"
        ).replacing("golddr", with: "gold")
    ).compile()
    #expect(compilation.failed)
    for judged in try #require(compilation.judgement).crossings {
      #expect((judged.verdict == .refuted) == (judged.crossing.route.contains("8001")))
    }
  }

  /// What was observed and is no port, or no address, is no answer; both evaluators say so.
  @Test(arguments: [
    "virtualServerAddress: 142.34.229.70, virtualServerPort: 65555",
    "virtualServerAddress: 142.34.229.700, virtualServerPort: 37650",
  ])
  func valueThatIsNoneIsMissing(_ spec: String) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- links/gold-pair.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Link
        metadata: {name: gold-pair}
        spec: {porter: {primary: gold, secondary: golddr}}
        -- observed/gold/a1b2c3-dev.yaml --
        apiVersion: cis.f5.com/v1
        kind: TransportServer
        metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
        spec: {\(spec)}

        """
    ).compile(options)
    #expect(compilation.judgement?.crossings.map(\.verdict) == [.pending])
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }
}
