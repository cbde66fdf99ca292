import Diagnostics

/// Rules about the pair and its addresses.
extension PorterRules {
  static let linkRules = [
    missingInPair, pairOfOne, matchAny, addressConflict, addressChanges, placeholderPort, unusableAddress,
    namespacePattern,
    oneWay,
    firewallRequest, exposure, startOrder, otherNamespace, permissions, linkAddress, sharedAddress,
    sharedServer, portsDiffer,
  ]

  static let missingInPair = Rule(
    "LW2101", "service-missing-in-pair", .error,
    "a published Service is missing in the other cluster of the pair",
    explanation: """
      From one claim the operator makes a TransportServer in both clusters, and each names the Service of its own \
      cluster. Where the Service is missing, that cluster's pool is empty and its virtual server answers \
      nothing.
      """,
    failing: pair("-- workloads/golddr/yourservice.yaml --\n"),
    passing: pair()
  ).breaking(.service)

  static let pairOfOne = Rule(
    "LW2102", "pair-members", .error, "a Porter link names a cluster that is not its own",
    explanation: """
      A link joins a primary and, for a pair, one other cluster. Addresses are given for these clusters only.
      """,
    failing: pair(
      """
      -- links/gold-pair.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: gold-pair}
      spec: {porter: {primary: gold, secondary: gold}}
      """),
    passing: pair())

  static let firewallRequest = Rule(
    "LW2104", "firewall-request", .note, "clients outside the link may need a firewall request",
    explanation: """
      Virtual servers are reachable from the data-centre network. Clients of other clusters or zones pass \
      firewalls that are opened on request, by address and port.
      """,
    failing: pair(
      connection(from: "[{clusters: [golddr]}, {external: {name: zone-b, cidrs: [10.8.0.0/24]}}]")),
    passing: pair())

  static let namespacePattern = Rule(
    "LW2125", "namespace-pattern", .warning, "a namespace is no licence plate with an environment",
    explanation: """
      Namespaces of the platform are six hexadecimal characters, '-', and dev, test, prod or tools (\
      platform-services-registry, licence-plate.ts). A namespace of another form does not exist there. A link \
      for another platform sets namespacePattern.
      """,
    failing: pair(
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: yourservice, namespace: yourlicenceplate-dev}
      spec:
        from: [{clusters: [golddr]}]
        to: {clusters: [gold], service: {name: yourservice, type: NodePort, ports: [{port: 8000}]}, ports: [8000]}
        exposure: {acknowledged: span-bc}
      """),
    passing: pair())

  static let exposure = Rule(
    "LW2128", "exposure-unacknowledged", .warning, "nobody has agreed to the exposure that a claim brings",
    explanation: """
      A virtual server works like a Route: policies cannot narrow its clients, and everybody in the data-centre \
      network can reach it (the platform's documentation of TCP services). The service needs a password or client certificates of its own. \
      'exposure.acknowledged: span-bc' records that its owner knows.
      """,
    failing: pair(connection(exposure: "owner: sso-team")),
    passing: pair())

  static let addressChanges = Rule(
    "LW2130", "address-changes", .warning, "the virtual server's address changes with the Service's type",
    explanation: """
      A Service of type NodePort gets another address than one of type ClusterIP, on both sides; the port \
      stays. Firewall rules and written-out addresses must follow, and the operator looks at the Service again \
      only when the claim is touched. A virtual server that was observed while the Service had another type has an \
      address that goes: it is not used.
      """,
    failing: pair(
      observedServer(address: "142.34.229.62") + """
        -- links/gold-pair.yaml --
        apiVersion: linkwright.dev/v1alpha1
        kind: Link
        metadata: {name: gold-pair}
        spec:
          porter:
            primary: gold
            secondary: golddr
            addresses: {gold: {ClusterIP: 142.34.229.62, NodePort: 142.34.229.70}}
        """),
    passing: pair(observedServer()))

  static let oneWay = Rule(
    "LW2137", "one-way-in-production", .note, "a production connection leads one way only",
    explanation: """
      Gold and GoldDR change roles in a switch-over. A connection that leads to one of them only does not carry \
      replication back.
      """,
    failing: pair(
      connection(
        namespace: "a1b2c3-prod",
        to:
          "{clusters: [gold], service: {name: db, type: NodePort, selector: {app: db}, ports: [{port: 5432}]}, ports: [5432]}"
      )
    ),
    passing: pair())

  static let startOrder = Rule(
    "LW2138", "start-order", .note, "clients can start only after the claim's cluster has synced",
    explanation: """
      The operator writes the clients' Service and Endpoints once it has served the claim, and without \
      overrideServicePort its port is random. The clusters are synced by Applications of their own, so no \
      sync wave orders them.
      """,
    failing: pair(connection(porter: "{}")),
    passing: pair())

  static let otherNamespace = Rule(
    "LW2118", "client-in-other-namespace", .note, "clients in another namespace need the full host name",
    explanation: """
      The operator writes its Service and Endpoints into the claim's namespace, on both sides. The short \
      name does not resolve anywhere else.
      """,
    failing: pair(connection(from: "[{clusters: [golddr], namespace: a1b2c3-test}]")),
    passing: pair())

  static let matchAny = Rule(
    "LW2141", "match-any", .error, "a claim cannot join Services of several clusters into one",
    explanation: """
      Each cluster's virtual server has an address of its own and leads to that cluster's Service. One logical \
      service over several clusters needs a mesh or a gateway.
      """,
    failing: pair(connection(to: "{match: any, clusters: [gold], service: yourservice, ports: [8000]}")),
    passing: pair()
  )

  static let addressConflict = Rule(
    "LW2142", "address-conflict", .error, "link and cluster disagree about a virtual server's address",
    explanation: """
      An address comes from the link or from an observation. When both have it and differ, one of them is wrong, \
      and guessing would send traffic elsewhere.
      """,
    failing: pair(observedServer(address: "142.34.229.99")),
    passing: pair(observedServer())
  ).breaking(.loadBalancer)

  static let placeholderPort = Rule(
    "LW2143", "placeholder-port", .error, "an observed port is none that a claim can have",
    explanation: """
      The operator draws ports between 1024 and 65535 (the operator's manager_api_sidecar_patch.yaml). The \
      documentation prints 65555 where the reader's own port belongs.
      """,
    failing: pair(
      """
      -- observed/gold/a1b2c3-dev.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
      status: {address: 142.34.64.62, port: "65555"}
      """),
    passing: pair(
      """
      -- observed/gold/a1b2c3-dev.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
      status: {address: 142.34.64.62, port: "37650"}
      """)
  )

  static let unusableAddress = Rule(
    "LW2146", "observed-address", .error, "an address of a virtual server is none",
    explanation: """
      The address of a virtual server is taken from the link, or from what the cluster answered. A file that was cut \
      short or edited would put something else into Endpoints, where the API server refuses it; so it does with \
      unspecified, loopback and link-local addresses.
      """,
    failing: pair(
      """
      -- observed/gold/a1b2c3-dev.yaml --
      apiVersion: cis.f5.com/v1
      kind: TransportServer
      metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
      spec: {virtualServerAddress: 142.34.229, virtualServerPort: 30001, pool: {service: yourservice, servicePort: 8000}}
      """),
    passing: pair(
      """
      -- observed/gold/a1b2c3-dev.yaml --
      apiVersion: cis.f5.com/v1
      kind: TransportServer
      metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
      spec: {virtualServerAddress: 142.34.229.70, virtualServerPort: 30001, pool: {service: yourservice, servicePort: 8000}}
      """)
  )

  static let permissions = Rule(
    "LW2135", "claim-permissions", .warning, "the account that applies the output may not manage claims",
    explanation: """
      A CI account needs a Role for transportserverclaims of group porter.devops.gov.bc.ca (\
      bcgov/sso-switchover-agent grants it in Gold only). Without it the sync stops at the claim.
      """,
    failing: pair(
      """
      -- linkwright.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Fleet
      metadata: {name: porter-pair}
      spec: {output: {consumer: {type: kubectl, serviceAccount: a1b2c3-tools/deployer}}}
      -- workloads/gold/role.yaml --
      apiVersion: rbac.authorization.k8s.io/v1
      kind: Role
      metadata: {name: deployer, namespace: a1b2c3-dev}
      rules: [{apiGroups: [apps], resources: [deployments], verbs: ["*"]}]
      ---
      apiVersion: rbac.authorization.k8s.io/v1
      kind: RoleBinding
      metadata: {name: deployer, namespace: a1b2c3-dev}
      roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: deployer}
      subjects: [{kind: ServiceAccount, name: deployer, namespace: a1b2c3-tools}]
      """),
    passing: pair())

  static let linkAddress = Rule(
    "LW2148", "link-address", .error, "an address of the link is none that a load balancer can have",
    explanation: """
      Endpoints with a loopback, link-local or unspecified address are refused by API servers (facts: Kubernetes' \
      ValidateNonSpecialIP), and no other cluster reaches a load balancer there.
      """,
    failing: pair(addresses("{gold: {NodePort: 127.0.0.1}, golddr: {NodePort: 142.34.64.70}}")),
    passing: pair()
  ).breaking(.loadBalancer)

  static let sharedAddress = Rule(
    "LW2149", "shared-address", .error, "both clusters of a pair have one address",
    explanation: """
      Each cluster has a load balancer with an address of its own, and a claim has the same port on both. With one \
      address for both, clients of one cluster are led back to it.
      """,
    failing: pair(addresses("{gold: {NodePort: 142.34.229.70}, golddr: {NodePort: 142.34.229.70}}")),
    passing: pair()
  ).breaking(.loadBalancer)

  static let sharedServer = Rule(
    "LW2150", "shared-server", .warning, "two observed virtual servers have one address and port",
    explanation: """
      The controller refuses a second TransportServer of the same address and port (F5Networks/k8s-bigip-ctlr: "l4 \
      app already exists"). One of the two observations is old, or one of the two serves nobody.
      """,
    failing: pair(
      observedServer() + """
        ---
        apiVersion: cis.f5.com/v1
        kind: TransportServer
        metadata: {name: other-tsc, namespace: a1b2c3-dev}
        spec: {virtualServerAddress: 142.34.229.70, virtualServerPort: 37650, pool: {service: other, servicePort: 8000}}

        """),
    passing: pair(observedServer()))

  static let portsDiffer = Rule(
    "LW2155", "ports-differ", .warning, "a claim and its virtual server were observed with different ports",
    explanation: """
      The operator draws one port for a claim, writes it into the claim's status and makes the TransportServer with it. \
      Where the two differ one observation is old, and nobody can tell from here which.
      """,
    failing: pair(observedServer() + observedClaim(port: 37655)),
    passing: pair(observedServer() + observedClaim(port: 37650)))

  private static func observedClaim(port: Int) -> String {
    """
    ---
    apiVersion: porter.devops.gov.bc.ca/v1alpha1
    kind: TransportServerClaim
    metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
    spec: {service: yourservice, servicePort: 8000}
    status: {port: "\(port)"}

    """
  }

  private static func addresses(_ map: String) -> String {
    """
    -- links/gold-pair.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: gold-pair}
    spec: {porter: {primary: gold, secondary: golddr, addresses: \(map)}}

    """
  }
}
