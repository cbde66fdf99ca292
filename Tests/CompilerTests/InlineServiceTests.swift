import Compiler
import Diagnostics
import Testing

/// A Service that a connection declares: its manifest lies elsewhere, and what is known contradicts it all the same.
@Suite struct InlineServiceTests {
  private static func findings(_ label: String, observed: String = "") throws -> [Diagnostic] {
    try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- connections/inline.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Connection
        metadata: {name: inline, namespace: a1b2c3-dev}
        spec:
          from: [{clusters: [golddr]}]
          to:
            clusters: [gold]
            service: {name: mq, selector: {app: \(label)}, ports: [{port: 5671}]}
            ports: [5671]
          exposure: {acknowledged: span-bc}
        -- workloads/gold/mq.yaml --
        apiVersion: apps/v1
        kind: StatefulSet
        metadata: {name: mq, namespace: a1b2c3-dev}
        spec:
          selector: {matchLabels: {app: broker}}
          template:
            metadata: {labels: {app: broker}}
            spec: {containers: [{name: mq, image: mq, ports: [{containerPort: 5671}]}]}

        """
    ).compile().findings.filter { $0.rule.id == "LW1207" }
  }

  @Test func slipOfThePenIsNamed() throws {
    let found = try Self.findings("brokr")
    #expect(found.count == 1 && found.first?.severity == .warning, "\(found.map(\.goldenText))")
    #expect(found.first?.help.first?.contains("app: broker") == true, "\(found.map(\.goldenText))")
  }

  /// Somebody else's pods are no slip.
  @Test func otherPodsAreFine() throws {
    #expect(try Self.findings("somebody-else").isEmpty)
  }
}
