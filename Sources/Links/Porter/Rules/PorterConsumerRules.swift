import Diagnostics

/// Rules about the manifests of clients.
extension PorterRules {
  static let consumerRules = [
    hardCodedAddress, ownSide, publishedTwice, chosenNameUnused, chosenNameTwice,
  ]

  /// A client's Deployment with one environment variable.
  private static func client(_ value: String) -> String {
    """
    -- workloads/golddr/client.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: client, namespace: a1b2c3-dev}
    spec:
      selector: {matchLabels: {name: client}}
      template:
        metadata: {labels: {name: client}}
        spec: {containers: [{name: client, image: client, env: [{name: PEER, value: "\(value)"}]}]}

    """
  }

  static let hardCodedAddress = Rule(
    "LW2123", "hard-coded-address", .warning, "a client has a virtual server's address written out",
    explanation: """
      The address changes with the Service's type and the port with the claim's name. The operator keeps a \
      Service with a stable name for clients; 'publish' hands it to them in a ConfigMap.
      """,
    failing: pair(client("142.34.229.70:37650")),
    passing: pair(client("yourservice-gold:8000")))

  static let ownSide = Rule(
    "LW2124", "own-side-name", .warning, "a client uses the name of its own side",
    explanation: """
      The operator writes <service>-gold in GoldDR and <service>-golddr in Gold: the name says where it leads. \
      In its own cluster the name does not exist.
      """,
    failing: pair(client("yourservice-golddr:8000")),
    passing: pair(client("yourservice-gold:8000")))

  private static func outsideClients(_ from: String, _ to: String) -> RuleExample {
    pair(
      """
      -- clusters/emerald.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: emerald}
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec:
        from: [{clusters: [\(from)]}]
        to: {clusters: [\(to)], service: yourservice, ports: [8000]}
        exposure: {acknowledged: span-bc}
        porter: {overrideServicePort: true, serviceName: peer}
      """)
  }

  static let chosenNameUnused = Rule(
    "LW2153", "client-service-name-unused", .warning,
    "a name is chosen for a Service that Linkwright does not name",
    explanation: """
      Inside a pair the operator writes the clients' Service, and names it <service>-<cluster>. 'porter.serviceName' is \
      for clients of other clusters, for whom Linkwright writes it.
      """,
    failing: outsideClients("golddr", "gold"), passing: outsideClients("emerald", "gold"))

  static let chosenNameTwice = Rule(
    "LW2154", "client-service-twice", .error, "one Service of clients would lead to two targets",
    explanation: """
      'porter.serviceName' names the Service that leads clients of other clusters to the virtual server. Each target \
      cluster has its own, and a name leads to one.
      """,
    failing: outsideClients("emerald", "gold, golddr"), passing: outsideClients("emerald", "gold")
  ).breaking(.name)

  static let publishedTwice = Rule(
    "LW2144", "published-twice", .error, "one ConfigMap would tell clients of two peers",
    explanation: """
      'publish.configMap' writes the host and port of the other side. A client that reaches two clusters has two \
      other sides, and a ConfigMap holds one.
      """,
    failing: pair(
      """
      -- clusters/emerald.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: emerald}
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec:
        from: [{clusters: [emerald]}]
        to: {clusters: [gold, golddr], service: yourservice, ports: [8000]}
        exposure: {acknowledged: span-bc}
        publish: {configMap: peer}
        porter: {overrideServicePort: true}
      """),
    passing: pair()
  ).breaking(.name)
}
