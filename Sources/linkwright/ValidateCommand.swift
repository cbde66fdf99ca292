import Compiler
import Diagnostics

extension Command {
  /// `linkwright validate`
  static let validate = Command(
    name: "validate", summary: "Check a fleet and report every finding", arguments: ["[DIR]"],
    options: [.ref, .staged, .format, .strict, .paranoid, .workloads, .color, .quiet, .verbose],
    discussion: """
      Compiles the fleet in DIR (default: the working directory and upwards) without writing anything. Exit
      status: 0 fine, 1 findings, 2 wrong usage or a failure.
      """,
    example: "linkwright validate --format text --format sarif=findings.sarif"
  ) { parsed throws(CommandFailure) in
    let compiling = try Compiling(parsed, isCheckOnly: true)
    try compiling.reporting.print(
      compiling.compilation.findings, of: compiling.compilation)
    compiling.printSatisfied(parsed)
    let hasErrors = compiling.compilation.findings.containErrors
    if !hasErrors { compiling.reporting.summarize("valid: \(compiling.summary)") }
    return hasErrors ? .findings : .success
  }
}
