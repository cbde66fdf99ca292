import Compiler
import Diagnostics
import Reachability
import Testing

/// What the clients' and the target's own clusters add to a way: addresses of their own, slices that somebody joins, a DNS
/// without pods; and where a template of the fleet's own is what breaks a hop.
@Suite struct OwnClusterTests {
  typealias Break = SurroundingBreakTests.Break

  private static func emerald(_ network: String) -> String {
    """
    -- clusters/emerald.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: emerald}
    spec: {network: {profile: calico, baseline: [], \(network)}}

    """
  }

  private static func slice(_ cluster: String, _ namespace: String, _ service: String) -> String {
    """
    -- workloads/\(cluster)/stray.yaml --
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: stray, namespace: \(namespace), labels: {kubernetes.io/service-name: \(service)}}
    addressType: IPv4
    endpoints: [{addresses: [192.0.2.1], conditions: {ready: true}}]
    ports: [{name: http, port: 80, protocol: TCP}]

    """
  }

  private static func dns(_ replicas: Int) -> String {
    """
    -- workloads/emerald/coredns.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: coredns, namespace: kube-system}
    spec:
      replicas: \(replicas)
      selector: {matchLabels: {k8s-app: kube-dns}}
      template:
        metadata: {labels: {k8s-app: kube-dns}}
        spec: {containers: [{name: coredns, image: coredns}]}

    """
  }

  static let all = [
    Break(
      "an address among the clients' own Services", over: "porter-silver", .refuted, at: .address,
      emerald("serviceCIDRs: [142.34.0.0/16]")),
    Break(
      "an address among the clients' own pods", over: "porter-silver", .refuted, at: .address,
      emerald("podCIDRs: [142.34.194.0/24]")),
    Break(
      "an address elsewhere", over: "porter-silver", .proved, at: nil,
      emerald("podCIDRs: [10.1.0.0/16], serviceCIDRs: [10.101.0.0/16]")),
    Break(
      "a slice joined to the target's Service", over: "porter-silver", .refuted, at: .service,
      slice("silver", "a1b2c3-prod", "clamav")),
    Break(
      "a slice of another Service", over: "porter-silver", .proved, at: nil,
      slice("silver", "a1b2c3-prod", "other")),
    Break(
      "a slice joined to the target's Service in a mesh", over: "clustermesh", .refuted, at: .service,
      slice("cluster02", "default", "rebel-base")),
    Break("a DNS without pods", over: "porter-silver", .refuted, at: .name, emerald("") + dns(0)),
    Break("a DNS with pods", over: "porter-silver", .proved, at: nil, emerald("") + dns(2)),
    Break(
      "a DNS that admits pods of its own namespace alone", over: "porter-silver", .refuted, at: .name,
      emerald("")
        + """
        -- workloads/emerald/dns-policy.yaml --
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: dns, namespace: kube-system}
        spec: {podSelector: {matchLabels: {k8s-app: kube-dns}}, policyTypes: [Ingress], ingress: [{from: [{podSelector: {}}]}]}

        """),
    Break(
      "a Service with a selector where endpoints lead out", over: "porter-silver", .refuted, at: .name,
      JudgementTests.template(
        "shared/external-service.yaml",
        """
        apiVersion: v1
        kind: Service
        metadata: {name: "${external.name}", namespace: "${external.namespace}", labels: "${common.labels}", annotations: "${common.annotations}"}
        spec: {type: ClusterIP, selector: {app: x}, ports: [{port: 3310, protocol: TCP, targetPort: 3310}]}
        """)),
  ]

  private static func clamav(_ target: String, _ ports: String) -> String {
    """
    -- workloads/silver/clamav.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: clamav, namespace: a1b2c3-prod}
    spec: {selector: {app: clamav}, ports: [{port: 3310, targetPort: \(target)}]}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: clamav, namespace: a1b2c3-prod}
    spec:
      selector: {matchLabels: {app: clamav}}
      template:
        metadata: {labels: {app: clamav}}
        spec: {containers: [{name: clamav, image: "registry.example.com/clamav:1.0"\(ports)}]}

    """
  }

  private static func contour(_ spec: String) -> String {
    """
    -- workloads/cluster-a/contour.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: envoy, namespace: projectcontour}
    spec: {type: LoadBalancer, \(spec)ports: [{name: http, port: 80, targetPort: 8080}]}
    ---
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: envoy, namespace: projectcontour}
    spec:
      selector: {matchLabels: {app: envoy}}
      template:
        metadata: {labels: {app: envoy}}
        spec: {containers: [{name: envoy, image: envoy, ports: [{containerPort: 8080}]}]}

    """
  }

  static let ports = [
    Break(
      "a target port that no container declares", over: "porter-silver", .depends, at: .targetPort,
      clamav("3311", ", ports: [{containerPort: 3310}]")),
    Break(
      "a target port where nothing is declared", over: "porter-silver", .proved, at: nil, clamav("3311", "")),
    Break(
      "a gateway's Service that selects nobody", over: "gateway-dns", .refuted, at: .gateway, contour("")),
    Break(
      "a gateway's Service that selects pods", over: "gateway-dns", .proved, at: nil,
      contour("selector: {app: envoy}, ")),
    Break(
      "an east-west gateway's Service that selects nobody", over: "tetrate", .refuted, at: .gateway,
      TetrateJudgementTests.istioFleet.replacing("selector: {istio: eastwestgateway}, ", with: "")),
    Break(
      "authorities of their own", over: "clustermesh", .depends, at: .tunnel,
      """
      -- links/mesh.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: mesh}
      spec: {clusterMesh: {members: [cluster01, cluster02], certificates: {method: cronJob, sharedAuthority: false}}}

      """),
  ]

  @Test(arguments: all + ports) func ownClustersAreSeen(_ planted: Break) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile(options)
    let crossing = try #require(compilation.judgement?.crossings.first, "\(compilation.findingsText)")
    #expect(crossing.verdict == planted.verdict, "\(crossing.openHops) \(compilation.findingsText)")
    if let hop = planted.hop { #expect(crossing.decisiveHop?.kind == hop, "\(crossing.openHops)") }
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }

  /// Where the fleet's own template closes the way, the finding leads to its line.
  @Test func templatesThatBreakAHopAreNamed() throws {
    let closed = JudgementTests.staticEgress(
      "{to: [{ipBlock: {cidr: 142.34.194.68/32}}], ports: [{protocol: UDP, port: 3310}]}, \(JudgementTests.dns)"
    )
    let compilation = try FixtureFleet(base: "porter-silver").overlaid(by: closed).compile()
    let finding = try #require(compilation.findings.first { $0.rule.id == "LW7201" })
    let paths = finding.secondary.map(\.range.file.path)
    #expect(paths.contains("templates/static/egress-policy.yaml"), "\(paths)")
  }
}

/// A fault of one member must not be told of the others.
@Suite struct HealthyDirectionTests {
  /// A client that is no member fails at the tunnel; the member's pods beside it are served.
  @Test func clientOutsideDoesNotHoldUpTheOthers() throws {
    let files = """
      -- clusters/cluster09.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster09}
      spec: {network: {podCIDRs: [10.9.0.0/16], baseline: []}}
      -- workloads/cluster09/x-wing.yaml --
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: x-wing, namespace: default}
      spec:
        selector: {matchLabels: {name: x-wing}}
        template:
          metadata: {labels: {name: x-wing}}
          spec: {containers: [{name: x-wing, image: x-wing}]}
      -- connections/rebel-base.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: rebel-base, namespace: default}
      spec:
        via: mesh
        from: [{clusters: [cluster01, cluster09], podSelector: {matchLabels: {name: x-wing}}}]
        to: {clusters: [cluster02], service: rebel-base, ports: [80]}

      """
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: "clustermesh").overlaid(by: files).compile(options)
    let judgement = try #require(compilation.judgement)
    #expect(judgement.crossings.map(\.verdict) == [.proved, .refuted], "\(compilation.findingsText)")
    #expect(judgement.crossings.last?.decisiveHop?.kind == .tunnel)
    #expect(compilation.findings.contains { $0.rule.id == "LW3053" })
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }
}
