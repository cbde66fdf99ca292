package import Diagnostics

/// Rules about who reaches targets beside the clients of connections.
extension JudgementRules {
  private static func fixed(_ more: String) -> RuleExample {
    RuleExample(
      over: "porter-silver",
      """
      -- connections/clamav.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec:
        from: [{clusters: [emerald]}]
        to: {clusters: [silver], service: clamav, ports: [3310]}
      \(more)

      """)
  }

  package static let openAddress = Rule(
    "LW7241", "open-address", .warning,
    "whoever reaches an address reaches a target, and nobody has acknowledged it",
    explanation: """
      A static address and a published gateway serve whoever can send there; the link has nothing by which it could tell \
      a connection's clients from others. Where nothing else narrows them (policies of the target's pods or of the \
      gateway's, loadBalancerSourceRanges, a filter in the route), the connection says that this is known: \
      'exposure.acknowledged' with the network's name. Claims of Porter have a rule of their own (LW2128).
      """,
    failing: fixed(""), passing: fixed("  exposure: {acknowledged: data centre}"))

  package static let openMesh = Rule(
    "LW7242", "open-mesh", .note,
    "pods of other clusters reach a target that no connection means, and nobody has acknowledged it",
    explanation: """
      The pods of all members of a Cluster Mesh are in one network: where no policy isolates a target, every pod of the \
      other members reaches it. An east-west gateway passes on whatever comes with a certificate of the mesh: where no \
      AuthorizationPolicy asks who calls, every workload of the mesh may. A policy narrows both, and the connection's \
      clients are admitted by what is emitted then; else 'exposure.acknowledged' with the mesh's name says that this is \
      known.
      """,
    failing: RuleExample(
      over: "clustermesh",
      """
      -- connections/rebel-base.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: rebel-base, namespace: default}
      spec:
        from: [{clusters: [cluster01], podSelector: {matchLabels: {name: x-wing}}}]
        to: {clusters: [cluster02], service: rebel-base, ports: [80]}

      """),
    passing: RuleExample(
      over: "clustermesh",
      """
      -- workloads/cluster02/policy.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: closed, namespace: default}
      spec: {podSelector: {}, policyTypes: [Ingress]}
      -- connections/rebel-base.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: rebel-base, namespace: default}
      spec:
        from: [{clusters: [cluster01], podSelector: {matchLabels: {name: x-wing}}}]
        to: {clusters: [cluster02], service: rebel-base, ports: [80]}

      """))
}
