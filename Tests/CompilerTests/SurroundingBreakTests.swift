import Compiler
import Diagnostics
import Reachability
import Testing

/// Breaks beside the objects that a connection is made of: what pods say of themselves, families of addresses, classes of
/// routes, what a controller reads. Both evaluators must agree on each.
@Suite struct SurroundingBreakTests {
  struct Break: Sendable, CustomTestStringConvertible {
    let name: String
    let base: String
    let verdict: ConnectionVerdict
    let hop: Hop.Kind?
    let files: String
    var testDescription: String { name }

    init(_ name: String, over base: String, _ verdict: ConnectionVerdict, at hop: Hop.Kind?, _ files: String)
    {
      self.name = name
      self.base = base
      self.verdict = verdict
      self.hop = hop
      self.files = files
    }
  }

  private static func scanner(_ pod: String) -> String {
    """
    -- workloads/emerald/scanner.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: scanner, namespace: a1b2c3-prod}
    spec:
      selector: {matchLabels: {app: scanner}}
      template:
        metadata: {labels: {app: scanner}}
        spec: {\(pod), containers: [{name: scanner, image: "registry.example.com/scanner:1.0"}]}

    """
  }

  private static func clamav(
    service: String = "selector: {app: clamav}, ports: [{port: 3310, targetPort: 3310}]",
    kind: String = "StatefulSet", pod: String = "", container: String = "ports: [{containerPort: 3310}]",
    more: String = ""
  ) -> String {
    """
    -- workloads/silver/clamav.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: clamav, namespace: a1b2c3-prod}
    spec: {\(service)}
    ---
    apiVersion: apps/v1
    kind: \(kind)
    metadata: {name: clamav, namespace: a1b2c3-prod}
    spec:
      selector: {matchLabels: {app: clamav}}
      template:
        metadata: {labels: {app: clamav}}
        spec: {\(pod) containers: [{name: clamav, image: "registry.example.com/clamav:1.0", \(container)}]}
    \(more)

    """
  }

  private static func cluster(_ name: String, _ network: String) -> String {
    """
    -- clusters/\(name).yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: \(name)}
    spec: {distribution: openshift, network: {baseline: [], \(network)}}

    """
  }

  private static func balancer(_ addresses: String...) -> String {
    """
    -- links/silver.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: silver}
    spec: {static: {addresses: {silver: observed}}}
    -- observed/silver/a1b2c3-prod.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: clamav, namespace: a1b2c3-prod}
    status: {loadBalancer: {ingress: [\(addresses.map { "{ip: \"\($0)\"}" }.joined(separator: ", "))]}}

    """
      + clamav(
        service: "type: LoadBalancer, selector: {app: clamav}, ports: [{port: 3310, targetPort: 3310}]")
  }

  private static let four = cluster("emerald", "serviceCIDRs: [172.30.0.0/16]")

  private static let job = """
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: migration, namespace: a1b2c3-prod}
    spec:
      selector: {matchLabels: {app: clamav}}
      template:
        metadata: {labels: {app: clamav}}
        spec: {containers: [{name: migration, image: "registry.example.com/clamav:1.0"}]}
    """

  static let fixed = [
    Break(
      "an alias of the clients' own", over: "porter-silver", .refuted, at: .name,
      scanner("hostAliases: [{ip: 192.0.2.1, hostnames: [clamav-silver.a1b2c3-prod]}]")),
    Break(
      "an alias for somebody else", over: "porter-silver", .proved, at: nil,
      scanner("hostAliases: [{ip: 192.0.2.1, hostnames: [clamav]}]")),
    Break(
      "a load balancer for others", over: "porter-silver", .depends, at: .loadBalancer,
      clamav(
        service:
          "type: LoadBalancer, loadBalancerSourceRanges: [192.0.2.0/24], selector: {app: clamav}, ports: [{port: 3310, targetPort: 3310}]"
      )),
    Break(
      "IPv6 alone, for clients without", over: "porter-silver", .refuted, at: .address,
      four + balancer("2001:db8::7")),
    Break(
      "both families", over: "porter-silver", .proved, at: nil, four + balancer("2001:db8::7", "203.0.113.7")),
    Break(
      "a family that the target's cluster has not", over: "porter-silver", .refuted, at: .service,
      cluster("silver", "serviceCIDRs: [172.30.0.0/16]")
        + clamav(
          service: "ipFamilies: [IPv6], selector: {app: clamav}, ports: [{port: 3310, targetPort: 3310}]")),
    Break(
      "a probe of a port that nobody has", over: "porter-silver", .refuted, at: .pod,
      clamav(
        container: "ports: [{containerPort: 3310}], readinessProbe: {tcpSocket: {port: health}}")),
    Break(
      "a probe by number", over: "porter-silver", .proved, at: nil,
      clamav(container: "ports: [{containerPort: 3310}], readinessProbe: {tcpSocket: {port: 3311}}")),
    Break(
      "somebody else's condition", over: "porter-silver", .depends, at: .pod,
      clamav(pod: "readinessGates: [{conditionType: example.com/never}],")),
    Break(
      "one pod of a StatefulSet", over: "porter-silver", .proved, at: nil,
      clamav(
        service:
          "selector: {statefulset.kubernetes.io/pod-name: clamav-0}, ports: [{port: 3310, targetPort: 3310}]")
    ),
    Break(
      "a second workload without the port's name", over: "porter-silver", .proved, at: nil,
      clamav(
        service: "selector: {app: clamav}, ports: [{port: 3310, targetPort: clamd}]",
        container: "ports: [{name: clamd, containerPort: 3310}]", more: job)),
  ]

  private static func gateway(_ path: String, _ body: String) -> String { "-- \(path) --\n\(body)\n" }

  private static let server = """
    -- workloads/cluster-b/dns.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: dns-server, namespace: capi-dns}
    spec: {clusterIP: 10.96.0.60, selector: {app: dns-server}, ports: [{name: dns, port: 53, protocol: UDP, targetPort: 53}, {name: dns-tcp, port: 53, targetPort: 53}]}
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: dns-server, namespace: capi-dns}
    spec:
      selector: {matchLabels: {app: dns-server}}
      template: {metadata: {labels: {app: dns-server}}, spec: {containers: [{name: dns, image: dns}]}}

    """.replacing("capi-dns", with: "xcc-dns")

  static let gateways = [
    Break("a DNS server with pods", over: "gateway-dns", .proved, at: nil, server),
    Break(
      "a DNS server that reads nothing", over: "gateway-dns", .depends, at: .name,
      server
        + """
        -- workloads/cluster-b/closed.yaml --
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: closed, namespace: xcc-dns}
        spec: {podSelector: {}, policyTypes: [Egress]}

        """),
  ]

  static let porter = [
    Break(
      "a load balancer that keeps its address", over: "porter-pair", .depends, at: .ingress,
      """
      -- workloads/gold/yourservice.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec: {type: NodePort, externalTrafficPolicy: Local, selector: {name: yourapp}, ports: [{port: 8000, targetPort: 8000}]}
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: yourapp, namespace: a1b2c3-dev}
      spec:
        selector: {matchLabels: {name: yourapp}}
        template:
          metadata: {labels: {name: yourapp}}
          spec: {containers: [{name: app, image: i, ports: [{containerPort: 8000}]}]}

      """)
  ]

  private static func sleep(_ annotation: String) -> String {
    """
    -- workloads/cluster-2/sleep.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: sleep, namespace: bookinfo}
    spec:
      selector: {matchLabels: {app: sleep}}
      template:
        metadata: {labels: {app: sleep}, annotations: {\(annotation)}}
        spec: {containers: [{name: sleep, image: curl}]}

    """
  }

  static let istio = [
    Break(
      "ranges without the address that is called", over: "tetrate", .refuted, at: .address,
      sleep("traffic.sidecar.istio.io/includeOutboundIPRanges: 10.0.0.0/8")),
    Break(
      "all ranges", over: "tetrate", .proved, at: nil,
      sleep("traffic.sidecar.istio.io/includeOutboundIPRanges: \"*\"")),
    Break(
      "a sidecar that answers no names", over: "tetrate", .refuted, at: .name,
      sleep("proxy.istio.io/config: '{proxyMetadata: {ISTIO_META_DNS_CAPTURE: \"false\"}}'")),
  ]

  static let mesh = [
    Break(
      "an API server of the mesh without pods", over: "clustermesh", .refuted, at: .tunnel,
      """
      -- workloads/cluster02/apiserver.yaml --
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: clustermesh-apiserver, namespace: kube-system}
      spec:
        replicas: 0
        selector: {matchLabels: {k8s-app: clustermesh-apiserver}}
        template: {metadata: {labels: {k8s-app: clustermesh-apiserver}}, spec: {containers: [{name: apiserver, image: i}]}}

      """)
  ]

  @Test(arguments: fixed + gateways + porter + istio + mesh)
  func breakIsFoundAtItsHop(_ planted: Break) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile(options)
    let crossing = try #require(compilation.judgement?.crossings.first, "\(compilation.findingsText)")
    #expect(crossing.verdict == planted.verdict, "\(crossing.openHops) \(compilation.findingsText)")
    if let hop = planted.hop { #expect(crossing.decisiveHop?.kind == hop, "\(crossing.openHops)") }
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
    #expect(compilation.failed == (planted.verdict == .refuted), "\(compilation.findingsText)")
  }

  // MARK: Audiences

  private static func open(_ base: String, _ files: String) throws -> [String] {
    try FixtureFleet(base: base).overlaid(by: files).compile().findings.map(\.rule.id).filter {
      ["LW7241", "LW7242"].contains($0)
    }
  }

  private static func withoutAcknowledgement(_ base: String, _ path: String) throws -> String {
    let text = String(decoding: try #require(try FixtureFleet(base: base).files[path]), as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).filter {
      !$0.contains("exposure")
    }
    return "-- \(path) --\n\(lines.joined(separator: "\n"))\n"
  }

  /// Each link that cannot be narrower is told where nobody acknowledges it, and not where something narrows it.
  @Test func audiencesAreToldUnlessNarrowed() throws {
    let fixed = try Self.withoutAcknowledgement("porter-silver", "connections/clamav.yaml")
    #expect(try Self.open("porter-silver", fixed) == ["LW7241"])
    #expect(try Self.open("porter-silver", fixed + Self.fixed[2].files).isEmpty)
    let gateway = try Self.withoutAcknowledgement("gateway-dns", "connections/kuard.yaml")
    #expect(try Self.open("gateway-dns", gateway) == ["LW7241"])
    let filtered = """
      -- workloads/cluster-a/ranges.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: narrow, namespace: projectcontour}
      spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24}}]}]}

      """
    #expect(try Self.open("gateway-dns", gateway + filtered).isEmpty)
    let tetrate = try Self.withoutAcknowledgement("tetrate", "connections/details.yaml")
    #expect(try Self.open("tetrate", tetrate) == ["LW7242"])
    let asking = """
      -- workloads/cluster-1/allow.yaml --
      apiVersion: security.istio.io/v1
      kind: AuthorizationPolicy
      metadata: {name: allow, namespace: bookinfo}
      spec: {action: ALLOW, rules: [{from: [{source: {namespaces: [bookinfo]}}]}]}

      """
    #expect(try Self.open("tetrate", tetrate + asking).isEmpty)
  }
}
