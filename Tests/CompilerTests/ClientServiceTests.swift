import Diagnostics
import Linker
import Reachability
import Testing

@testable import Compiler

/// What stands beside the way of east-west gateways: the client's own Service of the target's name, trust domains, TSB's
/// settings of traffic; and grants of the Gateway API.
@Suite struct ClientServiceTests {
  private static func judged(_ files: String, over base: String = "tetrate") throws -> (
    Compilation, JudgedCrossing
  ) {
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: base).overlaid(by: files).compile(options)
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
    return (compilation, try #require(compilation.judgement?.crossings.first, "\(compilation.findingsText)"))
  }

  private static func twin(_ ports: String, selector: String = "app: details") -> String {
    """
    -- workloads/cluster-2/twin.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: details, namespace: bookinfo}
    spec: {selector: {\(selector)}, ports: [\(ports)]}

    """
  }

  static let twins: [(String, Hop.Kind?)] = [
    (twin("{name: http, port: 9081}"), .name), (twin("{name: http, port: 9080, protocol: UDP}"), .name),
    (twin("{name: tcp-x, port: 9080}"), .address),
    (twin("{name: http, port: 9080}", selector: "app: sleep"), .address),
    (twin("{name: http, port: 9080}"), nil),
  ]

  @Test(arguments: twins) func serviceOfTheClientsCluster(_ files: String, _ hop: Hop.Kind?) throws {
    for form in ["", TetrateJudgementTests.istioFleet] {
      let (compilation, crossing) = try Self.judged(form + files)
      #expect(crossing.verdict == (hop == nil ? .proved : .refuted), "\(compilation.findingsText)")
      if let hop { #expect(crossing.decisiveHop?.kind == hop, "\(compilation.findingsText)") }
    }
  }

  /// What `cluster.local` stands for is the target's own trust domain.
  @Test(arguments: [
    ("cluster.local", ConnectionVerdict.depends), ("two.local", .proved), ("one.local", .depends),
  ]) func trustDomains(_ domain: String, _ verdict: ConnectionVerdict) throws {
    let clusters = ["1": "one.local", "2": "two.local"].sorted { $0.key < $1.key }.map { number, domain in
      """
      -- clusters/cluster-\(number).yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster-\(number)}
      spec:
        network: {podCIDRs: [10.\(number).0.0/16], baseline: []}
        tetrate: {network: net-\(number), trustDomain: \(domain)}

      """
    }.joined()
    let (compilation, crossing) = try Self.judged(
      clusters + """
        -- workloads/cluster-1/policy.yaml --
        apiVersion: security.istio.io/v1
        kind: AuthorizationPolicy
        metadata: {name: mine, namespace: bookinfo}
        spec:
          selector: {matchLabels: {app: details}}
          rules: [{from: [{source: {principals: ["\(domain)/ns/bookinfo/sa/default"]}}]}]

        """)
    #expect(crossing.verdict == verdict, "\(compilation.findingsText)")
  }

  /// One mesh has one trust domain, unless aliases say more.
  @Test(arguments: [("one.local", ConnectionVerdict.proved), ("two.local", .depends)])
  func trustDomainsOfOneMesh(_ other: String, _ verdict: ConnectionVerdict) throws {
    let (compilation, crossing) = try Self.judged(
      TetrateJudgementTests.istioFleet + """
        -- clusters/cluster-1.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Cluster
        metadata: {name: cluster-1}
        spec:
          network: {podCIDRs: [10.1.0.0/16], baseline: []}
          tetrate: {network: net-1, trustDomain: one.local}
        -- clusters/cluster-2.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Cluster
        metadata: {name: cluster-2}
        spec:
          network: {podCIDRs: [10.2.0.0/16], baseline: []}
          tetrate: {network: net-2, dnsProxy: true, trustDomain: \(other)}

        """)
    #expect(crossing.verdict == verdict, "\(compilation.findingsText)")
  }

  @Test(arguments: [("NAMESPACE", ConnectionVerdict.depends), ("CLUSTER", .proved)])
  func trafficSettings(_ mode: String, _ verdict: ConnectionVerdict) throws {
    let (compilation, crossing) = try Self.judged(
      """
      -- workloads/cluster-1/traffic.yaml --
      apiVersion: traffic.tsb.tetrate.io/v2
      kind: TrafficSetting
      metadata:
        name: books
        namespace: bookinfo
        annotations: {tsb.tetrate.io/organization: tetrate, tsb.tetrate.io/tenant: dev, tsb.tetrate.io/workspace: bookinfo-ws, tsb.tetrate.io/trafficGroup: g}
      spec: {reachability: {mode: \(mode)}}

      """)
    #expect(crossing.verdict == verdict, "\(compilation.findingsText)")
  }

  /// A route that leads into another namespace needs that namespace's word.
  @Test(arguments: ["", "edge", "other"]) func referenceGrants(_ granted: String) throws {
    let grant = """
      ---
      apiVersion: gateway.networking.k8s.io/v1beta1
      kind: ReferenceGrant
      metadata: {name: routes, namespace: demo}
      spec:
        from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: \(granted)}]
        to: [{group: "", kind: Service}]

      """
    let (compilation, crossing) = try Self.judged(
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
      metadata: {name: kuard, namespace: edge}
      spec:
        hostnames: [\(GatewayDNSJudgementTests.host)]
        rules: [{backendRefs: [{name: kuard, namespace: demo, port: 80}]}]

      """ + (granted.isEmpty ? "" : grant), over: "gateway-dns")
    #expect((crossing.verdict == .refuted) == (granted != "edge"), "\(compilation.findingsText)")
    if granted != "edge" { #expect(compilation.findingsText.contains("no ReferenceGrant of demo admits it")) }
  }
}
