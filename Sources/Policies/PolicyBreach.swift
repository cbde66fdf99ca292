package import Diagnostics
import FleetSpec
package import YAMLTree

/// A rule that does not hold, or cannot be judged, with the value that decided.
package struct PolicyBreach: Sendable {
  /// The policy's number, for counting exceptions.
  let policy: Int
  /// The rule's name, where it has one.
  let rule: String?
  package let severity: Severity
  /// What is wrong, in the policy's words.
  package let message: String
  /// What was judged: `Connection c6af30-dev/db`.
  package let subject: String
  /// The value to blame, in the document or object that was judged.
  package let node: Node
  /// What to say at it.
  package let label: String
  /// The part of the expression that does not hold.
  package let expression: SourceRange
  package let help: [String]
  package let notes: [String]
  /// False when the rule could not be judged.
  let isEvaluated: Bool
  /// The exception that excuses it.
  var exemption: Int?
  /// Its reason.
  var excuse: String?
  /// The end of an exception that is over.
  var expired: Located<String>?

  /// The finding about a document of the specification: it points at the value.
  package var finding: Diagnostic { finding(at: Label(node.range, label), also: []) }

  /// The finding about an emitted object, which has no place of its own.
  ///
  /// - Parameters:
  ///   - subject: the document that made Linkwright emit it.
  ///   - template: the place in the template that the value comes from.
  package func finding(at subject: Label, template: SourceRange?) -> Diagnostic {
    finding(at: subject, also: template.map { [Label($0, label)] } ?? [])
  }

  private func finding(at primary: Label, also: [Label]) -> Diagnostic {
    var labels = also + [Label(expression, isEvaluated ? "does not hold" : "fails here")]
    if let expired { labels.append(Label(expired.node.range, "the exception is over")) }
    var finding = Diagnostic(
      isEvaluated ? PolicyRules.broken : PolicyRules.notEvaluated, message, at: primary, also: labels,
      help: help, notes: notes)
    if isEvaluated { finding.severity = severity }
    finding.suppression = excuse
    return finding
  }
}
