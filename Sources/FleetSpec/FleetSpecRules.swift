package import Diagnostics

/// Rules about documents of the specification, each on its own.
package enum FleetSpecRules {
  package static let all = [
    noFleet, schemaViolation, unknownKind, duplicateName, linkTypes, serviceForms, namespaceForms,
    clusterForms,
    sourcePattern, compilerVersion, foreignDocument, ignoreAnnotation, invalidNetwork, hostBits,
    nodePortRange, selectorValues, deprecated,
    policyRuleName,
    policyPorts,
  ]

  package static let noFleet = Rule(
    "LW1101", "no-fleet", .error, "there is no fleet here",
    explanation: """
      A fleet's root holds a file linkwright.yaml with a document of kind Fleet. It is looked for in the given \
      directory and upwards, as git looks for its repository. 'linkwright init' writes one.
      """,
    unexampled: "an example would have no file to show; BadInputTests runs one")

  package static let schemaViolation = Rule(
    "LW1102", "schema", .error, "a document does not have the form that its kind asks for",
    explanation: """
      Every kind has a JSON Schema ('linkwright schema KIND' prints it). Unknown fields are errors: a \
      misspelt optional field would otherwise be silently without effect.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec:
        from: [{clusters: [golddr]}]
        to: {clusters: [gold], service: yourservice, port: [8000]}
        exposure: {acknowledged: span-bc}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let unknownKind = Rule(
    "LW1103", "unknown-kind", .error, "a document has a kind that Linkwright does not know",
    explanation: """
      Files of the specification hold documents of apiVersion linkwright.dev/v1alpha1 with kind Fleet, \
      Cluster, Link, Connection or Policy.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- links/extra.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Lnik
      metadata: {name: extra}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let duplicateName = Rule(
    "LW1104", "duplicate-name", .error, "two documents of one kind have the same name",
    explanation: """
      Cluster and Link names are unique in a fleet, Connection names in a namespace. Which of two would win \
      must not depend on the order of files.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- clusters/again.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: gold}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let linkTypes = Rule(
    "LW1105", "link-type", .error, "a Link must have exactly one link type",
    explanation: "A Link says what carries traffic; two kinds of carrier are two Links.",
    failing: RuleExample(
      over: "porter-pair",
      """
      -- links/both.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: both}
      spec:
        porter: {primary: gold}
        static: {addresses: {gold: 142.34.229.62}}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let serviceForms = Rule(
    "LW1106", "service-form", .error, "a target must name its Service in exactly one way",
    explanation: "One of service, services and serviceSelector says what is reached.",
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec:
        from: [{clusters: [golddr]}]
        to: {clusters: [gold], service: yourservice, services: [yourservice], ports: [8000]}
        exposure: {acknowledged: span-bc}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let namespaceForms = Rule(
    "LW1107", "connection-namespace", .error,
    "a Connection must have metadata.namespace or spec.namespaces, not both",
    explanation:
      "spec.namespaces declares the same connection once per namespace; otherwise metadata.namespace holds.",
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: yourservice}
      spec:
        from: [{clusters: [golddr]}]
        to: {clusters: [gold], service: yourservice, ports: [8000]}
        exposure: {acknowledged: span-bc}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let clusterForms = Rule(
    "LW1108", "cluster-choice", .error, "clusters and clusterSelector exclude each other",
    explanation:
      "Clusters are chosen by name or by label. Without either, every member of the link is meant.",
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      spec:
        from: [{clusters: [golddr], clusterSelector: {matchLabels: {tier: dr}}}]
        to: {clusters: [gold], service: yourservice, ports: [8000]}
        exposure: {acknowledged: span-bc}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let sourcePattern = Rule(
    "LW1109", "source-pattern", .error, "a source pattern cannot be used",
    explanation: """
      Patterns start at the fleet's root, never leave it, and know '*', '?', '**' and '{cluster}'. Sources of \
      manifests need '{cluster}': it says which cluster a manifest belongs to.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- linkwright.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Fleet
      metadata: {name: porter-pair}
      spec:
        sources: {workloads: ["workloads/**"]}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let compilerVersion = Rule(
    "LW1110", "compiler-version", .error, "the fleet asks for another version of Linkwright",
    explanation: """
      spec.compilerVersion keeps a fleet from being compiled by a version whose output would differ. Install \
      one that fits, or change the field together with the output.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- linkwright.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Fleet
      metadata: {name: porter-pair}
      spec: {compilerVersion: ">=99"}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let foreignDocument = Rule(
    "LW1111", "foreign-document", .error, "a file of the specification holds something else",
    explanation: """
      Directories of the specification hold Linkwright's own documents. Kubernetes manifests belong under the \
      workloads of their cluster, where Linkwright reads them.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/service.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: yourservice, namespace: a1b2c3-dev}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let ignoreAnnotation = Rule(
    "LW1112", "ignore-annotation", .error, "an annotation linkwright.dev/ignore cannot be used",
    explanation: """
      The annotation lists findings with a reason each, separated by line ends or ';': "LW2104: the firewall \
      change is booked". A reason is required. Errors that make the output wrong cannot be suppressed.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: yourservice, namespace: a1b2c3-dev, annotations: {linkwright.dev/ignore: "LW2107"}}
      spec:
        from: [{clusters: [golddr]}]
        to: {clusters: [gold], service: yourservice, ports: [8000]}
        exposure: {acknowledged: span-bc}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let invalidNetwork = Rule(
    "LW1113", "invalid-network", .error, "a network is not in CIDR notation",
    explanation: "Networks are an IPv4 or IPv6 address and a prefix length: 10.97.0.0/16.",
    failing: RuleExample(
      over: "porter-pair",
      """
      -- clusters/extra.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: extra}
      spec: {network: {podCIDRs: [10.97.0.0/33]}}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- clusters/extra.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: extra}
      spec: {network: {podCIDRs: [10.97.0.0/16]}}
      """))

  package static let selectorValues = Rule(
    "LW1123", "selector-values", .error,
    "a requirement of a label selector has values, or none, where it must not",
    explanation: """
      In and NotIn compare a label with values; Exists and DoesNotExist ask for the label alone. No API server takes a \
      selector that is otherwise, and emitted policies have the selectors of connections.
      """,
    failing: RuleExample(over: "porter-pair", selector("{key: name, operator: Exists, values: [yourapp]}")),
    passing: RuleExample(over: "porter-pair", selector("{key: name, operator: In, values: [yourapp]}")))

  private static func selector(_ requirement: String) -> String {
    """
    -- connections/yourservice.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: yourservice, namespace: a1b2c3-dev}
    spec:
      from: [{clusters: [golddr], podSelector: {matchExpressions: [\(requirement)]}}]
      to: {clusters: [gold], service: yourservice, ports: [8000]}
      exposure: {acknowledged: span-bc}
    """
  }

  package static let hostBits = Rule(
    "LW1119", "host-bits", .warning, "a network has bits set behind its prefix",
    explanation: """
      10.1.2.3/16 means 10.1.0.0/16: every reader drops the rest. Whoever writes it often means another prefix length, \
      or one address (10.1.2.3/32).
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- clusters/extra.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: extra}
      spec: {network: {podCIDRs: [10.97.4.0/16]}}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- clusters/extra.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: extra}
      spec: {network: {podCIDRs: [10.97.0.0/16]}}
      """))

  package static let nodePortRange = Rule(
    "LW1121", "node-port-range", .error, "a range of node ports is none",
    explanation: """
      spec.network.nodePortRange is the API server's --service-node-port-range: the first and the last port, between 1 \
      and 65535.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- clusters/extra.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: extra}
      spec: {network: {nodePortRange: 32767-30000}}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- clusters/extra.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: extra}
      spec: {network: {nodePortRange: 20000-22767}}
      """))

  package static let policyRuleName = Rule(
    "LW6001", "policy-rule-name", .error, "a name in a policy is taken, or an exception names no rule",
    explanation: """
      Rules and paths of a Policy share their names, and exceptions refer to them; variables have names of their own. An exception for a rule that \
      does not exist would excuse nothing.
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
        rules: [{name: owner, expression: "self.metadata.name != 'x'"}]
        exceptions: [{rules: [owners], reason: older than the rule}]
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
        rules: [{name: owner, expression: "self.metadata.name != 'x'"}]
        exceptions: [{rules: [owner], names: [yourservice], reason: older than the rule}]
      """))

  package static let policyPorts = Rule(
    "LW6002", "policy-ports", .error, "a range of ports in a policy ends before it begins",
    explanation: "A range from 'port' to 'endPort' holds both; the other way around it would hold nothing.",
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
            from: {namespaceSelector: "*-dev"}
            to: {namespaceSelector: "*-prod"}
            ports: [{port: 6000, endPort: 5000}]
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
        - deny:
            from: {namespaceSelector: "*-dev"}
            to: {namespaceSelector: "*-prod"}
            ports: [{port: 5000, endPort: 6000}]
      """))

  package static let deprecated = Rule(
    "LW9107", "deprecated-spelling", .warning, "a document uses a spelling of an earlier release",
    explanation: """
      The old spelling means what it always meant, and every release reads it until its API version ends. \
      'linkwright fmt --upgrade' writes the new one and leaves all else as it is, comments included.
      """,
    failing: OverrideRules.connection("{clusters: [gold], porter: {networkPolicy: {ports: all}}}"),
    passing: OverrideRules.connection("{clusters: [gold], porter: {networkPolicy: {restrictPorts: false}}}"))
}
