import Compiler
import Diagnostics
import Testing

/// One number under several protocols.
@Suite struct PortProtocolTests {
  private func porter(ports: String) throws -> [Diagnostic] {
    var fleet = try FixtureFleet(base: "porter-pair")
    for cluster in ["gold", "golddr"] {
      fleet = fleet.overlaid(
        by: """
          -- workloads/\(cluster)/yourservice.yaml --
          apiVersion: v1
          kind: Service
          metadata: {name: yourservice, namespace: a1b2c3-dev}
          spec:
            type: NodePort
            selector: {name: yourapp}
            ports:
            - {name: web, port: 8000}
            - {name: voice, port: 8000, protocol: UDP}
          ---
          apiVersion: apps/v1
          kind: Deployment
          metadata: {name: yourapp, namespace: a1b2c3-dev}
          spec:
            selector: {matchLabels: {name: yourapp}}
            template:
              metadata: {labels: {name: yourapp}}
              spec: {containers: [{name: app, image: app}]}
          """)
    }
    return try fleet.overlaid(
      by: """
        -- connections/yourservice.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Connection
        metadata: {name: yourservice, namespace: a1b2c3-dev}
        spec:
          from: [{clusters: [golddr]}]
          to: {clusters: [gold], service: yourservice, ports: [\(ports)]}
          exposure: {acknowledged: span-bc}
          porter: {overrideServicePort: true}
        """
    ).compile().findings
  }

  /// Both ports are meant, and a claim can carry one of them: the finding says how to say which.
  @Test func numberMeansEveryProtocol() throws {
    let errors = try porter(ports: "8000").filter { $0.severity == .error }
    #expect(errors.map(\.rule.id) == ["LW2115"], "\(errors.map(\.goldenText))")
    #expect(errors.first?.help == ["name the TCP port of that number: 'web'"])
  }

  @Test func nameMeansOneProtocol() throws {
    let errors = try porter(ports: "web").filter { $0.severity == .error }
    #expect(errors.isEmpty, "\(errors.map(\.goldenText))")
  }
}
