import Diagnostics

/// Rules about addresses and ports at which members are reached.
extension ClusterMeshRules {
  static let peerRules = [
    peerAddress, peerPort, nodePort, oneNode, serverNames, literalAddress, observedOtherwise,
    peerNetwork,
  ]

  static let peerAddress = Rule(
    "LW3014", "peer-address", .error, "a member's address cannot be used by its peers",
    explanation: """
      The chart takes 'ips' or 'address', drops the address silently where both stand, and renders \
      anything else as it is: an address that is none, or an IPv6 address without brackets in a URL.
      """,
    failing: mesh(cluster(mesh: "{ips: [not-an-ip]}")),
    passing: mesh()
  ).breaking(.tunnel)

  static let peerPort = Rule(
    "LW3015", "peer-port", .error, "a declared peer port is not the port of the member's Service",
    explanation: """
      Peers reach a Service of type NodePort at its node port, and one of type LoadBalancer or ClusterIP \
      at 2379.
      """,
    failing: mesh(cluster(mesh: "{serviceType: LoadBalancer, address: m.mesh.cilium.io, port: 32379}")),
    passing: mesh(cluster(mesh: "{serviceType: LoadBalancer, address: m.mesh.cilium.io, port: 2379}"))
  ).breaking(.tunnel)

  static let nodePort = Rule(
    "LW3016", "mesh-node-port", .error,
    "a node port is out of range, taken, or confused with another cluster's",
    explanation: """
      Node ports are 30000 to 32767, unless spec.network.nodePortRange of the Cluster says otherwise, and belong to one \
      Service. Before chart 1.19, with kube-proxy \
      replacement, a packet to the same node port of another cluster is taken by the own one (#24692, \
      mended by #41337).
      """,
    failing: mesh(cluster(mesh: "{ips: [10.6.124.67, 10.6.124.68], nodePort: 31932}")),
    passing: mesh()
  ).breaking(.tunnel)

  static let oneNode = Rule(
    "LW3017", "one-mesh-node", .warning, "a member is reached by one node only",
    explanation: """
      The node's failure takes the member's state from all others. cilium clustermesh connect writes the \
      first node only.
      """,
    failing: mesh(cluster(mesh: "{ips: [10.6.124.67]}")),
    passing: mesh())

  static let serverNames = Rule(
    "LW3018", "server-names", .error,
    "a server certificate that you provide does not cover the name by which peers come",
    explanation: """
      The chart's certificates cover *.mesh.cilium.io and what is asked for, and Linkwright asks for what \
      peers use (#47351). Of certificates that you provide, serverNames says what they cover.
      """,
    failing: mesh(
      link(certificates: "{method: userProvided}")
        + cluster(mesh: "{serviceType: LoadBalancer, address: mesh.example.com}")),
    passing: mesh(
      link(certificates: "{method: userProvided}")
        + cluster(
          mesh: "{serviceType: LoadBalancer, address: mesh.example.com, serverNames: [\"*.example.com\"]}"))
  ).breaking(.tunnel)

  static let literalAddress = Rule(
    "LW3022", "literal-peer-address", .warning, "an IP address is used in place of a peer's name",
    explanation: """
      A client that connects to an address needs it in the server's certificate. Under 'ips', peers use a \
      name that every certificate has.
      """,
    failing: mesh(cluster(mesh: "{serviceType: LoadBalancer, address: 10.6.124.67}")),
    passing: mesh(cluster(mesh: "{serviceType: LoadBalancer, ips: [10.6.124.67]}")))

  static let observedOtherwise = Rule(
    "LW3057", "mesh-observed-otherwise", .error,
    "specification and cluster disagree about a member's address or port",
    explanation: """
      A fact comes from the specification or from an observation. When both have it and differ, one of \
      them is wrong.
      """,
    failing: mesh(
      """
      -- observed/cluster02/mesh.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: clustermesh-apiserver, namespace: kube-system}
      spec: {type: NodePort, ports: [{port: 2379, nodePort: 32380}]}

      """),
    passing: mesh(
      """
      -- observed/cluster02/mesh.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: clustermesh-apiserver, namespace: kube-system}
      spec: {type: NodePort, ports: [{port: 2379, nodePort: 32379}]}

      """)
  ).breaking(.tunnel)

  static let peerNetwork = Rule(
    "LW3081", "peer-network", .error, "a member's address is in a network where its Service cannot be",
    explanation: """
      Other clusters reach a member at its nodes (NodePort), at a load balancer, or at a cluster IP that is routed to \
      them. An address of pods, a cluster IP of another type of Service, a node of another member or one that two members \
      share leads elsewhere. A node port outside the declared nodeCIDRs is a warning.
      """,
    failing: mesh(cluster(mesh: "{ips: [10.2.3.4, 10.6.125.67]}")),
    passing: mesh()
  ).breaking(.tunnel)
}
