package import Diagnostics

/// Rules about files as text and as YAML, before anything is known of their meaning.
package enum YAMLRules {
  package static let all: [Rule] = [
    syntax, notUTF8, controlCharacter, duplicateKey, tooDeep, aliasExpansion, fileTooLarge, unknownAnchor,
    keyIsNotScalar, keyIsNotString, unknownTag, mergeAfterKey,
  ]

  package static let syntax = Rule(
    "LW1001", "yaml-syntax", .error, "a file is not YAML",
    explanation: """
      The file breaks YAML's grammar, so nothing after the marked place can be read. Documents before it are \
      still checked. Indentation and unquoted values with ': ' or ' #' are the usual causes.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: yourservice, namespace: a1b2c3-dev
      spec:
        from: []
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let notUTF8 = Rule(
    "LW1002", "not-utf-8", .error, "a file is not UTF-8",
    explanation: """
      Kubernetes and every tool around it read UTF-8. A file in UTF-16, Latin-1 or Windows-1252 would be read \
      differently on different machines, so Linkwright reads none of them.
      """,
    unexampled: "an example cannot be written as text; BadInputTests runs one")

  package static let controlCharacter = Rule(
    "LW1003", "control-character", .error, "a file contains a character that YAML does not allow",
    explanation: """
      NUL and other control characters, and a byte order mark inside the text, are outside YAML's character \
      set (YAML 1.2, production 1). They usually come from a broken copy.
      """,
    unexampled: "an example cannot be written as text; BadInputTests runs one")

  package static let duplicateKey = Rule(
    "LW1004", "duplicate-key", .error, "a key stands twice in one mapping",
    explanation: """
      YAML forbids equal keys, but most readers keep the last one silently. Two Kubernetes documents that are \
      joined without a line '---' show up as a second apiVersion: published charts have had this fault, and \
      only one of their two TransportServerClaims was ever created (bcgov/sso-helm-charts b8868df).
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: yourservice, namespace: a1b2c3-dev, name: other}
      spec:
        from: [{clusters: [golddr]}]
        to: {clusters: [gold], service: yourservice, ports: [8000]}
        exposure: {acknowledged: span-bc}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let tooDeep = Rule(
    "LW1005", "nesting-too-deep", .error, "collections are nested too deeply",
    explanation: """
      No Kubernetes object comes near the limit of 128 levels. The limit keeps a hostile file from taking \
      time that grows with the square of its depth.
      """,
    unexampled: "an example would fill pages; BadInputTests runs one")

  package static let aliasExpansion = Rule(
    "LW1006", "alias-expansion", .error, "aliases expand without bound or to too many nodes",
    explanation: """
      Each alias stands for all that its anchor holds; nested aliases multiply. A small file can so describe \
      billions of values. Linkwright counts them before it reads them.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/endless.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: endless, namespace: a1b2c3-dev}
      spec: &spec
        from: [*spec]
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let fileTooLarge = Rule(
    "LW1007", "file-too-large", .error, "a file is larger than Linkwright reads",
    explanation: """
      The limit of 64 MiB is beyond any dump of a large cluster. Use 'linkwright record' and 'linkwright \
      observe' to keep only what matters of a dump.
      """,
    unexampled: "an example would be 64 MiB; BadInputTests runs one")

  /// The finding about a file of some size in bytes, which need not have been read for it.
  package static func tooLarge(_ file: SourceFile, size: Int, limit: Int) -> Diagnostic {
    Diagnostic(
      fileTooLarge, "the file has \(size) bytes; the limit is \(limit)", at: SourceRange(wholeFile: file),
      help: ["split it, or reduce it with 'linkwright record' or 'linkwright observe'"])
  }

  package static let unknownAnchor = Rule(
    "LW1008", "unknown-anchor", .error, "an alias or merge key names nothing that can be used",
    explanation: "An alias must name an anchor that stands earlier in the same document.",
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: *metadata
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let keyIsNotScalar = Rule(
    "LW1009", "key-not-scalar", .error, "a mapping or a list is used as a key",
    explanation: """
      An unquoted '{{ value }}' is a mapping inside a mapping to YAML. Templates must be rendered, or their \
      placeholders quoted, before the file is YAML.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: {{ service }}, namespace: a1b2c3-dev}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let keyIsNotString = Rule(
    "LW1010", "key-not-string", .error,
    "a key is no string to Kubernetes' readers and arrives as another text",
    explanation: """
      Kubernetes reads YAML 1.1, where y, on, no and their like are booleans: the key 'y' arrives as 'true', \
      the keys '0x1f' and '1.10' as '31' and '1.1', and an empty key is refused. Plain whole numbers such as \
      '8080' arrive as they are. Observed with kubectl 1.32.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/extra.yaml --
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: switches, namespace: a1b2c3-dev}
      data: {on: "1"}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/extra.yaml --
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: switches, namespace: a1b2c3-dev}
      data: {"on": "1"}
      """))

  package static let unknownTag = Rule(
    "LW1011", "unknown-tag", .error, "a YAML tag cannot be read",
    explanation: "Only YAML's own tags (!!str, !!int, …) are read, and only where they fit their value.",
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/yourservice.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: !vault secret
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let mergeAfterKey = Rule(
    "LW1012", "merge-after-key", .warning, "a merge key stands after a key that it also brings",
    explanation: """
      By YAML's rule a mapping's own keys win over what '<<' brings, wherever it stands. kubectl and the \
      programs that share its reader (sigs.k8s.io/yaml) apply '<<' in its place instead, so that it replaces \
      the keys before it. Linkwright follows YAML's rule; written first, '<<' means the same to every reader. \
      Observed with kubectl 1.32.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/extra.yaml --
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: switches, namespace: a1b2c3-dev, labels: &labels {app: a}, annotations: {app: b, <<: *labels}}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- workloads/gold/extra.yaml --
      apiVersion: v1
      kind: ConfigMap
      metadata: {name: switches, namespace: a1b2c3-dev, labels: &labels {app: a}, annotations: {<<: *labels, app: b}}
      """))
}
