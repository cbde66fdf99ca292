extension StarterFleet {
  /// Two clusters joined by east-west gateways.
  static let tetrate: [(path: String, text: String)] = [
    ("clusters/cluster-1.yaml", cluster("cluster-1")), ("clusters/cluster-2.yaml", cluster("cluster-2")),
    ("links/east-west.yaml", link), ("connections/example.yaml.sample", connection),
  ]

  private static func cluster(_ name: String) -> String {
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata:
      name: \(name)
    spec:
      # network:
      #   baseline: []             # the policies that the platform puts into every namespace; []: none
      tetrate:
        network: \(name)-network

    """
  }

  private static let link = """
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata:
      name: east-west
    spec:
      tetrate:
        form: gitops               # gitops, tctl, or istio to do without Tetrate Service Bridge
        organization: tetrate
        tenant: dev
        workspace:
          name: example-ws
          namespaces: ["*/example"]
        configCluster: cluster-1   # the one cluster whose GitOps is enabled
        gateway:
          name: eastwest-gateway
          namespace: example

    """

  private static let connection = """
    # Rename this file to example.yaml once its Service is among workloads/cluster-1.
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata:
      name: example
      namespace: example
    spec:
      from:
      - clusters: [cluster-2]
      to:
        clusters: [cluster-1]
        service: example
        ports: [80]

    """
}
