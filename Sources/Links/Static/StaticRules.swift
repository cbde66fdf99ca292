package import Diagnostics

/// Rules about static links.
package enum StaticRules {
  package static let all = [address, matchAny]

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
}
