/// SARIF 2.1.0 (OASIS), as code scanning of GitHub and others read it.
package enum SARIFReport {
  /// GitHub keeps this many results of a run, those of high severity first.
  package static let resultLimit = 5000
  /// GitHub refuses results with more than 1,000 locations; nobody reads more than a few.
  private static let relatedLimit = 100
  /// Where results without a file are shown: code scanning refuses results without a location.
  private static let fallbackPath = "linkwright.yaml"

  /// All findings up to the limit, with the catalogue.
  package static func render(
    _ diagnostics: [Diagnostic], rules: [Rule], options: ReportFormat.Options
  ) -> String {
    let catalogue = Self.catalogue(rules, diagnostics)
    let numbers = Dictionary(
      catalogue.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
    let kept = strongest(diagnostics)
    var json = JSONWriter()
    json.object { json in
      json.member("$schema", "https://json.schemastore.org/sarif-2.1.0.json")
      json.member("version", "2.1.0")
      json.array("runs", of: [()]) { json, _ in
        json.object { json in
          json.object("tool") { json in
            json.object("driver") { json in driver(catalogue, options, to: &json) }
          }
          json.member("columnKind", "unicodeCodePoints")
          json.array("invocations", of: [()]) { json, _ in
            invocation(leftOut: diagnostics.count - kept.count, to: &json)
          }
          var fingerprint = Fingerprint()
          json.array("results", of: kept) { json, diagnostic in
            result(diagnostic, numbers, fingerprint.next(diagnostic), options, to: &json)
          }
        }
      }
    }
    return json.finish()
  }

  /// The rules by id, those of findings outside the catalogue included.
  private static func catalogue(_ rules: [Rule], _ diagnostics: [Diagnostic]) -> [Rule] {
    var known: Set<String> = []
    return (rules + diagnostics.map(\.rule)).filter { known.insert($0.id).inserted }.sorted { $0.id < $1.id }
  }

  /// The findings that fit, in report order: errors before warnings before notes, suppressed ones last.
  private static func strongest(_ diagnostics: [Diagnostic]) -> [Diagnostic] {
    guard diagnostics.count > resultLimit else { return diagnostics }
    func rank(_ index: Int) -> (Int, Int, Int) {
      (diagnostics[index].suppression == nil ? 0 : 1, diagnostics[index].severity.rawValue, index)
    }
    let kept = diagnostics.indices.sorted { rank($0) < rank($1) }.prefix(resultLimit)
    return kept.sorted().map { diagnostics[$0] }
  }

  // MARK: The tool

  private static func driver(_ rules: [Rule], _ options: ReportFormat.Options, to json: inout JSONWriter) {
    json.member("name", "linkwright")
    json.member("version", options.version)
    json.array("rules", of: rules) { json, rule in
      json.object { json in
        json.member("id", rule.id)
        json.member("name", rule.name)
        text("shortDescription", rule.summary, to: &json)
        text("fullDescription", rule.explanation, to: &json)
        json.object("help") { json in
          json.member("text", "\(rule.explanation)\n\nlinkwright rules \(rule.id) shows examples.")
          json.member("markdown", "\(rule.explanation)\n\n`linkwright rules \(rule.id)` shows examples.")
        }
        json.object("defaultConfiguration") { $0.member("level", rule.severity.word) }
        json.object("properties") { json in
          json.member("problem.severity", rule.severity == .note ? "recommendation" : rule.severity.word)
        }
      }
    }
  }

  private static func invocation(leftOut: Int, to json: inout JSONWriter) {
    json.object { json in
      json.member("executionSuccessful", true)
      guard leftOut > 0 else { return }
      json.array("toolExecutionNotifications", of: [()]) { json, _ in
        json.object { json in
          json.member("level", "warning")
          text(
            "message", "\(leftOut) further findings are left out; code scanning keeps \(resultLimit)",
            to: &json)
        }
      }
    }
  }

  // MARK: Results

  private static func result(
    _ diagnostic: Diagnostic, _ numbers: [String: Int], _ fingerprint: String,
    _ options: ReportFormat.Options,
    to json: inout JSONWriter
  ) {
    json.object { json in
      json.member("ruleId", diagnostic.rule.id)
      if let number = numbers[diagnostic.rule.id] { json.member("ruleIndex", number) }
      json.member("level", diagnostic.severity.word)
      text("message", diagnostic.plainText, to: &json)
      json.array("locations", of: [diagnostic.primary?.range]) { json, range in
        json.object { physicalLocation(range, options, to: &$0) }
      }
      if !diagnostic.secondary.isEmpty {
        json.array("relatedLocations", of: diagnostic.secondary.prefix(relatedLimit).enumerated()) {
          json, item in
          json.object { json in
            json.member("id", item.offset + 1)
            physicalLocation(item.element.range, options, to: &json)
            if !item.element.text.isEmpty { text("message", item.element.text, to: &json) }
          }
        }
      }
      json.object("partialFingerprints") { $0.member("primaryLocationLineHash", fingerprint) }
      if let reason = diagnostic.suppression {
        json.array("suppressions", of: [reason]) { json, reason in
          json.object { json in
            json.member("kind", "inSource")
            json.member("justification", reason)
          }
        }
      }
      if let owner = diagnostic.owner { json.object("properties") { $0.member("owner", owner) } }
      if let suggestion = diagnostic.suggestion { fix(suggestion, diagnostic, options, to: &json) }
    }
  }

  private static func fix(
    _ suggestion: Suggestion, _ diagnostic: Diagnostic, _ options: ReportFormat.Options,
    to json: inout JSONWriter
  ) {
    json.array("fixes", of: [suggestion]) { json, suggestion in
      json.object { json in
        text("description", diagnostic.help.first ?? "replace the text", to: &json)
        json.array("artifactChanges", of: [suggestion]) { json, suggestion in
          json.object { json in
            artifact(suggestion.range.file.path, options, to: &json)
            json.array("replacements", of: [suggestion]) { json, suggestion in
              json.object { json in
                json.object("deletedRegion") { region(suggestion.range, to: &$0) }
                json.object("insertedContent") { $0.member("text", suggestion.replacement) }
              }
            }
          }
        }
      }
    }
  }

  private static func physicalLocation(
    _ range: SourceRange?, _ options: ReportFormat.Options, to json: inout JSONWriter
  ) {
    json.object("physicalLocation") { json in
      artifact(range?.file.path ?? fallbackPath, options, to: &json)
      json.object("region") { json in
        if let range { region(range, to: &json) } else { json.member("startLine", 1) }
      }
    }
  }

  private static func artifact(_ path: String, _ options: ReportFormat.Options, to json: inout JSONWriter) {
    json.object("artifactLocation") { json in
      json.member("uri", uri(options.pathPrefix + path))
      json.member("uriBaseId", "%SRCROOT%")
    }
  }

  private static func region(_ range: SourceRange, to json: inout JSONWriter) {
    let (start, end) = (range.startPosition, range.endPosition)
    json.member("startLine", start.line)
    json.member("startColumn", start.column)
    json.member("endLine", end.line)
    json.member("endColumn", end.column)
  }

  private static func text(_ name: String, _ value: String, to json: inout JSONWriter) {
    json.object(name) { $0.member("text", value) }
  }

  /// A relative reference of RFC 3986; never absolute, whatever the path.
  private static func uri(_ path: String) -> String {
    var text = ""
    for byte in path.utf8.drop(while: { $0 == UInt8(ascii: "/") }) {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
        UInt8(ascii: "~"), UInt8(ascii: "/"):
        text.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        text += byte < 16 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return text
  }
}
