package import Diagnostics

/// Rules about Cilium ClusterMesh. Sources: the charts of cilium/charts 1.16 to 1.20, and the code and the
/// documentation of cilium/cilium; numbers with '#' are issues and pull requests there.
package enum ClusterMeshRules {
  package static let all =
    memberRules + networkRules + peerRules + certificateRules + versionRules
    + serviceRules + exportRules + policyRules + accessRules

  // MARK: Building blocks of the examples

  /// A member of the example mesh with some of its parts changed.
  static func cluster(
    _ number: Int = 2, id: Int? = nil, chart: String = "1.20.0", cilium: String = "",
    mesh: String? = nil, pods: String? = nil, network: String? = nil, apiServer: String? = nil
  ) -> String {
    let apiServer =
      apiServer
      ?? "{certificateAuthorityFile: pki/ca.crt, expose: {address: 10.6.124.\(65 + number), nodePort: 3193\(number)}}"
    let network =
      network
      ?? "podCIDRs: [\(pods ?? "10.\(number).0.0/16")], serviceCIDRs: [10.10\(number).0.0/16]"
    return """
      -- clusters/cluster0\(number).yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster0\(number)}
      spec:
        network: {\(network), baseline: []}
        apiServer: \(apiServer)
        cilium:
          id: \(id ?? number)
          chartVersion: \(chart)
          mesh: \(mesh ?? "{ips: [10.6.124.\(65 + number), 10.6.125.\(65 + number)]}")
          \(cilium)

      """
  }

  /// The example's link with some of its parts changed.
  static func link(
    certificates: String =
      "{method: certmanager, issuerRef: {kind: ClusterIssuer, name: clustermesh-ca}, sharedAuthority: true}",
    members: String = "members: [cluster01, cluster02]", also: String = ""
  ) -> String {
    """
    -- links/mesh.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: mesh}
    spec:
      clusterMesh:
        \(members)
        certificates: \(certificates)
        \(also)

    """
  }

  /// The example's connection with some of its parts changed.
  static func connection(
    from: String = "[{clusters: [cluster01], podSelector: {matchLabels: {name: x-wing}}}]",
    to: String = "{clusters: [cluster02], service: rebel-base, ports: [80]}", mesh: String = "{}",
    name: String = "rebel-base"
  ) -> String {
    """
    -- connections/\(name).yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: \(name), namespace: default}
    spec:
      from: \(from)
      to: \(to)
      clusterMesh: \(mesh)

    """
  }

  /// A Service written by hand.
  static func service(
    _ cluster: Int, annotations: String = "{service.cilium.io/global: \"true\"}",
    ports: String = "[{name: http, port: 80, targetPort: 80}]", name: String = "rebel-base",
    spec: String = "type: ClusterIP", file: String = "service"
  ) -> String {
    """
    -- workloads/cluster0\(cluster)/\(file).yaml --
    apiVersion: v1
    kind: Service
    metadata: {name: \(name), namespace: default, annotations: \(annotations)}
    spec: {\(spec), selector: {name: rebel-base}, ports: \(ports)}

    """
  }

  static func mesh(_ files: String = "") -> RuleExample { RuleExample(over: "clustermesh", files) }
}
