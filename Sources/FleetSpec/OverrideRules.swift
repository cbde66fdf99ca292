package import Diagnostics

/// Rules about values that differ by cluster or namespace.
package enum OverrideRules {
  package static let all = [incomplete, unknownNamespace, notPerCluster, unused]

  /// A connection of the example fleet with one override.
  package static func connection(_ override: String) -> RuleExample {
    RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec:
        from: [{clusters: [golddr], podSelector: {matchLabels: {name: yourapp}}}]
        to: {clusters: [gold], service: yourservice, ports: [8000]}
        exposure: {acknowledged: span-bc}
        porter: {overrideServicePort: true}
        overrides:
        - \(override)
      """)
  }

  /// An override that changes something where it holds.
  private static let good = connection("{namespaces: [a1b2c3-dev], porter: {monitor: {interval: 5}}}")

  package static let incomplete = Rule(
    "LW9101", "override-incomplete", .error, "an override does not say where it holds, or what it changes",
    explanation: """
      An override holds values that differ in some clusters or namespaces. Without a place it would hold everywhere, \
      and the values belong into the document itself.
      """,
    failing: connection("{porter: {monitor: {interval: 5}}}"), passing: good)

  package static let unknownNamespace = Rule(
    "LW9102", "override-unknown-namespace", .error,
    "an override names a namespace that the connection is not declared for",
    explanation: """
      An override changes a connection in one of its namespaces, those of metadata.namespace or spec.namespaces. One \
      for another namespace would silently be without effect.
      """,
    failing: connection("{namespaces: [a1b2c3-dve], porter: {monitor: {interval: 5}}}"), passing: good)

  package static let notPerCluster = Rule(
    "LW9103", "override-not-per-cluster", .error, "an override by cluster changes what all clusters share",
    explanation: """
      The link, the clients, the owner and the clusters of the target say what the connection is; they are the same \
      seen from every cluster. So is what a link type has once: a TransportServerClaim stands in one cluster for \
      both. Names, ports and labels of the target and settings that a link type keeps for each cluster can differ.
      """,
    failing: connection("{clusters: [gold], porter: {monitor: {interval: 5}}}"), passing: good)

  package static let unused = Rule(
    "LW9104", "override-unused", .warning, "an override gives the values that hold anyway",
    explanation: """
      With the override and without it the connection is the same in every place that it names: a leftover, or hidden \
      by a later override.
      """,
    failing: connection("{namespaces: [a1b2c3-dev], porter: {overrideServicePort: true}}"), passing: good)
}
