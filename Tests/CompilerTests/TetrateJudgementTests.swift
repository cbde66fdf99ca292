import Diagnostics
import Linker
import Reachability
import Testing

@testable import Compiler

/// Planted breaks of east-west gateways: each hop broken on its own, while the emitter's own checks see nothing or are
/// set aside: what is emitted is spoilt by templates, what the clusters answered by observations.
@Suite struct TetrateJudgementTests {
  typealias Break = JudgementTests.Break

  private static func policy(_ cluster: String, _ spec: String) -> String {
    JudgementTests.policy(cluster, "bookinfo", spec)
  }

  private static func template(_ path: String, _ body: String) -> String {
    JudgementTests.template(path, body)
  }

  private static func setting(_ gateways: String) -> String {
    template(
      "tetrate/workspace-setting.yaml",
      """
      apiVersion: tsb.tetrate.io/v2
      kind: WorkspaceSetting
      metadata:
        name: ${object.name}
        namespace: ${object.namespace}
        labels: ${common.labels}
        annotations:
          $merge: ${common.annotations}
          tsb.tetrate.io/organization: ${object.organization}
          tsb.tetrate.io/tenant: ${object.tenant}
          tsb.tetrate.io/workspace: ${object.workspace}
      spec: {defaultEastWestGatewaySettings: \(gateways)}
      """)
  }

  private static func reach(_ map: String) -> String {
    template(
      "tetrate/organization-setting.yaml",
      """
      apiVersion: tsb.tetrate.io/v2
      kind: OrganizationSetting
      metadata:
        name: ${object.name}
        namespace: ${object.namespace}
        labels: ${common.labels}
        annotations: {$merge: "${common.annotations}", tsb.tetrate.io/organization: "${object.organization}"}
      spec: {networkSettings: {networkReachability: \(map)}}
      """)
  }

  private static func gateway(_ spec: String) -> String {
    template(
      "tetrate/gateway.yaml",
      """
      apiVersion: install.tetrate.io/v1alpha1
      kind: Gateway
      metadata:
        name: ${gateway.name}
        namespace: ${gateway.namespace}
        labels: ${common.labels}
        annotations: ${common.annotations}
      spec: \(spec)
      """)
  }

  private static func ingress(_ rule: String) -> String {
    template(
      "tetrate/ingress-policy.yaml",
      """
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata:
        name: ${policy.name}
        namespace: ${policy.namespace}
        labels: ${common.labels}
        annotations: ${common.annotations}
      spec: {podSelector: {matchLabels: {app: details}}, policyTypes: [Ingress], ingress: [\(rule)]}
      """) + closedDetails
  }

  /// Isolates the target's pods, and not the gateway's beside them.
  private static let closedDetails = policy(
    "cluster-1", "{podSelector: {matchLabels: {app: details}}, policyTypes: [Ingress]}")

  private static let selector = "workloadSelector: {namespace: bookinfo, labels: {app: eastwest-gateway}}"

  static let control: [Break] = [
    Break(
      "egress to the Service's port", over: "tetrate",
      template(
        "tetrate/egress-policy.yaml",
        """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata:
          name: ${policy.name}
          namespace: ${policy.namespace}
          labels: ${common.labels}
          annotations: ${common.annotations}
        spec:
          podSelector: {}
          policyTypes: [Egress]
          egress: [{to: [{ipBlock: {cidr: 172.18.255.175/32}}], ports: [{port: 9080}]}]
        """) + policy("cluster-2", "{podSelector: {}, policyTypes: [Egress]}"), at: .egress, "LW7201"),
    Break(
      "a ServiceEntry with another address", over: "tetrate",
      """
      -- observed/cluster-2/xcp.yaml --
      apiVersion: networking.istio.io/v1
      kind: ServiceEntry
      metadata: {name: global-gwinternal-details-bookinfo-svc-cluster-local, namespace: xcp-multicluster}
      spec: {hosts: [details.bookinfo.svc.cluster.local], endpoints: [{address: 172.18.255.99}]}
      """, at: .address, "LW7203"),
    Break(
      "other labels exposed", over: "tetrate",
      setting("[{\(selector), exposedServices: [{serviceLabels: {app: reviews}}]}]"), at: .gateway, "LW7204"),
    Break(
      "labels of the pods exposed", over: "tetrate",
      setting("[{\(selector), exposedServices: [{serviceLabels: {version: v1}}]}]"), at: .gateway, "LW7204"),
    Break("nothing exposed", over: "tetrate", setting("[]"), at: .gateway, "LW7204"),
    Break(
      "another gateway selected", over: "tetrate",
      setting("[{workloadSelector: {namespace: bookinfo, labels: {app: other}}}]"), at: .gateway, "LW7204"),
    Break(
      "a gateway of another namespace selected", over: "tetrate",
      setting("[{workloadSelector: {namespace: other, labels: {app: eastwest-gateway}}}]"), at: .gateway,
      "LW7204"),
    Break("a gateway for egress", over: "tetrate", gateway("{type: EGRESS}"), at: .gateway, "LW7204"),
    Break(
      "a gateway without 15443", over: "tetrate",
      gateway("{type: EASTWEST, kubeSpec: {service: {ports: [{port: 443}]}}}"), at: .gateway, "LW7204"),
    Break(
      "a gateway with other labels", over: "tetrate",
      gateway("{type: EASTWEST, kubeSpec: {deployment: {labels: {app: other}}}}"), at: .gateway, "LW7204"),
    Break(
      "reachability in the wrong direction", over: "tetrate", reach("{net-1: net-2}"), at: .tunnel, "LW7209"),
    Break("reachability of another network", over: "tetrate", reach("{net-2: net-3}"), at: .tunnel, "LW7209"),
    Break(
      "a blank in the reachability", over: "tetrate", reach("{net-2: \"net-3,net-1x\"}"), at: .tunnel,
      "LW7209"),
    Break(
      "the gateway isolated", over: "tetrate",
      policy("cluster-1", "{podSelector: {matchLabels: {app: eastwest-gateway}}, policyTypes: [Ingress]}")
        + template(
          "tetrate/gateway-policy.yaml",
          """
          apiVersion: networking.k8s.io/v1
          kind: NetworkPolicy
          metadata:
            name: ${policy.name}
            namespace: ${policy.namespace}
            labels: ${common.labels}
            annotations: ${common.annotations}
          spec:
            podSelector: {matchLabels: {app: eastwest-gateway}}
            policyTypes: [Ingress]
            ingress: [{ports: [{port: 443}]}]
          """), at: .gateway, "LW7207"),
    Break(
      "ingress from the client instead of the gateway", over: "tetrate",
      ingress("{from: [{podSelector: {matchLabels: {app: sleep}}}]}"), at: .ingress, "LW7207"),
    Break(
      "ingress to another port", over: "tetrate",
      ingress("{from: [{podSelector: {matchLabels: {app: eastwest-gateway}}}], ports: [{port: 15443}]}"),
      at: .ingress, "LW7207"),
    Break(
      "ingress from another namespace", over: "tetrate",
      ingress(
        "{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}, podSelector: {matchLabels: {app: eastwest-gateway}}}]}"
      ), at: .ingress, "LW7207"),
  ]

  static let istioFleet = """
    -- links/east-west.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: east-west}
    spec:
      tetrate:
        form: istio
        gateway: {name: istio-eastwestgateway, addresses: {cluster-1: 172.18.255.175}}
    -- workloads/cluster-1/gateway.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: istio-eastwestgateway, namespace: istio-system}
    spec: {type: LoadBalancer, selector: {istio: eastwestgateway}, ports: [{name: tls, port: 15443}]}
    -- clusters/cluster-2.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: cluster-2}
    spec:
      network: {podCIDRs: [10.2.0.0/16], baseline: []}
      tetrate: {network: net-2, dnsProxy: true}

    """

  private static func entry(_ endpoint: String) -> String {
    istioFleet
      + template(
        "istio/service-entry.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata:
          name: ${entry.name}
          namespace: ${entry.namespace}
          labels: ${common.labels}
          annotations: ${common.annotations}
        spec:
          hosts: ["${entry.host}"]
          resolution: STATIC
          ports: [{name: http, number: 9080, protocol: HTTP}]
          endpoints: [\(endpoint)]
        """)
  }

  private static func istioGateway(_ server: String, selector: String = "istio: eastwestgateway") -> String {
    istioFleet
      + template(
        "istio/gateway.yaml",
        """
        apiVersion: networking.istio.io/v1
        kind: Gateway
        metadata:
          name: ${gateway.name}
          namespace: ${gateway.namespace}
          labels: ${common.labels}
          annotations: ${common.annotations}
        spec: {selector: {\(selector)}, servers: [\(server)]}
        """)
  }

  private static let tls = "labels: {security.istio.io/tlsMode: istio}"

  static let istio: [Break] = [
    Break(
      "an endpoint at another address", over: "tetrate",
      entry("{address: 172.18.255.99, ports: {http: 15443}, \(tls)}"), at: .address, "LW7203"),
    Break(
      "an endpoint at the Service's port", over: "tetrate",
      entry("{address: 172.18.255.175, ports: {http: 9080}, \(tls)}"), at: .address, "LW7203"),
    Break(
      "an endpoint without mutual TLS", over: "tetrate",
      entry("{address: 172.18.255.175, ports: {http: 15443}}"),
      at: .address, "LW7203"),
    Break(
      "a Gateway that ends TLS", over: "tetrate",
      istioGateway(
        "{port: {number: 15443, name: tls, protocol: TLS}, tls: {mode: SIMPLE}, hosts: [\"*.local\"]}"),
      at: .gateway, "LW7204"),
    Break(
      "a Gateway at another port", over: "tetrate",
      istioGateway(
        "{port: {number: 443, name: tls, protocol: TLS}, tls: {mode: AUTO_PASSTHROUGH}, hosts: [\"*.local\"]}"
      ),
      at: .gateway, "LW7204"),
    Break(
      "a Gateway for other hosts", over: "tetrate",
      istioGateway(
        "{port: {number: 15443, name: tls, protocol: TLS}, tls: {mode: AUTO_PASSTHROUGH}, hosts: [\"*.global\"]}"
      ),
      at: .gateway, "LW7204"),
    Break(
      "a Gateway on other pods", over: "tetrate",
      istioGateway(
        "{port: {number: 15443, name: tls, protocol: TLS}, tls: {mode: AUTO_PASSTHROUGH}, hosts: [\"*.local\"]}",
        selector: "istio: ingressgateway"), at: .gateway, "LW7204"),
    Break(
      "ingress without the gateway", over: "tetrate",
      istioFleet + ingress("{from: [{podSelector: {matchLabels: {istio: eastwestgateway}}}]}"), at: .ingress,
      "LW7207"),
  ]

  @Test(arguments: control + istio)
  func breakIsFoundAtItsHop(_ planted: Break) throws {
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile()
    let judgement = try #require(compilation.judgement)
    let crossing = try #require(judgement.crossings.first)
    #expect(crossing.verdict == .refuted, "\(compilation.findingsText)")
    #expect(crossing.decisiveHop?.kind == planted.hop, "\(compilation.findingsText)")
    let errors = compilation.findings.filter { $0.severity == .error }
    #expect(errors.map(\.rule.id) == [planted.rule], "\(compilation.findingsText)")
    #expect(compilation.failed)
  }

  static let sound = [
    ("gitops", ""), ("istio", istioFleet),
    ("tctl", "-- links/east-west.yaml --\n" + tctl),
    (
      "isolated",
      policy("cluster-1", "{podSelector: {}, policyTypes: [Ingress]}")
        + JudgementTests.policy("cluster-2", "bookinfo", "{podSelector: {}, policyTypes: [Ingress]}")
    ),
    (
      "remote secrets",
      istioFleet.replacing(
        "cluster-1: 172.18.255.175}}",
        with: "cluster-1: 172.18.255.175}}\n    istio: {discovery: remoteSecret}")
    ),
  ]

  static let tctl = """
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: east-west}
    spec:
      tetrate:
        form: tctl
        organization: tetrate
        tenant: dev
        workspace: {name: bookinfo-ws, namespaces: ["*/bookinfo"]}
        gateway: {name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: 172.18.255.175}}

    """

  @Test(arguments: sound)
  func unbrokenFleetIsProved(_ name: String, _ files: String) throws {
    let compilation = try FixtureFleet(base: "tetrate").overlaid(by: files).compile()
    #expect(!compilation.failed, "\(compilation.findingsText)")
    let judgement = try #require(compilation.judgement)
    #expect(judgement.crossings.map(\.verdict) == [.proved], "\(name): \(compilation.findingsText)")
    let trace = try #require(judgement.crossings.first.flatMap { judgement.trace(of: $0.crossing) })
    let kinds = trace.hops.map(\.kind)
    #expect(kinds.first == .client && kinds.last == .pod)
    #expect(
      kinds.contains(.gateway) && kinds.contains(.address) && kinds.contains(.name)
        && kinds.contains(.ingress))
    if name != "istio" { #expect(kinds.contains(.tunnel)) }
  }

  static let unknownAddress =
    "-- links/east-west.yaml --\n"
    + tctl.replacing(", addresses: {cluster-1: 172.18.255.175}", with: "")

  @Test func unknownAddressIsPending() throws {
    let compilation = try FixtureFleet(base: "tetrate").overlaid(by: Self.unknownAddress).compile()
    let crossing = try #require(compilation.judgement?.crossings.first)
    #expect(crossing.verdict == .pending)
    guard case .pending(let fact)? = crossing.decisiveHop?.state else {
      Issue.record("\(String(describing: crossing.decisiveHop))")
      return
    }
    #expect(fact.cluster == "cluster-1" && fact.resources == "svc")
  }

  /// What somebody else keeps, and nobody shows, leaves the question open.
  @Test func unmanagedReachabilityIsAQuestion() throws {
    let link = Self.tctl + "    reachability: unmanaged\n"
    let compilation = try FixtureFleet(base: "tetrate").overlaid(by: "-- links/east-west.yaml --\n\(link)")
      .compile()
    #expect(compilation.judgement?.crossings.map(\.verdict) == [.depends], "\(compilation.findingsText)")
  }

  /// A fault that a rule finds at its source is not reported again as its consequence.
  @Test func consequencesAreNotReported() throws {
    let link = Self.tctl.replacing("form: tctl", with: "form: gitops\n    configCluster: cluster-1")
    for also in ["reachability: {net-1: net-2}", "exposedServices: [{serviceLabels: {app: other}}]"] {
      let compilation = try FixtureFleet(base: "tetrate").overlaid(
        by: "-- links/east-west.yaml --\n\(link)    \(also)\n"
      ).compile()
      let rules = compilation.findings.filter { $0.severity == .error }.map(\.rule.id)
      #expect(!rules.isEmpty && !rules.contains { $0.hasPrefix("LW72") }, "\(compilation.findingsText)")
    }
  }
}
