import Compiler
import Diagnostics
import Review

/// Prints a review in the formats that were asked for.
struct DiffReports {
  private let formats: [(format: ReviewFormat, file: String?)]
  private let options: ReviewFormat.Options
  private let usesColor: Bool
  private let pages: Bool

  init(_ parsed: ParsedArguments) throws(CommandFailure) {
    var formats: [(format: ReviewFormat, file: String?)] = []
    for text in parsed.all(DiffRequest.format) {
      let parts = text.split(separator: "=", maxSplits: 1).map(String.init)
      // The option's choices are these formats.
      guard let format = ReviewFormat(rawValue: parts.first ?? "") else { continue }
      formats.append((format, parts.count == 2 ? parts[1] : nil))
    }
    self.formats = formats.isEmpty ? [(.text, nil)] : formats
    var options = ReviewFormat.Options(version: Compiler.version)
    let color = parsed.last(.color) ?? Terminal.environment("LINKWRIGHT_COLOR")
    options.usesColor = Terminal.usesColor(color, on: .output)
    usesColor = Terminal.usesColor(color)
    self.options = options
    pages = !parsed.has(DiffRequest.noPager)
  }

  /// Prints every report. An empty review prints nothing to standard output; files are written all the same, since CI
  /// updates its comment with them.
  func print(_ review: Review, stages: [StagePlan.Stage]?) throws(CommandFailure) {
    for (format, file) in formats {
      var options = options
      options.command = "linkwright diff --base \(review.base.commit?.prefix(12) ?? "REV")"
      if let commit = review.head.commit { options.command += " --head \(commit.prefix(12))" }
      if let file, file != "-" {
        options.usesColor = false
        try Reporting.write(format.render(review, stages: stages, options: options), to: file)
      } else if !review.isEmpty || format == .json {
        Pager.print(
          format.render(review, stages: stages, options: options), isWanted: pages && format == .text)
      }
    }
  }

  /// Findings as text, for standard error.
  func findings(_ findings: [Diagnostic]) -> String {
    var options = ReportFormat.Options(version: Compiler.version)
    options.usesColor = usesColor
    return ReportFormat.text.render(findings, rules: RuleCatalogue.all, options: options)
  }
}
