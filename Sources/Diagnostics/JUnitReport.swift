/// JUnit's XML, as CI platforms read test reports: a suite for each file, a case for each finding.
///
/// Only errors are failures; the format knows no warnings, and a report that fails a build which Linkwright lets pass
/// would be wrong. Warnings and notes are cases that passed and say something; suppressed findings were skipped.
package enum JUnitReport {
  /// Where findings without a file are listed.
  private static let fallbackPath = "linkwright.yaml"

  /// The whole report; never without a case, since platforms take an empty one for a mistake.
  package static func render(_ diagnostics: [Diagnostic], options: ReportFormat.Options) -> String {
    var suites: [(path: String, diagnostics: [Diagnostic])] = []
    var numbers: [String: Int] = [:]
    for diagnostic in diagnostics {
      let path = options.pathPrefix + (diagnostic.primary?.range.file.path ?? fallbackPath)
      if let number = numbers[path] {
        suites[number].diagnostics.append(diagnostic)
      } else {
        numbers[path] = suites.count
        suites.append((path, [diagnostic]))
      }
    }
    if suites.isEmpty { suites = [(options.pathPrefix + fallbackPath, [])] }
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    let cases = suites.reduce(0) { $0 + max($1.diagnostics.count, 1) }
    text += "<testsuites name=\"linkwright\"\(counts(diagnostics, cases))>\n"
    for suite in suites { text += render(suite.path, suite.diagnostics) }
    return text + "</testsuites>\n"
  }

  private static func render(_ path: String, _ diagnostics: [Diagnostic]) -> String {
    let cases = max(diagnostics.count, 1)
    var text = "  <testsuite name=\"\(escaped(path))\"\(counts(diagnostics, cases))>\n"
    if diagnostics.isEmpty {
      text += "    <testcase name=\"no findings\" classname=\"linkwright\"/>\n"
    }
    for diagnostic in diagnostics { text += render(diagnostic, path) }
    return text + "  </testsuite>\n"
  }

  private static func render(_ diagnostic: Diagnostic, _ path: String) -> String {
    let position = diagnostic.primary?.range.startPosition
    let place = position.map { "\(path):\($0.line):\($0.column)" } ?? path
    let body = escaped("\(place)\n\(diagnostic.plainText)", inText: true)
    var text = "    <testcase name=\"\(escaped("\(diagnostic.rule.id) \(diagnostic.message)"))\""
    text += " classname=\"\(escaped(diagnostic.rule.name))\" file=\"\(escaped(path))\""
    if let position { text += " line=\"\(position.line)\"" }
    text += ">\n"
    if let reason = diagnostic.suppression {
      text += "      <skipped message=\"\(escaped(reason))\"/>\n"
    } else if diagnostic.severity == .error {
      text += "      <failure message=\"\(escaped(diagnostic.message))\" type=\"\(diagnostic.rule.id)\">"
      text += "\(body)</failure>\n"
    } else {
      text += "      <system-out>\(diagnostic.severity.word): \(body)</system-out>\n"
    }
    return text + "    </testcase>\n"
  }

  private static func counts(_ diagnostics: [Diagnostic], _ cases: Int) -> String {
    let summary = ReportSummary(diagnostics)
    return
      " tests=\"\(cases)\" failures=\"\(summary.errors)\" errors=\"0\" skipped=\"\(summary.suppressed)\""
  }

  /// Text of XML 1.0. What it cannot hold, control characters, is shown as terminals show it.
  private static func escaped(_ text: String, inText: Bool = false) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += inText ? "\"" : "&quot;"
      case "\n": result += inText ? "\n" : "&#10;"
      case "\t": result += inText ? "\t" : "&#9;"
      default: result += VisibleText.cell(scalar).text
      }
    }
    return result
  }
}
