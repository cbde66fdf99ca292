package import Diagnostics

/// Rules about static links.
package enum StaticRules {
  package static let all = [address, matchAny, unknownPort, clusterIP, ownNetwork, family]

  package static let address = Rule(
    "LW2901", "endpoint-address", .error, "an address cannot be an endpoint",
    explanation: """
      The API server refuses unspecified, loopback and link-local addresses in Endpoints and EndpointSlices \
      (ValidateNonSpecialIP), and one slice holds one family.
      """,
    failing: RuleExample(
      over: "porter-silver",
      """
      -- links/silver.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: silver}
      spec: {static: {addresses: {silver: 127.0.0.1}}}
      """),
    passing: RuleExample(over: "porter-silver", "")
  ).breaking(.address)

  package static let matchAny = Rule(
    "LW2902", "static-match-any", .error, "a static link cannot join Services of several clusters into one",
    explanation:
      "Each cluster's address gets a Service of its own. One logical service needs a mesh or a gateway.",
    failing: RuleExample(
      over: "porter-silver",
      """
      -- connections/clamav.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec:
        from: [{clusters: [emerald]}]
        to: {match: any, clusters: [silver], service: clamav, ports: [3310]}
      """),
    passing: RuleExample(over: "porter-silver", "")
  )

  package static let unknownPort = Rule(
    "LW2903", "static-unknown-port", .error, "a port of section 'static' is none of the connection",
    explanation: """
      'ports' and 'portNames' are by the port of the target's Service. A number that the connection does not reach \
      would have no effect, and the port that was meant would keep its default.
      """,
    failing: RuleExample(
      over: "porter-silver",
      """
      -- clusters/outside.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: outside}
      -- links/known.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: known}
      spec: {static: {addresses: {silver: 203.0.113.7}}}
      -- connections/clamav.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec:
        via: known
        from: [{clusters: [outside]}]
        to: {clusters: [silver], service: clamav, ports: [3310]}
        static: {ports: {"3301": 16504}}
      """),
    passing: RuleExample(
      over: "porter-silver",
      """
      -- clusters/outside.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: outside}
      -- links/known.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: known}
      spec: {static: {addresses: {silver: 203.0.113.7}}}
      -- connections/clamav.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: clamav, namespace: a1b2c3-prod}
      spec:
        via: known
        from: [{clusters: [outside]}]
        to: {clusters: [silver], service: clamav, ports: [3310]}
        static: {ports: {"3310": 16504}, portNames: {"3310": clamd}}
      """)
  ).breaking(.address)

  /// A cluster with clients over a static link to silver.
  private static func outside(_ network: String, address: String = "203.0.113.7") -> String {
    """
    -- clusters/outside.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Cluster
    metadata: {name: outside}
    spec: {network: {\(network)}}
    -- links/known.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Link
    metadata: {name: known}
    spec: {static: {addresses: {silver: "\(address)"}}}
    -- connections/clamav.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: clamav, namespace: a1b2c3-prod}
    spec:
      via: known
      from: [{clusters: [outside]}]
      to: {clusters: [silver], service: clamav, ports: [3310]}
    """
  }

  package static let clusterIP = Rule(
    "LW2904", "static-cluster-ip", .error,
    "an address of a static link is a cluster IP where its clients are",
    explanation: """
      Endpoints cannot be cluster IPs of Services: kube-proxy does not lead from one virtual address to another \
      (Kubernetes, "Services without selectors").
      """,
    failing: RuleExample(
      over: "porter-silver", outside("serviceCIDRs: [172.30.0.0/16]", address: "172.30.4.5")),
    passing: RuleExample(over: "porter-silver", outside("serviceCIDRs: [172.30.0.0/16]"))
  )

  package static let ownNetwork = Rule(
    "LW2905", "static-own-network", .warning,
    "an address of a static link lies in a network of the cluster where its clients are",
    explanation: """
      Traffic to the networks of a cluster's own pods and nodes does not leave it. Either the address or the network \
      is wrong.
      """,
    failing: RuleExample(over: "porter-silver", outside("podCIDRs: [10.2.0.0/16]", address: "10.2.3.4")),
    passing: RuleExample(over: "porter-silver", outside("podCIDRs: [10.2.0.0/16]")))

  package static let family = Rule(
    "LW2906", "static-family", .error, "a static link has IPv6 addresses for clients without IPv6",
    explanation: """
      A Service for IPv6 addresses must be of that family, and an API server refuses families that the cluster does \
      not have.
      """,
    failing: RuleExample(
      over: "porter-silver", outside("serviceCIDRs: [172.30.0.0/16]", address: "2001:db8::7")),
    passing: RuleExample(
      over: "porter-silver",
      outside("serviceCIDRs: [172.30.0.0/16, \"fd00:30::/112\"]", address: "2001:db8::7"))
  )
}
