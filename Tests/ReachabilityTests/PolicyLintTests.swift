import Diagnostics
import Kubernetes
import Reachability
import TestSupport
import Testing

/// What is valid in policies and rarely meant: said where it surely is so, and not where anything speaks against it.
@Suite struct PolicyLintTests {
  /// A port that no container declares may be open all the same: nothing is said where anything speaks for it.
  @Test(arguments: [
    // A range, every port, a proxy's own port.
    ("", "ingress: [{ports: [{port: 9000, endPort: 9010}]}]"), ("", "ingress: [{ports: [{protocol: UDP}]}]"),
    ("", "ingress: [{ports: [{port: 15008}]}]"),
    // Another of the pods declares it, or one declares nothing.
    ("spec: {containers: [{name: c, ports: [{containerPort: 9090}]}]}", "ingress: [{ports: [{port: 9090}]}]"),
    ("spec: {containers: [{name: c}]}", "ingress: [{ports: [{port: 9090}]}]"),
    // The kubelet asks there.
    (
      "spec: {containers: [{name: c, ports: [{containerPort: 1}], readinessProbe: {httpGet: {port: 9090}}}]}",
      "ingress: [{ports: [{port: 9090}]}]"
    ),
    // Pods of other repositories, and addresses outside.
    ("", "egress: [{to: [{namespaceSelector: {}}], ports: [{port: 53, protocol: UDP}, {port: 9090}]}]"),
    (
      "",
      "egress: [{to: [{podSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 53, protocol: UDP}, {port: 9090}]}]"
    ),
  ])
  func numbersThatMayBeOpen(_ pod: String, _ spec: String) {
    let other =
      "apiVersion: v1\nkind: Pod\nmetadata: {name: other, namespace: a, labels: {app: other}}\n\(pod)\n---\n"
    let text = (pod.isEmpty ? "" : other) + PolicyCheckTests.pods + "spec: {\(spec)}"
    #expect(PolicyCheckTests.findings(MarkedSource(text)).map(\.message) == [])
  }

  /// A Service that leads to a port is as good as a declaration.
  @Test func numbersOfServices() {
    let text = PolicyCheckTests.pods.replacing("targetPort: 8080", with: "targetPort: 9090")
    #expect(
      PolicyCheckTests.findings(MarkedSource(text + "spec: {ingress: [{ports: [{port: 9090}]}]}")).isEmpty)
    #expect(
      PolicyCheckTests.findings(
        MarkedSource(PolicyCheckTests.pods + "spec: {ingress: [{ports: [{port: 9090}]}]}")
      ).first?.help
        == ["those that are declared are 8080"])
  }

  /// The name service is in a namespace that no application's repository holds.
  @Test(arguments: [
    ("kubernetes.io/metadata.name: kube-system", "UDP", false),
    ("kubernetes.io/metadata.name: openshift-dns", "UDP", false),
    ("kubernetes.io/metadata.name: other", "TCP", true), ("team: other", "TCP", true),
  ])
  func nameServiceElsewhere(_ label: String, _ transport: String, _ isFound: Bool) {
    let elsewhere =
      "{to: [{namespaceSelector: {matchLabels: {\(label)}}}], ports: [{port: 53, protocol: \(transport)}]}"
    let here = "{to: [{podSelector: {}}], ports: [{port: 8080}]}"
    for rules in [elsewhere, "\(here), \(elsewhere)"] {
      let found = PolicyCheckTests.findings(
        MarkedSource(PolicyCheckTests.pods + "spec: {egress: [\(rules)]}"))
      #expect(found.map(\.rule.id) == (isFound ? ["LW7107"] : []), "\(rules)")
    }
    // Pods that may go nowhere ask for no names.
    #expect(
      PolicyCheckTests.findings(MarkedSource(PolicyCheckTests.pods + "spec: {policyTypes: [Egress]}")).isEmpty
    )
  }

  /// What selects nobody is said with the label that nobody has, and the nearest one.
  @Test(arguments: [
    ("namespaceSelector: {matchLabels: {team: rde}}", "no namespace has team=rde", "did you mean 'red'?"),
    ("podSelector: {matchLabels: {app: wbe}}", "none has app=wbe", "did you mean 'web'?"),
  ])
  func nearestPeers(_ peer: String, _ label: String, _ help: String) {
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {team: red}}\n---\n"
    let found = PolicyCheckTests.findings(
      MarkedSource(namespace + PolicyCheckTests.pods + "spec: {ingress: [{from: [{\(peer)}]}]}"))
    #expect(found.map(\.rule.id) == ["LW7104"])
    #expect(found.first?.primary?.text == label && found.first?.help == [help], "\(found)")
  }

  private static func admin(_ name: String, _ kind: String, _ spec: String) -> String {
    "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: \(kind)\nmetadata: {name: \(name)}\nspec: \(spec)\n---\n"
  }

  private static func found(_ policies: String...) throws -> [Diagnostic] {
    let text = PolicyCheckTests.pods + "spec: {}\n---\n" + policies.joined()
    return PolicyCheckTests.findings(MarkedSource(text), try #require(.named("ovn-kubernetes")))
  }

  /// Two admin policies of one priority, where it matters which comes first.
  @Test func priorities() throws {
    func policy(_ name: String, _ priority: Int, _ subject: String, _ section: String) -> String {
      Self.admin(
        name, "AdminNetworkPolicy",
        "{priority: \(priority), subject: {namespaces: \(subject)}, \(section): [{action: Deny, \(section == "ingress" ? "from" : "to"): [{namespaces: {}}]}]}"
      )
    }
    let first = policy("p", 5, "{}", "ingress")
    let twice = try Self.found(first, policy("q", 5, "{}", "ingress"))
    #expect(twice.map(\.rule.id) == ["LW7114"])
    #expect(twice.first?.message == "AdminNetworkPolicy q has the priority 5 of AdminNetworkPolicy p")
    #expect(try Self.found(first, policy("q", 6, "{}", "ingress")).isEmpty)
    #expect(try Self.found(first, policy("q", 5, "{}", "egress")).isEmpty)
    #expect(
      try Self.found(first, policy("q", 5, "{matchLabels: {kubernetes.io/metadata.name: other}}", "ingress"))
        .isEmpty)
    let baseline = Self.admin(
      "default", "BaselineAdminNetworkPolicy",
      "{subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}")
    #expect(try Self.found(policy("p", 0, "{}", "ingress"), baseline).isEmpty)
  }

  /// Names of ports in admin policies: of the pods that a rule is about, with any protocol.
  @Test(arguments: [
    ("ingress", "http", [String]()), ("ingress", "htpp", ["did you mean 'http'?"]), ("egress", "http", []),
    ("egress", "smtp", ["declare it, or write the port's number"]),
  ])
  func namesOfAdminPolicies(_ section: String, _ name: String, _ help: [String]) throws {
    let peers = section == "ingress" ? "from" : "to"
    let policy = Self.admin(
      "p", "AdminNetworkPolicy",
      "{priority: 1, subject: {namespaces: {}}, \(section): [{action: Deny, \(peers): [{namespaces: {}}], ports: [{namedPort: \(name)}]}]}"
    )
    let found = try Self.found(policy)
    #expect(found.map(\.rule.id) == (help.isEmpty ? [] : ["LW7105"]))
    #expect(found.flatMap(\.help) == help)
  }

  // MARK: Near misses

  private static let namespaces =
    "apiVersion: v1\nkind: Namespace\nmetadata: {name: a, labels: {team: red, tier: front}}\n---\n"

  /// What a selector that selects nothing nearly says.
  @Test(arguments: [
    (
      "LW7103", "podSelector: {matchExpressions: [{key: ap, operator: Exists}]}",
      "no pod has the label 'ap'; did you mean 'app'?"
    ),
    (
      "LW7103", "podSelector: {matchExpressions: [{key: app, operator: DoesNotExist}]}",
      "every pod there has the label 'app'"
    ),
    (
      "LW7103", "podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [web, db]}]}",
      "'app' is web there"
    ),
    (
      "LW7104", "ingress: [{from: [{namespaceSelector: {matchLabels: {name: a}}}]}]",
      "no namespace has the label 'name'; its name is the label kubernetes.io/metadata.name"
    ),
    (
      "LW7104",
      "ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: tiers, operator: Exists}]}}]}]",
      "no namespace has the label 'tiers'; did you mean 'tier'?"
    ),
    ("", "ingress: [{from: [{namespaceSelector: {matchLabels: {name: elsewhere}}}]}]", ""),
    (
      "", "ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: other, operator: Exists}]}}]}]", ""
    ),
    ("", "ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]", ""),
  ])
  func nearMisses(_ id: String, _ spec: String, _ help: String) {
    let found = PolicyCheckTests.findings(
      MarkedSource(Self.namespaces + PolicyCheckTests.pods + "spec: {\(spec)}"))
    #expect(found.map(\.rule.id) == (id.isEmpty ? [] : [id]))
    #expect(found.flatMap(\.help) == (id.isEmpty ? [] : [help]))
  }

  /// Admin policies are written for what may come: only what is nearly there is said.
  @Test(arguments: [
    (
      "LW7103",
      "subject: {namespaces: {matchLabels: {team: rde}}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]"
    ),
    (
      "LW7103",
      "subject: {pods: {podSelector: {matchLabels: {app: wbe}}}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]"
    ),
    (
      "LW7104",
      "subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {matchLabels: {teem: red}}}]}]"
    ),
    (
      "LW7104",
      "subject: {namespaces: {}}, egress: [{action: Deny, to: [{pods: {podSelector: {matchLabels: {app: wbe}}}}]}]"
    ),
    (
      "",
      "subject: {namespaces: {matchLabels: {zone: dmz}}}, ingress: [{action: Deny, from: [{namespaces: {matchLabels: {zone: office}}}]}]"
    ),
  ])
  func nearMissesOfAdminPolicies(_ id: String, _ spec: String) throws {
    let text =
      Self.namespaces + PolicyCheckTests.pods + "spec: {}\n---\n"
      + Self.admin("p", "AdminNetworkPolicy", "{priority: 5, \(spec)}")
    let found = PolicyCheckTests.findings(MarkedSource(text), try #require(.named("ovn-kubernetes")))
    #expect(found.map(\.rule.id) == (id.isEmpty ? [] : [id]))
    #expect(found.allSatisfy { $0.help.count == 1 })
  }

  /// Numbers of ports in Cilium's policies: a Service's instead of the pods', and what nobody declares.
  @Test(arguments: [
    ("LW7106", "ingress", "80"), ("LW7113", "ingress", "8081"), ("", "ingress", "8080"),
    ("", "ingress", "0"), ("", "ingressDeny", "8081"),
  ])
  func numbersOfCiliumPolicies(_ id: String, _ section: String, _ port: String) throws {
    let text =
      PolicyCheckTests.pods.replacing(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy",
        with: "apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy")
      + "spec: {endpointSelector: {}, \(section): [{toPorts: [{ports: [{port: \"\(port)\", protocol: TCP}]}]}]}"
    let found = PolicyCheckTests.findings(MarkedSource(text), try #require(.named("cilium-1.19")))
    #expect(found.map(\.rule.id) == (id.isEmpty ? [] : [id]))
  }

  /// A label without a value has the empty one, as API servers read it.
  @Test func labelsWithoutValues() {
    let text = PolicyCheckTests.pods.replacing("labels: {app: web}", with: "labels: {app: web, open: }")
    for selector in ["{open: }", "{open: ~}", "{open: \"\"}"] {
      #expect(
        PolicyCheckTests.findings(MarkedSource(text + "spec: {podSelector: {matchLabels: \(selector)}}"))
          .isEmpty)
    }
  }
}
