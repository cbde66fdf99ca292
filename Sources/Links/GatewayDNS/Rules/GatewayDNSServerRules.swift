import Diagnostics

/// The zone's DNS server in each cluster.
extension GatewayDNSRules {
  static let serverRules = [serverMissing, serverAddress, serverOutside, forwardingLoop]

  static let serverMissing = Rule(
    "LW4023", "gateway-dns-server-missing", .error,
    "a cluster has the DNS server's namespace without the server",
    explanation: """
      The controller writes slices wherever the namespace exists; without the Service dns-server nobody answers for \
      the zone.
      """,
    failing: file(
      "workloads/cluster-b/namespace.yaml",
      "apiVersion: v1\nkind: Namespace\nmetadata: {name: xcc-dns}"),
    passing: unchanged
  ).breaking(.name)

  static let serverAddress = Rule(
    "LW4024", "gateway-dns-server-address", .error, "a DNS server is not named by an IP address",
    explanation: "Resolvers forward to addresses: a name would have to be resolved by the resolver itself.",
    failing: link("", upstream: "{cluster-a: dns-server.xcc-dns.svc, cluster-b: 10.96.0.60}"),
    passing: unchanged
  ).breaking(.name)

  static let serverOutside = Rule(
    "LW4025", "gateway-dns-server-outside", .warning,
    "a DNS server's address is no cluster IP of its cluster",
    explanation:
      "The DNS server of the project is a Service of type ClusterIP, inside the cluster's serviceCIDRs.",
    failing: link("", upstream: "{cluster-a: 10.97.0.50, cluster-b: 10.96.0.60}"), passing: unchanged)

  static let forwardingLoop = Rule(
    "LW4026", "gateway-forwarding-loop", .error, "a zone is forwarded to the cluster's own DNS",
    explanation: """
      The query comes back to the block that forwards it. CoreDNS halts where its loop plugin finds that, and \
      exhausts its memory where it does not.
      """,
    failing: file(
      "observed/cluster-b/kube-system.yaml",
      """
      apiVersion: v1
      kind: Service
      metadata: {name: kube-dns, namespace: kube-system}
      spec: {clusterIP: 10.96.0.60}
      """),
    passing: file(
      "observed/cluster-b/kube-system.yaml",
      """
      apiVersion: v1
      kind: Service
      metadata: {name: kube-dns, namespace: kube-system}
      spec: {clusterIP: 10.96.0.10}
      """)
  ).breaking(.name)
}
