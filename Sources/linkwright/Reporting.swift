import Compiler
import Diagnostics
import Glibc
import Reachability

/// Prints findings in the formats that were asked for.
struct Reporting {
  private let formats: [(format: ReportFormat, file: String?)]
  private let options: ReportFormat.Options
  private let isQuiet: Bool
  private let isVerbose: Bool

  /// - Parameter asked: the formats; nil for those of `--format`.
  init(_ parsed: ParsedArguments, prefix: String, formats asked: [String]? = nil) throws(CommandFailure) {
    var formats: [(format: ReportFormat, file: String?)] = []
    for text in asked ?? parsed.all(.format) {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      // The option's choices are these formats.
      guard let format = ReportFormat(rawValue: parts.first ?? "") else { continue }
      formats.append((format, parts.count == 2 ? parts[1] : nil))
    }
    let documents: Set<ReportFormat> = [.json, .sarif, .gitlab, .junit]
    let printed = formats.filter { documents.contains($0.format) && ($0.file == nil || $0.file == "-") }
    if printed.count > 1 {
      throw CommandFailure(
        message: "two reports would go to standard output, where no program could tell them apart",
        help: "give one of them a file: --format \(printed[1].format.rawValue)=FILE")
    }
    if formats.isEmpty {
      let configured = Terminal.environment("LINKWRIGHT_FORMAT").flatMap(ReportFormat.init)
      formats = [(configured ?? .text, nil)]
    }
    self.formats = formats
    var options = ReportFormat.Options(version: Compiler.version)
    options.pathPrefix = prefix
    options.usesColor = Terminal.usesColor(parsed.last(.color) ?? Terminal.environment("LINKWRIGHT_COLOR"))
    self.options = options
    isQuiet = parsed.has(.quiet)
    isVerbose = parsed.has(.verbose)
  }

  /// Prints the findings of a compile, and what else it says of connections.
  func print(_ findings: [Diagnostic], of compilation: Compilation) throws(CommandFailure) {
    try print(findings, remarks: compilation.reportRemarks)
  }

  /// Prints the findings; data formats without a file go to standard output.
  ///
  /// - Parameter limit: how many warnings of one rule people are shown; nil for all.
  func print(
    _ findings: [Diagnostic], remarks: [ReportRemark] = [], limit: Int? = nil
  ) throws(CommandFailure) {
    for (format, file) in formats {
      var shown = findings
      var options = options
      options.remarks = remarks
      if format == .text {
        if !isVerbose {
          shown = shown.filter { $0.severity != .note }
          if let limit { shown = Self.first(limit, ofEachRule: shown) }
        }
        // People stand in the fleet's directory, not at the repository's root.
        options.pathPrefix = ""
        if file != nil { options.usesColor = false }
        if shown.isEmpty, file == nil { continue }
      }
      let text = format.render(shown, rules: RuleCatalogue.all, options: options)
      switch file {
      case nil where format == .text: Terminal.printError(text)
      case nil, "-": Terminal.print(text)
      case .some(let path): try Self.write(text, to: path)
      }
    }
  }

  /// The first findings of each rule; the last of them says how many more there are. Errors are all kept.
  private static func first(_ limit: Int, ofEachRule findings: [Diagnostic]) -> [Diagnostic] {
    var counts: [String: Int] = [:]
    var shown: [Diagnostic] = []
    var last: [String: Int] = [:]
    for finding in findings {
      let id = finding.rule.id
      counts[id, default: 0] += 1
      guard finding.severity == .error || counts[id, default: 0] <= limit else { continue }
      last[id] = shown.count
      shown.append(finding)
    }
    for (id, count) in counts where count > limit {
      guard let index = last[id], shown[index].severity != .error else { continue }
      shown[index].help.append("\(count - limit) more warnings of \(id) are left out; --verbose shows them")
    }
    return shown
  }

  /// Says again what was said of the same source.
  ///
  /// - Parameter countsNotes: true for a word about findings that the text report leaves out.
  func tell(_ report: RememberedReport, countsNotes: Bool = false) throws(CommandFailure) -> ExitCode {
    try print(report.findings, remarks: report.remarks ?? [])
    guard let summary = report.summary else { return .findings }
    summarize(summary, leavingOut: countsNotes ? report.findings : [])
    return .success
  }

  /// True where somebody reads what should be known of connections beside findings.
  var showsRemarks: Bool { formats.contains { $0.format == .json } }

  /// One line about what was done, for people.
  func summarize(_ text: String) {
    if !isQuiet { Terminal.printError(text + "\n") }
  }

  /// The same, with a word about findings that the text report leaves out: whoever reads that all is valid shall know
  /// on what it hangs.
  func summarize(_ text: String, leavingOut findings: [Diagnostic]) {
    let notes = isVerbose ? [] : findings.filter { $0.severity == .note && $0.suppression == nil }
    guard !notes.isEmpty else { return summarize(text) }
    let open = notes.count { $0.rule.id == JudgementRules.depends.id }
    let others = notes.count - open
    let parts = [
      open == 0 ? nil : "\(open) open \(open == 1 ? "question" : "questions") that connections hang on",
      others == 0 ? nil : "\(others) \(open == 0 ? "" : "other ")\(others == 1 ? "note" : "notes")",
    ]
    summarize("\(text); \(parts.compactMap { $0 }.joined(separator: " and ")) (-v)")
  }

  /// Writes a report where the user wants it: also into what is no regular file.
  static func write(_ text: String, to path: String) throws(CommandFailure) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else {
      throw CommandFailure(message: "cannot write \(path): \(DirectorySnapshot.describe(errno))")
    }
    let code = Terminal.write(Array(text.utf8), to: descriptor)
    guard close(descriptor) == 0, code == 0 else {
      throw CommandFailure(
        message: "cannot write \(path): \(DirectorySnapshot.describe(code == 0 ? errno : code))")
    }
  }
}
