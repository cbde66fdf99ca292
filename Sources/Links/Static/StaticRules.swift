package import Diagnostics

/// Rules about static links.
package enum StaticRules {
  package static let all = [address, matchAny, unknownPort]

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
    passing: RuleExample(over: "porter-silver", ""))

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
    passing: RuleExample(over: "porter-silver", ""))

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
      """))
}
