import Compiler
import Diagnostics
import Output

extension Command {
  private static let dryRun = Option(
    name: "--dry-run", help: "Print what would be written, and write nothing")
  private static let overwrite = Option(
    name: "--overwrite-edited", help: "Overwrite generated files that were edited by hand")

  /// `linkwright build`
  static let build = Command(
    name: "build", summary: "Compile a fleet and write its output", arguments: ["[DIR]"],
    options: [
      dryRun, .cluster, .strict, .workloads, .prunePending, overwrite, .format, .color, .quiet, .verbose,
    ],
    discussion: """
      Writes all or nothing: with an error in the specification no file is touched, and a build that is killed
      leaves the old output or the new one. Files that Linkwright does not own are never touched.
      """,
    example: "linkwright build --dry-run"
  ) { parsed throws(CommandFailure) in
    let isDry = parsed.has(dryRun)
    if !isDry { try OutputWriting.recover(try FleetLocation(parsed)) }
    let compiling = try Compiling(parsed)
    var findings = compiling.compilation.findings
    guard !compiling.compilation.failed else {
      try compiling.reporting.print(findings)
      return .findings
    }
    let change = try compiling.change().limited(to: compiling.compilation.roots(of: parsed.all(.cluster)))
    let obstacles = OutputObstacles(change, overwritesEdited: parsed.has(overwrite)).findings
    findings += obstacles
    try compiling.reporting.print(findings)
    compiling.printSatisfied(parsed)
    guard !obstacles.containErrors else { return .findings }
    for root in compiling.compilation.heldBack {
      Terminal.printError("held back: \(root) keeps its last output, because of an error in it\n")
    }
    if isDry {
      Terminal.print(change.items.map { "\($0.kind.sign) \($0.path)\n" }.joined())
      compiling.reporting.summarize("would write: \(change.summary); \(compiling.summary)")
    } else {
      try OutputWriting.apply(change, at: compiling.location)
      compiling.reporting.summarize("written: \(change.summary); \(compiling.summary)")
    }
    return findings.containErrors ? .findings : .success
  }
}
