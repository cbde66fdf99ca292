/// GitLab's Code Quality report (https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format): shown
/// in the merge request beside the changed lines.
package enum GitLabReport {
  /// GitLab takes no result without a file.
  private static let fallbackPath = "linkwright.yaml"

  /// One array with an element for each finding that is not suppressed. Fingerprints stay the same when lines are
  /// added above a finding: GitLab compares them to tell what a merge request adds and what it mends.
  package static func render(_ diagnostics: [Diagnostic], options: ReportFormat.Options) -> String {
    var json = JSONWriter()
    var fingerprint = Fingerprint()
    json.array { json in
      // Suppressed findings count in the numbering, so that a suppression changes no other fingerprint.
      for diagnostic in diagnostics {
        let print = fingerprint.next(diagnostic)
        if diagnostic.suppression == nil { write(diagnostic, print, options, to: &json) }
      }
    }
    return json.finish()
  }

  private static func write(
    _ diagnostic: Diagnostic, _ fingerprint: String, _ options: ReportFormat.Options,
    to json: inout JSONWriter
  ) {
    json.object { json in
      json.member("description", "\(diagnostic.rule.id): \(diagnostic.plainText)")
      json.member("check_name", diagnostic.rule.id)
      json.member("fingerprint", fingerprint)
      json.member("severity", severity(diagnostic.severity))
      json.object("location") { json in
        let range = diagnostic.primary?.range
        json.member("path", options.pathPrefix + (range?.file.path ?? fallbackPath))
        json.object("lines") { json in
          json.member("begin", range?.startPosition.line ?? 1)
          json.member("end", range?.endPosition.line ?? 1)
        }
      }
    }
  }

  /// GitLab's words are info, minor, major, critical and blocker.
  private static func severity(_ severity: Severity) -> String {
    switch severity {
    case .error: "critical"
    case .warning: "minor"
    case .note: "info"
    }
  }
}
