import Compiler
import Diagnostics
import Reachability
import Testing

/// A claim's new name means a new virtual server: what was observed of the old one says nothing of it.
@Suite struct RenamedClaimTests {
  private func compile(claimName: String) throws -> Compilation {
    try FixtureFleet(base: "porter-pair").overlaid(
      by: """
        -- observed/gold/a1b2c3-dev.yaml --
        apiVersion: cis.f5.com/v1
        kind: TransportServer
        metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
        spec:
          virtualServerAddress: 142.34.229.70
          virtualServerPort: 37650
          pool: {service: yourservice, servicePort: 8000}
        -- observed/golddr/a1b2c3-dev.yaml --
        apiVersion: v1
        kind: Service
        metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
        spec: {ports: [{port: 37650}]}
        ---
        apiVersion: v1
        kind: Endpoints
        metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
        subsets: [{addresses: [{ip: 142.34.229.70}], ports: [{port: 37650}]}]
        -- connections/yourservice.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Connection
        metadata: {name: yourservice, namespace: a1b2c3-dev}
        spec:
          from: [{clusters: [golddr]}]
          to: {clusters: [gold], service: yourservice, ports: [8000]}
          exposure: {acknowledged: span-bc}
          porter: {claimName: \(claimName)}
        """
    ).compile()
  }

  private func verdicts(_ compilation: Compilation) -> [ConnectionVerdict] {
    (compilation.judgement?.crossings ?? []).map(\.verdict)
  }

  @Test func knownClaimKeepsItsPort() throws {
    let compilation = try compile(claimName: "yourservice-tsc")
    #expect(!compilation.findings.contains { $0.rule.id == "LW2129" })
    #expect(verdicts(compilation) == [.proved])
  }

  @Test func renamedClaimWaits() throws {
    let compilation = try compile(claimName: "other-tsc")
    let rules = Set(compilation.findings.map(\.rule.id))
    #expect(rules.isSuperset(of: ["LW1401", "LW2129"]), "\(compilation.findings.map(\.goldenText))")
    #expect(verdicts(compilation) == [.pending])
  }
}
