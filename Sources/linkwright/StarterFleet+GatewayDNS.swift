extension StarterFleet {
  /// Two clusters of one Cluster API management cluster, the first with a gateway.
  static let gatewayDNS: [(path: String, text: String)] = [
    ("clusters/mgmt.yaml", management),
    ("clusters/cluster-a.yaml", cluster("cluster-a", hasGateway: true)),
    ("clusters/cluster-b.yaml", cluster("cluster-b", hasGateway: false)),
    ("links/dev-team.yaml", gatewayLink), ("connections/example.yaml.sample", gatewayConnection),
  ]

  private static let management = """
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata:
      name: mgmt

    """

  private static func cluster(_ name: String, hasGateway: Bool) -> String {
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata:
      name: \(name)
    spec:
      clusterAPI:
        managementCluster: mgmt
        namespace: dev-team
    \(hasGateway ? "    labels: {hasGateway: \"true\"}\n" : "")  # dns:
      #   resolver: corefile                 # or configMap (AKS, k3s), openshift, unmanaged
      #   corefile: dns/\(name)/Corefile   # without it the ConfigMap coredns is observed

    """
  }

  private static let gatewayLink = """
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata:
      name: dev-team
    spec:
      gatewayDNS:
        managementCluster: mgmt
        namespace: dev-team
        clusterSelector:
          matchLabels: {hasGateway: "true"}
        service: projectcontour/envoy        # the gateway in each selected cluster
        zone: xcc.test                       # DOMAIN_SUFFIX of the controller

    """

  private static let gatewayConnection = """
    # Rename this file to example.yaml once its Service is among workloads/cluster-a, together with an HTTPProxy,
    # Ingress or HTTPRoute for example.gateway.cluster-a.dev-team.clusters.xcc.test.
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata:
      name: example
      namespace: default
    spec:
      from:
      - clusters: [cluster-b]
      to:
        clusters: [cluster-a]
        service: example
        ports: [80]

    """
}
