import Diagnostics

/// Rules about clients, and about pods on both ends.
extension TetrateRules {
  static let consumerRules = [
    clientOutside, matchEach, transport, notInjected, hiddenEntries, transitHop, egressToName,
    unknownBaseline, podWithoutSidecar,
  ]

  static let clientOutside = Rule(
    "LW5070", "client-outside-east-west", .error, "a client is not part of the mesh",
    explanation: """
      East-west gateways take mutual TLS of the mesh's own sidecars. Other clusters and networks need an ingress \
      gateway, or a link with an address.
      """,
    failing: tetrate(connection(from: "[{external: {name: zone-b, cidrs: [10.8.0.0/24]}}]")),
    passing: tetrate()
  )

  static let matchEach = Rule(
    "LW5071", "east-west-match-each", .error, "a connection wants to tell clusters apart that the mesh joins",
    explanation: "A Service of one name and namespace in several clusters is one Service to its clients.",
    failing: tetrate(
      twin()
        + connection(
          from: "[{clusters: [cluster-1, cluster-2]}]", to: "{match: each, service: details, ports: [9080]}")
    ),
    passing: tetrate())

  static let transport = Rule(
    "LW5072", "east-west-transport", .error, "a connection needs a protocol that gateways do not carry",
    explanation: "An east-west gateway routes by the server name of TLS, which only TCP carries.",
    failing: tetrate(
      workload(
        1, "details",
        service("details", labels: "{app: details}", ports: "[{name: dns, port: 9080, protocol: UDP}]")
          + "\n---\n"
          + pods("details"))), passing: tetrate()
  )

  static let notInjected = Rule(
    "LW5073", "namespace-not-injected", .warning, "a namespace of a connection gets no sidecars",
    explanation: """
      Without a sidecar a client has no certificate and knows no ServiceEntry, and a target takes no mutual TLS.
      """,
    failing: tetrate(
      workload(2, "namespace", "apiVersion: v1\nkind: Namespace\nmetadata: {name: bookinfo}")),
    passing: tetrate(
      workload(
        2, "namespace",
        "apiVersion: v1\nkind: Namespace\nmetadata: {name: bookinfo, labels: {istio-injection: enabled}}")))

  private static func sidecar(_ hosts: String) -> String {
    workload(
      2, "sidecar",
      """
      apiVersion: networking.istio.io/v1
      kind: Sidecar
      metadata: {name: default, namespace: bookinfo}
      spec: {egress: [{hosts: \(hosts)}]}
      """)
  }

  static let hiddenEntries = Rule(
    "LW5074", "remote-services-hidden", .warning, "clients do not see the ServiceEntries of other clusters",
    explanation: """
      XCP writes them to namespace xcp-multicluster. A Sidecar, or a reachability other than CLUSTER, that does \
      not include it hides them. Tetrate's own generator always adds it.
      """,
    failing: tetrate(sidecar("[\"./*\", \"istio-system/*\"]")),
    passing: tetrate(sidecar("[\"./*\", \"istio-system/*\", \"xcp-multicluster/*\"]")))

  private static func transit(_ host: String) -> String {
    workload(
      2, "transit",
      """
      apiVersion: gateway.tsb.tetrate.io/v2
      kind: Gateway
      metadata:
        name: transit
        namespace: bookinfo
        annotations: {tsb.tetrate.io/organization: tetrate, tsb.tetrate.io/tenant: dev, tsb.tetrate.io/workspace: bookinfo-ws}
      spec:
        http:
        - {hostname: \(host), routing: {rules: [{route: {clusterDestination: {}}}]}}
      """)
  }

  static let transitHop = Rule(
    "LW5075", "transit-hop", .error, "a Service is exposed as it is and routed by a transit gateway at once",
    explanation: """
      The endpoints that a bare exposure makes carry no label for the transit gateway's route, which then \
      answers 503 with no healthy upstream.
      """,
    failing: tetrate(transit("details.bookinfo.svc.cluster.local").replacing("cluster-2", with: "cluster-1")),
    passing: tetrate(transit("details.example.com").replacing("cluster-2", with: "cluster-1"))
  ).breaking(.gateway)

  private static let closed = workload(
    2, "deny",
    """
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: {name: deny, namespace: bookinfo}
    spec: {podSelector: {}, policyTypes: [Egress]}
    """)

  static let egressToName = Rule(
    "LW5076", "egress-to-name", .warning,
    "isolated clients cannot be let out to a gateway that has a DNS name",
    explanation: "A NetworkPolicy knows addresses, not names.",
    failing: tetrate(
      closed
        + link(
          gateway: "{name: eastwest-gateway, namespace: bookinfo, addresses: {cluster-1: gw.example.com}}")
        + cluster(1, "{network: net-1, dnsResolutionAtEdge: true}")),
    passing: tetrate(closed))

  static let unknownBaseline = Rule(
    "LW5077", "east-west-baseline", .note, "nobody says whether the platform isolates the pods",
    explanation: """
      A policy that admits the gateway would isolate pods that were open. It is emitted only where a manifest or \
      the declared baseline isolates them.
      """,
    failing: tetrate(
      """
      -- clusters/cluster-1.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: cluster-1}
      spec: {tetrate: {network: net-1}}

      """), passing: tetrate())

  private static func client(_ pod: String) -> String {
    workload(
      2, "client",
      """
      apiVersion: v1
      kind: Namespace
      metadata: {name: bookinfo, labels: {istio-injection: enabled}}
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: sleep, namespace: bookinfo}
      spec:
        selector: {matchLabels: {app: sleep}}
        template:
          metadata: {labels: {app: sleep}}
          spec: {\(pod)containers: [{name: sleep, image: sleep}]}
      """)
  }

  static let podWithoutSidecar = Rule(
    "LW5121", "pod-without-sidecar", .error, "a pod of a connection gets no sidecar",
    explanation: """
      The injector passes over pods in the host's network, and those labelled or annotated \
      sidecar.istio.io/inject: "false", whatever their namespace says. A gateway finds the Service by the server name of \
      Istio's mutual TLS, which only sidecars speak.
      """,
    failing: tetrate(client("hostNetwork: true, ")), passing: tetrate(client("")))
}
