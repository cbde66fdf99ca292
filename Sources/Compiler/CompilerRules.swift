package import Diagnostics

/// Rules about files as the compiler meets them, and about what it could not emit.
package enum CompilerRules {
  package static let all = [
    unreadableFile, linkNotFollowed, baselineFile, unknownClusterDirectory, strayDocument, invalidManifest,
    detachedEndpoints, doubtfulManifest, pending, wrongIdentity,
    invalidObject, privateKey, unusedSuppression, noManifest,
  ]

  package static let unreadableFile = Rule(
    "LW1114", "unreadable-file", .error, "a file of the fleet cannot be read",
    explanation: "The file is selected by spec.sources, and the system does not let Linkwright read it.",
    unexampled: "it depends on the file system; BadFileTests runs one")

  package static let linkNotFollowed = Rule(
    "LW1115", "link-not-followed", .error, "a symbolic link or submodule stands where a file is read",
    explanation: """
      What a link leads to is not part of the commit, so Linkwright never follows one: the same commit must give \
      the same output everywhere. Passing it over silently would leave out what its author counts on: put the file \
      itself there, or exclude the path in spec.sources.
      """,
    unexampled: "it depends on the file system; BadFileTests runs one")

  package static let noManifest = Rule(
    "LW1122", "no-manifest", .warning, "a document among the manifests is no object",
    explanation: """
      A document that is a plain text, or a list of objects without a List around it, declares nothing: kubectl would \
      refuse it. Most often a file was cut short or encrypted, a template was not filled in, or a `kind: List` is missing.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/note.yaml --
      - {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: a1b2c3-dev}}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/note.yaml --
      apiVersion: v1
      kind: List
      items:
      - {apiVersion: v1, kind: ConfigMap, metadata: {name: a, namespace: a1b2c3-dev}}
      """))

  package static let baselineFile = Rule(
    "LW1116", "baseline-file", .error, "a baseline names a file that holds no NetworkPolicy",
    explanation: """
      spec.network.baseline of a Cluster lists files with the NetworkPolicies that the platform puts into every \
      namespace. A wrong path would let Linkwright believe that nothing is isolated.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- clusters/gold.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Cluster
      metadata: {name: gold}
      spec: {network: {baseline: [baseline/dney.yaml]}}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let unknownClusterDirectory = Rule(
    "LW1117", "unknown-cluster-directory", .warning, "a directory of manifests belongs to no cluster",
    explanation: """
      The part of a path that '{cluster}' stands for must be the name of a Cluster document. Manifests elsewhere \
      are not read.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/glod/extra.yaml --
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: extra, namespace: a1b2c3-dev}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let strayDocument = Rule(
    "LW1120", "stray-document", .warning, "a document of the specification lies where none is read",
    explanation: """
      Connections, Links, Clusters and Policies count only in files that spec.sources.spec selects. One elsewhere has \
      no effect, and nothing else would say so. Files that no pattern selects are looked at as long as they are few \
      (512), hidden directories and other fleets are not.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connection/second.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: second, namespace: a1b2c3-dev}
      spec:
        from: [{clusters: [golddr]}]
        to: {clusters: [gold], service: yourservice, ports: [8000]}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let invalidManifest = Rule(
    "LW1304", "invalid-manifest", .error,
    "a manifest that a connection depends on would be refused by the API server",
    explanation: """
      NetworkPolicies, claims and endpoints among the workloads, the Services that connections reach and the workloads \
      behind them are checked against the API's own rules: Linkwright builds on them, so they must be accepted first.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/policy.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: mine, namespace: a1b2c3-dev}
      spec: {podSelector: {}, ingres: []}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/policy.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: mine, namespace: a1b2c3-dev}
      spec: {podSelector: {}, ingress: []}
      """))

  package static let doubtfulManifest = Rule(
    "LW1306", "doubtful-manifest", .warning, "a manifest is not what it looks like to an API server",
    explanation: """
      An object has an apiVersion, a kind and a name, and API servers serve each kind under certain versions. A \
      NetworkPolicy of extensions/v1beta1 isolates nothing; a Service without a kind is none; a Deployment whose \
      selector misses its own pods is refused. Policies and routes that are refused are in force nowhere. Documents without a namespace are reported, and those in namespaces \
      where connections begin or end.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/policy.yaml --
      apiVersion: extensions/v1beta1
      kind: NetworkPolicy
      metadata: {name: mine, namespace: a1b2c3-dev}
      spec: {podSelector: {}}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/policy.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: mine, namespace: a1b2c3-dev}
      spec: {podSelector: {}, ingress: [{}]}
      """))

  package static let detachedEndpoints = Rule(
    "LW1305", "detached-endpoints", .error, "endpoints written by hand do not fit their Service",
    explanation: """
      An EndpointSlice belongs to the Service that its label kubernetes.io/service-name names, and ports of the two \
      are matched by name. Endpoints that do not fit are accepted and never used.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/legacy.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: legacy, namespace: a1b2c3-dev}
      spec: {ports: [{name: db, port: 5432}]}
      ---
      apiVersion: discovery.k8s.io/v1
      kind: EndpointSlice
      metadata: {name: legacy-1, namespace: a1b2c3-dev, labels: {kubernetes.io/service-name: legacy}}
      addressType: IPv4
      endpoints: [{addresses: [10.1.2.3]}]
      ports: [{name: database, port: 5432, protocol: TCP}]
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/legacy.yaml --
      apiVersion: v1
      kind: Service
      metadata: {name: legacy, namespace: a1b2c3-dev}
      spec: {ports: [{name: db, port: 5432}]}
      ---
      apiVersion: discovery.k8s.io/v1
      kind: EndpointSlice
      metadata: {name: legacy-1, namespace: a1b2c3-dev, labels: {kubernetes.io/service-name: legacy}}
      addressType: IPv4
      endpoints: [{addresses: [10.1.2.3]}]
      ports: [{name: db, port: 5432, protocol: TCP}]
      """))

  package static let pending = Rule(
    "LW1401", "pending", .warning, "something is left out until a fact is observed",
    explanation: """
      Addresses and ports that only a cluster knows come from observations. What depends on one that is missing is \
      left out, never guessed; --strict makes it an error. 'linkwright observe' records what the cluster answers.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- observed/gold/a1b2c3-dev.yaml --
      -- observed/golddr/a1b2c3-dev.yaml --
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- observed/gold/a1b2c3-dev.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: yourservice-tsc, namespace: a1b2c3-dev}
      status: {port: "37650"}
      """))

  package static let wrongIdentity = Rule(
    "LW1604", "wrong-identity", .error, "a template yields another object than it must",
    explanation: """
      The names of emitted objects are bound before templates are rendered, and other objects refer to them. A \
      template may shape an object, not rename it: names come from the link's names.yaml. Nor may it change a field \
      that other objects rest on: whether clients of a claim use its Service's port.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/transport-server-claim.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: another, namespace: "${service.namespace}"}
      spec: {service: "${service.name}", servicePort: "${service.port}", monitor: {type: tcp, interval: 10, timeout: 10}}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let invalidObject = Rule(
    "LW1605", "invalid-object", .error, "a template yields an object that the API server would refuse",
    explanation: """
      Every emitted object is checked against its kind's schema in schemas/kubernetes, unknown fields included. \
      The finding points at the template's line that made the value.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/network-policy.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: "${policy.name}", namespace: "${service.namespace}"}
      spec:
        podSelector: {matchLabels: "${policy.podSelector}"}
        policyTypes: [Ingres]
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let privateKey = Rule(
    "LW1606", "private-key-in-output", .error, "a template puts a private key into the output",
    explanation: """
      The output is read by everybody who can read the repository. Keys stay in Secrets that somebody else manages; \
      manifests name them. Texts are searched for PEM, and for PEM in Base64.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/+settings.yaml --
      $scope: target
      apiVersion: v1
      kind: Secret
      metadata:
        name: settings
        namespace: ${place.namespace}
        labels: ${common.labels}
        annotations: ${common.annotations}
      stringData: {tls.key: '-----BEGIN PRIVATE KEY----- MIIB -----END PRIVATE KEY-----'}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/+settings.yaml --
      $scope: target
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: settings
        namespace: ${place.namespace}
        labels: ${common.labels}
        annotations: ${common.annotations}
      data: {secretName: tls}
      """))

  package static let unusedSuppression = Rule(
    "LW1118", "unused-suppression", .warning, "a linkwright.dev/ignore annotation suppresses nothing",
    explanation: """
      The finding is gone, stands in another document, or cannot be suppressed because the output would be wrong. \
      Remove the entry, so that it does not hide a later finding.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata:
        name: yourservice
        namespace: a1b2c3-dev
        annotations: {linkwright.dev/ignore: "LW2128: the service asks for a password"}
      spec:
        from: [{clusters: [golddr]}]
        to: {clusters: [gold], service: yourservice, ports: [8000]}
        exposure: {acknowledged: span-bc}
        porter: {overrideServicePort: true}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata:
        name: yourservice
        namespace: a1b2c3-dev
        annotations: {linkwright.dev/ignore: "LW2128: the service asks for a password"}
      spec:
        from: [{clusters: [golddr]}]
        to: {clusters: [gold], service: yourservice, ports: [8000]}
        porter: {overrideServicePort: true}
      """))
}
