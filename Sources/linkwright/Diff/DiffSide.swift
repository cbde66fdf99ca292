import Compiler
import Diagnostics
import FleetSpec
import Output
import Repository
import Review
import Snapshot

/// One side of a comparison, before anything is compiled.
struct DiffSide {
  /// `the working tree`, or what the user called it.
  let name: String
  let commit: CommitFacts?
  let snapshot: any Snapshot
  /// True to take the output that lies there instead of compiling.
  var isRecorded = false

  var description: Review.Side {
    let what = isRecorded ? "the output on record in \(name)" : name
    return Review.Side(name: what, commit: commit.map { "\($0.id)" })
  }
}

/// A side after it was read.
struct ReadSide {
  let side: DiffSide
  /// Nil for output on record.
  let compilation: Compilation?
  /// Nil when nothing of the side can be compared.
  let output: OutputSide?
  /// What could not be read, and why.
  let limits: [String]
  /// Connections that could not be compiled.
  let unknown: UnknownConnections
  /// True where both sides are alike: nothing was compiled, and no verdict can differ.
  var isUnchanged = false

  /// True when the paths of the side carry verdicts.
  var isJudged: Bool { isUnchanged || compilation?.judgement != nil }

  /// Reads a side. `fleet` lays out the output of a side without a Fleet of its own.
  static func read(
    _ side: DiffSide, slice: any Snapshot, fleet: Fleet?, options: CompileOptions
  ) throws(CommandFailure) -> ReadSide {
    do throws(SnapshotError) {
      if side.isRecorded { return try recorded(side, fleet) }
      // A revision from before the fleet was there has an empty output.
      if try side.snapshot.entry(at: Compiler.fleetFile) == nil {
        return ReadSide(
          side: side, compilation: nil, output: fleet.map { OutputSide(emptyFor: $0) }, limits: [],
          unknown: .init())
      }
    } catch {
      throw CommandFailure(message: "cannot read \(error.path) in \(side.name): \(error.reason)")
    }
    let compilation = try Compiling.compile(slice, recorded: MemorySnapshot([:]), options)
    // What lies on record is no part of what a fleet gives, and 'validate' judges what the two have to do with it.
    Compiling.keep(compilation)
    return compiled(side, compilation)
  }

  private static func recorded(_ side: DiffSide, _ fleet: Fleet?) throws(SnapshotError) -> ReadSide {
    guard let fleet else {
      return ReadSide(
        side: side, compilation: nil, output: nil,
        limits: ["\(side.name) has no Fleet that says where its output lies"], unknown: .init())
    }
    let record = try OutputRecord(side.snapshot, layout: OutputLayout(fleet))
    let broken = record.broken.map {
      "\($0) in \(side.name) is no inventory: the files that it owns are unknown"
    }
    return ReadSide(
      side: side, compilation: nil, output: try OutputSide(record: record, in: side.snapshot, fleet: fleet),
      limits: broken, unknown: .init())
  }

  private static func compiled(_ side: DiffSide, _ compilation: Compilation) -> ReadSide {
    let errors = compilation.findings.filter { $0.severity == .error && $0.suppression == nil }
    var limits: [String] = []
    if let first = errors.first {
      let place = first.primary.map { label in
        label.range.file.bytes.isEmpty
          ? " \(label.range.file.path)" : " \(label.range.file.path):\(label.range.startPosition.line)"
      }
      limits.append(
        "\(side.name) has \(errors.count) \(errors.count == 1 ? "error" : "errors"), the first: \(first.rule.id)\(place ?? ""): \(first.message)"
      )
    }
    guard let fleet = compilation.fleet, compilation.canBeCompared else {
      limits.append("nothing of \(side.name) can be compared")
      return ReadSide(side: side, compilation: compilation, output: nil, limits: limits, unknown: .init())
    }
    let unknown = compilation.unknownConnections
    let names = unknown.ids.sorted() + unknown.names.sorted()
    if !names.isEmpty {
      limits.append(
        "connections of \(side.name) with errors: \(names.prefix(5).joined(separator: ", "))\(names.count > 5 ? " and \(names.count - 5) more" : "")"
      )
    }
    return ReadSide(
      side: side, compilation: compilation, output: OutputSide(compilation.output, fleet: fleet),
      limits: limits, unknown: unknown)
  }
}
