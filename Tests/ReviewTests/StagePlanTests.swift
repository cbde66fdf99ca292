import Output
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

  /// Where no one policy does what both did, the earlier one stays beside the later one.
  @Test func theEarlierPolicyStaysBesideTheLaterOne() throws {
    let change = ReviewSample.change(policy(80), policy(80, selector: "{matchLabels: {a: b}}"))
    #expect(
      stages([change]) == [
        "provide: change NetworkPolicy ns/p, add NetworkPolicy ns/p-linkwright-former",
        "remove: remove NetworkPolicy ns/p-linkwright-former",
      ])
    let former = try #require(StagePlan([change]).stages.first?.steps.last)
    #expect(former.path == "rendered/gold/manifests/ns/networkpolicy-p-linkwright-former.yaml")
    let text = String(decoding: try #require(former.content), as: UTF8.self)
    #expect(text.contains("name: p-linkwright-former\n  namespace: ns\n") && text.contains("podSelector: {}"))
    #expect(
      stages([ReviewSample.change(policy(80, types: "[Ingress]"), policy(80, types: "[Egress]"))])
        == stages([change]))
    // Denials of Cilium add up as well.
    let denying = { (port: Int) in
      ReviewSample.policy("{endpointSelector: {}, ingressDeny: [\(self.rule(port))]}")
        .replacing("NetworkPolicy", with: "CiliumNetworkPolicy")
    }
    #expect(
      stages([ReviewSample.change(denying(80), denying(81))]).first?.contains(
        "add CiliumNetworkPolicy ns/p-linkwright-former") == true)
  }

  @Test func whatNoPolicyCanBridgeIsSaid() {
    let ranked = { (priority: Int) in
      "{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: p}, spec: {priority: \(priority)}}"
    }
    #expect(
      stages([ReviewSample.change(ranked(1), ranked(2))]) == [
        "consume: change AdminNetworkPolicy p; AdminNetworkPolicy p in gold changes in one step, since rules of AdminNetworkPolicy do not add up"
      ])
    let long = { (port: Int) in
      ReviewSample.policy(
        "{podSelector: {matchLabels: {a: x\(port)}}}", name: String(repeating: "n", count: 240))
    }
    #expect(
      stages([ReviewSample.change(long(1), long(2))]).first?.contains("too long for a second one") == true)
  }

  /// A rule that admits all that another one does is no reason for a stage in which both stand.
  @Test(arguments: [
    ("{ports: [{port: 80}]}", "{}"),
    ("{from: [{podSelector: {}}], ports: [{port: 80}]}", "{from: [{podSelector: {}}]}"),
    ("{from: [{podSelector: {}}]}", "{from: [{podSelector: {}}, {namespaceSelector: {}}]}"),
    ("{ports: [{port: 80}, {port: 81, endPort: 90}]}", "{ports: [{port: 80, endPort: 100}]}"),
    ("{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}", "{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}"),
    ("{ports: [{port: 80, protocol: UDP}]}", "{ports: [{protocol: UDP}]}"),
    ("{ports: [{port: web}]}", "{ports: [{port: web, protocol: TCP}]}"),
  ])
  func aWiderRuleIsSeen(_ narrow: String, _ wide: String) {
    let policy = { (rule: String) in ReviewSample.policy("{podSelector: {}, ingress: [\(rule)]}") }
    #expect(
      stages([ReviewSample.change(policy(narrow), policy(wide))]) == ["provide: change NetworkPolicy ns/p"])
    if narrow.contains("web") { return }
    #expect(
      stages([ReviewSample.change(policy(wide), policy(narrow))]) == ["remove: narrow NetworkPolicy ns/p"])
  }

  @Test(arguments: [
    ("{ports: [{port: 80}]}", "{ports: [{port: 81}]}"),
    ("{ports: [{port: 80}]}", "{ports: [{port: 80, protocol: UDP}]}"),
    ("{ports: [{port: web}]}", "{ports: [{port: 80}]}"),
    (
      "{from: [{ipBlock: {cidr: 10.1.0.0/16}}]}",
      "{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/24]}}]}"
    ),
    ("{from: [{podSelector: {}}], ports: [{port: 80}]}", "{from: [{namespaceSelector: {}}]}"),
  ])
  func otherRulesAreNoWiderOnes(_ one: String, _ other: String) {
    let policy = { (rule: String) in ReviewSample.policy("{podSelector: {}, ingress: [\(rule)]}") }
    #expect(
      stages([ReviewSample.change(policy(one), policy(other))])
        == ["provide: widen NetworkPolicy ns/p", "remove: narrow NetworkPolicy ns/p"])
  }

  /// Objects of other kinds, where what they say adds up.
  @Test func objectsDoBothForAWhile() throws {
    func patch(_ annotations: String) -> String {
      "{apiVersion: v1, kind: Service, metadata: {name: s, namespace: ns, annotations: {\(annotations)}}}"
    }
    func change(_ old: String, _ new: String) -> [String] {
      stages([ReviewSample.change(patch(old), patch(new), part: .components)])
    }
    let shared = "service.cilium.io/shared"
    #expect(change("a: x", "a: x, b: y") == ["provide: change Service ns/s"])
    #expect(change("a: x, b: y", "a: x") == ["remove: narrow Service ns/s"])
    #expect(
      change("a: x", "b: y") == ["provide: widen Service ns/s", "remove: narrow Service ns/s"])
    #expect(change("a: x", "a: y") == ["consume: change Service ns/s"])
    #expect(change("\(shared): 'false'", "\(shared): 'true'") == ["provide: change Service ns/s"])
    #expect(change("\(shared): 'true'", "\(shared): 'false'") == ["remove: narrow Service ns/s"])

    func stage(_ kind: String, _ old: String, _ new: String) -> [String] {
      stages([ReviewSample.change(object(kind, "x", old), object(kind, "x", new))])
    }
    let servers = { (hosts: String) in
      "{servers: [{port: {number: 15443}, tls: {mode: AUTO_PASSTHROUGH}, hosts: [\(hosts)]}]}"
    }
    #expect(stage("Gateway", servers("a"), servers("a, b")) == ["provide: change Gateway ns/x"])
    #expect(
      stage("Gateway", servers("a"), servers("b")) == [
        "provide: widen Gateway ns/x", "remove: narrow Gateway ns/x",
      ])
    let reach = { (names: String) in "{networkSettings: {networkReachability: {one: '\(names)'}}}" }
    #expect(
      stage("OrganizationSetting", reach("two"), reach("three")) == [
        "provide: widen OrganizationSetting ns/x", "remove: narrow OrganizationSetting ns/x",
      ])
    let content = try #require(
      StagePlan([
        ReviewSample.change(
          object("OrganizationSetting", "x", reach("two")), object("OrganizationSetting", "x", reach("three"))
        )
      ]).stages.first?.steps.first?.content)
    #expect(String(decoding: content, as: UTF8.self).contains("one: \"three,two\"\n"))
    let ports = { (list: String) in "{selector: {a: b}, ports: [\(list)]}" }
    #expect(
      stage("Service", ports("{name: one, port: 80}"), ports("{name: two, port: 81}")) == [
        "provide: widen Service ns/x", "remove: narrow Service ns/x",
      ])
    // Ports without names cannot stand beside each other.
    #expect(stage("Service", ports("{port: 80}"), ports("{port: 81}")) == ["consume: change Service ns/x"])
    #expect(
      stage("Service", ports("{name: one, port: 80}"), ports("{name: two, port: 80}"))
        == ["consume: change Service ns/x"])
  }

  @Test func whatControllersMakeIsNoStage() {
    let made = ReviewSample.change(object("Service", "a"), object("Service", "a", "{b: c}"), part: .expected)
    #expect(stages([made]) == ["consume: change Service ns/a"])
    #expect(
      stages([made, ReviewSample.change(nil, ReviewSample.policy("{podSelector: {}}"))])
        == ["provide: add NetworkPolicy ns/p, change Service ns/a"])
  }

  /// It comes with what makes it, and goes with it.
  @Test func whatControllersMakeGoesWithItsCause() {
    let policy = ReviewSample.policy("{podSelector: {}}")
    let gone = ReviewSample.change(object("Service", "a"), nil, part: .expected)
    let new = ReviewSample.change(nil, object("Service", "b"), part: .expected)
    let data = ReviewSample.change(
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: ns}, data: {a: b}}",
      "{apiVersion: v1, kind: ConfigMap, metadata: {name: c, namespace: ns}, data: {a: c}}")
    #expect(
      stages([gone, data, ReviewSample.change(policy, nil)]) == [
        "consume: change ConfigMap ns/c", "remove: remove NetworkPolicy ns/p, remove Service ns/a",
      ])
    #expect(
      stages([new, data, ReviewSample.change(nil, policy)]) == [
        "provide: add NetworkPolicy ns/p, add Service ns/b", "consume: change ConfigMap ns/c",
      ])
  }
}
