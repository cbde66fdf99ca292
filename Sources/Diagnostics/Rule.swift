/// How much a finding matters: an error stops the output, a warning and a note do not.
package enum Severity: Int, Sendable, Comparable, CaseIterable {
  case error
  case warning
  case note

  package static func < (a: Severity, b: Severity) -> Bool { a.rawValue < b.rawValue }

  /// The word that reports use.
  package var word: String {
    switch self {
    case .error: "error"
    case .warning: "warning"
    case .note: "note"
    }
  }
}

/// Files laid over a named example fleet, in the form `-- path --` line, then the file's text.
///
/// A rule shows one that breaks it and one that keeps it; tests run both.
package struct RuleExample: Sendable {
  /// The example fleet that lies underneath; `RuleExamples` in the tests holds them.
  package let base: String
  package let files: String

  package init(over base: String, _ files: String) {
    self.base = base
    self.files = files
  }
}

/// One rule of the catalogue. Each module declares its own; `Compiler` assembles them.
package struct Rule: Sendable {
  /// The stable id, `LW` and four digits. Never reused for another meaning.
  package let id: String
  /// The rule in kebab case, for people.
  package let name: String
  package let severity: Severity
  /// One sentence, lower case, no full stop.
  package let summary: String
  /// One paragraph: what goes wrong in the cluster, and where the rule comes from.
  package let explanation: String
  package let failing: RuleExample?
  package let passing: RuleExample?
  /// Why the rule has no examples to run (a fault of the environment, say); nil when it has both.
  package let unexampled: String?
  /// True for an error that a reason in the document may set aside, since somebody may know better than the
  /// repository. Other errors make the output wrong and stay; warnings and notes can always be suppressed.
  package private(set) var isSuppressibleError = false
  /// Where an error of the rule stops the connections that it is about; nil for a rule that is about no connection's way,
  /// and where the judge sees for itself what is wrong.
  package private(set) var hop: ConnectionHop?

  package init(
    _ id: String, _ name: String, _ severity: Severity, _ summary: String, explanation: String,
    failing: RuleExample, passing: RuleExample
  ) {
    self.id = id
    self.name = name
    self.severity = severity
    self.summary = summary
    self.explanation = explanation
    self.failing = failing
    self.passing = passing
    unexampled = nil
  }

  package init(
    _ id: String, _ name: String, _ severity: Severity, _ summary: String, explanation: String,
    unexampled: String
  ) {
    self.id = id
    self.name = name
    self.severity = severity
    self.summary = summary
    self.explanation = explanation
    failing = nil
    passing = nil
    self.unexampled = unexampled
  }
}

extension Rule {
  /// The rule as one whose errors can be suppressed.
  package var suppressible: Rule {
    var rule = self
    rule.isSuppressibleError = true
    return rule
  }

  /// The rule as one whose errors break a hop of the connections that they are about.
  package func breaking(_ hop: ConnectionHop) -> Rule {
    var rule = self
    rule.hop = hop
    return rule
  }
}
