import Diagnostics
import Foundation
import Linker
import Testing

@testable import Compiler
@testable import Reachability

/// Planted breaks of a GatewayDNS connection, hop by hop.
@Suite struct GatewayDNSJudgementTests {
  typealias Break = JudgementTests.Break

  static let base = "gateway-dns"

  static func template(_ name: String, _ body: String) -> String {
    JudgementTests.template("gateway-dns/\(name).yaml", body)
  }

  /// The emitted patch of coredns, with another Corefile.
  static func corefile(_ blocks: String) -> String {
    template(
      "corefile-patch",
      """
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: "${corefile.name}", namespace: "${corefile.namespace}"}
      data:
        Corefile: "\(blocks)"
      """)
  }

  static func gatewayDNS(_ spec: String) -> String {
    template(
      "gateway-dns",
      """
      apiVersion: connectivity.tanzu.vmware.com/v1alpha1
      kind: GatewayDNS
      metadata:
        name: ${gatewayDNS.name}
        namespace: ${gatewayDNS.namespace}
        labels: ${common.labels}
        annotations: ${common.annotations}
      spec: \(spec)
      """)
  }

  static func slice(_ address: String) -> String {
    """
    -- observed/cluster-b/xcc-dns.yaml --
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: dev-team-cluster-a-gateway, namespace: xcc-dns}
    addressType: IPv4
    endpoints: [{addresses: [\(address)]}]

    """
  }

  static func route(_ host: String, _ services: String) -> String {
    """
    -- workloads/cluster-a/kuard.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: kuard, namespace: demo}
    spec:
      selector: {matchLabels: {app: kuard}}
      template:
        metadata: {labels: {app: kuard}}
        spec: {containers: [{name: kuard, image: kuard, ports: [{containerPort: 8080}]}]}
    ---
    apiVersion: v1
    kind: Service
    metadata: {name: kuard, namespace: demo}
    spec: {selector: {app: kuard}, ports: [{port: 80, targetPort: 8080}]}
    ---
    apiVersion: projectcontour.io/v1
    kind: HTTPProxy
    metadata: {name: kuard, namespace: demo}
    spec: {virtualhost: {fqdn: \(host)}, routes: [{services: [\(services)]}]}

    """
  }

  static let host = "kuard.gateway.cluster-a.dev-team.clusters.xcc.test"
  static let dns =
    "{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{protocol: UDP, port: 53}]}"
  static let gateway = "{to: [{ipBlock: {cidr: 203.0.113.10/32}}], ports: [{port: 80}]}"

  static func egress(_ rules: String) -> String {
    JudgementTests.policy("cluster-b", "demo", "{podSelector: {}, policyTypes: [Egress], egress: [\(rules)]}")
  }

  /// A team's own template of the policy that opens the way, which opens nothing.
  static let lettingNobodyOut = template(
    "egress-policy",
    """
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata:
      name: ${policy.name}
      namespace: ${policy.namespace}
      labels: ${common.labels}
      annotations: ${common.annotations}
    spec: {podSelector: "${policy.podSelector}", policyTypes: [Egress]}
    """)

  static func ingress(_ rules: String) -> String {
    JudgementTests.policy(
      "cluster-a", "demo", "{podSelector: {}, policyTypes: [Ingress], ingress: [\(rules)]}")
  }

  /// The zone's DNS server in the clients' cluster.
  static func server(
    ports: String = "[{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53}]",
    selector: String = "dns-server"
  ) -> String {
    """
    -- workloads/cluster-b/dns-server.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: dns-server, namespace: xcc-dns}
    spec: {selector: {app: \(selector)}, ports: \(ports)}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: dns-server, namespace: xcc-dns}
    spec:
      selector: {matchLabels: {app: dns-server}}
      template:
        metadata: {labels: {app: dns-server}}
        spec: {containers: [{name: dns, image: dns}]}

    """
  }

  private static func closed(_ cluster: String, _ namespace: String, _ types: String = "[Ingress]") -> String
  {
    JudgementTests.policy(cluster, namespace, "{podSelector: {}, policyTypes: \(types)}")
  }

  /// What stands between the two ends.
  static let between: [Break] = [
    Break(
      "a closed DNS server", over: base, server() + closed("cluster-b", "xcc-dns"), at: .name, "LW7207"),
    Break(
      "a DNS server without UDP", over: base, server(ports: "[{name: dns-tcp, port: 53}]"), at: .name,
      "LW7202"),
    Break(
      "a DNS server at another port", over: base, server(ports: "[{name: dns, port: 5353, protocol: UDP}]"),
      at: .name, "LW7202"),
    Break("a DNS server without pods", over: base, server(selector: "dns"), at: .name, "LW7202"),
    Break("a closed resolver", over: base, closed("cluster-b", "kube-system"), at: .name, "LW7202"),
    Break("a closed gateway", over: base, closed("cluster-a", "projectcontour"), at: .gateway, "LW7207"),
    Break(
      "a gateway that may not go out", over: base, closed("cluster-a", "projectcontour", "[Egress]"),
      at: .gateway, "LW7201"),
  ]

  @Test(arguments: between)
  func breakBetweenTheEndsIsFound(_ planted: Break) throws {
    try breakIsFoundAtItsHop(planted)
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile(options)
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }

  /// Policies of the namespaces in between that let everything through that is needed.
  @Test func openWaysBetweenTheEndsAreProved() throws {
    let files =
      Self.server()
      + JudgementTests.policy(
        "cluster-b", "xcc-dns",
        "{podSelector: {}, policyTypes: [Ingress], ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}}], ports: [{protocol: UDP, port: 53}]}]}"
      )
      + JudgementTests.policy(
        "cluster-a", "projectcontour",
        "{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{ports: [{port: 8080}]}], egress: [{to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: demo}}}], ports: [{port: 8080}]}]}"
      )
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: Self.base).overlaid(by: files).compile(options)
    #expect(compilation.judgement?.crossings.map(\.verdict) == [.proved], "\(compilation.findingsText)")
  }

  /// A Service that was only observed says nothing of manifests: no claim about its pods is made.
  @Test func anObservedGatewayIsNoDispute() throws {
    var fleet = try FixtureFleet(base: Self.base)
    let gateway = try #require(
      fleet.files.keys.first {
        $0.hasPrefix("workloads/cluster-a/") && $0 != "workloads/cluster-a/kuard.yaml"
      })
    let parts = String(decoding: fleet.files[gateway] ?? [], as: UTF8.self).components(separatedBy: "\n---\n")
    fleet = fleet.overlaid(
      by: "-- \(gateway) --\n\(parts[1])\n-- observed/cluster-a/gateway.yaml --\n\(parts[0])\n")
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try fleet.compile(options)
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }

  /// Snippets that import each other double with each step; the reading of them is bounded.
  @Test func snippetsThatDoubleAreRead() {
    var text = "(s0) {\n    forward . 192.0.2.1\n}\n"
    for step in 1...60 { text += "(s\(step)) {\n    import s\(step - 1)\n    import s\(step - 1)\n}\n" }
    text += "xcc.test {\n    import s60\n    forward . 10.96.0.60\n}\n"
    let found = PlainCorefile(text).forwarding(
      of: "a.xcc.test", Label(SourceRange(wholeFile: SourceFile(path: "Corefile", bytes: []))), .declared)
    #expect(found.zone == "xcc.test")
  }

  static let breaks: [Break] = [
    Break("no way out to the gateway", over: base, egress(dns) + lettingNobodyOut, at: .egress, "LW7201"),
    Break(
      "a way out to the Service's target port", over: base,
      egress("\(dns), {to: [{ipBlock: {cidr: 203.0.113.10/32}}], ports: [{port: 8080}]}") + lettingNobodyOut,
      at: .egress, "LW7201"),
    Break("no DNS for the client", over: base, egress(gateway) + lettingNobodyOut, at: .name, "LW7202"),
    Break(
      "a Corefile without the zone", over: base, corefile(".:53 {\\n    errors\\n}\\n"), at: .name, "LW7202"),
    Break(
      "the zone in a comment", over: base,
      corefile(".:53 {\\n    errors\\n}\\n# xcc.test {\\n#    forward . 10.96.0.60\\n# }\\n"), at: .name,
      "LW7202"),
    Break(
      "another DNS server", over: base,
      corefile(".:53 {\\n    errors\\n}\\nxcc.test {\\n    forward . 10.96.0.61\\n}\\n"), at: .name, "LW7202"),
    Break(
      "another zone", over: base,
      corefile(".:53 {\\n    errors\\n}\\nxcc.tset {\\n    forward . 10.96.0.60\\n}\\n"), at: .name, "LW7202"),
    Break(
      "a longer zone elsewhere", over: base,
      corefile(
        "xcc.test {\\n    forward . 10.96.0.60\\n}\\ndev-team.clusters.xcc.test:53 {\\n    forward . 9.9.9.9\\n}\\n"
      ), at: .name, "LW7202"),
    Break(
      "a block that forwards nothing", over: base,
      corefile("xcc.test {\\n    reload\\n}\\n"), at: .name, "LW7202"),
    Break(
      "a selector that leaves the cluster out", over: base,
      gatewayDNS("{service: projectcontour/envoy, clusterSelector: {matchLabels: {hasContour: \"no\"}}}"),
      at: .address, "LW7204"),
    Break(
      "a Service that does not exist", over: base,
      gatewayDNS("{service: projectcontour/contour, clusterSelector: {matchLabels: {hasContour: \"true\"}}}"),
      at: .address, "LW7204"),
    Break(
      "labels that do not arrive", over: base,
      template(
        "cluster-labels",
        """
        apiVersion: ${cluster.apiVersion}
        kind: Cluster
        metadata: {name: "${cluster.name}", namespace: "${cluster.namespace}", labels: {hasNginx: "true"}}
        """), at: .address, "LW7204"),
    Break("a slice with another address", over: base, slice("203.0.113.99"), at: .address, "LW7203"),
    Break(
      "a gateway without pods", over: base,
      """
      -- workloads/cluster-a/contour.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: envoy, namespace: projectcontour}
      spec: {type: LoadBalancer, selector: {app: envoy}, ports: [{name: http, port: 80, targetPort: 8080}]}
      ---
      apiVersion: apps/v1
      kind: DaemonSet
      metadata: {name: envoy, namespace: projectcontour}
      spec:
        selector: {matchLabels: {app: contour}}
        template: {metadata: {labels: {app: contour}}, spec: {containers: [{name: envoy, image: envoy}]}}

      """, at: .gateway, "LW7204"),
    Break(
      "a route without the host", over: base, route("kuard.example.test", "{name: kuard, port: 80}"),
      at: .gateway,
      "LW7204"),
    Break(
      "a route to another Service", over: base, route(host, "{name: kuard-blue, port: 80}"), at: .gateway,
      "LW7204"),
    Break(
      "a route to another port", over: base, route(host, "{name: kuard, port: 8080}"), at: .gateway, "LW7204"),
    Break("closed pods", over: base, ingress(""), at: .ingress, "LW7207"),
    Break(
      "pods open to the clients' labels only", over: base,
      ingress("{from: [{podSelector: {matchLabels: {app: client}}}]}"), at: .ingress, "LW7207"),
    Break(
      "pods open to other pods of the gateway's namespace", over: base,
      ingress(
        "{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: projectcontour}}, podSelector: {matchLabels: {app: contour}}}]}"
      ), at: .ingress, "LW7207"),
    Break(
      "pods open at the Service's port", over: base,
      ingress(
        "{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: projectcontour}}}], ports: [{port: 80}]}"
      ), at: .ingress, "LW7207"),
  ]

  @Test(arguments: breaks)
  func breakIsFoundAtItsHop(_ planted: Break) throws {
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile()
    let judgement = try #require(compilation.judgement)
    let crossing = try #require(judgement.crossings.first, "\(compilation.findingsText)")
    #expect(crossing.verdict == .refuted, "\(compilation.findingsText)")
    #expect(crossing.decisiveHop?.kind == planted.hop, "\(compilation.findingsText)")
    let errors = compilation.findings.filter { $0.severity == .error }
    #expect(errors.map(\.rule.id) == [planted.rule], "\(compilation.findingsText)")
  }

  /// A proxy leads to Services of its own namespace: the help names what must be moved, at the line that leads astray.
  @Test func proxyOfAnotherNamespaceIsTold() throws {
    let files = Self.route(Self.host, "{name: kuard, port: 80}").replacing(
      "kind: HTTPProxy\nmetadata: {name: kuard, namespace: demo}",
      with: "kind: HTTPProxy\nmetadata: {name: kuard, namespace: web}")
    #expect(files.contains("namespace: web"))
    let compilation = try FixtureFleet(base: Self.base).overlaid(by: files).compile()
    let finding = try #require(
      compilation.findings.first { $0.rule.id == "LW7204" }, "\(compilation.findingsText)")
    #expect(finding.message.contains("to web/kuard:80, not to port 80 of demo/kuard"))
    #expect(finding.help.first?.hasPrefix("write HTTPProxy kuard into namespace demo") == true)
  }

  static let sound: [(name: String, files: String)] = [
    ("as it is", ""),
    ("an observed slice", slice("203.0.113.10")),
    ("policies that let it through", egress("\(dns), \(gateway)")),
    ("a policy that lets nothing out, and the one that is emitted", egress("")),
    (
      "pods open to the gateway",
      ingress(
        "{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: projectcontour}}, podSelector: {matchLabels: {app: envoy}}}], ports: [{port: 8080}]}"
      )
    ),
    (
      "an Ingress",
      """
      -- workloads/cluster-a/ingress.yaml --
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata: {name: kuard, namespace: demo}
      spec:
        rules:
        - host: kuard.gateway.cluster-a.dev-team.clusters.xcc.test
          http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: kuard, port: {number: 80}}}}]}

      """
    ),
  ]

  @Test(arguments: sound.indices)
  func soundFleetIsProved(_ index: Int) throws {
    let compilation = try FixtureFleet(base: Self.base).overlaid(by: Self.sound[index].files).compile()
    let judgement = try #require(compilation.judgement)
    #expect(judgement.crossings.map(\.verdict) == [.proved], "\(compilation.findingsText)")
    let trace = try #require(judgement.crossings.first.flatMap { judgement.trace(of: $0.crossing) })
    #expect(
      trace.hops.map(\.kind) == [
        .client, .egress, .name, .name, .address, .gateway, .gateway, .service, .targetPort, .ingress, .pod,
      ])
  }

  @Test func openShiftsOperatorIsFollowed() throws {
    let servers = { (name: String) in
      """
      -- clusters/cluster-b.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster-b}
      spec:
        distribution: openshift
        network: {baseline: []}
        clusterAPI: {managementCluster: mgmt, namespace: dev-team}
      -- observed/cluster-b/_cluster.yaml --
      apiVersion: operator.openshift.io/v1
      kind: DNS
      metadata: {name: default}
      spec: {servers: [{name: other, zones: [\(name)], forwardPlugin: {upstreams: [192.0.2.1]}}]}

      """
    }
    let sound = try FixtureFleet(base: Self.base).overlaid(by: servers("corp.test")).compile()
    #expect(sound.judgement?.crossings.map(\.verdict) == [.proved], "\(sound.findingsText)")
    let shadowed = try FixtureFleet(base: Self.base).overlaid(by: servers("clusters.xcc.test")).compile()
    #expect(shadowed.judgement?.crossings.first?.decisiveHop?.kind == .name)
    #expect(shadowed.judgement?.crossings.map(\.verdict) == [.refuted])
  }

  /// A link that says no addresses.
  static let unspecified = """
    -- links/dev-team.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: dev-team}
    spec:
      gatewayDNS:
        managementCluster: mgmt
        namespace: dev-team
        clusterSelector: {matchLabels: {hasContour: "true"}}
        service: projectcontour/envoy
        zone: xcc.test

    """

  @Test func missingFactsArePending() throws {
    let compilation = try FixtureFleet(base: Self.base).overlaid(by: Self.unspecified).compile()
    #expect(!compilation.failed, "\(compilation.findingsText)")
    let crossing = try #require(compilation.judgement?.crossings.first)
    #expect(crossing.verdict == .pending)
    guard case .pending(let fact)? = crossing.decisiveHop?.state else {
      Issue.record("\(String(describing: crossing.decisiveHop))")
      return
    }
    #expect(fact.fact == "the cluster IP of Service dns-server" && fact.cluster == "cluster-b")
  }
}
