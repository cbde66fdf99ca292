import Diagnostics

/// Rules about policies across clusters.
extension ClusterMeshRules {
  static let policyRules = [
    unknownLabel, missingLabel, applicationRules, hostFirewall, ownPodsClosed,
    unknownBaseline,
  ]

  /// A policy of the target's cluster, written by hand.
  private static func policy(_ labels: String) -> String {
    """
    -- workloads/cluster02/policy.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: rebel-base, namespace: default}
    spec:
      podSelector: {matchLabels: {name: rebel-base}}
      ingress: [{from: [{podSelector: {matchLabels: \(labels)}}]}]

    """
  }

  static let unknownLabel = Rule(
    "LW3042", "unknown-cluster-label", .error, "a policy names a cluster that is no member",
    explanation: """
      Every pod carries its cluster's name as a label. A name that no member has selects nothing.
      """,
    failing: mesh(policy("{name: x-wing, io.cilium.k8s.policy.cluster: cluster1}")),
    passing: mesh(policy("{name: x-wing, io.cilium.k8s.policy.cluster: cluster01}")))

  static let missingLabel = Rule(
    "LW3043", "missing-cluster-label", .warning,
    "a policy is meant for clients of another cluster and does not name it",
    explanation: """
      From chart 1.19 on a selector without cluster label means the own cluster only \
      (policyDefaultLocalCluster, #40609); before, it means every cluster.
      """,
    failing: mesh(policy("{name: x-wing}")),
    passing: mesh(policy("{name: x-wing, io.cilium.k8s.policy.cluster: cluster01}")))

  static let applicationRules = Rule(
    "LW3045", "layer-7-across-clusters", .warning, "requests from other clusters are inspected in a tunnel",
    explanation: """
      The proxy that inspects requests needs routes to pods of other clusters on its node; in a tunnel \
      there are none (documentation, network/clustermesh/policy).
      """,
    failing: mesh(
      """
      -- workloads/cluster02/layer7.yaml --
      apiVersion: cilium.io/v2
      kind: CiliumNetworkPolicy
      metadata: {name: layer7, namespace: default}
      spec:
        endpointSelector: {matchLabels: {name: rebel-base}}
        ingress:
        - toPorts:
          - ports: [{port: "80", protocol: TCP}]
            rules: {http: [{method: GET}]}

      """),
    passing: mesh(
      """
      -- workloads/cluster02/layer7.yaml --
      apiVersion: cilium.io/v2
      kind: CiliumNetworkPolicy
      metadata: {name: layer7, namespace: default}
      spec:
        endpointSelector: {matchLabels: {name: rebel-base}}
        ingress:
        - toPorts:
          - ports: [{port: "80", protocol: TCP}]
            

      """))

  /// A policy for the nodes of the target's cluster.
  private static func hostPolicy(_ ports: String) -> String {
    """
    -- workloads/cluster02/nodes.yaml --
    apiVersion: cilium.io/v2
    kind: CiliumClusterwideNetworkPolicy
    metadata: {name: nodes}
    spec:
      nodeSelector: {}
      ingress: [{fromEntities: [cluster, world], toPorts: [{ports: \(ports)}]}]

    """
  }

  static let hostFirewall = Rule(
    "LW3047", "host-firewall", .warning, "policies for nodes close ports that the mesh needs",
    explanation: """
      Cilium's host firewall puts nodes into default deny. Peers then reach neither the mesh's state nor the tunnel \
      unless a policy admits them at those ports (#31712); whom it admits is not looked at. 'linkwright explain mesh' \
      lists every port.
      """,
    failing: mesh(hostPolicy("[{port: \"22\", protocol: TCP}, {port: \"8472\", protocol: UDP}]")),
    passing: mesh(
      hostPolicy(
        "[{port: \"22\", protocol: TCP}, {port: \"8472\", protocol: UDP}, {port: \"32379\", protocol: TCP}]"))
  )

  /// Pods of both members answer, and those of the first are closed but for a policy's clients.
  private static func bothAnswer(_ rules: String) -> String {
    """
    -- workloads/cluster01/rebel-base.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: rebel-base, namespace: default}
    spec:
      selector: {matchLabels: {name: rebel-base}}
      template:
        metadata: {labels: {name: rebel-base}}
        spec: {containers: [{name: rebel-base, image: nginx, ports: [{name: http, containerPort: 80}]}]}
    -- workloads/cluster01/policy.yaml --
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: rebel-base, namespace: default}
    spec:
      podSelector: {matchLabels: {name: rebel-base}}
      ingress: [{from: [{podSelector: {matchLabels: \(rules)}}]}]

    """ + service(1)
      + connection(
        to: "{match: any, clusters: [cluster01, cluster02], service: rebel-base, ports: [80]}")
  }

  static let ownPodsClosed = Rule(
    "LW3068", "own-pods-closed", .warning,
    "a Service of the mesh leads clients to pods of their own cluster that no policy opens",
    explanation: """
      A global Service joins the pods of all members that share it: where the clients' own cluster answers too, requests \
      go to its pods as well, whatever crosses clusters. Policies for that way are not Linkwright's to write.
      """,
    failing: mesh(bothAnswer("{name: other}")), passing: mesh(bothAnswer("{name: x-wing}")))

  static let unknownBaseline = Rule(
    "LW3055", "mesh-baseline-unknown", .note,
    "nobody says which policies the platform puts into every namespace",
    explanation: """
      Policies are emitted only where pods are isolated: one for open pods would close them. Without \
      spec.network.baseline only the manifests tell, and pods that the platform isolates stay closed to \
      the mesh.
      """,
    failing: mesh(
      """
      -- clusters/cluster02.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster02}
      spec:
        network: {podCIDRs: [10.2.0.0/16]}
        apiServer: {certificateAuthorityFile: pki/ca.crt, server: "https://10.6.124.67:6443"}
        cilium: {id: 2, chartVersion: 1.20.0, mesh: {ips: [10.6.124.67, 10.6.125.67]}}

      """),
    passing: mesh())
}
