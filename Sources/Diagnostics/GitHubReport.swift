/// Workflow commands of GitHub Actions
/// (https://docs.github.com/actions/reference/workflow-commands-for-github-actions).
package enum GitHubReport {
  /// GitHub shows about this many annotations of one level per step and leaves the others in the log.
  private static let shownPerLevel = 10

  /// One command for each finding that is not suppressed.
  package static func render(_ diagnostics: [Diagnostic], options: ReportFormat.Options) -> String {
    var text = ""
    for diagnostic in diagnostics where diagnostic.suppression == nil {
      text += command(diagnostic, options) + "\n"
    }
    let summary = ReportSummary(diagnostics)
    if max(summary.errors, summary.warnings, summary.notes) > shownPerLevel {
      let message =
        "\(summary.text). GitHub shows only the first annotations of a step; the log has all of them"
      text += "::notice title=linkwright::\(escaped(message))\n"
    }
    return text
  }

  private static func command(_ diagnostic: Diagnostic, _ options: ReportFormat.Options) -> String {
    var properties: [(String, String)] = []
    if let range = diagnostic.primary?.range {
      let (start, end) = (range.startPosition, range.endPosition)
      properties.append(("file", options.pathPrefix + range.file.path))
      properties.append(("line", String(start.line)))
      // Columns count only within one line.
      if start.line == end.line { properties.append(("col", String(start.column))) }
      properties.append(("endLine", String(end.line)))
      if start.line == end.line { properties.append(("endColumn", String(end.column))) }
    }
    properties.append(("title", diagnostic.rule.id))
    let list = properties.map { "\($0)=\(escapedProperty($1))" }.joined(separator: ",")
    return "::\(level(diagnostic.severity)) \(list)::\(escaped(diagnostic.plainText))"
  }

  private static func level(_ severity: Severity) -> String {
    switch severity {
    case .error: "error"
    case .warning: "warning"
    case .note: "notice"
    }
  }

  private static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "%": escaped += "%25"
      case "\r": escaped += "%0D"
      case "\n": escaped += "%0A"
      default: escaped += VisibleText.cell(scalar).text
      }
    }
    return escaped
  }

  private static func escapedProperty(_ text: String) -> String {
    var result = ""
    for scalar in escaped(text).unicodeScalars {
      switch scalar {
      case ":": result += "%3A"
      case ",": result += "%2C"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
