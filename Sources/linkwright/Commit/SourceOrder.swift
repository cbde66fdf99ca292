import Compiler
import Diagnostics
import Repository
import Snapshot

/// Whether a source's output may follow what is on a branch.
enum SourceStanding {
  case mayFollow
  /// The branch has the output of this newer source.
  case superseded(by: ObjectID)
  case unrelated(Diagnostic)
}

/// Compares a source with the one that a branch's output was compiled from.
struct SourceOrder {
  /// Where the source's history is.
  let repository: GitRepository
  let source: CommitFacts
  /// Where the output goes; the source's own repository unless `--into` says otherwise.
  let target: GitRepository
  /// How the trailer `Linkwright-Fleet` names this fleet.
  let fleet: String
  /// The notes that count.
  let notes: String
  /// True to let an unrelated source through.
  let replacesUnrelated: Bool

  static let sourceTrailer = "Linkwright-Source"
  static let fleetTrailer = "Linkwright-Fleet"

  /// How far a branch's own output commits are followed back to the source that they lie on.
  private static let reach = 1000

  /// True when a commit is one of this fleet's outputs.
  func isOutput(_ commit: CommitFacts) -> Bool { commit.trailers(Self.fleetTrailer).contains(fleet) }

  /// The sources that a branch's output names: for each of the fleet's last outputs on it the note (which moves on when
  /// nothing had to be committed) and the trailer; and `hydrator.metadata` at the tip.
  private func previousSources(
    _ history: BranchHistory, _ snapshot: some Snapshot
  ) throws(CommandFailure) -> [ObjectID] {
    var sources: [ObjectID] = []
    for output in history.outputs {
      let note = try reporting { () throws(GitError) in try target.hydratorNote(on: output.id, in: notes) }
      sources += [note?.source].compactMap { $0 }
      sources += output.trailers(Self.sourceTrailer).compactMap { ObjectID(hexadecimal: $0) }
    }
    do {
      sources += [try HydratorMetadata.source(in: snapshot)].compactMap { $0 }
    } catch {
      throw CommandFailure(message: "cannot read \(error.path): \(error.reason)")
    }
    return sources
  }

  /// The source that an output commit itself names: by its trailer, else by `hydrator.metadata`.
  static func namedSource(
    _ output: CommitFacts, _ snapshot: some Snapshot
  ) throws(CommandFailure) -> ObjectID? {
    if let named = output.trailers(sourceTrailer).last.flatMap({ ObjectID(hexadecimal: $0) }) { return named }
    do {
      return try HydratorMetadata.source(in: snapshot)
    } catch {
      throw CommandFailure(message: "cannot read \(error.path): \(error.reason)")
    }
  }

  /// For a branch that holds output only.
  func standing(
    on branch: String, _ history: BranchHistory, _ snapshot: some Snapshot
  ) throws(CommandFailure) -> SourceStanding {
    var checked: Set<ObjectID> = [source.id]
    for previous in try previousSources(history, snapshot) where checked.insert(previous).inserted {
      guard try has(previous) else {
        if repository.isShallow {
          throw CommandFailure(
            message: "cannot compare the source with commit \(previous), which \(branch) was compiled from",
            help: "the clone is shallow: 'git fetch --unshallow' brings the rest of the history")
        }
        if replacesUnrelated { continue }
        return unrelated(branch, "commit \(previous), which it was compiled from, is not in this repository")
      }
      switch try relation(to: previous) {
      case .newer: continue
      case .older: return .superseded(by: previous)
      case .neither:
        if replacesUnrelated { continue }
        return unrelated(
          branch, "it was compiled from commit \(previous), and neither contains the other")
      }
    }
    return .mayFollow
  }

  /// For a branch that holds sources of its own, which have gone another way.
  func diverged(_ branch: String) -> SourceStanding {
    unrelated(
      branch, "it holds sources of the fleet, which have diverged from commit \(source.id)",
      "merge one into the other, or name a branch of output only; --replace-unrelated writes all the same")
  }

  /// For the branch that holds the source itself.
  func standing(onOwn branch: String, _ tip: CommitFacts?) throws(CommandFailure) -> SourceStanding {
    guard let tip else {
      return unrelated(branch, "the branch does not exist there", "push the source first")
    }
    var commit = tip
    for _ in 0..<Self.reach where commit.id != source.id {
      guard isOutput(commit), let parent = commit.parents.first else { break }
      commit = try reporting { () throws(GitError) in try target.commit(parent) }
    }
    if commit.id == source.id { return .mayFollow }
    switch try relation(to: tip.id) {
    case .older: return .superseded(by: tip.id)
    case .newer:
      return unrelated(
        branch, "it does not hold the source commit \(source.id) yet", "merge or push the source first")
    case .neither:
      return unrelated(
        branch, "it and the source commit \(source.id) have diverged", "merge one into the other")
    }
  }

  /// How the source and another commit hang together.
  private enum Relation {
    /// The source's history has the other.
    case newer
    /// The other's history has the source.
    case older
    case neither
  }

  /// In a shallow clone one of the two questions may have an answer although the other has none.
  private func relation(to other: ObjectID) throws(CommandFailure) -> Relation {
    var gap: GitError?
    do {
      if try repository.isAncestor(other, of: source.id) { return .newer }
    } catch {
      guard repository.isShallow, error.kind == .missingObject else { throw CommandFailure(error) }
      gap = error
    }
    if try contains(other, source.id) { return .older }
    if let gap { throw CommandFailure(gap) }
    return .neither
  }

  /// True when the first commit's history has the second.
  func contains(_ commit: ObjectID, _ ancestor: ObjectID) throws(CommandFailure) -> Bool {
    try reporting { () throws(GitError) in try repository.isAncestor(ancestor, of: commit) }
  }

  private func has(_ commit: ObjectID) throws(CommandFailure) -> Bool {
    do {
      _ = try repository.commit(commit)
      return true
    } catch {
      if error.kind == .missingObject || error.kind == .notFound { return false }
      throw CommandFailure(error)
    }
  }

  private func unrelated(
    _ branch: String, _ reason: String,
    _ help: String = "fetch the missing history; if the output shall be replaced, --replace-unrelated does so"
  ) -> SourceStanding {
    var help = [help]
    let replaced = ReplacedObjects(repository)
    if replaced.rewritesHistory {
      help.append(
        "replacements (refs/replace, info/grafts) are not followed: only this repository knows them")
    }
    return .unrelated(
      Diagnostic(
        GitRules.unrelatedSource, "the output cannot go to \(branch.branchName): \(reason)", at: nil,
        help: help))
  }
}
