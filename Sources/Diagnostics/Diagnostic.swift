/// A range with what is to be said at it.
package struct Label: Sendable {
  package let range: SourceRange
  package let text: String

  package init(_ range: SourceRange, _ text: String = "") {
    self.range = range
    self.text = text
  }
}

/// A text to put in place of a range.
package struct Suggestion: Sendable {
  package let range: SourceRange
  package let replacement: String

  package init(replace range: SourceRange, with replacement: String) {
    self.range = range
    self.replacement = replacement
  }
}

/// One finding: which rule, what is wrong in the user's words, every place that contributes, and what
/// would mend it.
package struct Diagnostic: Sendable {
  package let rule: Rule
  package var severity: Severity
  /// One sentence without a full stop.
  package let message: String
  /// Where the finding is; nil only for findings about something that has no file (a missing fleet).
  package let primary: Label?
  package var secondary: [Label]
  /// What would mend it.
  package var help: [String]
  /// What else is worth knowing.
  package var notes: [String]
  package var suggestion: Suggestion?
  /// The reason given in `linkwright.dev/ignore` when the finding is suppressed.
  package var suppression: String?
  /// Who answers for what the finding is about, as the specification says.
  package var owner: String?

  package init(
    _ rule: Rule, _ message: String, at primary: Label?, also secondary: [Label] = [],
    help: [String] = [], notes: [String] = [], suggestion: Suggestion? = nil
  ) {
    self.rule = rule
    severity = rule.severity
    self.message = message
    self.primary = primary
    self.secondary = secondary
    self.help = help
    self.notes = notes
    self.suggestion = suggestion
  }

  package init(
    _ rule: Rule, _ message: String, at range: SourceRange, _ text: String = "", also secondary: [Label] = [],
    help: [String] = [], notes: [String] = [], suggestion: Suggestion? = nil
  ) {
    self.init(
      rule, message, at: Label(range, text), also: secondary, help: help, notes: notes, suggestion: suggestion
    )
  }
}

extension [Diagnostic] {
  /// In the order of reports: path, place, id, text, severity, notes. Parallel work does not change it, and a finding
  /// that was made twice stands once.
  package func inReportOrder() -> [Diagnostic] {
    let keyed = map { (ReportKey($0), $0) }.sorted { $0.0 < $1.0 }
    var unique: [Diagnostic] = []
    var last: ReportKey?
    for (key, diagnostic) in keyed where key != last {
      unique.append(diagnostic)
      last = key
    }
    return unique
  }

  /// True when a finding of severity error is not suppressed.
  package var containErrors: Bool {
    contains { $0.severity == .error && $0.suppression == nil }
  }
}

/// What orders findings. Two rules of a policy may say the same of one place: they differ in severity, or in the notes
/// that name them.
private struct ReportKey: Comparable {
  let path: String
  let start: Int
  let id: String
  let message: String
  let severity: Severity
  let notes: [String]

  init(_ diagnostic: Diagnostic) {
    path = diagnostic.primary?.range.file.path ?? ""
    start = diagnostic.primary?.range.start ?? 0
    id = diagnostic.rule.id
    message = diagnostic.message
    severity = diagnostic.severity
    notes = diagnostic.notes
  }

  static func < (a: ReportKey, b: ReportKey) -> Bool {
    if a.path != b.path { return a.path.utf8.lexicographicallyPrecedes(b.path.utf8) }
    if a.start != b.start { return a.start < b.start }
    if a.id != b.id { return a.id < b.id }
    if a.message != b.message { return a.message.utf8.lexicographicallyPrecedes(b.message.utf8) }
    if a.severity != b.severity { return a.severity < b.severity }
    return a.notes.lexicographicallyPrecedes(b.notes) { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}
