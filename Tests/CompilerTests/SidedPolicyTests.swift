import Compiler
import Diagnostics
import Reachability
import Testing

/// Each hop asks one side's policies: those of the pods that decide there. Both evaluators must agree on who that is.
@Suite struct SidedPolicyTests {
  typealias Break = SurroundingBreakTests.Break

  private static func clusterwide(_ spec: String) -> String {
    """
    -- workloads/cluster01/guard.yaml --
    apiVersion: cilium.io/v2
    kind: CiliumClusterwideNetworkPolicy
    metadata: {name: guard}
    spec: \(spec)

    """
  }

  /// The clients' load balancer was observed; the target's pods are isolated by a policy of Cilium's.
  private static func observed(_ rule: String, _ nodes: String = "nodeCIDRs: [172.16.1.0/24], ") -> String {
    """
    -- clusters/silver.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: silver}
    spec: {network: {profile: cilium-1.19, baseline: [], podCIDRs: [10.1.0.0/16], \(nodes)serviceCIDRs: [10.101.0.0/16]}}
    -- links/silver.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: silver}
    spec: {static: {addresses: {silver: observed}}}
    -- observed/silver/a1b2c3-prod.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: clamav, namespace: a1b2c3-prod}
    status: {loadBalancer: {ingress: [{ip: 203.0.113.7}]}}
    -- workloads/silver/clamav.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: clamav, namespace: a1b2c3-prod}
    spec: {type: LoadBalancer, selector: {app: clamav}, ports: [{port: 3310, targetPort: 3310}]}
    ---
    apiVersion: apps/v1
    kind: StatefulSet
    metadata: {name: clamav, namespace: a1b2c3-prod}
    spec:
      selector: {matchLabels: {app: clamav}}
      template:
        metadata: {labels: {app: clamav}}
        spec: {containers: [{name: clamav, image: "registry.example.com/clamav:1.0", ports: [{containerPort: 3310}]}]}
    ---
    apiVersion: cilium.io/v2
    kind: CiliumNetworkPolicy
    metadata: {name: guard, namespace: a1b2c3-prod}
    spec: {endpointSelector: {matchLabels: {app: clamav}}, ingress: [\(rule)]}

    """
  }

  static let sides = [
    Break(
      "a guard rail of the whole cluster at the clients", over: "clustermesh", .proved, at: nil,
      clusterwide("{endpointSelector: {}, egressDeny: [{toCIDR: [169.254.169.254/32]}]}")),
    Break(
      "a denial towards pods that answer no DNS", over: "clustermesh", .proved, at: nil,
      clusterwide(
        "{endpointSelector: {}, egressDeny: [{toEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: data}}]}]}"
      )),
    Break(
      "a denial towards the DNS itself", over: "clustermesh", .depends, at: .name,
      clusterwide(
        "{endpointSelector: {}, egress: [{toEntities: [all]}], egressDeny: [{toEndpoints: [{matchLabels: {k8s:io.kubernetes.pod.namespace: kube-system}}]}]}"
      )),
    Break(
      "an admission of everybody but pods", over: "porter-silver", .proved, at: nil,
      observed("{fromEntities: [world, remote-node, host]}")),
    Break(
      "an admission of the world, which nodes are not of", over: "porter-silver", .depends, at: .ingress,
      observed("{fromEntities: [world]}")),
    Break(
      "an admission of pods by their labels", over: "porter-silver", .refuted, at: .ingress,
      observed("{fromEndpoints: [{matchLabels: {app: batch}}]}")),
    Break(
      "a gateway that a policy of the cluster keeps from the target, perhaps", over: "tetrate", .depends,
      at: .ingress,
      """
      -- clusters/cluster-1.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster-1}
      spec:
        network: {profile: calico, podCIDRs: [10.1.0.0/16], baseline: []}
        tetrate: {network: net-1}
      -- workloads/cluster-1/admin.yaml --
      apiVersion: policy.networking.k8s.io/v1alpha1
      kind: AdminNetworkPolicy
      metadata: {name: deny}
      spec:
        priority: 9
        subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: details}}}}
        ingress: [{action: Deny, from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: bookinfo}}}]}]

      """),
    Break(
      "clients in a primary network of their own", over: "porter-silver", .proved, at: nil,
      """
      -- workloads/emerald/network.yaml --
      apiVersion: v1
      kind: Namespace
      metadata: {name: a1b2c3-prod, labels: {k8s.ovn.org/primary-user-defined-network: ""}}
      ---
      apiVersion: k8s.ovn.org/v1
      kind: UserDefinedNetwork
      metadata: {name: own, namespace: a1b2c3-prod}
      spec: {topology: Layer2, layer2: {role: Primary, subnets: ["10.200.0.0/16"]}}

      """),
    Break(
      "a network outside at a gateway for sidecars", over: "tetrate", .refuted, at: .gateway,
      """
      -- connections/details.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: details, namespace: bookinfo}
      spec:
        via: east-west
        from: [{external: {name: office, cidrs: [192.0.2.0/24]}}]
        to: {clusters: [cluster-1], service: details, ports: [9080]}
        exposure: {acknowledged: mesh}

      """),
  ]

  @Test(arguments: sides) func eachHopAsksOneSide(_ planted: Break) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile(options)
    let crossing = try #require(compilation.judgement?.crossings.first, "\(compilation.findingsText)")
    #expect(crossing.verdict == planted.verdict, "\(crossing.openHops) \(compilation.findingsText)")
    if let hop = planted.hop { #expect(crossing.decisiveHop?.kind == hop, "\(crossing.openHops)") }
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }

  /// Of two connections that emit one object, which is an error, both evaluators see the first.
  @Test func anObjectOfTwoConnectionsIsSeenOnce() throws {
    var options = CompileOptions()
    options.isParanoid = true
    let files = """
      -- links/gold-pair.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: gold-pair}
      spec:
        porter:
          primary: gold
          secondary: golddr
          networkPolicy: {name: one-for-all}
          addresses:
            gold: {NodePort: 142.34.229.70}
            golddr: {NodePort: 142.34.64.70}
      -- workloads/gold/reports.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: reports, namespace: a1b2c3-dev}
      spec: {type: NodePort, selector: {app: reports}, ports: [{port: 9090, targetPort: 9091}]}
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: reports, namespace: a1b2c3-dev}
      spec:
        selector: {matchLabels: {app: reports}}
        template:
          metadata: {labels: {app: reports}}
          spec: {containers: [{name: reports, image: reports, ports: [{containerPort: 9091}]}]}
      -- connections/reports.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: reports, namespace: a1b2c3-dev}
      spec:
        from: [{clusters: [golddr]}]
        to: {clusters: [gold], service: reports, ports: [9090]}
        exposure: {acknowledged: span-bc}
        porter: {overrideServicePort: true}

      """
    let compilation = try FixtureFleet(base: "porter-pair").overlaid(by: files).compile(options)
    let ids = compilation.findings.map(\.rule.id)
    #expect(ids.contains("LW1501"), "\(compilation.findingsText)")
    #expect(!ids.contains("LW7231"), "\(compilation.findingsText)")
  }
}
