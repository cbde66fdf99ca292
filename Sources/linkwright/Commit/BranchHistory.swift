import Compiler
import FleetSpec
import Output
import Repository
import Snapshot

/// What the history of a branch says of a fleet's output on it: its last outputs, also beneath commits of others.
///
/// Other fleets write the same branch, people put files of their own on it, and a promoter merges: the tip alone does
/// not tell which source the output came from.
struct BranchHistory {
  /// The fleet's output commits that no later one of the same line of history follows; nearest first.
  let outputs: [CommitFacts]

  static let none = BranchHistory()

  private init() { outputs = [] }

  /// How many commits of others are looked through on a branch of output, and on one that holds the source.
  private static let (reach, reachAmongSources) = (10_000, 200)

  /// Reads commits from the tip down each line of history to the first that is one of the fleet's outputs. A parent that
  /// is not there (a shallow clone) ends its line.
  init(
    of tip: CommitFacts?, in repository: GitRepository, fleet: String, holdsSource: Bool
  ) throws(CommandFailure) {
    let reach = holdsSource ? Self.reachAmongSources : Self.reach
    var outputs: [CommitFacts] = []
    var pending = tip.map { [$0] } ?? []
    var seen = Set(pending.map(\.id))
    var next = 0
    while next < pending.count, next < reach {
      let commit = pending[next]
      next += 1
      if commit.trailers(SourceOrder.fleetTrailer).contains(fleet) {
        outputs.append(commit)
        continue
      }
      for parent in commit.parents where seen.insert(parent).inserted {
        do {
          pending.append(try repository.commit(parent))
        } catch {
          guard error.kind == .missingObject || error.kind == .notFound else { throw CommandFailure(error) }
        }
      }
    }
    self.outputs = outputs
  }

  /// Where the output lay when the fleet was compiled last, as far as its Fleet says so now no more: a changed
  /// `spec.output.path`, or that of a unit.
  ///
  /// - Parameter sources: where the commits are that outputs name.
  func formerRoots(
    of fleet: Fleet, in source: any Snapshot, sources: GitRepository, prefix: String
  ) throws(CommandFailure) -> [String] {
    guard let named = outputs.first?.trailers(SourceOrder.sourceTrailer).last,
      let id = ObjectID(hexadecimal: named), let commit = try? sources.commit(id)
    else { return [] }
    let former = CommitSnapshot(sources, commit: commit, prefix: String(prefix.dropLast()))
    guard let old = try? former.entry(at: Compiler.fleetFile),
      old != (try? source.entry(at: Compiler.fleetFile)),
      let then = try? Compiling.fleet(former).0
    else { return [] }
    let roots = OutputLayout(fleet).roots
    return OutputLayout(then).roots.filter { root in
      // What holds a present root, or lies in one, is looked at anyway or cannot be told from it; sources are read.
      ![fleet.spec, fleet.workloads, fleet.recorded, fleet.observed].contains { $0.mayMatch(below: root) }
        && !roots.contains { $0 == root || $0.hasPrefix(root + "/") || root.hasPrefix($0 + "/") }
    }
  }
}
