/// A mesh of any size: members with addresses of two nodes each, and global Services with the workloads behind them.
///
/// Service number n stands in member n modulo the members, and its clients in the next one, where only their
/// Deployment is: the Service is emitted there, and patched where it stands. Every tenth Service has pods in both.
/// The same numbers give the same bytes.
struct MeshGenerator {
  let members: Int
  let services: Int

  private static let servicesPerNamespace = 20

  /// Calls `write` with each file of the fleet.
  func files(_ write: (_ path: String, _ text: String) throws(WriteFailure) -> Void) throws(WriteFailure) {
    try write(
      "linkwright.yaml",
      "apiVersion: linkwright.dev/v1alpha1\nkind: Fleet\nmetadata:\n  name: mesh-of-\(members)\n")
    try write("links/mesh.yaml", Self.link(members))
    try write("pki/ca.crt", Self.authority)
    for member in 1...members { try write("clusters/\(Self.name(member)).yaml", Self.cluster(member)) }
    for index in 0..<services {
      let server = index % members + 1
      let client = (index + 1) % members + 1
      let namespace = "team-\(index / Self.servicesPerNamespace)"
      let isInBoth = index % 10 == 0
      try write(
        "connections/\(namespace)/api-\(index).yaml",
        Self.connection(index, namespace, client, isInBoth ? [server, client] : [server]))
      try write(
        "workloads/\(Self.name(server))/\(namespace)/api-\(index).yaml",
        Self.deployment("api-\(index)", namespace, port: 8080) + Self.service(index, namespace))
      try write(
        "workloads/\(Self.name(client))/\(namespace)/web-\(index).yaml",
        Self.deployment("web-\(index)", namespace, port: 8443)
          + (isInBoth
            ? Self.deployment("api-\(index)", namespace, port: 8080) + Self.service(index, namespace) : ""))
    }
  }

  /// As long as a certificate; nobody reads what it says.
  private static let authority =
    "-----BEGIN CERTIFICATE-----\n"
    + String(repeating: String(repeating: "A", count: 64) + "\n", count: 10) + "-----END CERTIFICATE-----\n"

  private static func name(_ member: Int) -> String { "member-\(member)" }

  private static func link(_ members: Int) -> String {
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata:
      name: mesh
    spec:
      clusterMesh:
        clusterSelector: {}
        maxConnectedClusters: \(members > 255 ? 511 : 255)
        certificates:
          method: certmanager
          issuerRef: {kind: ClusterIssuer, name: clustermesh-ca}
          sharedAuthority: true
        kubeconfig: true

    """
  }

  private static func cluster(_ number: Int) -> String {
    let (high, low) = (number / 256, number % 256)
    return """
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata:
        name: \(name(number))
      spec:
        network:
          podCIDRs: [10.\(high).\(low).0/24]
          serviceCIDRs: [10.\(64 + high).\(low).0/24]
          nodeCIDRs: [172.\(16 + high).\(low).0/24]
          baseline: []
        apiServer: {server: "https://api.\(name(number)).example.com:6443", certificateAuthorityFile: pki/ca.crt}
        cilium:
          id: \(number)
          chartVersion: 1.20.0
          mesh: {serviceType: NodePort, ips: [172.\(16 + high).\(low).11, 172.\(16 + high).\(low).12]}

      """
  }

  private static func connection(_ index: Int, _ namespace: String, _ client: Int, _ servers: [Int]) -> String
  {
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata:
      name: api-\(index)
      namespace: \(namespace)
    spec:
      from:
      - clusters: [\(name(client))]
        podSelector:
          matchLabels:
            app: web-\(index)
      to:
        clusters: [\(servers.map(name).joined(separator: ", "))]
        match: any
        service: api-\(index)
        ports: [http]

    """
  }

  private static func deployment(_ app: String, _ namespace: String, port: Int) -> String {
    """
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: \(app)
      namespace: \(namespace)
    spec:
      replicas: 2
      selector:
        matchLabels:
          app: \(app)
      template:
        metadata:
          labels:
            app: \(app)
        spec:
          containers:
          - name: main
            image: registry.example.com/\(app):1
            ports:
            - name: http
              containerPort: \(port)
    ---

    """
  }

  private static func service(_ index: Int, _ namespace: String) -> String {
    """
    apiVersion: v1
    kind: Service
    metadata:
      name: api-\(index)
      namespace: \(namespace)
    spec:
      selector:
        app: api-\(index)
      ports:
      - name: http
        port: 80
        targetPort: http
    ---

    """
  }
}
