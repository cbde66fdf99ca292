import Compiler
import Diagnostics
import FleetSpec
import Output
import Repository
import Snapshot

/// The output on record of a fleet whose output goes to branches of its own.
struct RecordedBranches {
  /// Everything on record as one tree.
  let snapshot: any Snapshot
  /// Which branches with which tips: the same text, the same record.
  let name: String

  /// Nil for a fleet whose output lies beside its source, and outside a repository.
  init?(_ source: FleetSource) throws(CommandFailure) {
    let (fleet, _) = try Compiling.fleet(source.snapshot)
    guard let fleet, fleet.branch != nil || fleet.units.contains(where: { $0.branch != nil }) else {
      return nil
    }
    var repository = source.repository
    if repository == nil, let directory = source.directory {
      // Without a repository there are no branches: what lies in the directory is the record.
      repository = try? RepositoryPlace(directory).repository
    }
    guard let repository else { return nil }
    // What no branch is named for lies beside the source. No branch can have this name.
    let own = fleet.branch == nil ? "refs/heads/." : nil
    var findings: [Diagnostic] = []
    // A name that git refuses is reported by `commit`.
    guard
      let branches = OutputBranches.decide(fleet, named: nil, sourceBranch: own, findings: &findings)
    else { return nil }
    var tips: [String: any Snapshot] = [:]
    var name = ""
    for reference in branches.references where reference != own {
      guard let commit = try Self.tip(reference, repository) else { continue }
      name += "\(reference) \(commit.id)\n"
      tips[reference] = CommitSnapshot(repository, commit: commit, prefix: String(source.prefix.dropLast()))
    }
    guard !tips.isEmpty else { return nil }
    self.name = name
    if let own { tips[own] = source.snapshot }
    let known = tips
    snapshot = branches.recorded { known[$0] ?? MemorySnapshot([:]) }
  }

  /// A clone has other people's branches as those of its remote.
  private static func tip(_ reference: String, _ repository: GitRepository) throws(CommandFailure)
    -> CommitFacts?
  {
    try reporting { () throws(GitError) in
      for name in [reference, "refs/remotes/origin/" + reference.branchName] {
        if let id = try repository.target(ofReference: name) { return try repository.commit(id) }
      }
      return nil
    }
  }
}
