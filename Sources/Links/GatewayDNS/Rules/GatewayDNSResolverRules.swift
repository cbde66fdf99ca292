import Diagnostics

/// The resolvers of clusters, beside what `CorefileRules` say of one Corefile.
extension GatewayDNSRules {
  static let resolverRules = [
    resolverForm, corefileMissing, corefileDiffers, providerCorefile, notImported, notForwarded,
    operatorServer,
    atomicList,
  ]

  private static let openShift =
    "distribution: openshift\n  dns: {resolver: openshift}"

  private static func servers(_ servers: String) -> String {
    """
    apiVersion: operator.openshift.io/v1
    kind: DNS
    metadata: {name: default}
    spec: {servers: [\(servers)]}
    """
  }

  private static let corporate =
    "{name: corporate, zones: [corp.test], forwardPlugin: {upstreams: [192.0.2.53]}}"

  static let resolverForm = Rule(
    "LW4027", "gateway-resolver-form", .error,
    "a cluster's resolver cannot be configured in the form asked for",
    explanation: """
      OpenShift's DNS operator owns the Corefile in openshift-dns and overwrites changes to it; other distributions \
      have no such operator.
      """,
    failing: clusterB("dns: {resolver: openshift}"),
    passing: clusterB("dns: {resolver: corefile, corefile: dns/cluster-b/Corefile}")
  ).breaking(.name)

  static let corefileMissing = Rule(
    "LW4028", "gateway-corefile-missing", .error, "a Cluster names a Corefile that is not there or not used",
    explanation:
      "spec.dns.corefile is a path from the fleet's root; it is read with 'corefile' and 'unmanaged'.",
    failing: clusterB("dns: {corefile: dns/cluster-b/Corefil}"), passing: unchanged
  ).breaking(.name)

  static let corefileDiffers = Rule(
    "LW4029", "gateway-corefile-differs", .error, "a cluster's Corefile is not the one in the repository",
    explanation: """
      The patch carries the whole Corefile: applied, it takes away what only the cluster's own has. The link's block \
      makes no difference.
      """,
    failing: file(
      "observed/cluster-b/kube-system.yaml",
      """
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: coredns, namespace: kube-system}
      data:
        Corefile: |
          .:53 {
              errors
              log
          }
      """),
    passing: file(
      "observed/cluster-b/kube-system.yaml",
      """
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: coredns, namespace: kube-system}
      data:
        Corefile: |
          .:53 {
              errors
              kubernetes cluster.local in-addr.arpa ip6.arpa
              forward . /etc/resolv.conf
              reload
          }
      """)
  ).breaking(.name)

  static let providerCorefile = Rule(
    "LW4030", "gateway-provider-corefile", .warning, "a Corefile is written by the cluster's provider",
    explanation: """
      AKS and k3s import custom/*.server from ConfigMap coredns-custom, and restore their own Corefile after changes.
      """,
    failing: file(
      "dns/cluster-b/Corefile", ".:53 {\n    forward . /etc/resolv.conf\n}\nimport custom/*.server"),
    passing: unchanged)

  static let notImported = Rule(
    "LW4031", "gateway-custom-not-imported", .error, "a Corefile does not import coredns-custom",
    explanation: "The block would stand in a ConfigMap that nobody reads.",
    failing: clusterB(
      "dns: {resolver: configMap}",
      also: """
        -- observed/cluster-b/kube-system.yaml --
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: coredns, namespace: kube-system}
        data: {Corefile: ".:53 {\\n    errors\\n}\\n"}
        """),
    passing: clusterB(
      "dns: {resolver: configMap}",
      also: """
        -- observed/cluster-b/kube-system.yaml --
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: coredns, namespace: kube-system}
        data: {Corefile: ".:53 {\\n    errors\\n}\\nimport custom/*.server\\n"}
        """)
  ).breaking(.name)

  static let notForwarded = Rule(
    "LW4032", "gateway-zone-not-forwarded", .error,
    "an unmanaged resolver does not lead to the zone's DNS server",
    explanation: """
      With 'resolver: unmanaged' nothing is written; what is known of the resolver must forward exactly the link's \
      zone to the DNS server, or the names do not resolve in this cluster.
      """,
    failing: clusterB("dns: {resolver: unmanaged, corefile: dns/cluster-b/Corefile}"),
    passing: clusterB(
      "dns: {resolver: unmanaged, corefile: dns/cluster-b/Corefile}",
      also: """
        -- dns/cluster-b/Corefile --
        .:53 {
            errors
        }
        xcc.test {
            forward . 10.96.0.60
        }
        """)
  ).breaking(.name)

  static let operatorServer = Rule(
    "LW4033", "gateway-operator-server", .error, "an entry of OpenShift's DNS operator stands in the way",
    explanation: """
      Entries are found by name, and each zone goes to one of them. Names have at most 15 characters (RFC 6335). An \
      operator that is unmanaged applies none.
      """,
    failing: clusterB(
      openShift,
      also: "-- workloads/cluster-b/dns.yaml --\n"
        + servers("{name: mine, zones: [corp.test, xcc.test], forwardPlugin: {upstreams: [192.0.2.53]}}")),
    passing: clusterB(openShift, also: "-- workloads/cluster-b/dns.yaml --\n" + servers(corporate))
  ).breaking(.name)

  static let atomicList = Rule(
    "LW4034", "gateway-atomic-list", .warning,
    "a manifest of the DNS operator lacks entries that the cluster has",
    explanation: "spec.servers has no keys: an apply replaces the whole list, and what is not in it goes.",
    failing: clusterB(
      openShift,
      also: "-- workloads/cluster-b/dns.yaml --\n" + servers("")
        + "\n-- observed/cluster-b/_cluster.yaml --\n"
        + servers(corporate)),
    passing: clusterB(
      openShift,
      also: "-- workloads/cluster-b/dns.yaml --\n" + servers(corporate)
        + "\n-- observed/cluster-b/_cluster.yaml --\n" + servers(corporate)))
}
