import Compiler
import Diagnostics
import Reachability
import Testing

/// Planted breaks at gateways and in sidecars: pods behind the gateway's Service, the policies of its namespace in both
/// directions, and what sidecars are told beside the route. Certificates are checked for each.
@Suite struct GatewayHopTests {
  typealias Break = JudgementTests.Break

  private static var paranoid: CompileOptions {
    var options = CompileOptions()
    options.isParanoid = true
    return options
  }

  private static func policy(_ cluster: String, _ namespace: String, _ spec: String) -> String {
    JudgementTests.policy(cluster, namespace, spec)
  }

  private static func contour(_ service: String, labels: String = "app: envoy") -> String {
    """
    -- workloads/cluster-a/contour.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: envoy, namespace: projectcontour}
    spec: {type: LoadBalancer, selector: {app: envoy}, ports: [\(service)]}
    ---
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: envoy, namespace: projectcontour}
    spec:
      selector: {matchLabels: {\(labels)}}
      template:
        metadata: {labels: {\(labels)}}
        spec: {containers: [{name: envoy, image: envoy, ports: [{name: http, containerPort: 8080}]}]}

    """
  }

  private static let gatewayPods = """
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: gateway, namespace: istio-system}
    spec:
      selector: {matchLabels: {istio: eastwestgateway}}
      template:
        metadata: {labels: {istio: eastwestgateway}}
        spec: {containers: [{name: proxy, image: auto, ports: [{name: tls, containerPort: 15443}]}]}

    """

  private static func istio(_ files: String) -> String { TetrateJudgementTests.istioFleet + files }

  /// The gateway's Service, with workloads beside it.
  private static func gateway(_ service: String = "15443", _ pods: String = gatewayPods) -> String {
    TetrateJudgementTests.istioFleet.replacing(
      "ports: [{name: tls, port: 15443}]}\n",
      with: "ports: [{name: tls, port: 15443, targetPort: \(service)}]}\n" + pods)
  }

  private static func object(
    _ cluster: String, _ api: String, _ kind: String, _ spec: String, namespace: String = "bookinfo"
  ) -> String {
    """
    -- workloads/\(cluster)/traffic.yaml --
    apiVersion: \(api)
    kind: \(kind)
    metadata: {name: mine, namespace: \(namespace)}
    spec: \(spec)

    """
  }

  private static func rule(
    _ policy: String, host: String = "details.bookinfo.svc.cluster.local", more: String = ""
  )
    -> String
  {
    istio(
      object(
        "cluster-2", "networking.istio.io/v1", "DestinationRule",
        "{host: \"\(host)\", \(more)trafficPolicy: {\(policy)}}"))
  }

  private static func sidecar(_ hosts: String, more: String = "", namespace: String = "bookinfo") -> String {
    istio(
      object(
        "cluster-2", "networking.istio.io/v1", "Sidecar", "{\(more)egress: [{hosts: [\(hosts)]}]}",
        namespace: namespace))
  }

  private static func peer(_ spec: String, namespace: String = "bookinfo") -> String {
    istio(object("cluster-1", "security.istio.io/v1", "PeerAuthentication", spec, namespace: namespace))
  }

  private static func allow(_ source: String, action: String = "ALLOW") -> String {
    istio(
      object(
        "cluster-1", "security.istio.io/v1", "AuthorizationPolicy",
        "{action: \(action), rules: [{from: [{source: {\(source)}}]}]}"))
  }

  static let breaks: [Break] = [
    Break(
      "a gateway's port of a name that its pods lack", over: "gateway-dns",
      contour("{name: http, port: 80, targetPort: web}"), at: .gateway, "LW7206"),
    Break(
      "a gateway whose namespace lets nobody in", over: "gateway-dns",
      policy("cluster-a", "projectcontour", "{podSelector: {}, policyTypes: [Ingress]}"), at: .gateway,
      "LW7207"),
    Break(
      "a gateway whose namespace opens another port", over: "gateway-dns",
      policy(
        "cluster-a", "projectcontour",
        "{podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 80}]}]}"),
      at: .gateway, "LW7207"),
    Break(
      "a gateway that is not let out to the target", over: "gateway-dns",
      policy(
        "cluster-a", "projectcontour",
        "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{port: 53, protocol: UDP}]}]}"
      ),
      at: .gateway, "LW7201"),
    Break(
      "no pods behind the gateway's Service", over: "tetrate",
      gateway("15443", gatewayPods.replacing("istio: eastwestgateway", with: "istio: other")), at: .gateway,
      "LW7204"),
    Break(
      "a port of a name that the gateway's pods lack", over: "tetrate", gateway("mtls"), at: .gateway,
      "LW7206"),
    Break(
      "an east-west gateway that is not let out to the target", over: "tetrate",
      gateway("tls")
        + policy(
          "cluster-1", "istio-system",
          "{podSelector: {matchLabels: {istio: eastwestgateway}}, policyTypes: [Egress]}"),
      at: .gateway, "LW7201"),
    Break(
      "a gateway beside the target that is not let out", over: "tetrate",
      policy(
        "cluster-1", "bookinfo",
        "{podSelector: {matchLabels: {app: eastwest-gateway}}, policyTypes: [Egress]}"),
      at: .gateway, "LW7201"),
    Break("calls without TLS", over: "tetrate", rule("tls: {mode: DISABLE}"), at: .address, "LW7203"),
    Break(
      "calls with other TLS", over: "tetrate", rule("tls: {mode: SIMPLE}", host: "details"), at: .address,
      "LW7203"),
    Break(
      "calls without TLS at the port", over: "tetrate",
      rule(
        "tls: {mode: ISTIO_MUTUAL}, portLevelSettings: [{port: {number: 9080}, tls: {mode: DISABLE}}]",
        host: "*.svc.cluster.local"),
      at: .address, "LW7203"),
    Break(
      "calls by another server name", over: "tetrate",
      rule("tls: {mode: ISTIO_MUTUAL, sni: details.example.org}"),
      at: .address, "LW7203"),
    Break(
      "a Sidecar that hides the host", over: "tetrate", sidecar("\"istio-system/*\""), at: .name, "LW7202"),
    Break(
      "a Sidecar of the root namespace", over: "tetrate",
      sidecar("\"istio-system/*\"", namespace: "istio-system"),
      at: .name,
      "LW7202"),
    Break(
      "no mutual TLS in the namespace", over: "tetrate", peer("{mtls: {mode: DISABLE}}"), at: .ingress,
      "LW7207"),
    Break(
      "no mutual TLS at the port", over: "tetrate",
      peer(
        "{selector: {matchLabels: {app: details}}, mtls: {mode: STRICT}, portLevelMtls: {\"9080\": {mode: DISABLE}}}"
      ),
      at: .ingress, "LW7207"),
    Break(
      "no mutual TLS anywhere", over: "tetrate", peer("{mtls: {mode: DISABLE}}", namespace: "istio-system"),
      at: .ingress,
      "LW7207"),
    Break(
      "another account", over: "tetrate", allow("principals: [cluster.local/ns/bookinfo/sa/other]"),
      at: .ingress, "LW7207"),
    Break(
      "an account of another namespace", over: "tetrate", allow("principals: [\"*/ns/others/sa/default\"]"),
      at: .ingress,
      "LW7207"),
    Break(
      "other service accounts", over: "tetrate", allow("serviceAccounts: [others/default]"), at: .ingress,
      "LW7207"),
    Break(
      "an account that is denied", over: "tetrate",
      allow("principals: [\"*/sa/default\"]", action: "DENY"), at: .ingress, "LW7207"),
  ]

  @Test(arguments: breaks)
  func breakIsFoundAtItsHop(_ planted: Break) throws {
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile(
      Self.paranoid)
    let judgement = try #require(compilation.judgement, "\(compilation.findingsText)")
    let crossing = try #require(judgement.crossings.first)
    #expect(crossing.verdict == .refuted, "\(judgement.trace(of: crossing.crossing)?.text() ?? "")")
    #expect(crossing.decisiveHop?.kind == planted.hop, "\(compilation.findingsText)")
    let finding = try #require(
      compilation.findings.first { $0.rule.id == planted.rule }, "\(compilation.findingsText)")
    #expect(!finding.help.isEmpty && !finding.secondary.isEmpty, "\(finding.goldenText)")
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
    #expect(compilation.failed)
  }

  // MARK: Listeners of the Gateway API

  private static func listener(
    _ listener: String, namespace: String = "projectcontour", route: String = ""
  ) -> String {
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
    apiVersion: gateway.networking.k8s.io/v1
    kind: HTTPRoute
    metadata: {name: kuard, namespace: demo}
    spec:
      parentRefs: [{name: contour, namespace: \(namespace)\(route)}]
      hostnames: [kuard.gateway.cluster-a.dev-team.clusters.xcc.test]
      rules: [{backendRefs: [{name: kuard, port: 80}]}]
    ---
    apiVersion: gateway.networking.k8s.io/v1
    kind: Gateway
    metadata: {name: contour, namespace: \(namespace)}
    spec: {gatewayClassName: contour, listeners: [\(listener)]}

    """
  }

  private static let all = "allowedRoutes: {namespaces: {from: All}}"

  @Test(arguments: [
    ("{name: http, port: 80, protocol: HTTP, \(all)}", "", "projectcontour", ConnectionVerdict.proved),
    ("{name: http, port: 80, protocol: HTTP}", "", "demo", .proved),
    (
      "{name: http, port: 80, protocol: HTTP, hostname: \"*.xcc.test\", \(all)}", "", "projectcontour",
      .proved
    ),
    ("{name: http, port: 80, protocol: HTTP, \(all)}", ", sectionName: http", "projectcontour", .proved),
    (
      "{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector}}}", "",
      "projectcontour",
      .depends
    ),
    (
      "{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: demo}}}}}",
      "", "projectcontour", .proved
    ),
    (
      "{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: a}}}}}",
      "", "projectcontour", .depends
    ),
    (
      "{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: other}}}}}",
      "", "projectcontour", .refuted
    ),
    ("", "", "projectcontour", .refuted),
    ("{name: https, port: 443, protocol: HTTPS, \(all)}", "", "projectcontour", .refuted),
    ("{name: http, port: 80, protocol: TCP, \(all)}", "", "projectcontour", .refuted),
    ("{name: http, port: 80, protocol: HTTP, hostname: other.test, \(all)}", "", "projectcontour", .refuted),
    ("{name: http, port: 80, protocol: HTTP}", "", "projectcontour", .refuted),
    ("{name: http, port: 80, protocol: HTTP, \(all)}", ", sectionName: web", "projectcontour", .refuted),
    (
      "{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}, kinds: [{kind: GRPCRoute}]}}",
      "",
      "projectcontour", .refuted
    ),
  ])
  func listeners(_ text: String, _ route: String, _ namespace: String, _ verdict: ConnectionVerdict) throws {
    let files = Self.listener(text, namespace: namespace, route: route)
    let compilation = try FixtureFleet(base: "gateway-dns").overlaid(by: files).compile(Self.paranoid)
    let judged = try #require(compilation.judgement?.crossings.first)
    #expect(judged.verdict == verdict, "\(compilation.findingsText)")
    if verdict == .refuted { #expect(judged.decisiveHop?.kind == .gateway) }
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }

  /// Labels of a namespace that has a manifest are all of them.
  @Test(arguments: [("{team: a}", ConnectionVerdict.proved), ("{team: b}", .refuted), ("{}", .refuted)])
  func listenerSelectsNamespaces(_ labels: String, _ verdict: ConnectionVerdict) throws {
    let listener =
      "{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {team: a}}}}}"
    let files =
      Self.listener(listener, namespace: "projectcontour", route: "") + """
        -- workloads/cluster-a/namespace.yaml --
        apiVersion: v1
        kind: Namespace
        metadata: {name: demo, labels: \(labels)}

        """
    let compilation = try FixtureFleet(base: "gateway-dns").overlaid(by: files).compile(Self.paranoid)
    #expect(
      compilation.judgement?.crossings.map(\.verdict) == [verdict], "\(compilation.findingsText)")
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }

  /// Plain requests to a virtual host with TLS are answered with another address.
  @Test(arguments: [("", ConnectionVerdict.depends), (", permitInsecure: true", .proved)])
  func redirectionDepends(_ more: String, _ verdict: ConnectionVerdict) throws {
    let files = """
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
      spec:
        virtualhost: {fqdn: kuard.gateway.cluster-a.dev-team.clusters.xcc.test, tls: {secretName: kuard}}
        routes: [{services: [{name: kuard, port: 80}]\(more)}]

      """
    let compilation = try FixtureFleet(base: "gateway-dns").overlaid(by: files).compile()
    let judged = try #require(compilation.judgement?.crossings.first)
    #expect(judged.verdict == verdict, "\(compilation.findingsText)")
  }

  /// What looks alike and breaks nothing.
  static let sound: [(String, String)] = [
    ("gateway-dns", contour("{name: http, port: 80, targetPort: http}")),
    (
      "gateway-dns",
      policy(
        "cluster-a", "projectcontour",
        "{podSelector: {}, policyTypes: [Ingress], ingress: [{ports: [{port: 8080}]}]}")
    ),
    (
      "gateway-dns",
      policy(
        "cluster-a", "projectcontour",
        "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{port: 8080}]}]}"
      )
    ),
    ("tetrate", gateway()), ("tetrate", gateway("tls")),
    (
      "tetrate",
      gateway("tls")
        + policy(
          "cluster-1", "istio-system",
          "{podSelector: {matchLabels: {istio: eastwestgateway}}, policyTypes: [Ingress]}")
    ),
    ("tetrate", rule("tls: {mode: ISTIO_MUTUAL}")), ("tetrate", rule("loadBalancer: {simple: RANDOM}")),
    ("tetrate", rule("tls: {mode: DISABLE}", host: "reviews")),
    ("tetrate", rule("tls: {mode: DISABLE}", more: "workloadSelector: {matchLabels: {app: other}}, ")),
    (
      "tetrate",
      rule("tls: {mode: DISABLE}, portLevelSettings: [{port: {number: 9080}, tls: {mode: ISTIO_MUTUAL}}]")
    ),
    ("tetrate", sidecar("\"./*\"")), ("tetrate", sidecar("\"./*\"", namespace: "istio-system")),
    ("tetrate", sidecar("\"*/details.bookinfo.svc.cluster.local\"")),
    ("tetrate", sidecar("\"istio-system/*\"", more: "workloadSelector: {labels: {app: other}}, ")),
    ("tetrate", peer("{mtls: {mode: STRICT}}")),
    ("tetrate", peer("{selector: {matchLabels: {app: other}}, mtls: {mode: DISABLE}}")),
    ("tetrate", allow("principals: [cluster.local/ns/bookinfo/sa/default]")),
    ("tetrate", allow("principals: [\"*/ns/bookinfo/sa/default\"]")),
    ("tetrate", allow("serviceAccounts: [bookinfo/default]")),
    ("tetrate", allow("notPrincipals: [\"*/ns/others/*\", \"*/sa/other\"]")),
  ]

  @Test(arguments: sound)
  func soundGatewaysAreProved(_ base: String, _ files: String) throws {
    let compilation = try FixtureFleet(base: base).overlaid(by: files).compile(
      Self.paranoid)
    let judgement = try #require(compilation.judgement, "\(compilation.findingsText)")
    let crossing = try #require(judgement.crossings.first)
    #expect(crossing.verdict == .proved, "\(judgement.trace(of: crossing.crossing)?.text() ?? "")")
    let wrong = compilation.findings.filter { ["LW7231", "LW7221", "LW7222", "LW7223"].contains($0.rule.id) }
    #expect(wrong.isEmpty, "\(wrong.map(\.goldenText).joined())")
  }
}
