import Compiler
import Diagnostics
import FleetSpec
import Output
import Repository
import Snapshot

/// The fleet's own sources on a branch that takes the output of a commit which it does not hold.
///
/// Such a branch was begun as a copy of the source's, or is that branch itself: a job for a pull request, or a detached
/// HEAD, that names it. Whoever compiles what lies there gets another output than the one beside it.
struct SourcesBeside {
  let source: CommitFacts
  let repository: GitRepository
  let fleet: Fleet
  /// The fleet's directory, without `/` at the end.
  let prefix: String

  /// What is on the branch.
  enum Finding {
    /// No sources, or the same.
    case none
    /// Those of a commit that the source contains.
    case former(Diagnostic)
    /// Others, which the source does not have either.
    case diverged
  }

  /// Compares by git's ids; only where the branch has a Fleet.
  func finding(on branch: String, _ tip: CommitFacts, in target: GitRepository) throws(CommandFailure)
    -> Finding
  {
    let beside = CommitSnapshot(target, commit: tip, prefix: prefix)
    guard (try? beside.entry(at: Compiler.fleetFile)) != nil else { return .none }
    let own = try names(CommitSnapshot(repository, commit: source, prefix: prefix))
    let others = try names(beside)
    if own == others { return .none }
    // Of another repository, or where the history is cut off, it is not known.
    let base = (try? repository.mergeBase(source.id, tip.id)) ?? nil
    if let base, let commit = try? repository.commit(base),
      try names(CommitSnapshot(repository, commit: commit, prefix: prefix)) != others
    {
      return .diverged
    }
    return .former(
      Diagnostic(
        GitRules.otherSources,
        "\(branch.branchName) holds sources of the fleet that are not those of commit "
          + "\("\(source.id)".prefix(12)), whose output it gets", at: nil,
        help: [
          "a branch of output needs none: 'git rm' them there; for the branch of the sources, merge or push the commit first"
        ]))
  }

  /// git's ids of what the fleet's patterns reach, by path.
  private func names(_ snapshot: CommitSnapshot) throws(CommandFailure) -> [String: String] {
    let sources = [fleet.spec, fleet.workloads, fleet.recorded, fleet.observed]
    let outputs = OutputLayout(fleet).roots
    var names: [String: String] = [:]
    var pending = [""]
    do throws(SnapshotError) {
      while let directory = pending.popLast() {
        for entry in try snapshot.entries(of: directory) where !outputs.contains(entry.path) {
          let isReached =
            sources.contains { $0.mayMatch(below: entry.path) }
            || ["templates", "schemas"].contains(entry.path)
          guard entry.kind == .directory else {
            if isReached || entry.path == Compiler.fleetFile { names[entry.path] = entry.blob?.hexadecimal }
            continue
          }
          guard isReached else { continue }
          if outputs.contains(where: { $0.hasPrefix(entry.path + "/") }) {
            pending.append(entry.path)
          } else {
            names[entry.path] = try snapshot.treeID(of: entry.path)?.description
          }
        }
      }
    } catch {
      throw CommandFailure(message: "cannot read \(error.path): \(error.reason)")
    }
    return names
  }
}
