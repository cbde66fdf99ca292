extension StarterFleet {
  /// Two clusters in one Cilium ClusterMesh. The addresses of their nodes are left to be observed.
  static let clusterMesh: [(path: String, text: String)] = [
    ("clusters/cluster01.yaml", meshCluster(1)), ("clusters/cluster02.yaml", meshCluster(2)),
    ("links/mesh.yaml", meshLink), ("connections/example.yaml.sample", meshConnection),
  ]

  private static func meshCluster(_ number: Int) -> String {
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata:
      name: cluster0\(number)
    spec:
      network:                     # no two members may share addresses
        podCIDRs: [10.\(number).0.0/16]
        serviceCIDRs: [10.10\(number).0.0/16]
        # nodeCIDRs: [192.0.2.0/24]   # for 'linkwright explain mesh', the request to the firewalls' owners
        # baseline: []             # the policies that the platform puts into every namespace; []: none
      cilium:
        id: \(number)                      # 1 to 255, never changed on a living cluster
        chartVersion: 1.20.0
        mesh:
          serviceType: NodePort    # its nodes' addresses are observed; or name them: ips: [...]
      # apiServer:                 # for kubeconfig fragments
      #   server: https://api.cluster0\(number).example.com:6443
      #   certificateAuthorityFile: pki/cluster0\(number)-ca.crt

    """
  }

  private static let meshLink = """
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata:
      name: mesh
    spec:
      clusterMesh:
        members: [cluster01, cluster02]
        certificates:
          method: cronJob          # or certmanager with an issuerRef, or userProvided
          # sharedAuthority: true  # once every cluster holds the same Secret cilium-ca

    """

  private static let meshConnection = """
    # Rename this file to example.yaml once its Service is among workloads/cluster01.
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata:
      name: example
      namespace: example
    spec:
      from:
      - clusters: [cluster02]
      to:
        clusters: [cluster01]
        service: example
        ports: [80]

    """
}
