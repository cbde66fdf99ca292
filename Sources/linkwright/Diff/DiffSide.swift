import Compiler
import Diagnostics
import FleetSpec
import Output
import Repository
import Review
import Snapshot

/// One side of a comparison, before anything is compiled.
struct DiffSide {
  /// By which documents the paths of output on record are judged.
  enum Documents {
    /// Those that lie beside it.
    case own
    /// Those of the commit that it was compiled from.
    case source(CommitFacts, any Snapshot)
    /// Those of the later side, in whose tree it lies.
    case later
    /// Those of the later side, for want of better ones.
    case laterInstead
  }

  /// `the working tree`, or what the user called it.
  let name: String
  let commit: CommitFacts?
  let snapshot: any Snapshot
  /// True to take the output that lies there instead of compiling.
  var isRecorded = false
  var documents = Documents.own

  init(name: String, commit: CommitFacts?, snapshot: any Snapshot, documents: Documents = .own) {
    self.name = name
    self.commit = commit
    self.snapshot = snapshot
    self.documents = documents
  }

  /// Where the Fleet is that lays out the side's files.
  var specification: any Snapshot {
    if case .source(_, let documents) = documents { documents } else { snapshot }
  }

  var description: Review.Side {
    let what = isRecorded ? "the output on record in \(name)" : name
    return Review.Side(name: what, commit: commit.map { "\($0.id)" })
  }
}

/// A side after it was read.
struct ReadSide {
  let side: DiffSide
  /// The side's own compile; nil for output on record.
  var compilation: Compilation?
  /// The compile whose documents declare the side's paths.
  var judge: Compilation?
  /// Nil when nothing of the side can be compared.
  var output: OutputSide?
  /// What could not be read, and why.
  var limits: [String] = []
  /// Connections that could not be compiled: nobody knows their objects.
  var unknown = UnknownConnections()
  /// Connections whose paths nobody knows.
  var unknownPaths = UnknownConnections()
  /// Nil where nobody knows them.
  var paths: [ReviewedPath]?
  /// True where both sides are alike: nothing was compiled, and no verdict can differ.
  var isUnchanged = false

  /// True when the paths of the side carry verdicts.
  var isJudged: Bool { isUnchanged || judge?.judgement != nil }

  init(_ side: DiffSide) { self.side = side }

  /// Reads a side. `fleet` lays out the output of a side without a Fleet of its own.
  ///
  /// - Parameter later: the compile of the later side, where that is known already.
  static func read(
    _ side: DiffSide, slice: any Snapshot, fleet: Fleet?, options: CompileOptions, later: Compilation? = nil
  ) throws(CommandFailure) -> ReadSide {
    do throws(SnapshotError) {
      // A revision from before the fleet was there has an empty output.
      if !side.isRecorded, try side.snapshot.entry(at: Compiler.fleetFile) == nil {
        var read = ReadSide(side)
        read.output = fleet.map { OutputSide(emptyFor: $0) }
        read.paths = []
        return read
      }
    } catch {
      throw CommandFailure(message: "cannot read \(error.path) in \(side.name): \(error.reason)")
    }
    if side.isRecorded { return try recorded(side, fleet, options, later) }
    let compilation = try Compiling.compile(slice, recorded: MemorySnapshot([:]), options)
    // What lies on record is no part of what a fleet gives, and 'validate' judges what the two have to do with it.
    Compiling.keep(compilation)
    return compiled(side, compilation)
  }

  // MARK: Output on record

  private static func recorded(
    _ side: DiffSide, _ fleet: Fleet?, _ options: CompileOptions, _ later: Compilation?
  ) throws(CommandFailure) -> ReadSide {
    var read = ReadSide(side)
    guard let fleet else {
      read.limits = ["\(side.name) has no Fleet that says where its output lies"]
      return read
    }
    let (judge, name) = try documents(of: side, options, later)
    read.judge = judge
    do throws(SnapshotError) {
      let record = try OutputRecord(side.snapshot, layout: OutputLayout(fleet))
      read.limits = record.broken.map {
        "\($0) in \(side.name) is no inventory: the files that it owns are unknown"
      }
      let output = try OutputSide(record: record, in: side.snapshot, fleet: fleet)
      read.output = output
      guard let judge, let judged = try judge.paths(with: output) else {
        read.limits.append("the paths of the output on record in \(side.name): \(name)")
        return read
      }
      read.paths = judged.paths
      read.unknownPaths = judge.unknownConnections
      let unknown = judge.unknownConnections
      if !unknown.ids.isEmpty || !unknown.names.isEmpty {
        read.limits.append(
          "the paths of connections that \(name) declares with errors: \(listed(unknown.ids.sorted() + unknown.names.sorted()))"
        )
      }
      if !judged.undeclared.isEmpty {
        read.limits.append(
          "the paths of connections that the output on record in \(side.name) serves and \(name) does not declare: \(listed(judged.undeclared))"
        )
      }
    } catch {
      throw CommandFailure(message: "cannot read \(error.path) in \(side.name): \(error.reason)")
    }
    return read
  }

  /// The compile whose documents declare the paths of output on record, and what it is called; without one, why.
  private static func documents(
    of side: DiffSide, _ options: CompileOptions, _ later: Compilation?
  ) throws(CommandFailure) -> (Compilation?, String) {
    func compile(_ snapshot: any Snapshot) throws(CommandFailure) -> Compilation {
      let compilation = try Compiling.compile(snapshot, recorded: MemorySnapshot([:]), options)
      Compiling.keep(compilation)
      return compilation
    }
    let compilation: Compilation?
    let name: String
    switch side.documents {
    case .own: (compilation, name) = (try compile(side.snapshot), side.name)
    case .source(let commit, let snapshot):
      (compilation, name) = (try compile(snapshot), "its source \("\(commit.id)".prefix(12))")
    case .later, .laterInstead: (compilation, name) = (later, "the later side")
    }
    guard let compilation else { return (nil, "nothing says which documents it was compiled from") }
    return compilation.judgement == nil
      ? (nil, "the documents of \(name) could not be judged") : (compilation, name)
  }

  private static func listed(_ names: [String]) -> String {
    "\(names.prefix(5).joined(separator: ", "))\(names.count > 5 ? " and \(names.count - 5) more" : "")"
  }

  // MARK: Compiles

  private static func compiled(_ side: DiffSide, _ compilation: Compilation) -> ReadSide {
    var read = ReadSide(side)
    read.compilation = compilation
    read.judge = compilation
    let errors = compilation.findings.filter { $0.severity == .error && $0.suppression == nil }
    if let first = errors.first {
      let place = first.primary.map { label in
        label.range.file.bytes.isEmpty
          ? " \(label.range.file.path)" : " \(label.range.file.path):\(label.range.startPosition.line)"
      }
      read.limits.append(
        "\(side.name) has \(errors.count) \(errors.count == 1 ? "error" : "errors"), the first: \(first.rule.id)\(place ?? ""): \(first.message)"
      )
    }
    guard let fleet = compilation.fleet, compilation.canBeCompared else {
      read.limits.append("nothing of \(side.name) can be compared")
      return read
    }
    read.unknown = compilation.unknownConnections
    read.unknownPaths = read.unknown
    let names = read.unknown.ids.sorted() + read.unknown.names.sorted()
    if !names.isEmpty {
      read.limits.append("connections of \(side.name) with errors: \(listed(names))")
    }
    read.output = OutputSide(compilation.output, fleet: fleet)
    read.paths = compilation.reviewedPaths
    return read
  }
}
