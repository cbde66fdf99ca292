package import Diagnostics

/// Rules about templates.
package enum TemplateRules {
  package static let all = [
    invalidTemplate, renderingFailed, unknownTemplate, invalidName, conflict, unannotated, extraObject,
  ]

  package static let invalidTemplate = Rule(
    "LW1601", "invalid-template", .error, "a template cannot be read",
    explanation: """
      A template is a YAML document with '${…}' expressions in CEL and the keys $if, $then, $else, $for, $in, \
      $yield and $merge. Every expression is checked against the declared variables before anything is \
      rendered: 'linkwright init --templates' writes the built-in templates with their variables. Unquoted \
      braces and ' #' end a plain YAML value: quote expressions.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/network-policy.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: "${policy.name", namespace: "${service.namespace}"}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let renderingFailed = Rule(
    "LW1602", "template-rendering", .error, "a template does not yield an object",
    explanation: """
      While a template was rendered for a connection, an expression had no value (an index out of range, a \
      missing key, a division by zero), used up its budget, or a loop yielded nothing and says no '$else'.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/transport-server-claim.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: "${claim.name}", namespace: "${service.namespace}"}
      spec: {service: "${service.name.split('-')[7]}", servicePort: "${service.port}"}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let unknownTemplate = Rule(
    "LW1603", "unknown-template", .error, "a file under templates/ replaces no built-in template",
    explanation: """
      A file under templates/ takes the place of the built-in template with the same path, for the whole fleet, \
      below links/<link>/ for one link and below connections/<namespace>/<name>/ for one connection. One that \
      replaces nothing would be without effect. A name with '+' in front adds an object instead.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/networkpolicy.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: other, namespace: other}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let invalidName = Rule(
    "LW6101", "template-name", .error, "a naming template yields what cannot be a name",
    explanation: """
      The API server refuses names with other characters than lower-case letters, digits, '-' and '.', names \
      longer than 253 characters, and for Services names longer than 63 or with a digit in front. What a \
      names.yaml yields is checked before anything is rendered.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/names.yaml --
      claim: ${service.name}_claim
      policy: allow-from-f5-ingress-${service.name}
      egressPolicy: allow-${connection}-to-${service.name}-${cluster}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/names.yaml --
      claim: claim-${service.name}
      policy: allow-from-f5-ingress-${service.name}
      egressPolicy: allow-${connection}-to-${service.name}-${cluster}
      """))

  package static let conflict = Rule(
    "LW6102", "template-conflict", .error,
    "two connections share an object and bring different templates for it",
    explanation: """
      A template under templates/connections/ belongs to one connection. Where an object serves several, all of \
      them must bring the same template: else the order of the connections would decide what is emitted.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- connections/reporting.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Connection
      metadata: {name: reporting, namespace: a1b2c3-dev}
      spec:
        from: [{clusters: [golddr], podSelector: {matchLabels: {app: reporting}}}]
        to: {clusters: [gold], service: yourservice, ports: [8000]}
        exposure: {acknowledged: span-bc}
        porter: {overrideServicePort: true}
      -- templates/connections/a1b2c3-dev/reporting/porter/transport-server-claim.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata:
        name: ${claim.name}
        namespace: ${service.namespace}
        labels: ${common.labels}
        annotations: ${common.annotations}
      spec:
        monitor: {type: tcp, interval: 10, timeout: 10}
        service: ${service.name}
        servicePort: ${service.port}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let unannotated = Rule(
    "LW6103", "template-annotations", .error, "a template drops what every emitted object carries",
    explanation: """
      Every emitted object says in annotations which connection it serves and which file it comes from, and \
      carries the label app.kubernetes.io/managed-by. Without them nobody can tell where an object in a cluster \
      comes from.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/transport-server-claim.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: "${claim.name}", namespace: "${service.namespace}"}
      spec:
        monitor: {type: tcp, interval: 10, timeout: 10}
        service: ${service.name}
        servicePort: ${service.port}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/transport-server-claim.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata:
        name: ${claim.name}
        namespace: ${service.namespace}
        labels: {$merge: common.labels, team: data}
        annotations: ${common.annotations}
      spec:
        monitor: {type: tcp, interval: 10, timeout: 10}
        service: ${service.name}
        servicePort: ${service.port}
        overrideServicePort: ${claim.overrideServicePort}
      """))

  package static let extraObject = Rule(
    "LW6104", "extra-object", .error, "a template that adds an object yields none that may be added",
    explanation: """
      An added object needs apiVersion, kind and metadata.name, and lies in the namespace for which its template \
      is rendered (place.namespace): a connection of one namespace must not write into another, nor what concerns \
      a whole cluster.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/+settings.yaml --
      $scope: target
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: ${service.name}-settings
        namespace: kube-system
        labels: ${common.labels}
        annotations: ${common.annotations}
      data: {port: "${string(service.port)}"}
      """),
    passing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/+settings.yaml --
      $scope: target
      apiVersion: v1
      kind: ConfigMap
      metadata:
        name: ${service.name}-settings
        namespace: ${place.namespace}
        labels: ${common.labels}
        annotations: ${common.annotations}
      data: {port: "${string(service.port)}"}
      """))
}
