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
    let compiling = try Compiling(parsed, isBeside: true)
    var findings = compiling.compilation.findings
    guard !compiling.compilation.failed else {
      try compiling.reporting.print(findings, of: compiling.compilation)
      return .findings
    }
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
    try compiling.reporting.print(findings, of: compiling.compilation)
    if change.isEmpty, !findings.containErrors {
      compiling.reporting.summarize(
        others.names.isEmpty
          ? "up to date: \(change.unchanged) files"
          : "up to date: \(change.unchanged) files; what goes to \(others.names.joined(separator: ", ")) does not lie here: 'linkwright diff --recorded base' compares it"
      )
      return .success
    }
    return .findings
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
