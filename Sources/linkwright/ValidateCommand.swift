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
    let input = try CompileInput(parsed)
    var options = try Compiling.options(parsed, input)
    options.isCheckOnly = true
    let reporting = try Reporting(parsed, prefix: input.source.prefix)
    var memory = CheckMemory("validate", input, options, comparesOutput: false)
    // What manifests satisfy only a compile tells.
    if !parsed.has(.verbose), let memory, let known = try memory.report(withRemarks: reporting.showsRemarks) {
      return try reporting.tell(known, countsNotes: true)
    }
    if !parsed.has(.verbose), !reporting.showsRemarks, let told = try memory?.told() {
      let summary = "valid: \(Compiling.summary(told.connections, told.objects))"
      let report = RememberedReport(findings: told.findings, remarks: nil, summary: summary)
      memory?.keep(told, report)
      input.memo?.save()
      return try reporting.tell(report, countsNotes: true)
    }
    let compiling = try Compiling(input, options, reporting: reporting)
    let findings = compiling.compilation.findings
    let report = RememberedReport(
      findings: findings, remarks: compiling.compilation.reportRemarks,
      summary: findings.containErrors ? nil : "valid: \(compiling.summary)")
    try reporting.print(findings, of: compiling.compilation)
    compiling.printSatisfied(parsed)
    if let summary = report.summary { reporting.summarize(summary, leavingOut: findings) }
    memory?.keep(compiling.compilation, isBase: true, report)
    input.memo?.save()
    return report.summary == nil ? .findings : .success
  }
}
