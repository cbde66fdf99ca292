import Diagnostics
import Linker
import Reachability
import Testing

@testable import Compiler

/// Addresses of static links, held against what the target's cluster can have behind them.
@Suite struct StaticPublicationTests {
  private static func fleet(
    _ address: String, ports: String = "{}", service: String = "type: NodePort", node: String = "",
    observed: String = "", override: String = ""
  ) -> String {
    """
    -- linkwright.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Fleet
    metadata: {name: static}
    -- clusters/west.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: west}
    spec: {network: {podCIDRs: [10.2.0.0/16], serviceCIDRs: [10.102.0.0/16], nodeCIDRs: [172.16.2.0/24], baseline: []}}
    -- clusters/east.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: east}
    spec: {network: {podCIDRs: [10.1.0.0/16], serviceCIDRs: [10.101.0.0/16], nodeCIDRs: [172.16.1.0/24], baseline: []}}
    -- links/vip.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: vip}
    spec: {static: {addresses: {west: \(address)}}}
    -- connections/db.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: db, namespace: app}
    spec:
      from: [{clusters: [east]}]
      to: {clusters: [west], service: db, ports: [5432]}
      static: {ports: \(ports)}
    \(override.isEmpty ? "" : "  overrides: [{clusters: [west], static: {ports: \(override)}}]\n")-- workloads/west/db.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: db, namespace: app}
    spec: {\(service), selector: {app: db}, ports: [{port: 5432\(node)}]}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: db, namespace: app}
    spec:
      selector: {matchLabels: {app: db}}
      template:
        metadata: {labels: {app: db}}
        spec: {containers: [{name: db, image: postgres, ports: [{containerPort: 5432}]}]}
    \(observed.isEmpty ? "" : "-- observed/west/db.yaml --\n\(observed)")

    """
  }

  private static let balancer = """
    apiVersion: v1
    kind: Service
    metadata: {name: db, namespace: app}
    spec: {type: LoadBalancer, ports: [{port: 5432}]}
    status: {loadBalancer: {ingress: [{ip: 203.0.113.7}]}}
    """

  static let cases: [(String, String, ConnectionVerdict)] = [
    ("an address that nobody knows", fleet("203.0.113.7"), .proved),
    (
      "the load balancer's", fleet("observed", service: "type: LoadBalancer", observed: balancer), .proved
    ),
    (
      "a port that the load balancer has not",
      fleet("observed", ports: "{\"5432\": 15432}", service: "type: LoadBalancer", observed: balancer),
      .refuted
    ),
    (
      "another load balancer than the one observed",
      fleet("203.0.113.99", service: "type: LoadBalancer", observed: balancer), .depends
    ),
    (
      "a node's, at its node port",
      fleet("172.16.2.10", ports: "{\"5432\": 31000}", node: ", nodePort: 31000"), .proved
    ),
    (
      "a node's, at another node port",
      fleet("172.16.2.10", ports: "{\"5432\": 31001}", node: ", nodePort: 31000"), .refuted
    ),
    (
      "a node's, at the node port of another port",
      fleet(
        "172.16.2.10", ports: "{\"5432\": 31001}",
        node: ", name: a, nodePort: 31000}, {port: 5433, name: b, nodePort: 31001"), .refuted
    ),
    ("a node's, at the Service's port", fleet("172.16.2.10"), .depends),
    ("a cluster IP of the target", fleet("10.102.3.4"), .depends),
    ("a node's of the clients' cluster", fleet("172.16.1.10"), .depends),
    ("a port of the target's cluster alone", fleet("203.0.113.7", override: "{\"5432\": 15432}"), .proved),
    (
      "a port of the target's cluster alone, instead of another",
      fleet("203.0.113.7", ports: "{\"5432\": 25432}", override: "{\"5432\": 15432}"), .proved
    ),
    (
      "a node's, at its node port by an override",
      fleet(
        "172.16.2.10", ports: "{\"5432\": 31001}", node: ", nodePort: 31000", override: "{\"5432\": 31000}"),
      .proved
    ),
  ]

  @Test(arguments: cases) func addressesAreHeldAgainstTheCluster(
    _ name: String, _ files: String, _ verdict: ConnectionVerdict
  ) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet([:]).overlaid(by: files).compile(options)
    let judged = try #require(compilation.judgement?.crossings.first, "\(name): \(compilation.findingsText)")
    #expect(judged.verdict == verdict, "\(name): \(compilation.findingsText)")
    if verdict == .refuted {
      #expect(judged.decisiveHop?.kind == .loadBalancer)
      #expect(
        compilation.findings.contains { $0.rule.id == "LW7204" }, "\(name): \(compilation.findingsText)")
    }
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(name): \(compilation.findingsText)")
  }
}
