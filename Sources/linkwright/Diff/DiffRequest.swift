import Compiler
import Diagnostics
import FleetSpec
import Repository
import Review
import Snapshot

/// What `diff` is asked to compare, read from the command line.
struct DiffRequest {
  static let base = Option(
    name: "--base", value: "REV", help: "The earlier side; by default where HEAD left the default upstream")
  static let head = Option(name: "--head", value: "REV", help: "The later side instead of the working tree")
  static let staged = Option(
    name: "--staged", help: "The index is the later side, HEAD the earlier one unless --base says otherwise")
  static let recorded = Option(
    name: "--recorded", value: "SIDE",
    help: "Take the output on record of a side instead of compiling it: base, head or both",
    choices: ["base", "head", "both"])
  static let mergeBase = Option(
    name: "--merge-base", help: "Start where the histories of the two sides parted, not at the tip of --base")
  static let stages = Option(
    name: "--stages", help: "Also cut the change into stages that never break a live connection")
  static let format = Option(
    name: "--format", value: "FORMAT[=FILE]", repeats: true,
    help:
      "Report as text, markdown (a comment on a pull request) or json (schemas/diff.json), several in one run",
    choices: ReviewFormat.allCases.map(\.rawValue))
  static let whole = Option(
    name: "--whole", help: "Compile both sides as a whole, not only the part that the change can concern")
  static let exitZero = Option(name: "--exit-zero", help: "Exit with 0 although there are differences")
  static let noPager = Option(name: "--no-pager", help: "Do not page on a terminal")

  let base: DiffSide
  let head: DiffSide
  /// The way from the repository's root to the fleet's, with a final `/`, or empty.
  let prefix: String
  /// The head's directory on disk; nil for revisions and the index.
  let directory: String?

  init(_ parsed: ParsedArguments) throws(CommandFailure) {
    if parsed.has(Self.head), parsed.has(Self.staged) {
      throw CommandFailure(message: "--head and --staged exclude each other", help: "give one of them")
    }
    let recorded = parsed.last(Self.recorded)
    let source: FleetSource
    let name: String
    if let revision = parsed.last(Self.head) {
      source = try FleetSource(parsed, revision: revision)
      name = revision
    } else if parsed.has(Self.staged) {
      source = try FleetSource(stagedIn: parsed)
      name = "the index"
    } else {
      source = try FleetSource(directoryOf: parsed)
      name = "the working tree"
    }
    prefix = source.prefix
    directory = parsed.has(Self.head) || parsed.has(Self.staged) ? nil : source.directory
    var head = DiffSide(name: name, commit: source.commit, snapshot: source.snapshot)
    head.isRecorded = recorded == "head" || recorded == "both"
    if head.isRecorded {
      head.documents = try Self.documents(head, source.repository, source.prefix)
    }
    self.head = head
    self.base = try Self.base(parsed, source, head, isRecorded: recorded == "base" || recorded == "both")
  }

  // MARK: The earlier side

  private static func base(
    _ parsed: ParsedArguments, _ source: FleetSource, _ head: DiffSide, isRecorded: Bool
  ) throws(CommandFailure) -> DiffSide {
    // Without a revision, output on record is that of the later side: what 'build' or 'commit' would change.
    if !parsed.has(Self.base), parsed.last(Self.recorded) == "base" {
      var record = try recordOf(source, head)
      record.isRecorded = true
      return record
    }
    let repository: GitRepository
    if let open = source.repository {
      repository = open
    } else {
      repository = try RepositoryPlace(parsed.positional.first ?? ".").repository
    }
    var revision = parsed.last(Self.base)
    var commit: CommitFacts
    if let revision {
      commit = try Revision(revision).commit(in: repository)
      if parsed.has(Self.mergeBase) { commit = try parting(repository, commit, revision, head) }
    } else {
      (commit, revision) = try standardBase(parsed, repository, head)
    }
    let snapshot = CommitSnapshot(repository, commit: commit, prefix: String(source.prefix.dropLast()))
    var base = DiffSide(name: revision ?? "HEAD", commit: commit, snapshot: snapshot)
    base.isRecorded = isRecorded
    if isRecorded { base.documents = try documents(base, repository, source.prefix) }
    return base
  }

  // MARK: Documents of a record

  /// The documents that output on record was compiled from: those in the same tree, else those of the source commit
  /// that it names.
  private static func documents(
    _ side: DiffSide, _ repository: GitRepository?, _ prefix: String
  ) throws(CommandFailure) -> DiffSide.Documents {
    do {
      if try side.snapshot.entry(at: Compiler.fleetFile) != nil { return .own }
    } catch {
      throw CommandFailure(message: "cannot read \(error.path) in \(side.name): \(error.reason)")
    }
    guard let repository, let commit = side.commit else { return .laterInstead }
    return try sourceDocuments([commit], repository, prefix) ?? .laterInstead
  }

  /// The one source that all output commits name, where this repository has it.
  private static func sourceDocuments(
    _ outputs: [CommitFacts], _ repository: GitRepository, _ prefix: String
  ) throws(CommandFailure) -> DiffSide.Documents? {
    var sources: Set<ObjectID> = []
    for output in outputs {
      guard
        let source = try SourceOrder.namedSource(
          output, CommitSnapshot(repository, commit: output, prefix: String(prefix.dropLast())))
      else { return nil }
      sources.insert(source)
    }
    guard sources.count == 1, let id = sources.first else { return nil }
    do {
      let commit = try repository.commit(id)
      return .source(
        commit, CommitSnapshot(repository, commit: commit, prefix: String(prefix.dropLast())))
    } catch {
      if error.kind == .missingObject || error.kind == .notFound { return nil }
      throw CommandFailure(error)
    }
  }

  /// Where the later side's history left the default upstream; HEAD where there is none, and for the index.
  private static func standardBase(
    _ parsed: ParsedArguments, _ repository: GitRepository, _ head: DiffSide
  ) throws(CommandFailure) -> (CommitFacts, String) {
    let own = try reporting { () throws(GitError) in try repository.commit("HEAD") }
    if parsed.has(Self.staged) { return (own, "HEAD") }
    let upstream = try reporting { () throws(GitError) in try repository.defaultUpstream() }
    guard let upstream else { return (own, "HEAD") }
    let tip = try reporting { () throws(GitError) in try repository.commit(upstream) }
    let start = head.commit ?? own
    let name = upstream.replacing("refs/remotes/", with: "").replacing("refs/heads/", with: "")
    let shared = try reporting { () throws(GitError) in try repository.mergeBase(tip.id, start.id) }
    // Unrelated histories have no such place: then the upstream itself is the earlier side.
    guard let shared else { return (tip, name) }
    // On the default branch itself, everything that is not committed is the change.
    return (try reporting { () throws(GitError) in try repository.commit(shared) }, name)
  }

  private static func parting(
    _ repository: GitRepository, _ commit: CommitFacts, _ revision: String, _ head: DiffSide
  ) throws(CommandFailure) -> CommitFacts {
    var start = head.commit
    if start == nil { start = try reporting { () throws(GitError) in try repository.commit("HEAD") } }
    guard let start else { return commit }
    let shared = try reporting { () throws(GitError) in try repository.mergeBase(commit.id, start.id) }
    guard let shared else {
      throw CommandFailure(
        message:
          "the histories of \(revision) and \(head.commit == nil ? "HEAD" : head.name) have no commit in common",
        help: "leave out --merge-base to compare the two as they are")
    }
    return try reporting { () throws(GitError) in try repository.commit(shared) }
  }

  /// The output on record for the later side: in its own tree, or on the branches that the Fleet names.
  private static func recordOf(_ source: FleetSource, _ head: DiffSide) throws(CommandFailure) -> DiffSide {
    let (fleet, _) = try Compiling.fleet(source.snapshot)
    guard let fleet, fleet.branch != nil || fleet.units.contains(where: { $0.branch != nil }) else {
      return DiffSide(name: head.name, commit: head.commit, snapshot: head.snapshot, documents: .later)
    }
    var repository = source.repository
    if repository == nil, let directory = source.directory {
      repository = try RepositoryPlace(directory).repository
    }
    guard let repository else { return head }
    let branch = try reporting { () throws(GitError) in try repository.headReference() }
    var findings: [Diagnostic] = []
    guard let branches = OutputBranches.decide(fleet, named: nil, sourceBranch: branch, findings: &findings)
    else {
      throw CommandFailure(message: findings.first?.message ?? "nothing says which branch holds the output")
    }
    var tips: [String: any Snapshot] = [:]
    var outputs: [CommitFacts] = []
    for reference in branches.references {
      let id = try reporting { () throws(GitError) in try repository.target(ofReference: reference) }
      guard let id else {
        tips[reference] = MemorySnapshot([:])
        continue
      }
      let commit = try reporting { () throws(GitError) in try repository.commit(id) }
      outputs.append(commit)
      tips[reference] = CommitSnapshot(repository, commit: commit, prefix: String(source.prefix.dropLast()))
    }
    let known = tips
    return DiffSide(
      name: branches.references.map(\.branchName).joined(separator: ", "), commit: nil,
      snapshot: branches.recorded { known[$0] ?? MemorySnapshot([:]) },
      documents: try sourceDocuments(outputs, repository, source.prefix) ?? .laterInstead)
  }
}
