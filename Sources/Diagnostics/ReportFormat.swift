/// The report formats by the names that the command line knows.
package enum ReportFormat: String, Sendable, CaseIterable {
  /// For people at a terminal.
  case text
  /// Linkwright's own, `schemas/report.json`.
  case json
  /// SARIF 2.1.0, for code scanning.
  case sarif
  /// Workflow commands of GitHub Actions, shown as annotations.
  case github
  /// GitLab's Code Quality report.
  case gitlab
  /// JUnit's XML, for platforms that show test reports.
  case junit

  /// What a report needs besides the findings.
  package struct Options: Sendable {
    /// The program's version.
    package var version: String
    /// Put before every path: the way from the repository's root to the fleet's, with a final `/` or empty.
    package var pathPrefix = ""
    /// ANSI colours; the format `text` only.
    package var usesColor = false
    /// The format `json` only.
    package var remarks: [ReportRemark] = []

    package init(version: String) { self.version = version }
  }

  /// One line about the format, for help.
  package var summary: String {
    switch self {
    case .text: "excerpts for people"
    case .json: "one JSON object, schemas/report.json"
    case .sarif: "SARIF 2.1.0 for code scanning"
    case .github: "annotations of GitHub Actions"
    case .gitlab: "Code Quality of GitLab"
    case .junit: "JUnit's XML for test reports"
    }
  }

  /// The whole report, with a final newline. `rules` is the catalogue; the findings are put in report order.
  package func render(_ diagnostics: [Diagnostic], rules: [Rule], options: Options) -> String {
    let ordered = diagnostics.inReportOrder()
    return switch self {
    case .text: TextReport.render(ordered, options: options)
    case .json: JSONReport.render(ordered, options: options)
    case .sarif: SARIFReport.render(ordered, rules: rules, options: options)
    case .github: GitHubReport.render(ordered, options: options)
    case .gitlab: GitLabReport.render(ordered, options: options)
    case .junit: JUnitReport.render(ordered, options: options)
    }
  }
}
