package import Diagnostics

/// Rules about templates.
package enum TemplateRules {
  package static let all = [invalidTemplate, renderingFailed, unknownTemplate]

  package static let invalidTemplate = Rule(
    "LW1601", "invalid-template", .error, "a template cannot be read",
    explanation: """
      A template is a YAML document with '${…}' expressions and the keys $if, $then, $else, $for, $in, \
      $yield and $merge. Unquoted braces and ' #' end a plain YAML value: quote expressions.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/network-policy.yaml --
      apiVersion: networking.k8s.io/v1
      kind: NetworkPolicy
      metadata: {name: "${policy.name", namespace: "${namespace}"}
      """),
    passing: RuleExample(over: "porter-pair", ""))

  package static let renderingFailed = Rule(
    "LW1602", "template-rendering", .error, "a template does not yield an object",
    explanation: """
      While a template was rendered for a connection, an expression named a variable or field that does not \
      exist, or a value did not fit its place. The built-in templates list their variables at the top.
      """,
    failing: RuleExample(
      over: "porter-pair",
      """
      -- templates/porter/transport-server-claim.yaml --
      apiVersion: porter.devops.gov.bc.ca/v1alpha1
      kind: TransportServerClaim
      metadata: {name: "${claim.nmae}", namespace: "${namespace}"}
      spec: {service: "${service.name}", servicePort: "${service.port}"}
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
}
