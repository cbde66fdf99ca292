package import Diagnostics

/// Rules about GatewayDNS links. Where the controller only logs a fault, its GatewayDNS object shows nothing: its
/// status is never written.
package enum GatewayDNSRules {
  package static let all = linkRules + memberRules + serverRules + resolverRules + connectionRules

  // MARK: Examples

  /// The example fleet with other fields in its link's section.
  static func link(
    _ fields: String, selector: String? = "{matchLabels: {hasContour: \"true\"}}",
    service: String = "projectcontour/envoy",
    zone: String = "xcc.test", upstream: String = "{cluster-a: 10.96.0.50, cluster-b: 10.96.0.60}",
    addresses: String = "{cluster-a: [203.0.113.10]}", also: String = ""
  ) -> RuleExample {
    RuleExample(
      over: "gateway-dns",
      """
      -- links/dev-team.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: dev-team}
      spec:
        gatewayDNS:
          managementCluster: mgmt
          namespace: dev-team
          service: \(service)
          zone: \(zone)
          upstream: \(upstream)
          addresses: \(addresses)
      \(selector.map { "    clusterSelector: \($0)\n" } ?? "")\(fields.isEmpty ? "" : "    \(fields)\n")\(also)
      """)
  }

  /// The example fleet with another cluster-b.
  static func clusterB(
    _ spec: String = "dns: {corefile: dns/cluster-b/Corefile}", name: String = "cluster-b",
    registration: String = "{managementCluster: mgmt, namespace: dev-team}", also: String = ""
  ) -> RuleExample {
    RuleExample(
      over: "gateway-dns",
      """
      -- clusters/cluster-b.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster-b}
      spec:
        clusterAPI: \(registration)
        \(spec)
      \(also)
      """)
  }

  /// The example fleet with a file more.
  static func file(_ path: String, _ text: String) -> RuleExample {
    RuleExample(over: "gateway-dns", "-- \(path) --\n\(text)\n")
  }

  /// The example fleet with another connection.
  static func connection(
    to target: String = "{clusters: [cluster-a], service: kuard, ports: [80]}",
    from clients: String = "[{clusters: [cluster-b]}]", _ fields: String = "", also: String = ""
  ) -> RuleExample {
    file(
      "connections/kuard.yaml",
      """
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: kuard, namespace: demo}
      spec:
        via: dev-team
        from: \(clients)
        to: \(target)
      \(fields.isEmpty ? "" : "  \(fields)\n")\(also)
      """)
  }

  static let unchanged = RuleExample(over: "gateway-dns", "")
}
