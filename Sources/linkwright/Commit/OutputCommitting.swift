import Compiler
import Diagnostics
import FleetSpec
import Output
import Repository
import Review
import Snapshot

/// Compiles a source commit and writes its output to branches.
///
/// Which files go, which are edited and what must not be taken away is judged against the tip that the commit lies
/// on; when another writer moves the branch, everything is judged again on the new tip.
struct OutputCommitting {
  let request: CommitRequest
  let source: CommitFacts
  let sourceSnapshot: any Snapshot
  let sourceRepository: GitRepository
  let target: GitRepository
  let fleet: Fleet
  /// The way from the repository's root to the fleet's, with a final `/`, or empty.
  let prefix: String
  let branches: OutputBranches
  /// The branch that the source was read from, when that is in the target.
  let sourceBranch: String?

  /// What a commit to one branch came to.
  enum Result {
    case committed(ObjectID, OutputChange)
    case unchanged(tip: ObjectID?, files: Int?)
    /// Nothing had to be committed, and the remote got commits that only this repository had.
    case pushed(ObjectID)
    case superseded(by: ObjectID)
    /// The findings say why.
    case refused
    /// Only stages are left that are not wanted yet.
    case waiting([String])
    /// What a dry run would do.
    case planned(OutputChange)
  }

  /// Findings of the last compile and of what stood in the way.
  private(set) var findings: [Diagnostic] = []
  /// Those of the compile alone: a later run with the same input tells them again.
  private(set) var told: [Diagnostic] = []
  private(set) var heldBack: [String] = []
  /// The tips that output is compared with, by reference.
  private(set) var tips: [String: CommitFacts] = [:]
  /// Results of earlier compiles; nil where everything shall be compiled.
  private let memo: MemoDirectory?
  /// What commits remember of each other; nil where everything shall be compiled or goes to several branches.
  private var memory: CommitMemory?
  /// What the compile depends on; nil where nothing may be left out.
  private(set) var inputDigest: String?
  /// With `--stages`: what the last decision came to, and what may break on the way.
  private(set) var stage: CommitStages.Next?
  private(set) var stages: [StagePlan.Stage] = []
  private var compiled: (tips: [String: ObjectID], compilation: Compilation)?
  /// The fleet's last outputs below the tip that was judged last.
  private(set) var history = BranchHistory.none
  private let packing: OutputPacking
  private let signing: CommitSigning?

  /// The trailer of complete output commits that names their own tree.
  static let treeTrailer = "Linkwright-Tree"
  /// The trailer with the number of notes and suppressed findings: some reports show them.
  static let notesTrailer = "Linkwright-Notes"
  /// The trailer with the number of warnings that nobody suppressed: a later run with the same input tells them again.
  static let warningsTrailer = "Linkwright-Warnings"

  init(
    _ request: CommitRequest, _ source: FleetSource, commit: CommitFacts, repository: GitRepository,
    target: GitRepository, fleet: Fleet, branches: OutputBranches, sourceBranch: String?
  ) throws(CommandFailure) {
    self.request = request
    self.source = commit
    sourceSnapshot = source.snapshot
    memo = request.recompiles ? nil : source.memo
    sourceRepository = repository
    self.target = target
    packing = OutputPacking(target)
    signing = try request.signing.map { (wish) throws(CommandFailure) in try CommitSigning(wish, in: target) }
    self.fleet = fleet
    prefix = source.prefix
    self.branches = branches
    self.sourceBranch = sourceBranch
    if let memo, !request.isStaged, branches.references.count == 1 {
      var options = request.options
      options.sourceDay = commit.day
      memory = CommitMemory(
        memo: memo, source: commit, snapshot: source.snapshot, repository: repository, prefix: source.prefix,
        fleet: fleet, options: options)
    }
    do {
      inputDigest = try InputDigest.digest(
        of: CommitSnapshot(repository, commit: commit, prefix: String(source.prefix.dropLast())),
        fleet: fleet,
        options: request.options)
    } catch {
      // The compile reports it.
      inputDigest = nil
    }
    for reference in branches.references {
      tips[reference] = try currentTip(reference)
    }
  }

  /// What a branch's output lies on: the branch; for a proposal, the proposed branch where there is one.
  private func currentTip(_ reference: String) throws(CommandFailure) -> CommitFacts? {
    try reporting { () throws(GitError) in
      var id = try target.target(ofReference: written(reference))
      if id == nil { id = try target.target(ofReference: reference) }
      return try id.map { (id) throws(GitError) in try target.commit(id) }
    }
  }

  /// The reference that is written for a branch: its own or, for a proposal, `<branch>-next`, with the fleet's
  /// directory for a promoter's `activePath`.
  func written(_ reference: String) -> String {
    guard request.proposes else { return reference }
    return reference + "-next" + (prefix.isEmpty ? "" : "/" + prefix.dropLast())
  }

  /// How the trailer names the fleet.
  var fleetName: String { fleet.name.value + (prefix.isEmpty ? "" : " in " + prefix.dropLast()) }

  /// Where a commit goes and what it is compared with.
  struct Place {
    /// The branch whose output it is.
    let branch: String
    /// The reference that moves: the branch, or a reference of Linkwright's own that is pushed.
    let reference: String
    /// What to build on where the reference does not exist.
    let base: ObjectID?
    /// Where notes are read and written.
    let notes: String
  }

  /// The place for writing in the repository itself.
  func localPlace(_ branch: String) throws(CommandFailure) -> Place {
    let base = try reporting { () throws(GitError) in
      request.proposes ? try target.target(ofReference: branch) : nil
    }
    return Place(branch: branch, reference: written(branch), base: base, notes: GitRepository.hydratorNotes)
  }

  // MARK: One branch

  /// Commits a branch's part of the output.
  mutating func commit(_ place: Place) throws(CommandFailure) -> Result {
    var outcome: OutputCommit.Outcome
    var result = Result.refused
    var failure: CommandFailure?
    let isOwn = try isSourceBranch(place.branch, tips[place.branch])
    let output = OutputCommit(
      reference: place.reference, allowsCheckedOutBranch: isOwn, reflog: "commit: linkwright \(source.id)",
      base: place.base,
      // A newer source that needs no commit says so in the notes only.
      witness: place.notes)
    // Written out: 6.3.1 crashes on a closure with a typed error inside `map`.
    var signer: OutputCommit.Signer?
    if let signing { signer = signing.sign }
    while true {
      do {
        outcome = try target.commit(output, signer: signer, mapping: AllCores()) { (tip) throws(GitError) in
          do throws(CommandFailure) {
            return try decide(place, tip, &result)
          } catch {
            failure = error
            return .stop
          }
        }
      } catch {
        if refuse(error, place) { return .refused }
        throw CommandFailure(error)
      }
      if let failure { throw failure }
      switch outcome {
      case .stopped(let tip):
        if case .unchanged = result {
          try noteUnchanged(place)
          if try currentTarget(place) != tip { continue }
        }
        return result
      case .committed(let id, _, _):
        try note(id, place)
        try remember(id)
        guard case .planned(let change) = result else { return result }
        return .committed(id, change)
      case .unchanged(let tip):
        try noteUnchanged(place)
        // The note says that this source needs no commit on this tip; it must still be the tip.
        if try currentTarget(place) != tip { continue }
        if let tip { try remember(tip) }
        guard case .planned(let change) = result else { return result }
        return .unchanged(tip: tip ?? tips[place.branch]?.id, files: change.unchanged)
      }
    }
  }

  /// What the reference is at, or what it would be built on.
  private func currentTarget(_ place: Place) throws(CommandFailure) -> ObjectID? {
    try reporting { () throws(GitError) in try target.target(ofReference: place.reference) }
  }

  /// Says what a dry run would do, on a tip.
  mutating func plan(_ place: Place, on tip: CommitFacts?) throws(CommandFailure) -> Result {
    var result = Result.refused
    _ = try decide(place, tip, &result)
    if case .planned(let change) = result, change.isEmpty {
      return .unchanged(tip: tips[place.branch]?.id, files: change.unchanged)
    }
    return result
  }

  private mutating func decide(
    _ place: Place, _ tip: CommitFacts?, _ result: inout Result
  ) throws(CommandFailure) -> OutputCommit.Decision {
    (findings, told) = ([], [])
    stage = nil
    stages = []
    tips[place.branch] = tip
    let isOwn = try isSourceBranch(place.branch, tip)
    history = try BranchHistory(of: tip, in: target, fleet: fleetName, holdsSource: isOwn)
    var other: [Diagnostic] = []
    switch try standing(place, tip, isOwn: isOwn, &other) {
    case .mayFollow: break
    case .superseded(let newer):
      result = .superseded(by: newer)
      return .stop
    case .unrelated(let finding):
      findings = [finding]
      result = .refused
      return .stop
    }
    if let tip, let inputDigest, !request.recompiles, tip.trailers(SourceOrder.fleetTrailer) == [fleetName],
      tip.trailers(InputDigest.trailer) == [inputDigest],
      // A commit that somebody amended or squashed still says what it was compiled from.
      tip.trailers(Self.treeTrailer) == ["\(tip.tree)"],
      // What was said of it is said again.
      let known = try saidBefore(of: tip, place)
    {
      findings = known + other
      result = .unchanged(tip: tip.id, files: nil)
      return .stop
    }
    let recorded = snapshot(of: tip)
    if tip != nil, let quick = try memory?.change(recorded: recorded) {
      told = quick.findings
      findings = told + other
      heldBack = []
      result = .planned(quick.change)
      return request.isDry ? .stop : .write(try proposal(quick.change, tip, isOwn: isOwn))
    }
    let compilation = try compile()
    memory?.note(compilation)
    told = compilation.findings
    findings = told + other
    heldBack = compilation.heldBack
    result = .refused
    guard !compilation.failed else { return .stop }
    let change = try change(place.branch, compilation)
    let obstacles = OutputObstacles(change, overwritesEdited: request.overwritesEdited).findings
    findings += obstacles
    guard !obstacles.containErrors else { return .stop }
    if request.isStaged {
      try stage(place.branch, compilation)
      if isBeyondLastStage {
        result = .waiting(stages.map(\.name.rawValue))
        return .stop
      }
    }
    let written = stage?.change ?? change
    result = .planned(written)
    return request.isDry ? .stop : .write(try proposal(written, tip, isOwn: isOwn))
  }

  /// Finds the next stage of the change to a branch.
  private mutating func stage(_ branch: String, _ compilation: Compilation) throws(CommandFailure) {
    let recorded = snapshot(of: tips[branch])
    let route = branches.route()
    do {
      let (plan, record) = try CommitStages.plan(compilation, from: recorded, fleet: fleet) {
        route($0) == branch
      }
      stages = plan.stages
      stage = try CommitStages.next(plan, on: record, in: recorded, fleet: fleet)
    } catch {
      throw CommandFailure(message: "cannot read \(error.path): \(error.reason)")
    }
  }

  /// True when stages are left after a commit, and wanted.
  var hasMoreStages: Bool {
    guard let stage, let next = stage.later.first else { return false }
    guard let last = request.lastStage else { return true }
    let names = StagePlan.Name.allCases.map(\.rawValue)
    return (names.firstIndex(of: next) ?? 0) <= (names.firstIndex(of: last) ?? 0)
  }

  /// True when the next stage is one that is not wanted.
  private var isBeyondLastStage: Bool {
    guard let stage, let last = request.lastStage else { return false }
    let names = StagePlan.Name.allCases.map(\.rawValue)
    return (names.firstIndex(of: stage.stage.name.rawValue) ?? 0) > (names.firstIndex(of: last) ?? 0)
  }

  /// True for a branch that holds the source, not only output.
  func isSourceBranch(_ branch: String, _ tip: CommitFacts?) throws(CommandFailure) -> Bool {
    if request.proposes || request.into != nil { return false }
    if branch == sourceBranch { return true }
    guard let tip else { return false }
    return (try? sourceRepository.isAncestor(source.id, of: tip.id)) ?? false
  }

  private func standing(
    _ place: Place, _ tip: CommitFacts?, isOwn: Bool, _ warnings: inout [Diagnostic]
  ) throws(CommandFailure) -> SourceStanding {
    let order = SourceOrder(
      repository: sourceRepository, source: source, target: target, fleet: fleetName, notes: place.notes,
      replacesUnrelated: request.replacesUnrelated)
    if isOwn { return try order.standing(onOwn: place.branch, tip) }
    let standing = try order.standing(on: place.branch, history, snapshot(of: tip))
    guard case .mayFollow = standing, let tip, !request.proposes else { return standing }
    let beside = SourcesBeside(
      source: source, repository: sourceRepository, fleet: fleet, prefix: String(prefix.dropLast()))
    switch try beside.finding(on: place.branch, tip, in: target) {
    case .none: break
    case .former(let finding): warnings.append(finding)
    case .diverged: if !request.replacesUnrelated { return order.diverged(place.branch) }
    }
    return standing
  }

  func snapshot(of tip: CommitFacts?) -> any Snapshot {
    guard let tip else { return MemorySnapshot([:]) }
    return CommitSnapshot(target, commit: tip, prefix: String(prefix.dropLast()))
  }

  // MARK: Compiling

  /// Keeps what the next commit can go on from, under the output that a commit has.
  private func remember(_ commit: ObjectID) throws(CommandFailure) {
    guard let memory else { return }
    let facts = try reporting { () throws(GitError) in try target.commit(commit) }
    memory.remember(output: snapshot(of: facts))
  }

  /// Keeps for later commands what this one compiled; after the branches are written, since nobody waits for it.
  func saveMemo() { if !request.isDry { memo?.save() } }

  /// The result of compiling with the output on record at the present tips.
  private mutating func compile() throws(CommandFailure) -> Compilation {
    let key = tips.mapValues(\.id)
    if let compiled, compiled.tips == key { return compiled.compilation }
    let recorded = branches.recorded { snapshot(of: tips[$0]) }
    var options = request.options
    options.sourceDay = source.day
    options.formerRoots = try formerRoots()
    options.looksForFormerOutput = false
    let packing = request.isDry || branches.references.count > 1 ? nil : packing
    let compilation = try Compiling.compile(
      sourceSnapshot, recorded: recorded, options, memo: memo, whenAssembled: packing?.begin)
    if compilation.failed { packing?.cancel() }
    if compilation.dependsOnDay { inputDigest = nil }
    Compiling.keep(compilation)
    compiled = (key, compilation)
    return compilation
  }

  /// Where the output lay before the Fleet gave it another place.
  private func formerRoots() throws(CommandFailure) -> [String] {
    try history.formerRoots(of: fleet, in: sourceSnapshot, sources: sourceRepository, prefix: prefix)
  }

  private func change(_ branch: String, _ compilation: Compilation) throws(CommandFailure) -> OutputChange {
    let recorded = snapshot(of: tips[branch])
    let route = branches.route()
    // The usual case: one branch, whose record the compile has read.
    let isWhole = branches.references == [branch]
    let former = try formerRoots()
    // Where a unit keeps its last output, that may lie in its former place.
    let keepsFormer = !compilation.heldBack.isEmpty
    let isKept = { (path: String) in
      compilation.isHeldBack(path) || keepsFormer && former.contains { path.hasPrefix($0 + "/") }
    }
    do {
      return try OutputChange(
        from: isWhole
          ? compilation.record : try OutputRecord(recorded, layout: OutputLayout(fleet), formerRoots: former),
        to: isWhole ? compilation.output : compilation.output.limited { route($0) == branch },
        keeps: { isKept($0) && route($0) == branch },
        blob: { entry throws(SnapshotError) in BlobID(of: try recorded.content(of: entry)) })
    } catch {
      throw CommandFailure(message: "cannot read \(error.path): \(error.reason)")
    }
  }

  // MARK: The commit

  private func proposal(
    _ change: OutputChange, _ tip: CommitFacts?, isOwn: Bool
  ) throws(CommandFailure) -> OutputCommit.Proposal {
    var contents = try packing.packed(change.items)
    var files: [TreeEdit.File] = []
    var removed: [String] = []
    for item in change.items {
      if let blob = item.blob {
        files.append(TreeEdit.File(path: prefix + item.path, blob: blob))
      } else {
        removed.append(prefix + item.path)
      }
    }
    var incidental: [String] = []
    return try reporting { () throws(GitError) in
      // A branch on which nothing of the fleet has ever been gets no metadata alone.
      let isNothing = change.isEmpty && history.outputs.isEmpty
      if !isOwn, !isNothing || tip != nil {
        let metadata = prefix + HydratorMetadata.fileName
        var batch = try ObjectBatch(for: target)
        let blob = try batch.add(
          blob: HydratorMetadata.content(of: source, repositoryURL: fleet.repositoryURL))
        // The files are in the order of their paths already, and need not be put in order again.
        let position = files.firstIndex { utf8Precedes(metadata, $0.path) } ?? files.count
        files.insert(TreeEdit.File(path: metadata, blob: blob), at: position)
        contents.append(batch.finish())
        // A promoter reads the branch by it: one that was removed or damaged is a change.
        let isReadable = (try? HydratorMetadata.source(in: snapshot(of: tip))) != nil
        incidental = isReadable || isNothing ? [metadata] : []
      }
      return OutputCommit.Proposal(
        edit: try TreeEdit(files: files, removed: removed), contents: contents,
        message: message(isComplete: heldBack.isEmpty && !findings.containErrors),
        author: author(on: tip), committer: committer(on: tip), incidentalPaths: incidental,
        treeTrailer: Self.treeTrailer)
    }
  }

  // MARK: Refusals

  /// Turns what the author can mend into a finding.
  private mutating func refuse(_ error: GitError, _ place: Place) -> Bool {
    let name = place.branch.branchName
    switch error.kind {
    case .checkedOut:
      findings = [
        Diagnostic(
          GitRules.checkedOutBranch, "\(name) cannot be written: \(error.message)", at: nil,
          help: ["name a branch that nobody works on, in spec.output.branch or with --branch"])
      ]
    case .conflict:
      findings.append(
        Diagnostic(
          OutputRules.foreignFile, "\(name): \(error.operation): \(error.message)", at: nil,
          help: [error.remedy ?? "move it away, or give the output another path"]))
    default: return false
    }
    return true
  }
}
