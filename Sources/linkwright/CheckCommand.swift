import Compiler
import Diagnostics
import FleetSpec
import Output

extension Command {
  /// `linkwright check`
  static let check = Command(
    name: "check", summary: "Tell whether the output on record is what the fleet gives", arguments: ["[DIR]"],
    options: [.ref, .staged, .strict, .prunePending, .format, .color, .quiet, .verbose],
    discussion: """
      Compiles in memory and compares with the files on record: changed, missing, left over, edited by hand.
      With --ref or --staged the output of the same commit or index is compared. Output that the Fleet sends to a branch
      of its own does not lie beside the fleet: 'diff --recorded base' compares that. Writes nothing.
      Exit status: 0 when they agree, 1 when they differ or the fleet has errors.
      """,
    example: "linkwright check --format github"
  ) { parsed throws(CommandFailure) in
    if !parsed.has(.ref), !parsed.has(.staged),
      OutputDirectory(root: try FleetLocation(parsed).root).hasUnfinishedWrite
    {
      throw CommandFailure(
        message: "an interrupted build left the output half written", help: "run 'linkwright build'")
    }
    let input = try CompileInput(parsed, isBeside: true)
    let options = try Compiling.options(parsed, input)
    let reporting = try Reporting(parsed, prefix: input.source.prefix)
    var memory = CheckMemory("check", input, options, comparesOutput: true)
    if let memory, let known = try memory.report(withRemarks: reporting.showsRemarks) {
      return try reporting.tell(known)
    }
    if !reporting.showsRemarks, let told = try memory?.told() {
      let report = RememberedReport(
        findings: told.findings, remarks: nil, summary: "up to date: \(told.fileCount) files")
      memory?.keep(told, report)
      input.memo?.save()
      return try reporting.tell(report)
    }
    let compiling = try Compiling(input, options, reporting: reporting)
    defer { input.memo?.save() }
    func report(_ findings: [Diagnostic], _ summary: String?, isBase: Bool) throws(CommandFailure) -> ExitCode
    {
      let report = RememberedReport(
        findings: findings, remarks: compiling.compilation.reportRemarks, summary: summary)
      memory?.keep(compiling.compilation, isBase: isBase, report)
      return try reporting.tell(report)
    }
    var findings = compiling.compilation.findings
    guard !compiling.compilation.failed else { return try report(findings, nil, isBase: false) }
    let others = try Self.branchesElsewhere(compiling)
    let change = try compiling.change(keeps: others.takes)
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
    guard change.isEmpty, !findings.containErrors else { return try report(findings, nil, isBase: false) }
    let upToDate = "up to date: \(change.unchanged) files"
    // Where parts go elsewhere, nothing is told of the whole.
    if others.names.isEmpty { return try report(findings, upToDate, isBase: true) }
    return try report(
      findings,
      "\(upToDate); what goes to \(others.names.joined(separator: ", ")) does not lie here: 'linkwright diff --recorded base' compares it",
      isBase: false)
  }

  /// Branches that parts of the output go to, and what goes there; none where that lies beside the fleet all the same.
  private static func branchesElsewhere(
    _ compiling: Compiling
  ) throws(CommandFailure) -> (names: [String], takes: (String) -> Bool) {
    guard let fleet = compiling.compilation.fleet,
      fleet.branch != nil || fleet.units.contains(where: { $0.branch != nil })
    else { return ([], { _ in false }) }
    // No branch can have this name: it stands for the source's own.
    let own = "refs/heads/."
    var findings: [Diagnostic] = []
    guard let branches = OutputBranches.decide(fleet, named: nil, sourceBranch: own, findings: &findings)
    else {
      throw CommandFailure(
        message: findings.first?.message ?? "nothing says which branch the output goes to",
        help: findings.first?.help.first)
    }
    let route = branches.route()
    let goes = { (path: String) in route(path) != own }
    guard !compiling.compilation.record.owned.keys.contains(where: goes) else { return ([], { _ in false }) }
    return (branches.references.filter { $0 != own }.map(\.branchName), goes)
  }
}
