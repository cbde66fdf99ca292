import Compiler
import Diagnostics
import Repository
import Snapshot

/// What commands that check a commit or the index remember of each other: the same source with the same output on record
/// gets the same answer without compiling, and one that differs a little is told from the last.
struct CheckMemory {
  private let memo: MemoDirectory
  private let repository: GitRepository
  private let input: CompileInput
  private let options: CompileOptions
  private let check: CheckHistory.Check
  private var history: CheckHistory
  /// True for a command that asks whether the output on record is up to date.
  private let comparesOutput: Bool

  /// So many earlier checks are tried: on a server, branches take turns.
  private static let attempts = 2

  /// Nil where nothing is remembered: for directories, and where something beside the source counts.
  init?(_ command: String, _ input: CompileInput, _ options: CompileOptions, comparesOutput: Bool) {
    guard let memo = input.memo, let repository = input.source.repository, options.extraWorkloads.isEmpty,
      options.clusters.isEmpty, !options.isParanoid,
      let source = try? input.source.snapshot.directoryID("")
    else { return nil }
    self.memo = memo
    self.repository = repository
    self.input = input
    self.options = options
    self.comparesOutput = comparesOutput
    check = CheckHistory.Check(source: source, record: input.branches?.name ?? "beside")
    history = CheckHistory(
      "\(command) strict \(options.isStrict) prune \(options.prunesPending)", in: memo)
  }

  /// What the command said last time; nil where remarks are wanted and not known.
  func report(withRemarks: Bool) throws(CommandFailure) -> RememberedReport? {
    let report = RememberedReport(
      history.reportKey(check, day: options.sourceDay), in: memo,
      files: [input.source.snapshot, input.recorded],
      templates: try Compiling.compiler().templateTexts)
    return withRemarks && report?.remarks == nil ? nil : report
  }

  /// What it would say, told from an earlier check; nil where everything has to be compiled, for whatever reason: the
  /// full compile says what is wrong.
  func told() throws(CommandFailure) -> IncrementalCheck? {
    let compiler = try Compiling.compiler()
    let head = CheckedSide(source: input.source.snapshot, record: input.recorded)
    var attempts = Self.attempts
    for earlier in history.checks where attempts > 0 {
      guard let remembered = history.remembered(earlier, in: memo), let base = side(earlier) else { continue }
      attempts -= 1
      let told = try? compiler.check(
        changeFrom: remembered, base, head, named: check.source.hexadecimal, options: options,
        comparesOutput: comparesOutput, memo: memo)
      if let told { return told }
    }
    guard let (remembered, base) = committed() else { return nil }
    return try? compiler.check(
      changeFrom: remembered, base, head, named: check.source.hexadecimal, options: options,
      comparesOutput: comparesOutput, memo: memo)
  }

  /// The source whose output a commit wrote to the branch, with what the commit remembers.
  private func committed() -> (RememberedCompile, CheckedSide)? {
    guard input.branches != nil, let fleet = try? Compiling.fleet(input.source.snapshot).0,
      let key = try? RememberedCompile.key(of: input.recorded, fleet: fleet, options: options),
      let remembered = RememberedCompile(key, in: memo), let id = ObjectID(hexadecimal: remembered.source),
      let commit = try? repository.commit(id)
    else { return nil }
    let source = CommitSnapshot(repository, commit: commit, prefix: String(input.source.prefix.dropLast()))
    return (remembered, CheckedSide(source: source, record: input.recorded))
  }

  /// The two sides of an earlier check; nil where they are not there any more.
  private func side(_ earlier: CheckHistory.Check) -> CheckedSide? {
    let tree = ObjectID(earlier.source)
    guard repository.holdsTree(tree) else { return nil }
    let source = CommitSnapshot(repository, tree: tree)
    guard let branches = input.branches else { return CheckedSide(source: source, record: source) }
    // What a branch held then is found by its name only while it holds it.
    guard earlier.record == branches.name else { return nil }
    return CheckedSide(source: source, record: input.recorded)
  }

  // MARK: Keeping

  /// Keeps what a full compile came to, and what is said of it.
  mutating func keep(_ compilation: Compilation, isBase: Bool, _ report: RememberedReport) {
    report.keep(under: history.reportKey(check, day: options.sourceDay), in: memo)
    if isBase {
      history.keep(
        check, compilation, of: input.source.snapshot, countsFiles: comparesOutput, in: memo)
    }
  }

  /// Keeps what was told, and what is said of it.
  mutating func keep(_ told: IncrementalCheck, _ report: RememberedReport) {
    report.keep(under: history.reportKey(check, day: options.sourceDay), in: memo)
    history.keep(check, told, in: memo)
  }
}

/// What a command compiles, with the output on record.
struct CompileInput {
  let source: FleetSource
  /// Where the output on record lies.
  let recorded: any Snapshot
  /// The branches that it lies on; nil where it lies beside the source or somewhere else.
  let branches: RecordedBranches?
  /// Results of earlier compiles.
  let memo: MemoDirectory?

  /// - Parameters:
  ///   - output: the directory whose output is on record; nil for the source's own, or the branches that the Fleet
  ///     names.
  ///   - isBeside: true where what lies beside the source counts, whatever branches are named.
  init(_ parsed: ParsedArguments, output: String? = nil, isBeside: Bool = false) throws(CommandFailure) {
    source = try FleetSource(parsed)
    branches = output == nil && !isBeside ? try RecordedBranches(source) : nil
    recorded = output.map { DirectorySnapshot(root: $0) } ?? branches?.snapshot ?? source.snapshot
    memo = source.memo
  }
}
