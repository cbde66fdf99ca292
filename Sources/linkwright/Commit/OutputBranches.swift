import Compiler
import Diagnostics
import FleetSpec
import Repository
import Snapshot
import YAMLTree

/// Which branch each file of the output goes to.
struct OutputBranches {
  /// Where the parts of the output go that no unit takes elsewhere, in full: `refs/heads/environment/prod`.
  let base: String
  /// Directories of units with branches of their own, and where they go.
  private let units: [(directory: String, reference: String)]

  /// All references, each once, in order.
  var references: [String] { Set([base] + units.map(\.reference)).sorted(by: utf8Precedes) }

  /// Decides by `--branch`, then the Fleet, then the branch that the source was read from. Findings when nothing
  /// says so or git refuses a name.
  static func decide(
    _ fleet: Fleet, named: String?, sourceBranch: String?, findings: inout [Diagnostic]
  ) -> OutputBranches? {
    var units: [(directory: String, reference: String)] = []
    for unit in fleet.units {
      guard let branch = unit.branch else { continue }
      let directory = unit.path.value.replacing("{unit}", with: unit.name.value)
      guard let reference = reference(branch.value, Label(branch.node.range), &findings) else { continue }
      units.append((directory, reference))
    }
    let base: String?
    if let named {
      base = reference(named, nil, &findings)
    } else if let branch = fleet.branch {
      base = reference(branch.value, Label(branch.node.range), &findings)
    } else if let sourceBranch {
      base = sourceBranch
    } else {
      base = nil
      findings.append(
        Diagnostic(
          GitRules.noOutputBranch, "nothing says which branch the output goes to",
          at: Label(fleet.name.node.range, "has no spec.output.branch"),
          help: ["set spec.output.branch, or name one with --branch"]))
    }
    guard let base, !findings.containErrors else { return nil }
    return OutputBranches(base: base, units: units)
  }

  private static func reference(_ name: String, _ label: Label?, _ findings: inout [Diagnostic]) -> String? {
    let short = name.hasPrefix("refs/heads/") ? String(name.dropFirst("refs/heads/".count)) : name
    guard GitRepository.isBranchName(short) else {
      findings.append(
        Diagnostic(
          GitRules.unusableBranch, "'\(name)' cannot be the name of a branch", at: label,
          help: ["see 'git check-ref-format --branch'"]))
      return nil
    }
    return "refs/heads/" + short
  }

  /// The output on record on all branches as one tree.
  func recorded(_ snapshot: (String) -> any Snapshot) -> any Snapshot {
    if units.isEmpty { return snapshot(base) }
    return RoutedSnapshot(
      snapshot(base),
      routes: units.compactMap { RoutedSnapshot.Route(below: $0.directory, snapshot($0.reference)) })
  }

  /// A function from paths (from the fleet's root) to references; the most particular directory decides.
  func route() -> (String) -> String {
    let routes = units.compactMap { unit in
      RoutedSnapshot.Route(below: unit.directory, MemorySnapshot([:])).map { ($0, unit) }
    }.sorted { $0.1.directory.split(separator: "/").count > $1.1.directory.split(separator: "/").count }
    return { path in routes.first { $0.0.takes(path) }?.1.reference ?? base }
  }
}

extension String {
  /// A branch's name as people write it.
  var branchName: String { hasPrefix("refs/heads/") ? String(dropFirst("refs/heads/".count)) : self }
}
