import Compiler
import Diagnostics
import Reachability
import Testing

/// What stands around the clients and is in no policy: other Services that take an address, caches of the DNS, sidecars that
/// nobody is said to inject, agents that were told otherwise.
@Suite struct ClientSurroundingTests {
  typealias Break = SurroundingBreakTests.Break

  private static func captor(_ port: Int) -> String {
    """
    -- workloads/emerald/captor.yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: captor, namespace: elsewhere}
    spec: {selector: {app: captor}, externalIPs: [142.34.194.68], ports: [{port: \(port)}]}

    """
  }

  private static func emerald(_ policy: String) -> String {
    """
    -- clusters/emerald.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: emerald}
    spec: {network: {profile: calico, baseline: []}}
    -- workloads/emerald/cache.yaml --
    apiVersion: apps/v1
    kind: DaemonSet
    metadata: {name: node-local-dns, namespace: kube-system}
    spec:
      selector: {matchLabels: {k8s-app: node-local-dns}}
      template:
        metadata: {labels: {k8s-app: node-local-dns}}
        spec: {hostNetwork: true, containers: [{name: node-cache, image: node-cache}]}
    -- workloads/emerald/policy.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: mine, namespace: a1b2c3-prod}
    spec: \(policy)

    """
  }

  private static func configured(_ data: String) -> String {
    """
    -- observed/cluster02/kube-system.yaml --
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: cilium-config, namespace: kube-system}
    data: {\(data)}

    """
  }

  private static func sleep(_ labels: String = "") -> String {
    """
    -- connections/details.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: details, namespace: bookinfo}
    spec:
      via: east-west
      from: [{clusters: [cluster-2], namespace: ops, podSelector: {matchLabels: {app: sleep}}}]
      to: {clusters: [cluster-1], service: details, ports: [9080]}
      exposure: {acknowledged: mesh}
    -- workloads/cluster-2/ops.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: sleep, namespace: ops}
    spec:
      selector: {matchLabels: {app: sleep}}
      template:
        metadata: {labels: {app: sleep\(labels)}}
        spec: {containers: [{name: sleep, image: curl}]}

    """
  }

  private static func ops(_ labels: String) -> String {
    """
    -- workloads/cluster-2/ops-namespace.yaml --
    apiVersion: v1
    kind: Namespace
    metadata: {name: ops, labels: {\(labels)}}

    """
  }

  static let all = [
    Break(
      "a Service that takes the address", over: "porter-silver", .refuted, at: .address, captor(3310)),
    Break(
      "a Service that takes another port of the address", over: "porter-silver", .proved, at: nil,
      captor(3311)),
    Break(
      "a cache on the nodes that policies shut out", over: "porter-silver", .depends, at: .name,
      emerald("{podSelector: {}, policyTypes: [Egress]}")),
    Break(
      "a cache on the nodes that policies admit", over: "porter-silver", .proved, at: nil,
      emerald(
        "{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{protocol: UDP, port: 53}, {protocol: TCP, port: 53}]}]}"
      )),
    Break(
      "pods that are shut though nothing selects them", over: "clustermesh", .depends, at: .ingress,
      configured("cluster-id: \"2\", enable-policy: always")),
    Break(
      "agents that were told another id", over: "clustermesh", .depends, at: .tunnel,
      configured("cluster-id: \"7\", cluster-name: cluster02")),
    Break(
      "agents that were told what the fleet says", over: "clustermesh", .proved, at: nil,
      configured("cluster-id: \"2\", cluster-name: cluster02, enable-policy: default")),
    Break(
      "clients in a namespace of which no manifest is known", over: "tetrate", .depends, at: .address, sleep()
    ),
    Break(
      "clients that ask for a sidecar themselves", over: "tetrate", .proved, at: nil,
      sleep(", sidecar.istio.io/inject: \"true\"")),
    Break(
      "clients in a namespace that has sidecars", over: "tetrate", .proved, at: nil,
      sleep() + ops("istio-injection: enabled")),
    Break(
      "clients in a namespace that says nothing of sidecars", over: "tetrate", .depends, at: .address,
      sleep() + ops("team: ops")),
  ]

  @Test(arguments: all) func surroundingsOfClientsAreSeen(_ planted: Break) throws {
    var options = CompileOptions()
    options.isParanoid = true
    let compilation = try FixtureFleet(base: planted.base).overlaid(by: planted.files).compile(options)
    let crossing = try #require(compilation.judgement?.crossings.first, "\(compilation.findingsText)")
    #expect(crossing.verdict == planted.verdict, "\(crossing.openHops) \(compilation.findingsText)")
    if let hop = planted.hop { #expect(crossing.decisiveHop?.kind == hop, "\(crossing.openHops)") }
    #expect(!compilation.findings.contains { $0.rule.id == "LW7231" }, "\(compilation.findingsText)")
  }
}
