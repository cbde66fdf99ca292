import Compiler
import FleetSpec
import Output
import Review
import Snapshot

/// `commit --stages`: a change as one commit for each stage, each of them an output that consumers can sync.
///
/// Nothing is remembered between stages: each is decided anew on the tip that it lies on, and what an earlier stage has
/// done is simply no difference any more. So a run that was interrupted goes on where it stopped, a newer source takes
/// over in between, and a commit without `--stages` finishes the rest at once.
struct CommitStages {
  /// The trailer of a stage's commit.
  static let trailer = "Linkwright-Stage"

  /// What the next commit does.
  struct Next {
    let stage: StagePlan.Stage
    /// The names of the stages after it.
    let later: [String]
    /// The files of this stage; nil for the last, which is the compiled output itself.
    let change: OutputChange?

    /// `provide; then consume, remove`.
    var text: String {
      later.isEmpty ? stage.name.rawValue : "\(stage.name.rawValue); then \(later.joined(separator: ", "))"
    }
  }

  /// The stages between the output on record and a compile's; none when nothing is to be done.
  ///
  /// - Parameter takes: true for paths of the branch that is written.
  static func plan(
    _ compilation: Compilation, from recorded: any Snapshot, fleet: Fleet, takes: (String) -> Bool
  ) throws(SnapshotError) -> (plan: StagePlan, record: OutputRecord) {
    let record = try OutputRecord(recorded, layout: OutputLayout(fleet))
    let base = try OutputSide(record: record, in: recorded, fleet: fleet)
    let output = compilation.output.limited { takes($0) && !compilation.isHeldBack($0) }
    let comparison = try ObjectComparison(
      from: base, to: OutputSide(output, fleet: fleet), map: ObjectComparison.onAllCores)
    let changes = comparison.changes.filter { !compilation.isHeldBack($0.path) }
    return (try compilation.proved(StagePlan(changes), from: base), record)
  }

  /// The first of the stages, with its files.
  static func next(
    _ plan: StagePlan, on record: OutputRecord, in recorded: any Snapshot, fleet: Fleet
  ) throws(SnapshotError) -> Next? {
    guard let stage = plan.stages.first else { return nil }
    let later = plan.stages.dropFirst().map(\.name.rawValue)
    guard !later.isEmpty else { return Next(stage: stage, later: [], change: nil) }
    var staged = try StagedOutput(record, in: recorded, fleet: fleet)
    return Next(stage: stage, later: later, change: staged.apply(stage))
  }
}
