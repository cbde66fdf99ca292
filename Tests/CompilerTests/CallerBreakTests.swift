import Compiler
import Diagnostics
import Reachability
import Testing

/// Breaks of what lies beside the objects that a carrier needs: workloads without pods, pods that ask another DNS, aliases,
/// policies of the whole cluster, what Istio's and Cilium's own objects say.
@Suite struct CallerBreakTests {
  typealias Break = JudgementTests.Break

  static func workload(
    _ cluster: String, _ namespace: String, _ name: String, _ labels: String, _ pod: String,
    _ spec: String = "", _ metadata: String = ""
  ) -> String {
    """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: \(name), namespace: \(namespace)}
    spec:
      \(spec.isEmpty ? "" : spec + "\n  ")selector: {matchLabels: {\(labels)}}
      template:
        metadata: {labels: {\(labels)}\(metadata.isEmpty ? "" : ", " + metadata)}
        spec: {\(pod)containers: [{name: app, image: app, ports: [{containerPort: 9080}]}]}

    """
  }

  // MARK: DNS of the clients

  private static func scanner(_ pod: String) -> String {
    "-- workloads/emerald/scanner.yaml --\n"
      + workload("emerald", "a1b2c3-prod", "scanner", "app: scanner", pod)
  }

  private static func adminPolicy(_ cluster: String, _ spec: String) -> String {
    """
    -- workloads/\(cluster)/admin.yaml --
    apiVersion: policy.networking.k8s.io/v1alpha1
    kind: AdminNetworkPolicy
    metadata: {name: deny}
    spec: \(spec)
    -- clusters/emerald.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: emerald}
    spec: {distribution: openshift, network: {baseline: [], profile: ovn-kubernetes}}

    """
  }

  static let names: [Break] = [
    Break(
      "pods that ask whom their node asks", over: "porter-silver", scanner("dnsPolicy: Default, "), at: .name,
      "LW7202"),
    Break(
      "pods that ask somebody outside", over: "porter-silver",
      scanner("dnsPolicy: None, dnsConfig: {}, "), at: .name, "LW7202"),
    Break(
      "pods in their node's network", over: "porter-silver", scanner("hostNetwork: true, "), at: .name,
      "LW7202"),
    Break(
      "a policy of the cluster before the DNS", over: "porter-silver",
      adminPolicy(
        "emerald",
        "{priority: 5, subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: openshift-dns}}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}"
      ), at: .name, "LW7202"),
    Break(
      "clients that a controller labels while they run", over: "porter-silver",
      """
      -- connections/clamav.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec:
        from: [{clusters: [emerald]}]
        to: {clusters: [silver], service: clamav, ports: [3310], runtimeLabels: {role: [master, replica]}}
      -- workloads/silver/clamav.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec: {selector: {app: clamav, role: master}, ports: [{port: 3310}]}
      ---
      \(workload("silver", "a1b2c3-prod", "clamav", "app: clamav", ""))
      -- workloads/emerald/scanner.yaml --
      \(workload("emerald", "a1b2c3-prod", "clamav", "app: clamav", ""))
      \(JudgementTests.policy("emerald", "a1b2c3-prod", "{podSelector: {matchLabels: {role: master}}, policyTypes: [Egress]}"))
      """, at: .egress, "LW7201"),
    Break(
      "an alias for a target", over: "porter-silver",
      """
      -- workloads/silver/clamav.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec: {type: ExternalName, externalName: x.example.com, selector: {app: clamav}, ports: [{port: 3310}]}
      ---
      \(workload("silver", "a1b2c3-prod", "clamav", "app: clamav", ""))
      """, at: .service, "LW7205"),
  ]

  // MARK: Istio

  private static func details(_ pod: String = "", _ metadata: String = "", service: String = "") -> String {
    """
    -- workloads/cluster-1/details.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: details, namespace: bookinfo, labels: {app: details, service: details}\(service)}
    spec: {selector: {app: details}, ports: [{name: http, port: 9080}]}
    ---
    \(workload("cluster-1", "bookinfo", "details-v1", "app: details", pod, "", metadata))
    """
  }

  private static func object(
    _ cluster: String, _ kind: String, _ spec: String, _ namespace: String = "bookinfo"
  )
    -> String
  {
    let group = kind == "AuthorizationPolicy" ? "security" : "networking"
    return """
      -- workloads/\(cluster)/\(kind.lowercased()).yaml --
      apiVersion: \(group).istio.io/v1
      kind: \(kind)
      metadata: {name: mine, namespace: \(namespace)}
      spec: \(spec)

      """
  }

  private static let host = "details.bookinfo.svc.cluster.local"

  static let istio: [Break] = [
    Break(
      "routes of the clients lead elsewhere", over: "tetrate",
      object(
        "cluster-2", "VirtualService", "{hosts: [\(host)], http: [{route: [{destination: {host: other}}]}]}"),
      at: .address, "LW7203"),
    Break(
      "a subset that nobody defines", over: "tetrate",
      object(
        "cluster-2", "VirtualService",
        "{hosts: [details], http: [{route: [{destination: {host: details, subset: v9}}]}]}"), at: .address,
      "LW7203"),
    Break(
      "a second entry for the host", over: "tetrate",
      object(
        "cluster-2", "ServiceEntry",
        "{hosts: [\(host)], resolution: STATIC, ports: [{name: http, number: 9080, protocol: HTTP}], endpoints: [{address: 192.0.2.1}]}"
      ), at: .address, "LW7203"),
    Break(
      "the gateway's pods admit nobody without an identity", over: "tetrate",
      object(
        "cluster-1", "AuthorizationPolicy",
        "{selector: {matchLabels: {app: eastwest-gateway}}, rules: [{from: [{source: {namespaces: [bookinfo]}}]}]}"
      ), at: .gateway, "LW7207"),
    Break(
      "the gateway's pods deny everybody", over: "tetrate",
      object(
        "cluster-1", "AuthorizationPolicy",
        "{selector: {matchLabels: {app: eastwest-gateway}}, action: DENY, rules: [{}]}"), at: .gateway,
      "LW7207"),
    Break(
      "a namespace without sidecars", over: "tetrate",
      """
      -- workloads/cluster-1/namespace.yaml --
      apiVersion: v1
      kind: Namespace
      metadata: {name: bookinfo, labels: {istio-injection: disabled}}

      """, at: .ingress, "LW7207"),
    Break(
      "a port beside the sidecar", over: "tetrate",
      details("", "annotations: {traffic.sidecar.istio.io/excludeInboundPorts: \"9080\"}"), at: .ingress,
      "LW7207"),
    Break(
      "a port of the clients beside the sidecar", over: "tetrate",
      "-- workloads/cluster-2/sleep.yaml --\n"
        + workload(
          "cluster-2", "bookinfo", "sleep", "app: sleep", "", "",
          "annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: \"80,9080\"}"), at: .address, "LW7203"
    ),
    Break(
      "a Service that no other namespace sees", over: "tetrate",
      TetrateJudgementTests.istioFleet
        + details(service: ", annotations: {networking.istio.io/exportTo: \".\"}"), at: .gateway, "LW7204"),
    Break(
      "a gateway's Service on UDP", over: "tetrate",
      TetrateJudgementTests.istioFleet.replacing("port: 15443}", with: "port: 15443, protocol: UDP}"),
      at: .gateway, "LW7204"),
    Break(
      "the clients' own alias", over: "tetrate",
      """
      -- workloads/cluster-2/alias.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: details, namespace: bookinfo, labels: {app: details, service: details}}
      spec: {type: ExternalName, externalName: x.example.com, ports: [{name: http, port: 9080}]}

      """, at: .name, "LW7202"),
  ]

  // MARK: Cilium, GatewayDNS

  static let others: [Break] = [
    Break(
      "a global Service of the client's node alone", over: "clustermesh",
      """
      -- workloads/cluster01/rebel-base.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: rebel-base, namespace: default, annotations: {service.cilium.io/global: "true"}}
      spec: {internalTrafficPolicy: Local, selector: {name: rebel-base}, ports: [{name: http, port: 80, targetPort: 80}]}

      """, at: .address, "LW7203"),
    Break(
      "a record before the controller's", over: "gateway-dns",
      """
      -- workloads/cluster-b/slice.yaml --
      apiVersion: discovery.k8s.io/v1
      kind: EndpointSlice
      metadata:
        name: mine
        namespace: xcc-dns
        annotations: {connectivity.tanzu.vmware.com/dns-hostname: kuard.gateway.cluster-a.dev-team.clusters.xcc.test}
      addressType: IPv4
      endpoints: [{addresses: [198.51.100.1]}]

      """, at: .address, "LW7203"),
    Break(
      "a resolver that may not ask the zone's server", over: "gateway-dns",
      JudgementTests.policy(
        "cluster-b", "kube-system",
        "{podSelector: {matchLabels: {k8s-app: kube-dns}}, policyTypes: [Egress], egress: [{to: [{podSelector: {}}]}]}"
      ), at: .name, "LW7201"),
    Break(
      "a route that gives the target nothing", over: "gateway-dns",
      proxy(
        "routes: [{services: [{name: kuard, port: 80, weight: 0}, {name: other, port: 80, weight: 100}]}]"),
      at: .gateway, "LW7204"),
    Break(
      "a proxy of bytes without TLS", over: "gateway-dns",
      proxy("tcpproxy: {services: [{name: kuard, port: 80}]}"), at: .gateway, "LW7204"),
  ]

  private static func proxy(_ spec: String) -> String {
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
    spec:
      virtualhost: {fqdn: kuard.gateway.cluster-a.dev-team.clusters.xcc.test}
      \(spec)

    """
  }

  @Test(arguments: names + istio + others)
  func breakIsFoundAtItsHop(_ planted: Break) throws {
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile()
    let judgement = try #require(compilation.judgement, "\(compilation.findingsText)")
    let crossing = try #require(judgement.crossings.first, "\(compilation.findingsText)")
    #expect(crossing.verdict == .refuted, "\(compilation.findingsText)")
    #expect(
      crossing.decisiveHop?.kind == planted.hop,
      "\(judgement.trace(of: crossing.crossing)?.text() ?? "")\n\(compilation.findingsText)")
    guard case .broken(let fault)? = crossing.decisiveHop?.state else { return }
    #expect(fault.rule.id == planted.rule && !fault.help.isEmpty)
    #expect(judgement.disputes(mapping: AllCores()).isEmpty, "\(judgement.disputes(mapping: AllCores()))")
  }

  // MARK: What nobody tells

  static let open: [(base: String, files: String, question: String)] = [
    (
      "porter-silver",
      "-- workloads/silver/scanner.yaml --\n-- workloads/silver/clamav.yaml --\n"
        + """
        apiVersion: v1
        kind: Service
        metadata: {name: clamav, namespace: a1b2c3-prod}
        spec: {selector: {app: clamav}, ports: [{port: 3310}]}
        ---
        \(workload("silver", "a1b2c3-prod", "clamav", "app: clamav", "", "replicas: 0"))
        ---
        apiVersion: keda.sh/v1alpha1
        kind: ScaledObject
        metadata: {name: clamav, namespace: a1b2c3-prod}
        spec: {scaleTargetRef: {name: clamav}, triggers: []}
        """, "how many pods ScaledObject clamav makes"
    ),
    (
      "tetrate",
      object(
        "cluster-2", "VirtualService",
        "{hosts: [\(host)], http: [{match: [{uri: {prefix: /x}}], route: [{destination: {host: other}}]}, {route: [{destination: {host: \(host)}}]}]}"
      ), "a part of the requests"
    ),
    (
      "tetrate",
      TetrateJudgementTests.istioFleet.replacing(
        "spec: {type: LoadBalancer,",
        with: "spec: {type: LoadBalancer, loadBalancerSourceRanges: [192.0.2.0/24],"),
      "loadBalancerSourceRanges"
    ),
    (
      "gateway-dns",
      proxy("routes: [{conditions: [{prefix: /x}], services: [{name: kuard, port: 80}]}]"), "which paths"
    ),
    (
      "gateway-dns", proxy("ingressClassName: other\n  routes: [{services: [{name: kuard, port: 80}]}]"),
      "class 'other'"
    ),
  ]

  @Test(arguments: open)
  func whatNobodyTellsIsAsked(_ base: String, _ files: String, _ question: String) throws {
    let compilation = try FixtureFleet(base: base).overlaid(by: files).compile()
    let judgement = try #require(compilation.judgement, "\(compilation.findingsText)")
    let judged = try #require(judgement.crossings.first, "\(compilation.findingsText)")
    #expect(judged.verdict == .depends, "\(judged.openHops)")
    #expect(judged.reasons.contains { $0.contains(question) }, "\(judged.reasons)")
    #expect(judgement.disputes(mapping: AllCores()).isEmpty, "\(judgement.disputes(mapping: AllCores()))")
  }

  /// Filters of addresses hang on addresses that nobody knows.
  @Test func addressesMayBeFiltered() throws {
    let files = Self.proxy(
      "routes: [{ipAllowPolicy: [{source: Peer, cidr: 10.0.0.0/8}], services: [{name: kuard, port: 80}]}]")
    let compilation = try FixtureFleet(base: "gateway-dns").overlaid(by: files).compile()
    let judged = try #require(compilation.judgement?.crossings.first)
    #expect(judged.verdict == .depends && judged.reasons.contains { $0.contains("ipAllowPolicy") })
  }

  /// The zone's DNS server needs pods too.
  @Test(arguments: [
    ("app: dns-server", "", ConnectionVerdict.proved), ("app: other", "", .depends),
    ("app: dns-server", "replicas: 0", .refuted),
  ])
  func podsOfTheDNSServer(_ labels: String, _ spec: String, _ verdict: ConnectionVerdict) throws {
    let files = """
      -- observed/cluster-b/dns.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: dns-server, namespace: xcc-dns}
      spec:
        clusterIP: 10.96.0.60
        selector: {app: dns-server}
        ports: [{name: dns, port: 53, protocol: UDP}, {name: dns-tcp, port: 53, protocol: TCP}]
      -- workloads/cluster-b/dns.yaml --
      \(Self.workload("cluster-b", "xcc-dns", "dns-server", labels, "", spec))
      """
    let compilation = try FixtureFleet(base: "gateway-dns").overlaid(by: files).compile()
    let judgement = try #require(compilation.judgement, "\(compilation.findingsText)")
    #expect(judgement.crossings.first?.verdict == verdict, "\(compilation.findingsText)")
    #expect(judgement.disputes(mapping: AllCores()).isEmpty, "\(judgement.disputes(mapping: AllCores()))")
  }

  /// A policy of the cluster that selects other pods says nothing of the mesh's API server.
  @Test func policyOfTheClusterForOthers() throws {
    let files = """
      -- workloads/cluster02/policy.yaml --
      apiVersion: cilium.io/v2
      kind: CiliumClusterwideNetworkPolicy
      metadata: {name: others}
      spec:
        endpointSelector: {matchLabels: {app: other}}
        enableDefaultDeny: {ingress: false}
        ingressDeny: [{fromEntities: [remote-node]}]

      """
    let compilation = try FixtureFleet(base: "clustermesh").overlaid(by: files).compile()
    let judgement = try #require(compilation.judgement, "\(compilation.findingsText)")
    #expect(judgement.crossings.first?.verdict == .proved, "\(compilation.findingsText)")
    #expect(judgement.disputes(mapping: AllCores()).isEmpty, "\(judgement.disputes(mapping: AllCores()))")
  }

  /// A proxy leads where those lead that it includes.
  @Test(arguments: [
    ("{name: child}", "kuard", ConnectionVerdict.proved), ("{name: child}", "other", .refuted),
    ("{name: child, conditions: [{prefix: /x}]}", "kuard", .depends), ("{name: stranger}", "kuard", .depends),
  ])
  func includedProxiesAreFollowed(_ include: String, _ service: String, _ verdict: ConnectionVerdict) throws {
    let files =
      Self.proxy("includes: [\(include)]") + """
        -- workloads/cluster-a/child.yaml --
        apiVersion: projectcontour.io/v1
        kind: HTTPProxy
        metadata: {name: child, namespace: demo}
        spec: {routes: [{services: [{name: \(service), port: 80}]}]}

        """
    let compilation = try FixtureFleet(base: "gateway-dns").overlaid(by: files).compile()
    let judgement = try #require(compilation.judgement, "\(compilation.findingsText)")
    #expect(judgement.crossings.first?.verdict == verdict, "\(compilation.findingsText)")
    #expect(judgement.disputes(mapping: AllCores()).isEmpty, "\(judgement.disputes(mapping: AllCores()))")
  }

  /// An init container that ends has no port that a Service could lead to.
  @Test(arguments: [("restartPolicy: Always, ", true), ("", false)])
  func portOfAnInitContainer(_ policy: String, _ isThere: Bool) throws {
    let files = """
      -- workloads/silver/clamav.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec: {selector: {app: clamav}, ports: [{port: 3310, targetPort: av}]}
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec:
        selector: {matchLabels: {app: clamav}}
        template:
          metadata: {labels: {app: clamav}}
          spec:
            initContainers: [{name: first, \(policy)image: app, ports: [{name: av, containerPort: 3310}]}]
            containers: [{name: app, image: app}]

      """
    let compilation = try FixtureFleet(base: "porter-silver").overlaid(by: files).compile()
    #expect(
      compilation.findings.contains { $0.rule.id == "LW1208" } != isThere, "\(compilation.findingsText)")
  }
}
