package import YAMLTree

/// One entry of `x-kubernetes-validations`. This module does not evaluate it: it says where it applies.
package struct ValidationRule: Sendable {
  /// The CEL expression over `self` (and `oldSelf`, which a compile never has).
  package let rule: String
  package let message: String?
  package let messageExpression: String?
  package let fieldPath: String?
  package let reason: String?
  /// The entry in the schema.
  package let node: Node

  /// Nil for what has no `rule`.
  init?(_ node: Node) {
    guard let rule = node["rule"]?.string else { return nil }
    self.rule = rule
    message = node["message"]?.string
    messageExpression = node["messageExpression"]?.string
    fieldPath = node["fieldPath"]?.string
    reason = node["reason"]?.string
    self.node = node
  }
}

/// A validation rule with a value it speaks about.
package struct ValidationRuleSite: Sendable {
  package let rule: ValidationRule
  package let node: Node
  package let path: [PathStep]
}
