package import Diagnostics

/// Rules about templates.
package enum TemplateRules {
  package static let all = [invalidTemplate, renderingFailed, unknownTemplate, invalidName]

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
      A file under templates/ takes the place of the built-in template with the same path. One that replaces \
      nothing would be without effect.
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
}
