import Diagnostics

/// The link itself: what it names and selects.
extension GatewayDNSRules {
  static let linkRules = [
    serviceReference, resolutionType, resolutionOmitted, selectsAll, selectorExpression, selectsNone,
    selectedTwice,
    zoneName, publicZone, clusterDomain, oneController, unquotedLabel, neverShipped,
  ]

  static let serviceReference = Rule(
    "LW4001", "gateway-service-reference", .error, "a gateway's Service is not written as namespace/name",
    explanation: """
      The controller splits the text at '/' and takes an empty name where it does not get exactly two parts: no name \
      is ever published, and the GatewayDNS object shows nothing.
      """,
    failing: link("", service: "envoy"), passing: unchanged)

  static let resolutionType = Rule(
    "LW4002", "gateway-resolution-type", .error, "a resolution type does not exist",
    explanation: """
      loadBalancer is the only one that was built; the controller never reads the field, so that any other value \
      promises what does not happen.
      """,
    failing: link("resolutionType: hostPort"), passing: link("resolutionType: loadBalancer")
  ).breaking(.gateway)

  static let resolutionOmitted = Rule(
    "LW4003", "gateway-resolution-omitted", .warning, "a GatewayDNS manifest names no resolution type",
    explanation: "It is taken for loadBalancer today; a later controller could choose another default.",
    failing: file(
      "workloads/mgmt/gateway-dns.yaml",
      """
      apiVersion: connectivity.tanzu.vmware.com/v1alpha1
      kind: GatewayDNS
      metadata: {name: other, namespace: qa-team}
      spec: {clusterSelector: {matchLabels: {a: b}}, service: projectcontour/envoy}
      """),
    passing: file(
      "workloads/mgmt/gateway-dns.yaml",
      """
      apiVersion: connectivity.tanzu.vmware.com/v1alpha1
      kind: GatewayDNS
      metadata: {name: other, namespace: qa-team}
      spec: {clusterSelector: {matchLabels: {a: b}}, service: projectcontour/envoy, resolutionType: loadBalancer}
      """))

  static let selectsAll = Rule(
    "LW4004", "gateway-selects-all", .warning, "a selector takes every cluster of the namespace",
    explanation:
      "An empty or absent clusterSelector selects all Cluster API objects of the namespace, also those to come.",
    failing: link("", selector: nil, addresses: "{cluster-a: [203.0.113.10], cluster-b: [203.0.113.20]}"),
    passing: unchanged)

  static let selectorExpression = Rule(
    "LW4005", "gateway-selector-expression", .error, "a selector has an expression that means nothing",
    explanation: """
      The CRD's schema takes every operator and any number of values. The controller logs the error and does nothing.
      """,
    failing: link(
      "", selector: "{matchExpressions: [{key: hasContour, operator: Exists, values: [\"true\"]}]}"),
    passing: link("", selector: "{matchExpressions: [{key: hasContour, operator: Exists}]}")
  ).breaking(.gateway)

  static let selectsNone = Rule(
    "LW4006", "gateway-selects-none", .error, "a selector matches no cluster of the namespace",
    explanation:
      "The controller looks at the Cluster API objects of the GatewayDNS object's own namespace only.",
    failing: link("", selector: "{matchLabels: {hasContuor: \"true\"}}", addresses: "{}"), passing: unchanged
  ).breaking(.gateway)

  static let selectedTwice = Rule(
    "LW4007", "gateway-selected-twice", .error, "two GatewayDNS objects select one cluster",
    explanation: """
      Both compute the same EndpointSlice. Each takes the other's for missing, finds that it exists, and takes it \
      over: the name changes hands at every poll, and goes when one of them is deleted (issue 86 of the project).
      """,
    failing: file(
      "links/second.yaml",
      """
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: second}
      spec:
        gatewayDNS:
          managementCluster: mgmt
          namespace: dev-team
          clusterSelector: {matchExpressions: [{key: hasContour, operator: Exists}]}
          service: ingress/nginx
          zone: xcc.test
      """),
    passing: unchanged)

  static let zoneName = Rule(
    "LW4008", "gateway-zone-name", .error, "a zone is not a DNS name",
    explanation: "The zone is the controller's DOMAIN_SUFFIX and a key in the resolver's configuration.",
    failing: link("", zone: "xcc_test"), passing: unchanged
  ).breaking(.name)

  static let publicZone = Rule(
    "LW4009", "gateway-public-zone", .warning, "a zone belongs to others",
    explanation: """
      Resolvers forward the whole zone to the link's DNS server, which knows the gateways and nothing else: every \
      other name in it stops resolving. Names below .local belong to multicast DNS, and some resolvers never ask a \
      server for them.
      """,
    failing: link(
      "", zone: "example.com",
      also: """
        -- workloads/cluster-a/route.yaml --
        apiVersion: projectcontour.io/v1
        kind: HTTPProxy
        metadata: {name: route, namespace: demo}
        spec: {virtualhost: {fqdn: kuard.gateway.cluster-a.dev-team.clusters.example.com}}
        """),
    passing: unchanged)

  static let clusterDomain = Rule(
    "LW4010", "gateway-cluster-domain", .error, "a zone collides with the domain of a cluster's own Services",
    explanation: """
      A stub zone at, above or inside the cluster domain takes queries for Services away from the cluster's DNS; \
      OpenShift's operator refuses the cluster domain.
      """,
    failing: link("", zone: "local"), passing: unchanged
  )

  static let oneController = Rule(
    "LW4011", "gateway-one-controller", .error, "links of one management cluster need different controllers",
    explanation: "A management cluster has one controller, with one DOMAIN_SUFFIX, of one generation.",
    failing: file(
      "links/qa-team.yaml",
      """
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: qa-team}
      spec:
        gatewayDNS:
          managementCluster: mgmt
          namespace: qa-team
          clusterSelector: {matchLabels: {hasContour: "true"}}
          service: projectcontour/envoy
          zone: qa.test
      """),
    passing: unchanged)

  static let unquotedLabel = Rule(
    "LW4012", "gateway-unquoted-label", .error, "a label is no string",
    explanation:
      "YAML reads an unquoted true as a boolean; labels are strings, and the API server refuses the object.",
    failing: file(
      "workloads/mgmt/clusters.yaml",
      """
      apiVersion: cluster.x-k8s.io/v1beta1
      kind: Cluster
      metadata: {name: cluster-a, namespace: dev-team, labels: {hasContour: true}}
      """),
    passing: file(
      "workloads/mgmt/clusters.yaml",
      """
      apiVersion: cluster.x-k8s.io/v1beta1
      kind: Cluster
      metadata: {name: cluster-a, namespace: dev-team, labels: {hasContour: "true"}}
      """))

  static let neverShipped = Rule(
    "LW4013", "gateway-dns-record", .error, "a GatewayDNSRecord is read by nobody",
    explanation: "The kind stands in an early proposal of the project (43) and was never built.",
    failing: file(
      "workloads/mgmt/record.yaml",
      """
      apiVersion: connectivity.tanzu.vmware.com/v1alpha1
      kind: GatewayDNSRecord
      metadata: {name: record, namespace: dev-team}
      spec: {cluster: cluster-a, namespace: projectcontour, service: envoy}
      """),
    passing: unchanged)
}
