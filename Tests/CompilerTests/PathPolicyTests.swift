import Compiler
import Diagnostics
import Testing

/// `spec.paths` of Policy documents on the evaluated fleet.
@Suite struct PathPolicyTests {
  private static func findings(_ paths: String, _ more: String = "", exceptions: String = "[]") throws
    -> [Diagnostic]
  {
    let files = """
      -- policies/paths.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: paths}
      spec:
        paths: [\(paths)]
      \(exceptions == "[]" ? "" : "  exceptions: \(exceptions)")

      """
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(by: files + more).compile()
    #expect(compilation.judgement != nil, "\(compilation.findingsText)")
    return compilation.findings.filter { $0.rule.id.hasPrefix("LW73") }
  }

  @Test func declaredConnectionIsForbidden() throws {
    let found = try Self.findings(
      "{deny: {from: {clusters: [golddr]}, to: {namespaceSelector: '*-dev', clusters: [gold]}}}")
    #expect(found.map(\.rule.id) == ["LW7301"])
    #expect(found.first?.notes.first?.contains("load-balancer") == true)
  }

  @Test func portsAreThoseOfPods() throws {
    #expect(
      try Self.findings("{deny: {from: {clusters: [golddr]}, to: {clusters: [gold]}, ports: [{port: 8000}]}}")
        .count == 1)
    #expect(
      try Self.findings("{deny: {from: {clusters: [golddr]}, to: {clusters: [gold]}, ports: [{port: 8001}]}}")
        .isEmpty)
  }

  private static let shop = """
    -- workloads/gold/shop.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: shop, namespace: a1b2c3-prod}
    spec:
      selector: {matchLabels: {app: shop}}
      template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: app, image: shop}]}}
    ---
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: mine, namespace: a1b2c3-prod}
    spec:
      podSelector: {}
      policyTypes: [Ingress]
      ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: a1b2c3-dev}}}], ports: [{port: 8080}]}]

    """

  @Test func policiesInsideAClusterAreJudged() throws {
    let deny = "{deny: {from: {namespaceSelector: '*-dev'}, to: {namespaceSelector: '*-prod'}}}"
    let found = try Self.findings(deny, Self.shop)
    #expect(found.map(\.rule.id) == ["LW7301"])
    #expect(
      found.first?.message.contains("Deployment yourapp of a1b2c3-dev → Deployment shop of a1b2c3-prod")
        == true)
    #expect(
      try Self.findings(
        "{deny: {from: {namespaceSelector: '*-test'}, to: {namespaceSelector: '*-prod'}}}", Self.shop
      ).isEmpty)
  }

  @Test func requiredPathIsMissing() throws {
    let wanted =
      "{require: {from: {namespaceSelector: '*-dev', clusters: [gold]}, to: {namespaceSelector: '*-prod'}, ports: [{port: %}]}}"
    #expect(try Self.findings(wanted.replacing("%", with: "8080"), Self.shop).isEmpty)
    #expect(try Self.findings(wanted.replacing("%", with: "8081"), Self.shop).map(\.rule.id) == ["LW7302"])
  }

  @Test func exceptionGivesItsReason() throws {
    let found = try Self.findings(
      "{name: no-dev, deny: {from: {clusters: [golddr]}, to: {clusters: [gold]}}}",
      exceptions: "[{rules: [no-dev], namespaces: [a1b2c3-dev], reason: agreed with security}]")
    #expect(found.map(\.suppression) == ["agreed with security"])
  }

  // MARK: Addresses

  /// A policy admits a part of the middle of the network alone: neither its first nor its last address.
  @Test func networksAreJudgedPartByPart() throws {
    let policy = """
      -- workloads/gold/shop.yaml --
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: shop, namespace: a1b2c3-prod}
      spec:
        selector: {matchLabels: {app: shop}}
        template: {metadata: {labels: {app: shop}}, spec: {containers: [{name: app, image: shop}]}}
      ---
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: mine, namespace: a1b2c3-prod}
      spec:
        podSelector: {}
        policyTypes: [Ingress]
        ingress: [{from: [{ipBlock: {cidr: %}}], ports: [{port: 8080}]}]

      """
    let deny = "{deny: {from: {cidrs: [192.0.2.0/24]}, to: {namespaceSelector: '*-prod'}}}"
    let found = try Self.findings(deny, policy.replacing("%", with: "192.0.2.16/28"))
    #expect(found.map(\.rule.id) == ["LW7301"])
    #expect(found.first?.message.contains("192.0.2.16 →") == true, "\(found.map(\.goldenText))")
    #expect(found.first?.notes.first?.contains("NetworkPolicy a1b2c3-prod/mine") == true)
    #expect(try Self.findings(deny, policy.replacing("%", with: "198.51.100.0/24")).isEmpty)
    // What is required must hold for every part: an exception in the middle is a gap.
    let require =
      "{require: {from: {cidrs: [192.0.2.0/24]}, to: {namespaceSelector: '*-prod'}, ports: [{port: 8080}]}}"
    #expect(try Self.findings(require, policy.replacing("%", with: "192.0.2.0/24")).isEmpty)
    let gap = try Self.findings(
      require, policy.replacing("%", with: "192.0.2.0/24, except: [192.0.2.64/26]"))
    #expect(gap.map(\.rule.id) == ["LW7302"])
    #expect(gap.first?.message.contains("192.0.2.64 does not") == true, "\(gap.map(\.goldenText))")
  }

  // MARK: Load balancers

  private static let other = """
    -- workloads/golddr/other.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: other, namespace: a1b2c3-test}
    spec:
      selector: {matchLabels: {app: other}}
      template: {metadata: {labels: {app: other}}, spec: {containers: [{name: app, image: other}]}}

    """

  private static func egress(_ rules: String) -> String {
    """
    -- workloads/golddr/out.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: out, namespace: a1b2c3-test}
    spec: {podSelector: {}, policyTypes: [Egress], egress: [\(rules)]}

    """
  }

  /// Whoever may send to a virtual server reaches what stands behind it: no connection need be declared.
  @Test func virtualServersAreOpenToEverybody() throws {
    let deny =
      "{deny: {from: {namespaceSelector: '*-test'}, to: {namespaceSelector: '*-dev', clusters: [gold]}}}"
    let found = try Self.findings(deny, Self.other).filter { $0.message.contains("virtual server") }
    #expect(found.map(\.rule.id) == ["LW7301"], "\(found.map(\.goldenText))")
    let first = try #require(found.first)
    #expect(first.message.contains("Deployment other of a1b2c3-test in golddr"))
    #expect(first.message.contains("142.34.229.70:37650"))
    let path = try #require(first.notes.first)
    for hop in ["egress: not isolated", "address: 142.34.229.70:37650", "load-balancer:", "ingress:", "pod:"]
    {
      #expect(path.contains(hop), "\(path)")
    }
    // At another port of the pods nothing is served.
    let elsewhere =
      "{deny: {from: {namespaceSelector: '*-test'}, to: {namespaceSelector: '*-dev', clusters: [gold]}, ports: [{port: 9}]}}"
    #expect(try Self.findings(elsewhere, Self.other).isEmpty)
    // Egress policies keep the pods in, or let them out to the server.
    #expect(try Self.findings(deny, Self.other + Self.egress("")).isEmpty)
    let away = "{to: [{ipBlock: {cidr: 142.34.229.71/32}}]}"
    #expect(try Self.findings(deny, Self.other + Self.egress(away)).isEmpty)
    let there = "{to: [{ipBlock: {cidr: 142.34.229.70/32}}], ports: [{port: 37650}]}"
    let opened = try Self.findings(deny, Self.other + Self.egress(there))
    #expect(opened.first?.notes.first?.contains("NetworkPolicy a1b2c3-test/out") == true)
  }

  /// A declared client is judged as a connection, and not a second time as somebody who finds the address.
  @Test func declaredClientsAreReportedOnce() throws {
    let found = try Self.findings(
      "{deny: {from: {clusters: [golddr], namespaceSelector: '*-dev'}, to: {clusters: [gold]}}}")
    #expect(found.count == 1 && found.first?.message.contains("passes") == true, "\(found.map(\.goldenText))")
  }

  @Test func networksOutsideReachVirtualServers() throws {
    let found = try Self.findings(
      "{deny: {from: {cidrs: [142.34.0.0/16]}, to: {namespaceSelector: '*-dev', clusters: [gold]}}}")
    #expect(
      found.contains { $0.message.contains("network 142.34.0.0/16 may reach") }, "\(found.map(\.goldenText))")
  }
}

/// Ways between clusters that no connection declares: a mesh joins the pod networks of its members, and an east-west gateway
/// serves every cluster of the mesh.
@Suite struct UndeclaredPathTests {
  private static func found(
    _ base: String, _ from: String, _ to: String, _ more: String = ""
  ) throws -> [Diagnostic] {
    let files = """
      -- policies/paths.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: paths}
      spec: {paths: [{deny: {from: \(from), to: \(to)}}]}

      """
    let compilation = try FixtureFleet(base: base).overlaid(by: files + more).compile()
    #expect(compilation.judgement != nil, "\(compilation.findingsText)")
    return compilation.findings.filter { $0.rule.id.hasPrefix("LW73") }
  }

  private static func spy(_ cluster: String, _ namespace: String) -> String {
    """
    -- workloads/\(cluster)/spy.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: spy, namespace: \(namespace)}
    spec:
      selector: {matchLabels: {name: spy}}
      template: {metadata: {labels: {name: spy}}, spec: {containers: [{name: app, image: spy}]}}

    """
  }

  private static let spies = "{clusters: [cluster01], podSelector: {matchLabels: {name: spy}}}"
  private static let base = "{clusters: [cluster02], podSelector: {matchLabels: {name: rebel-base}}}"

  @Test func undeclaredClientOfAMeshIsFound() throws {
    let found = try Self.found("clustermesh", Self.spies, Self.base, Self.spy("cluster01", "default"))
    #expect(found.map(\.rule.id) == ["LW7301"], "\(found.map(\.goldenText))")
    #expect(found.first?.message.contains("Deployment spy of default in cluster01 may reach") == true)
  }

  /// What is emitted for a connection admits its clients alone.
  @Test func isolatedPodsOfAMeshAreOutOfReach() throws {
    let closed = JudgementTests.policy("cluster02", "default", "{podSelector: {}, policyTypes: [Ingress]}")
    let found = try Self.found(
      "clustermesh", Self.spies, Self.base, Self.spy("cluster01", "default") + closed)
    #expect(found.isEmpty, "\(found.map(\.goldenText))")
    let kept = JudgementTests.policy(
      "cluster01", "default", "{podSelector: {matchLabels: {name: spy}}, policyTypes: [Egress]}")
    #expect(
      try Self.found("clustermesh", Self.spies, Self.base, Self.spy("cluster01", "default") + kept).isEmpty)
  }

  private static let outsiders = "{clusters: [cluster-2], namespaceSelector: others}"
  private static let details = "{clusters: [cluster-1], podSelector: {matchLabels: {app: details}}}"

  @Test func undeclaredClientOfAnEastWestGatewayIsFound() throws {
    let found = try Self.found("tetrate", Self.outsiders, Self.details, Self.spy("cluster-2", "others"))
    #expect(found.map(\.rule.id) == ["LW7301"], "\(found.map(\.goldenText))")
  }

  @Test func authorizationKeepsUndeclaredClientsOut() throws {
    let policy = """
      -- workloads/cluster-1/allow.yaml --
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata: {name: allow, namespace: bookinfo}
      spec: {action: ALLOW, rules: [{from: [{source: {namespaces: [bookinfo]}}]}]}

      """
    let found = try Self.found(
      "tetrate", Self.outsiders, Self.details, Self.spy("cluster-2", "others") + policy)
    #expect(found.isEmpty, "\(found.map(\.goldenText))")
    let network = try Self.found("tetrate", "{networks: [10.0.0.0/8]}", Self.details)
    #expect(network.isEmpty, "\(network.map(\.goldenText))")
  }
}
