/// How many findings there are of each kind; suppressed ones are counted apart.
package struct ReportSummary: Sendable, Equatable {
  package private(set) var errors = 0
  package private(set) var warnings = 0
  package private(set) var notes = 0
  package private(set) var suppressed = 0
  /// Files that findings which are not suppressed point into first.
  package private(set) var files = 0

  package init(_ diagnostics: [Diagnostic]) {
    var paths: Set<String> = []
    for diagnostic in diagnostics {
      guard diagnostic.suppression == nil else {
        suppressed += 1
        continue
      }
      switch diagnostic.severity {
      case .error: errors += 1
      case .warning: warnings += 1
      case .note: notes += 1
      }
      if let path = diagnostic.primary?.range.file.path { paths.insert(path) }
    }
    files = paths.count
  }

  /// "2 errors, 1 warning in 2 files; 1 suppressed".
  package var text: String {
    var parts: [String] = []
    for (count, word) in [(errors, "error"), (warnings, "warning"), (notes, "note")] where count > 0 {
      parts.append("\(count) \(word)\(count == 1 ? "" : "s")")
    }
    var text = parts.isEmpty ? "no findings" : parts.joined(separator: ", ")
    if files > 0 { text += " in \(files) file\(files == 1 ? "" : "s")" }
    if suppressed > 0 { text += "; \(suppressed) suppressed" }
    return text
  }
}
