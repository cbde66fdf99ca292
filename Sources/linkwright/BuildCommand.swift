import Compiler
import Diagnostics
import Output

extension Command {
  private static let dryRun = Option(
    name: "--dry-run", help: "Print what would be written, and write nothing")
  private static let overwrite = Option(
    name: "--overwrite-edited", help: "Overwrite generated files that were edited by hand")

  private static let explainTemplates = Option(
    name: "--explain-templates",
    help: "Print which template made which file, instead of what would be written")

  private static let outputDirectory = Option(
    name: "--output-dir", value: "DIR", help: "Write below DIR instead of the fleet's own directory")

  /// Where the output goes: what was asked for, or the fleet's directory.
  private static func root(_ parsed: ParsedArguments) throws(CommandFailure) -> String {
    if let path = parsed.last(outputDirectory) {
      guard FileSystem.isDirectory(path) else {
        throw CommandFailure(message: "there is no directory '\(path)'", help: "make it first")
      }
      return path
    }
    guard parsed.has(.ref) || parsed.has(.staged) else { return try FleetLocation(parsed).root }
    guard let directory = try FleetSource(parsed).directory else {
      throw CommandFailure(
        message: "a bare repository has no directory to write to",
        help: "name one with --output-dir, or write a branch with 'linkwright commit'")
    }
    return directory
  }

  /// `linkwright build`
  static let build = Command(
    name: "build", summary: "Compile a fleet and write its output", arguments: ["[DIR]"],
    options: [
      .ref, .staged, outputDirectory, dryRun, explainTemplates, .cluster, .strict, .workloads, .prunePending,
      overwrite,
      .format, .color, .quiet, .verbose,
    ],
    discussion: """
      Writes all or nothing: with an error in the specification no file is touched, and a build that is killed
      leaves the old output or the new one. Files that Linkwright does not own are never touched. With --ref or
      --staged the specification comes from git, and the output still goes to the directory.

      --explain-templates prints a line for each file that a template made: the file, the template with its line
      and whose it is (built-in, of the fleet, of a link or of a connection), with tabs between them.
      """,
    example: "linkwright build --dry-run"
  ) { parsed throws(CommandFailure) in
    let isDry = parsed.has(dryRun)
    let root = try root(parsed)
    if !isDry { try OutputWriting.recover(root) }
    let compiling = try Compiling(parsed, output: root)
    var findings = compiling.compilation.findings
    guard !compiling.compilation.failed else {
      try compiling.reporting.print(findings, of: compiling.compilation)
      return .findings
    }
    let change = try compiling.change().limited(to: compiling.compilation.roots(of: parsed.all(.cluster)))
    let obstacles = OutputObstacles(change, overwritesEdited: parsed.has(overwrite)).findings
    findings += obstacles
    try compiling.reporting.print(findings, of: compiling.compilation)
    compiling.printSatisfied(parsed)
    guard !obstacles.containErrors else { return .findings }
    for root in compiling.compilation.heldBack {
      Terminal.printError("held back: \(root) keeps its last output, because of an error in it\n")
    }
    if parsed.has(explainTemplates) {
      Terminal.print(compiling.compilation.templateLines.map { $0 + "\n" }.joined())
    }
    if isDry {
      if !parsed.has(explainTemplates) {
        Terminal.print(change.items.map { "\($0.kind.sign) \($0.path)\n" }.joined())
      }
      compiling.reporting.summarize(
        "would write: \(change.summary); \(compiling.summary)", leavingOut: findings)
    } else {
      try OutputWriting.apply(change, at: root)
      compiling.reporting.summarize(
        "written: \(change.summary); \(compiling.summary)", leavingOut: findings)
    }
    return findings.containErrors ? .findings : .success
  }
}
