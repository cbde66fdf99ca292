import Compiler
import Diagnostics
import Output

extension Command {
  /// `linkwright check`
  static let check = Command(
    name: "check", summary: "Tell whether the output on record is what the fleet gives", arguments: ["[DIR]"],
    options: [.ref, .staged, .strict, .prunePending, .format, .color, .quiet, .verbose],
    discussion: """
      Compiles in memory and compares with the files on record: changed, missing, left over, edited by hand.
      With --ref or --staged the output of the same commit or index is compared. Writes nothing. Exit status: 0 when they agree, 1 when they differ or the fleet has errors.
      """,
    example: "linkwright check --format github"
  ) { parsed throws(CommandFailure) in
    if !parsed.has(.ref), !parsed.has(.staged),
      OutputDirectory(root: try FleetLocation(parsed).root).hasUnfinishedWrite
    {
      throw CommandFailure(
        message: "an interrupted build left the output half written", help: "run 'linkwright build'")
    }
    let compiling = try Compiling(parsed)
    var findings = compiling.compilation.findings
    guard !compiling.compilation.failed else {
      try compiling.reporting.print(findings, of: compiling.compilation)
      return .findings
    }
    let change = try compiling.change()
    findings += OutputObstacles(change, overwritesEdited: false).findings
    let known = Set(change.edited + change.foreign)
    for item in change.items where !known.contains(item.path) {
      let what =
        switch item.kind {
        case .added: change.missing.contains(item.path) ? "was removed by hand" : "is missing"
        case .changed: "is out of date"
        case .removed: "is left over: nothing emits it any more"
        }
      findings.append(
        Diagnostic(
          OutputRules.outdated, "\(item.path) \(what)",
          at: Label(SourceRange(wholeFile: SourceFile(path: item.path, bytes: []))),
          help: ["run 'linkwright build' and commit the result"]))
    }
    try compiling.reporting.print(findings, of: compiling.compilation)
    if change.isEmpty, !findings.containErrors {
      compiling.reporting.summarize("up to date: \(change.unchanged) files")
      return .success
    }
    return .findings
  }
}
