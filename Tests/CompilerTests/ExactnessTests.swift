import Compiler
import Diagnostics
import Reachability
import Testing

/// Planted over-exposure: what emitted policies open beyond the connections is found, and blamed on its rule.
@Suite struct ExactnessTests {
  private static let ingress =
    "{namespaceSelector: {matchLabels: {network.openshift.io/policy-group: ingress}}}"
  private static let other = """
    -- workloads/gold/other.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: other, namespace: a1b2c3-dev}
    spec:
      selector: {matchLabels: {name: other}}
      template: {metadata: {labels: {name: other}}, spec: {containers: [{name: app, image: other}]}}

    """

  struct Plant: Sendable, CustomTestStringConvertible {
    let name: String
    let files: String
    let rule: String
    var testDescription: String { name }

    init(_ name: String, _ rule: String, _ files: String) {
      self.name = name
      self.rule = rule
      self.files = files
    }
  }

  private static func policy(_ selector: String, _ rule: String) -> String {
    JudgementTests.policyTemplate(selector, rule) + other
  }

  private static let own = "{matchLabels: \"${policy.podSelector}\"}"
  private static let client =
    "{to: [{ipBlock: {cidr: \"${policy.cidr}\"}}], ports: [{port: \"${policy.port}\"}]}"
  private static let dns =
    "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}, podSelector: {}}], ports: [{protocol: UDP, port: 5353}, {protocol: TCP, port: 5353}]}"

  static let plants: [Plant] = [
    Plant("everybody", "LW7221", policy(own, "{ports: [{port: 8000}]}")),
    Plant("an empty from", "LW7221", policy(own, "{from: [], ports: [{port: 8000}]}")),
    Plant(
      "all namespaces", "LW7221",
      policy(own, "{from: [\(ingress), {namespaceSelector: {}}], ports: [{port: 8000}]}")),
    Plant(
      "the own namespace", "LW7221",
      policy(own, "{from: [\(ingress), {podSelector: {}}], ports: [{port: 8000}]}")),
    Plant(
      "one other namespace", "LW7221",
      policy(
        own,
        "{from: [\(ingress), {namespaceSelector: {matchLabels: {team: others}}}], ports: [{port: 8000}]}")),
    Plant(
      "a network", "LW7221",
      policy(own, "{from: [\(ingress), {ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 8000}]}")),
    Plant("other pods", "LW7222", policy("{}", "{from: [\(ingress)], ports: [{port: 8000}]}")),
    Plant("every port", "LW7223", policy(own, "{from: [\(ingress)]}")),
    Plant(
      "a range of ports", "LW7223", policy(own, "{from: [\(ingress)], ports: [{port: 8000, endPort: 8001}]}")),
    Plant(
      "another protocol", "LW7223",
      policy(own, "{from: [\(ingress)], ports: [{port: 8000}, {port: 8000, protocol: UDP}]}")),
    Plant(
      "egress to a network", "LW7221",
      JudgementTests.egressTemplate(
        "\(dns), {to: [{ipBlock: {cidr: 142.34.229.0/24}}], ports: [{port: \"${policy.port}\"}]}")),
    Plant(
      "egress to everybody", "LW7221",
      JudgementTests.egressTemplate("\(dns), {ports: [{port: \"${policy.port}\"}]}")),
    Plant(
      "egress at every port", "LW7223",
      JudgementTests.egressTemplate("\(dns), {to: [{ipBlock: {cidr: \"${policy.cidr}\"}}]}")),
  ]

  @Test(arguments: plants)
  func excessIsFound(_ plant: Plant) throws {
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(by: plant.files).compile()
    #expect(
      compilation.findings.contains { $0.rule.id == plant.rule }, "\(compilation.findingsText)")
    #expect(!compilation.failed)
  }

  /// A policy that is there for the pods' way in, and opens their way out as well: its selector must stay.
  @Test func otherDirectionIsTakenOut() throws {
    func template(_ more: String) -> String {
      JudgementTests.template(
        "porter/network-policy.yaml",
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: "${policy.name}", namespace: "${service.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
        spec:
          podSelector: \(Self.own)
          policyTypes: [Ingress\(more.isEmpty ? "" : ", Egress")]
          ingress: [{from: [\(Self.ingress)], ports: [{port: 8000}]}]
          \(more)
        """)
    }
    let open = try FixtureFleet(base: "porter-pair").overlaid(by: template("egress: [{}]")).compile()
    let finding = try #require(open.findings.first { $0.rule.id == "LW7222" }, "\(open.findingsText)")
    #expect(
      finding.help == ["take spec.egress, and Egress in spec.policyTypes, out: no connection needs them"])
    let mended = try FixtureFleet(base: "porter-pair").overlaid(by: template("")).compile()
    #expect(!mended.findings.contains { $0.rule.id.hasPrefix("LW722") }, "\(mended.findingsText)")
    #expect(mended.judgement?.count(.proved) == 1)
  }

  /// One selector that opens several workloads: the remedy names all of them.
  @Test func everyPodTooManyIsNamed() throws {
    let second = Self.other.replacing("other", with: "second")
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(
      by: Self.policy("{}", "{from: [\(Self.ingress)], ports: [{port: 8000}]}") + second
    ).compile()
    let found = compilation.findings.filter { $0.rule.id == "LW7222" }
    #expect(found.count == 1, "\(compilation.findingsText)")
    let help = found.first?.help.first ?? ""
    #expect(
      help.contains("Deployment other (name=other)") && help.contains("Deployment second (name=second)"))
    #expect(found.first?.notes.contains { $0.contains("as well") } == true)
  }

  /// What lets clients out is known where the way ends behind them: a connection that fails hides none of it.
  @Test func excessOfClientsIsToldBesideWhatFails() throws {
    let compilation = try FixtureFleet(directory: "Tests/CompilerTests/Cases/static-egress/input").overlaid(
      by: JudgementTests.template(
        "static/egress-policy.yaml",
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: "${policy.name}", namespace: "${policy.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
        spec:
          podSelector: "${policy.podSelector}"
          policyTypes: [Egress]
          egress: [{}]
        """)
        + JudgementTests.policy("silver", "a1b2c3-prod", "{podSelector: {}, policyTypes: [Ingress]}")
    ).compile()
    #expect(compilation.judgement?.count(.refuted) ?? 0 > 0)
    #expect(compilation.findings.contains { $0.rule.id == "LW7221" }, "\(compilation.findingsText)")
  }

  @Test func exactPoliciesAreNotBlamed() throws {
    for rule in [
      Self.policy(Self.own, "{from: [\(Self.ingress)], ports: [{port: 8000}]}"),
      JudgementTests.egressTemplate("\(Self.dns), \(Self.client)"),
    ] {
      let compilation = try FixtureFleet(base: "porter-pair").overlaid(by: rule).compile()
      #expect(!compilation.findings.contains { $0.rule.id.hasPrefix("LW722") }, "\(compilation.findingsText)")
    }
  }

  /// What a connection needs that waits for an observation is not known.
  @Test func connectionsThatWaitAreLeftOut() throws {
    let unobserved = "-- observed/golddr/a1b2c3-dev.yaml --\n\n-- observed/gold/a1b2c3-dev.yaml --\n\n"
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(by: unobserved).compile()
    #expect(compilation.judgement?.count(.pending) ?? 0 > 0, "\(compilation.findingsText)")
    #expect(!compilation.findings.contains { $0.rule.id.hasPrefix("LW722") }, "\(compilation.findingsText)")
  }

  /// What somebody else's policy opens anyway is not the emitted one's fault.
  @Test func otherPoliciesAreNotBlamedOnTheEmittedOne() throws {
    let files =
      Self.policy(Self.own, "{from: [\(Self.ingress), {namespaceSelector: {}}], ports: [{port: 8000}]}")
      + JudgementTests.policy(
        "gold", "a1b2c3-dev",
        "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {}}], ports: [{port: 8000}]}]}"
      )
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(by: files).compile()
    #expect(!compilation.findings.contains { $0.rule.id == "LW7221" }, "\(compilation.findingsText)")
  }
}
