/// What people should know of connections beside findings: the names that clients use, firewall requests.
package struct ReportRemark: Sendable {
  /// `name`, `firewall` or `note`.
  package let topic: String
  package let text: String
  /// `namespace/name`, ordered.
  package let connections: [String]

  package init(topic: String, text: String, connections: [String]) {
    self.topic = topic
    self.text = text
    self.connections = connections
  }
}

/// Linkwright's own report for programs: one JSON object, described by `schemas/report.json`.
package enum JSONReport {
  /// The version of the shape; a change that breaks readers raises it.
  package static let version = 1

  /// All findings, the suppressed ones with their reason.
  package static func render(_ diagnostics: [Diagnostic], options: ReportFormat.Options) -> String {
    var json = JSONWriter()
    json.object { json in
      json.member("reportVersion", version)
      json.object("tool") { json in
        json.member("name", "linkwright")
        json.member("version", options.version)
      }
      write(ReportSummary(diagnostics), to: &json)
      var fingerprint = Fingerprint()
      json.array("findings", of: diagnostics) { json, diagnostic in
        write(diagnostic, fingerprint.next(diagnostic), options, to: &json)
      }
      json.array("remarks", of: options.remarks) { json, remark in
        json.object { json in
          json.member("topic", remark.topic)
          json.member("text", remark.text)
          json.member("connections", remark.connections)
        }
      }
    }
    return json.finish()
  }

  private static func write(_ summary: ReportSummary, to json: inout JSONWriter) {
    json.object("summary") { json in
      json.member("errors", summary.errors)
      json.member("warnings", summary.warnings)
      json.member("notes", summary.notes)
      json.member("suppressed", summary.suppressed)
      json.member("files", summary.files)
    }
  }

  private static func write(
    _ diagnostic: Diagnostic, _ fingerprint: String, _ options: ReportFormat.Options,
    to json: inout JSONWriter
  ) {
    json.object { json in
      json.member("rule", diagnostic.rule.id)
      json.member("name", diagnostic.rule.name)
      json.member("severity", diagnostic.severity.word)
      json.member("message", diagnostic.message)
      json.key("location")
      if let primary = diagnostic.primary { write(primary, options, to: &json) } else { json.null() }
      json.array("related", of: diagnostic.secondary) { json, label in write(label, options, to: &json) }
      json.member("help", diagnostic.help)
      json.member("notes", diagnostic.notes)
      json.key("suggestion")
      if let suggestion = diagnostic.suggestion {
        json.object { json in
          json.key("location")
          write(Label(suggestion.range), options, to: &json)
          json.member("replacement", suggestion.replacement)
        }
      } else {
        json.null()
      }
      json.member("suppression", orNull: diagnostic.suppression)
      json.member("owner", orNull: diagnostic.owner)
      json.member("fingerprint", fingerprint)
    }
  }

  private static func write(_ label: Label, _ options: ReportFormat.Options, to json: inout JSONWriter) {
    json.object { json in
      json.member("path", options.pathPrefix + label.range.file.path)
      for (name, offset, position) in [
        ("start", label.range.start, label.range.startPosition),
        ("end", label.range.end, label.range.endPosition),
      ] {
        json.object(name) { json in
          json.member("line", position.line)
          json.member("column", position.column)
          json.member("offset", max(0, offset))
        }
      }
      if !label.text.isEmpty { json.member("text", label.text) }
    }
  }
}
