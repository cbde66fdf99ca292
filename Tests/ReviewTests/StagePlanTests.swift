import Testing
import YAMLTree

@testable import Review

/// The order of a change, and the policies between two versions.
@Suite struct StagePlanTests {
  private func stages(_ changes: [ObjectChange]) -> [String] {
    StagePlan(changes).stages.map { stage in
      "\(stage.name.rawValue): "
        + stage.steps.map { "\($0.action.rawValue) \($0.key.name)" }.joined(separator: ", ")
        + (stage.faults.isEmpty ? "" : "; \(stage.faults.joined(separator: ", "))")
    }
  }

  private func object(_ kind: String, _ name: String, _ spec: String = "{}") -> String {
    "{apiVersion: v1, kind: \(kind), metadata: {name: \(name), namespace: ns}, spec: \(spec)}"
  }

  @Test func providersThenConsumersThenRemovals() {
    #expect(
      stages([
        ReviewSample.change(nil, object("TransportServerClaim", "new")),
        ReviewSample.change(object("TransportServerClaim", "old"), nil),
        ReviewSample.change(nil, object("Service", "outside")),
        ReviewSample.change(nil, object("Service", "inside", "{selector: {a: b}}")),
        ReviewSample.change(nil, object("EndpointSlice", "slice")),
        ReviewSample.change(nil, ReviewSample.policy("{podSelector: {}}")),
      ]) == [
        "provide: add TransportServerClaim ns/new, add Service ns/inside, add NetworkPolicy ns/p",
        "consume: add Service ns/outside, add EndpointSlice ns/slice",
        "remove: remove TransportServerClaim ns/old",
      ])
    #expect(stages([]) == [])
  }

  private func rule(_ port: Int) -> String { "{ports: [{port: \(port)}]}" }
  private func policy(_ ports: Int..., selector: String = "{}", types: String = "[Ingress]") -> String {
    ReviewSample.policy(
      "{podSelector: \(selector), policyTypes: \(types), ingress: [\(ports.map(rule).joined(separator: ", "))]}"
    )
  }

  @Test func policiesWidenBeforeTheyNarrow() throws {
    #expect(
      stages([ReviewSample.change(policy(80), policy(80, 81))]) == ["provide: change NetworkPolicy ns/p"])
    #expect(
      stages([ReviewSample.change(policy(80, 81), policy(80))]) == ["remove: narrow NetworkPolicy ns/p"])
    let change = ReviewSample.change(policy(80), policy(81))
    #expect(stages([change]) == ["provide: widen NetworkPolicy ns/p", "remove: narrow NetworkPolicy ns/p"])
    let content = try #require(StagePlan([change]).stages.first?.steps.first?.content)
    #expect(
      String(decoding: content, as: UTF8.self) == """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: p
          namespace: ns
        spec:
          ingress:
          - ports:
            - port: 80
          - ports:
            - port: 81
          podSelector: {}
          policyTypes:
          - Ingress

        """)
  }

  /// Isolation of a further direction closes something, so it comes last.
  @Test func isolationComesLast() throws {
    let change = ReviewSample.change(policy(80), policy(80, 81, types: "[Ingress, Egress]"))
    #expect(stages([change]) == ["provide: widen NetworkPolicy ns/p", "remove: narrow NetworkPolicy ns/p"])
    let content = try #require(StagePlan([change]).stages.first?.steps.first?.content)
    #expect(!String(decoding: content, as: UTF8.self).contains("Egress"))
    #expect(
      stages([ReviewSample.change(policy(80), policy(80, types: "[Ingress, Egress]"))])
        == ["remove: narrow NetworkPolicy ns/p"])
  }

  @Test func whatNoPolicyCanBridgeIsSaid() {
    let change = ReviewSample.change(policy(80), policy(80, selector: "{matchLabels: {a: b}}"))
    #expect(
      stages([change]) == [
        "consume: change NetworkPolicy ns/p; NetworkPolicy ns/p in gold changes in one step, since it selects other pods"
      ])
  }
}
