/// A fleet of any size that looks like a platform's: Gold and GoldDR joined by Porter, licence plates with
/// about twenty connections each, and everything observed, so that every object is emitted.
///
/// Each connection is three files: the Connection, and in each cluster a Service with its Deployment. Every
/// third goes both ways (9 objects), the others one way (8). The same count gives the same bytes.
struct FleetGenerator {
  /// The number of connections.
  let count: Int

  private static let connectionsPerNamespace = 20
  private static let clusters = ["gold", "golddr"]
  private static let addresses = ["gold": "142.34.229.4", "golddr": "142.34.64.4"]

  /// Calls `write` with each file of the fleet.
  func files(_ write: (_ path: String, _ text: String) throws(WriteFailure) -> Void) throws(WriteFailure) {
    try write("linkwright.yaml", Self.fleet)
    for cluster in Self.clusters { try write("clusters/\(cluster).yaml", Self.cluster(cluster)) }
    try write("links/gold-pair.yaml", Self.link)
    try write("baseline/deny.yaml", Self.baseline)
    for index in 0..<count {
      let namespace = Self.namespace(of: index)
      let name = Self.name(of: index)
      try write(
        "connections/\(namespace)/\(name).yaml", Self.connection(name, namespace, isBothWays: index % 3 == 0))
      for cluster in Self.clusters {
        let other = cluster == "gold" ? "golddr" : "gold"
        try write(
          "workloads/\(cluster)/\(namespace)/\(name).yaml", Self.workload(name, namespace, peer: other))
      }
    }
    for first in stride(from: 0, to: count, by: Self.connectionsPerNamespace) {
      let indices = first..<min(first + Self.connectionsPerNamespace, count)
      for (cluster, other) in zip(Self.clusters, Self.clusters.reversed()) {
        try write(
          "observed/\(cluster)/\(Self.namespace(of: first)).yaml",
          indices.map { Self.endpoints($0, of: other) }.joined(separator: "---\n"))
      }
    }
  }

  // MARK: Names and ports

  /// A licence plate of six hexadecimal digits, spread so that neighbours do not share prefixes.
  private static func namespace(of index: Int) -> String {
    let number = (index / connectionsPerNamespace + 1) &* 0x9E_37_79 & 0xFF_FF_FF
    let digits = String(number, radix: 16)
    return String(repeating: "0", count: 6 - digits.count) + digits + "-test"
  }

  private static func name(of index: Int) -> String { "db-\(index)" }

  /// The port that the operator drew, different in the two clusters.
  private static func port(of index: Int, in cluster: String) -> Int {
    1024 + (index * 2 + (cluster == "gold" ? 0 : 1)) % 64000
  }

  // MARK: The specification

  private static let fleet = """
    apiVersion: linkwright.dev/v1alpha1
    kind: Fleet
    metadata:
      name: bench
    spec:
      output:
        path: rendered
        clusterKustomization: false

    """

  private static func cluster(_ name: String) -> String {
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata:
      name: \(name)
    spec:
      distribution: openshift
      network:
        baseline: [baseline/deny.yaml]

    """
  }

  private static let link = """
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata:
      name: gold-pair
    spec:
      porter:
        primary: gold
        secondary: golddr
        addresses:
          gold: {NodePort: \(addresses["gold"] ?? "")}
          golddr: {NodePort: \(addresses["golddr"] ?? "")}

    """

  private static let baseline = """
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata:
      name: deny
    spec:
      podSelector: {}
      policyTypes: [Ingress]

    """

  private static func connection(_ name: String, _ namespace: String, isBothWays: Bool) -> String {
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata:
      name: \(name)
      namespace: \(namespace)
    spec:
      from:
      - \(isBothWays ? "" : "clusters: [golddr]\n    ")podSelector:
          matchLabels:
            app.kubernetes.io/name: \(name)
      to:
        \(isBothWays ? "" : "clusters: [gold]\n    ")service: \(name)
        ports: [5432]
      exposure:
        acknowledged: span-bc
      porter:
        overrideServicePort: true

    """
  }

  // MARK: What the clusters have

  private static func workload(_ name: String, _ namespace: String, peer: String) -> String {
    """
    apiVersion: v1
    kind: Service
    metadata:
      name: \(name)
      namespace: \(namespace)
      labels:
        app.kubernetes.io/name: \(name)
        app.kubernetes.io/part-of: bench
    spec:
      type: NodePort
      selector:
        app.kubernetes.io/name: \(name)
      ports:
      - name: postgres
        port: 5432
        protocol: TCP
        targetPort: postgres
    ---
    apiVersion: apps/v1
    kind: Deployment
    metadata:
      name: \(name)
      namespace: \(namespace)
      labels:
        app.kubernetes.io/name: \(name)
        app.kubernetes.io/part-of: bench
    spec:
      replicas: 2
      selector:
        matchLabels:
          app.kubernetes.io/name: \(name)
      template:
        metadata:
          labels:
            app.kubernetes.io/name: \(name)
            app.kubernetes.io/part-of: bench
        spec:
          containers:
          - name: postgres
            image: registry.example.com/postgres:16.4
            ports:
            - name: postgres
              containerPort: 5432
            env:
            - name: PGDATA
              value: /var/lib/postgresql/data
            - name: PEER_HOST
              value: \(name)-\(peer).\(namespace).svc.cluster.local
            readinessProbe:
              exec:
                command: [pg_isready, -U, postgres]
              periodSeconds: 10
            resources:
              requests: {cpu: 100m, memory: 256Mi}
              limits: {memory: 512Mi}

    """
  }

  /// What the operator wrote, as `linkwright observe` stores it.
  private static func endpoints(_ index: Int, of cluster: String) -> String {
    """
    apiVersion: v1
    kind: Endpoints
    metadata:
      name: \(name(of: index))-\(cluster)
      namespace: \(namespace(of: index))
    subsets:
    - addresses:
      - ip: \(addresses[cluster] ?? "")
      ports:
      - port: \(port(of: index, in: cluster))

    """
  }
}
