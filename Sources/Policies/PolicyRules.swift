package import Diagnostics

/// Rules about Policy documents, and the one that stands for all that they say themselves.
package enum PolicyRules {
  package static let all = [
    broken, invalidExpression, partialExpression, notEvaluated, dateNotCompared, unusedException, unknownKind,
    selectsNothing,
  ]

  package static let broken = Rule(
    "LW6010", "policy", .error, "a rule of the organisation's policies is broken",
    explanation: """
      A Policy document says in CEL what must hold for documents of the specification and for emitted objects. \
      The rule's own severity counts. Exceptions stand in the Policy, with a reason.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- policies/owners.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [Connection]}
        rules: [{expression: has(self.owner), message: every connection names an owner}]
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- policies/owners.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [Connection]}
        rules: [{expression: 'self.to.ports.all(p, p == 8000)', message: only the web port}]
      """))

  package static let invalidExpression = Rule(
    "LW6011", "policy-expression", .error, "an expression of a policy cannot be used",
    explanation: """
      Expressions are checked before anything is judged, against the schemas of the kinds that they judge: a \
      misspelt field would otherwise make a rule that never finds anything.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- policies/owners.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [Connection]}
        rules: [{expression: has(self.ownr)}]
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- policies/owners.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [Connection]}
        rules: [{expression: 'has(self.owner) || self.metadata.namespace.endsWith("-dev")'}]
      """))

  package static let partialExpression = Rule(
    "LW6019", "policy-expression-kind", .warning,
    "an expression of a policy does not fit one of the kinds that it judges",
    explanation: """
      An API server compiles such a rule, warns in the policy's status.typeChecking, and fails when an object of that \
      kind comes along. A guard keeps the expression from being read for other kinds: \
      "object.kind != 'NetworkPolicy' || object.spec.podSelector…", "object.kind == 'X' ? … : …", or has(…).
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- policies/names.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: names}
      spec:
        match: {kinds: [NetworkPolicy, TransportServerClaim]}
        rules: [{expression: 'object.metadata.name != "x" || object.spec.policyTypes.size() > 0'}]
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- policies/names.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: names}
      spec:
        match: {kinds: [NetworkPolicy, TransportServerClaim]}
        rules: [{expression: 'object.kind != "NetworkPolicy" || object.spec.policyTypes.size() > 0'}]
      """))

  package static let notEvaluated = Rule(
    "LW6012", "policy-not-judged", .error, "a policy cannot be judged for a document or object",
    explanation: """
      The expression failed: it read a field that is not there, divided by zero, or took too many steps. What \
      cannot be judged is not taken for allowed.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- policies/owners.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [Connection]}
        rules: [{expression: self.owner.endsWith("-team")}]
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- policies/owners.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [Connection]}
        rules: [{expression: '!has(self.owner) || self.owner.endsWith("-team")'}]
      """))

  package static let dateNotCompared = Rule(
    "LW6013", "policy-date", .note, "the end of an exception is not compared with any date",
    explanation: """
      The last day of an exception is compared with the date of the source commit, so that the same commit \
      always gives the same result. A directory and the index have no date: there the exception holds, and this \
      note says so.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- policies/owners.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [Connection]}
        rules: [{expression: has(self.owner)}]
        exceptions: [{names: [yourservice], reason: older than the rule, until: "2027-03-31"}]
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- policies/owners.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [Connection]}
        rules: [{expression: has(self.owner)}]
        exceptions: [{names: [yourservice], reason: older than the rule}]
      """))

  package static let unusedException = Rule(
    "LW6014", "policy-exception-unused", .warning, "an exception excuses nothing",
    explanation: """
      Nothing breaks the rules that it excuses from. What is left standing would excuse the next breach unseen.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- policies/owners.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [Connection]}
        rules: [{expression: 'self.metadata.name != "x"'}]
        exceptions: [{names: [yourservice], reason: older than the rule}]
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- policies/owners.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [Connection]}
        rules: [{expression: has(self.owner)}]
        exceptions: [{names: [yourservice], reason: older than the rule}]
      """))

  package static let selectsNothing = Rule(
    "LW6018", "policy-chooses-nothing", .warning,
    "a name or selector of a policy chooses nothing of the fleet",
    explanation: """
      A path that is forbidden for pods that do not exist forbids nothing. Clusters are those of the specification, \
      namespaces and pods those of manifests and connections. A misspelt cluster is an error of its own (LW1201).
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- policies/paths.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: paths}
      spec:
        paths:
        - deny:
            from: {clusters: [golddr]}
            to: {clusters: [gold], namespaceSelector: a1b2c3-deb}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- policies/paths.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: paths}
      spec:
        paths:
        - require:
            from: {clusters: [golddr], namespaceSelector: a1b2c3-dev}
            to: {clusters: [gold], namespaceSelector: a1b2c3-dev}
      """))

  package static let unknownKind = Rule(
    "LW6015", "policy-kind", .warning, "a policy judges a kind that nothing has",
    explanation: """
      Policies judge documents of the specification and objects that are emitted. A kind that is neither, and \
      has no schema, is probably misspelt.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- policies/owners.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [NetworkPolices]}
        rules: [{expression: 'object.metadata.name != "x"'}]
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- policies/owners.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Policy
      metadata: {name: owners}
      spec:
        match: {kinds: [NetworkPolicy]}
        rules: [{expression: 'object.metadata.name != "x"'}]
      """))
}
