import Diagnostics

extension Adoption {
  /// True when nothing is left to be said: every object comes out as it is, and nothing was found.
  package var isClean: Bool {
    report.isComplete && !findings.contains { $0.severity != .note }
  }

  /// The report for people.
  package func text(isDryRun: Bool, isVerbose: Bool) -> String {
    var text = ""
    if files.isEmpty {
      text += "nothing new to write: the specification covers what was found\n"
    } else {
      text += isDryRun ? "would write\n" : "wrote\n"
      for file in files { text += "  \(file.path)  \(file.subject)\n" }
    }
    for suggestion in report.suggestions { text += "not written: \(suggestion)\n" }
    text += "\nobject by object\n"
    var cluster = ""
    for line in report.lines {
      if line.cluster != cluster { text += "  \(line.cluster)\n" }
      cluster = line.cluster
      text += "    \(padded(line.outcome.rawValue)) \(line.object)"
      if let place = line.place { text += "  (\(([place] + line.copies).joined(separator: ", ")))" }
      text += "\n"
      if let reason = line.reason { text += "               \(reason)\n" }
      for difference in line.differences
      where isVerbose || line.outcome == .different || difference.reason != nil {
        text += "               \(Self.describe(difference))\n"
      }
    }
    let counts = AdoptionReport.Outcome.allCases.map { "\(report.count($0)) \($0.rawValue)" }
    text += "\n" + counts.joined(separator: ", ") + "\n"
    if !report.unread.isEmpty {
      let kinds = report.unread.sorted { $0.key < $1.key }.map { "\($0.value) \($0.key)" }
      text += "not read: \(kinds.joined(separator: ", "))\n"
    }
    if report.hooks > 0 { text += "not read: \(report.hooks) hooks of Helm or Argo CD\n" }
    if report.warnings > 0 {
      let count = report.warnings == 1 ? "1 warning" : "\(report.warnings) warnings"
      text += "'linkwright validate' has \(count) about the new specification\n"
    }
    return text + ownership + migration
  }

  /// Differences that do not matter, each once.
  private var reasons: String {
    var counts: [String: Int] = [:]
    for line in report.lines {
      let kind = line.object.split(separator: " ").first.map(String.init) ?? ""
      for difference in line.differences where difference.reason != nil {
        counts["\(kind) \(Self.describe(difference))", default: 0] += 1
      }
    }
    guard !counts.isEmpty else { return "" }
    let lines = counts.sorted { $0.key < $1.key }.map { "  \($0.value) × \($0.key)\n" }
    return "\nequivalent, because\n" + lines.joined()
  }

  private func padded(_ word: String) -> String {
    word + String(repeating: " ", count: max(0, 10 - word.count))
  }

  static func describe(_ difference: FieldDifference) -> String {
    if difference.path.isEmpty { return difference.reason ?? "" }
    let values =
      switch (difference.live, difference.emitted) {
      case (let live?, let emitted?): "\(live) becomes \(emitted)"
      case (let live?, nil): "\(live) \(difference.reason == nil ? "goes" : "")"
      case (nil, let emitted?): "\(emitted) is added"
      case (nil, nil): ""
      }
    let shown = VisibleValue.shortened(values.split(separator: "\n").joined(separator: " "))
    return "\(difference.path): \(shown)" + (difference.reason.map { " (\($0))" } ?? "")
  }

  /// Who owns what from now on.
  private var ownership: String {
    guard !report.definedTwice.isEmpty else { return "" }
    var text = "\nin a manifest today, in the output once they are removed there\n"
    for line in report.definedTwice {
      for place in [line.place].compactMap({ $0 }) + line.copies {
        text += "  \(place)  \(line.output ?? "")\n"
      }
    }
    return text
  }

  private var migration: String {
    guard !report.steps.isEmpty else { return "" }
    var text = "\nhow to hand over, so that no live connection is without its policy\n"
    for (index, step) in report.steps.enumerated() {
      text += "  \(index + 1). \(step.title)\n"
      for object in step.objects { text += "     \(object)\n" }
    }
    return text
  }

  /// The report for programs.
  package func json(version: String) -> String {
    var json = JSONWriter()
    json.object { json in
      json.member("reportVersion", 1)
      json.object("tool") { json in
        json.member("name", "linkwright")
        json.member("version", version)
      }
      json.array("files", of: files) { json, file in
        json.object { json in
          json.member("path", file.path)
          json.member("subject", file.subject)
        }
      }
      json.array("objects", of: report.lines) { json, line in
        json.object { json in
          json.member("cluster", line.cluster)
          json.member("object", line.object)
          json.member("outcome", line.outcome.rawValue)
          json.member("place", orNull: line.place)
          if !line.copies.isEmpty { json.member("copies", line.copies) }
          json.member("output", orNull: line.output)
          json.member("connection", line.connection)
          json.member("reason", orNull: line.reason)
          json.array("differences", of: line.differences) { json, difference in
            json.object { json in
              json.member("path", difference.path)
              json.member("live", orNull: difference.live)
              json.member("emitted", orNull: difference.emitted)
              json.member("reason", orNull: difference.reason)
            }
          }
        }
      }
      json.member("suggestions", report.suggestions)
      json.array("steps", of: report.steps) { json, step in
        json.object { json in
          json.member("title", step.title)
          json.member("objects", step.objects)
        }
      }
    }
    return json.finish()
  }
}

/// Values in a line of a report.
enum VisibleValue {
  static func shortened(_ text: String) -> String {
    let clean = text.unicodeScalars.map { $0.value >= 0x20 && $0.value != 0x7F ? String($0) : "?" }.joined()
    return clean.count <= 120 ? clean : clean.prefix(117) + "…"
  }
}
