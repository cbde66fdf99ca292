import Compiler
import Diagnostics
import Reachability
import Testing

/// Addresses that somebody wrote, and endpoints of which only some are right.
@Suite struct WrittenAddressTests {
  typealias Break = SurroundingBreakTests.Break

  private static func hub(_ service: String, link: String = "") -> String {
    """
    -- clusters/silver.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: silver}
    spec: {network: {profile: calico, baseline: []}}
    -- workloads/silver/clamav.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: clamav, namespace: a1b2c3-prod}
    spec: {\(service), selector: {app: clamav}, ports: [{port: 3310, targetPort: 3310}]}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: clamav, namespace: a1b2c3-prod}
    spec:
      selector: {matchLabels: {app: clamav}}
      template:
        metadata: {labels: {app: clamav}}
        spec: {containers: [{name: clamav, image: "registry.example.com/clamav:1.0", ports: [{containerPort: 3310}]}]}
    \(link)

    """
  }

  private static func operatorEndpoints(_ subsets: String) -> String {
    """
    -- observed/golddr/a1b2c3-dev.yaml --
    apiVersion: v1
    kind: Endpoints
    metadata: {name: yourservice-gold, namespace: a1b2c3-dev}
    subsets: \(subsets)
    -- observed/gold/a1b2c3-dev.yaml --
    apiVersion: cis.f5.com/v1
    kind: TransportServer
    metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
    spec: {virtualServerAddress: 142.34.229.70, virtualServerPort: 37650, pool: {service: yourservice, servicePort: 8000}}

    """
  }

  private static func slice(_ endpoint: String) -> String {
    """
    -- workloads/emerald/leftover.yaml --
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata: {name: leftover, namespace: a1b2c3-prod, labels: {kubernetes.io/service-name: clamav-silver}}
    addressType: IPv4
    endpoints: [\(endpoint)]
    ports: [{port: 3310, protocol: TCP}]

    """
  }

  static let all = [
    Break(
      "an address before a Service without one", over: "porter-silver", .depends, at: .loadBalancer,
      hub("type: ClusterIP")),
    Break(
      "an address of a load balancer", over: "porter-silver", .proved, at: nil, hub("type: LoadBalancer")),
    Break("an address before node ports", over: "porter-silver", .proved, at: nil, hub("type: NodePort")),
    Break(
      "an address among the Service's own", over: "porter-silver", .proved, at: nil,
      hub("type: ClusterIP, externalIPs: [142.34.194.68]")),
    Break(
      "another address than the one that the Service asks for", over: "porter-silver", .depends,
      at: .loadBalancer, hub("type: LoadBalancer, loadBalancerIP: 142.34.194.69")),
    Break(
      "the right endpoint alone", over: "porter-pair", .proved, at: nil,
      operatorEndpoints("[{addresses: [{ip: 142.34.229.70}], ports: [{port: 37650}]}]")),
    Break(
      "a second address of the operator's", over: "porter-pair", .refuted, at: .address,
      operatorEndpoints("[{addresses: [{ip: 142.34.229.70}, {ip: 142.34.229.62}], ports: [{port: 37650}]}]")),
    Break(
      "a second port of the operator's", over: "porter-pair", .refuted, at: .address,
      operatorEndpoints(
        "[{addresses: [{ip: 142.34.229.70}], ports: [{port: 37650}]}, {addresses: [{ip: 142.34.229.70}], ports: [{port: 36000}]}]"
      )),
    Break(
      "an endpoint that is not ready", over: "porter-silver", .proved, at: nil,
      slice("{addresses: [192.0.2.9], conditions: {ready: false}}")),
    Break(
      "an endpoint that is ready", over: "porter-silver", .refuted, at: .address,
      slice("{addresses: [192.0.2.9], conditions: {ready: true}}")),
  ]

  static let observed = [
    Break(
      "endpoints of which none is ready", over: "porter-silver", .depends, at: .pod,
      """
      -- observed/silver/a1b2c3-prod.yaml --
      apiVersion: v1
      kind: Endpoints
      metadata: {name: clamav, namespace: a1b2c3-prod}
      subsets: [{notReadyAddresses: [{ip: 10.97.0.5}], ports: [{port: 3310}]}]

      """),
    Break(
      "endpoints of which one is ready", over: "porter-silver", .proved, at: nil,
      """
      -- observed/silver/a1b2c3-prod.yaml --
      apiVersion: v1
      kind: Endpoints
      metadata: {name: clamav, namespace: a1b2c3-prod}
      subsets: [{addresses: [{ip: 10.97.0.5}], notReadyAddresses: [{ip: 10.97.0.6}], ports: [{port: 3310}]}]

      """),
    Break(
      "an API server of the mesh among the reader's own pods", over: "clustermesh", .refuted, at: .tunnel,
      """
      -- clusters/cluster01.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster01}
      spec:
        network: {podCIDRs: [10.6.124.0/24], serviceCIDRs: [10.101.0.0/16], baseline: []}
        apiServer: {certificateAuthorityFile: pki/ca.crt, expose: {address: 10.6.123.66, nodePort: 31931}}
        cilium: {id: 1, chartVersion: 1.20.0, mesh: {ips: [10.6.123.66]}}

      """),
  ]

  @Test(arguments: all + observed) func writtenAddressesAreHeldAgainstManifests(_ planted: Break) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile(options)
    let crossing = try #require(compilation.judgement?.crossings.first, "\(compilation.findingsText)")
    #expect(crossing.verdict == planted.verdict, "\(crossing.openHops) \(compilation.findingsText)")
    if let hop = planted.hop { #expect(crossing.decisiveHop?.kind == hop, "\(crossing.openHops)") }
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }
}
