import Diagnostics

/// Rules about networks of members and how packets travel.
extension ClusterMeshRules {
  static let networkRules = [
    podOverlap, podConflict, serviceOverlap, datapath, nativeRouting, families, encryption,
  ]

  private static func native(_ range: String) -> String {
    "routingMode: native\n    ipv4NativeRoutingCIDR: \(range)"
  }

  static let podOverlap = Rule(
    "LW3008", "pod-networks-overlap", .error, "pods of two members share addresses",
    explanation: """
      A packet's address must tell the cluster of its pod, in tunnels as with native routing \
      (documentation, network/clustermesh/setup). The chart's own pool, 10.0.0.0/8, is the same in every \
      cluster that sets none: an undeclared pod network is a warning.
      """,
    failing: mesh(cluster(pods: "10.1.128.0/17")),
    passing: mesh()
  ).breaking(.tunnel)

  static let podConflict = Rule(
    "LW3009", "pod-network-conflict", .error, "pods share addresses with nodes or Services",
    explanation: """
      Addresses of pods are looked up before those of Services and nodes, in every member: what shares \
      them cannot be reached (#13766, #36518).
      """,
    failing: mesh(
      cluster(network: "podCIDRs: [10.2.0.0/16], serviceCIDRs: [10.101.0.0/16], nodeCIDRs: [10.1.5.0/24]")),
    passing: mesh()
  ).breaking(.tunnel)

  static let serviceOverlap = Rule(
    "LW3010", "service-networks-overlap", .warning, "the Services of two members share addresses",
    explanation: """
      Addresses of Services are translated before a packet leaves its cluster, so equal ones mostly do no \
      harm; guides for clouds ask for networks of their own. It is an error where a member is reached at a \
      cluster IP, which must lead to one cluster.
      """,
    failing: mesh(cluster(network: "podCIDRs: [10.2.0.0/16], serviceCIDRs: [10.101.0.0/16]")),
    passing: mesh())

  static let datapath = Rule(
    "LW3011", "mesh-datapath", .error, "members send packets in different ways",
    explanation: """
      All members use tunnels of one protocol and port, or all route natively (documentation, \
      network/clustermesh/setup). No program compares the protocols.
      """,
    failing: mesh(cluster(cilium: "tunnelProtocol: geneve")),
    passing: mesh(cluster(1, cilium: "tunnelProtocol: geneve") + cluster(cilium: "tunnelProtocol: geneve"))
  ).breaking(.tunnel)

  static let nativeRouting = Rule(
    "LW3021", "native-routing-range", .error,
    "a member with native routing would masquerade packets to another member's pods",
    explanation: """
      ipv4NativeRoutingCIDR says what is reached without masquerading; it must hold the pods of every \
      member, or policies see the node's address instead of the pod's (documentation, \
      network/clustermesh/setup).
      """,
    failing: mesh(cluster(1, cilium: native("10.0.0.0/8")) + cluster(cilium: native("10.2.0.0/16"))),
    passing: mesh(cluster(1, cilium: native("10.0.0.0/8")) + cluster(cilium: native("10.0.0.0/8")))
  ).breaking(.tunnel)

  static let families = Rule(
    "LW3012", "mesh-address-families", .warning, "members have pods of different address families",
    explanation: """
      A pod reaches pods of another member by a family that both clusters have.
      """,
    failing: mesh(cluster(network: "podCIDRs: [\"fd00:2::/64\"]")),
    passing: mesh())

  static let encryption = Rule(
    "LW3013", "mesh-encryption", .error, "members encrypt differently",
    explanation: """
      With WireGuard in one member, all need it: mixed meshes are not supported, since keys are exchanged \
      between all nodes (documentation, security/network/encryption-wireguard). IPsec keys are one for all \
      members.
      """,
    failing: mesh(cluster(1, cilium: "encryption: wireguard")),
    passing: mesh(cluster(1, cilium: "encryption: wireguard") + cluster(cilium: "encryption: wireguard"))
  ).breaking(.tunnel)
}
