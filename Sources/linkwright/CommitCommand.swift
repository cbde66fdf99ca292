import Compiler
import Diagnostics
import FleetSpec
import Output
import Repository
import Review
import Snapshot

extension Command {
  /// `linkwright commit`
  static let commit = Command(
    name: "commit", summary: "Compile a commit and write its output to a branch", arguments: ["[DIR]"],
    options: [
      .ref, CommitRequest.branch, CommitRequest.author, CommitRequest.message, CommitRequest.sign,
      CommitRequest.signConfigured,
      CommitRequest.into, CommitRequest.push, CommitRequest.pushTimeout, CommitRequest.propose,
      CommitRequest.dryRun, CommitRequest.overwrite, CommitRequest.replaceUnrelated, CommitRequest.recompile,
      CommitRequest.stages, CommitRequest.until,
      .strict, .prunePending,
      .format, .color, .quiet, .verbose,
    ],
    discussion: """
      Reads the fleet of HEAD, or of --ref, and writes a commit with its output straight into the object database;
      working tree and index stay as they are. The branch is --branch, else spec.output.branch of the Fleet, else
      the branch of the source. Nothing is committed when nothing changed or when the branch has the output of a
      newer source already. Files that Linkwright does not own stay. Prints the commits it made. With --push the
      remote's branch counts: the commit is made on it, pushed without force, and the local branch follows.
      """,
    example: "linkwright commit --branch environment/prod --sign ~/.ssh/id_ed25519 --push origin"
  ) { parsed throws(CommandFailure) in
    let request = try CommitRequest(parsed)
    let source = try FleetSource(parsed, revision: request.revision ?? "HEAD")
    guard let repository = source.repository, let commit = source.commit else { return .failure }
    guard !repository.isQuarantined else {
      throw CommandFailure(
        message: "git is judging a push here, and no branch may move before it has taken it",
        help: "run 'linkwright validate' in pre-receive and 'linkwright commit' in post-receive")
    }
    let report = try Reporting(parsed, prefix: source.prefix)
    var target = repository
    if let path = request.into {
      target = try reporting { () throws(GitError) in
        // What the environment says of configuration holds for both; where the repository is, the option says.
        try GitRepository(at: path, .exactly, environment: RepositoryPlace.environment)
      }
    }
    try reporting { () throws(GitError) in try target.shareWhatIsMade() }
    let sourceBranch = request.into == nil ? try Self.sourceBranch(repository, request.revision) : nil
    var (fleet, findings) = try Compiling.fleet(source.snapshot)
    guard let fleet,
      let branches = OutputBranches.decide(
        fleet, named: request.branch, sourceBranch: sourceBranch, findings: &findings)
    else {
      try report.print(findings)
      return .findings
    }
    var committing = try OutputCommitting(
      request, source, commit: commit, repository: repository, target: target, fleet: fleet,
      branches: branches, sourceBranch: sourceBranch)
    var code = ExitCode.success
    for (index, branch) in branches.references.enumerated() {
      var result: OutputCommitting.Result
      var isFirst = index == 0
      repeat {
        if let push = request.push {
          result = try OutputPush(push, target).commit(branch, &committing)
        } else if request.isDry {
          result = try committing.plan(committing.localPlace(branch), on: committing.tips[branch])
        } else {
          result = try committing.commit(committing.localPlace(branch))
        }
        if isFirst || committing.findings.containErrors { try report.print(committing.findings) }
        isFirst = false
        Self.tell(committing, isDry: request.isDry, report)
        Self.tell(result, committing.written(branch).branchName, report)
        // Each stage is decided on the tip that the one before it made.
        guard case .committed = result else { break }
      } while committing.hasMoreStages
      if case .committed = result {
        let roots = OutputLayout(fleet).roots.map { source.prefix + $0 }
        try Self.tellCheckedOut(
          target, committing.written(branch), roots, isPushed: request.push != nil, report)
      }
      if committing.findings.containErrors { code = .findings }
      if case .refused = result {
        committing.saveMemo()
        return .findings
      }
    }
    committing.saveMemo()
    for root in committing.heldBack {
      report.summarize("held back: \(root) keeps its last output, because of an error in it")
    }
    return code
  }

  /// The branch that a revision names; nil for a detached HEAD, a tag or an id.
  private static func sourceBranch(
    _ repository: GitRepository, _ revision: String?
  ) throws(CommandFailure) -> String? {
    try reporting { () throws(GitError) in
      guard let revision, revision != "HEAD", revision != "@" else { return try repository.headReference() }
      let name = revision.hasPrefix("refs/heads/") ? revision : "refs/heads/" + revision
      guard GitRepository.isBranchName(name.branchName) else { return nil }
      return try repository.target(ofReference: name) == nil ? nil : name
    }
  }

  /// What a stage is, and what may break on it.
  private static func tell(_ committing: OutputCommitting, isDry: Bool, _ report: Reporting) {
    for stage in isDry ? committing.stages : Array(committing.stages.prefix(1)) {
      report.summarize("stage \(stage.name.rawValue): \(stage.summary)")
      for fault in stage.faults { Terminal.printError("warning: \(fault)\n") }
    }
  }

  private static func tell(_ result: OutputCommitting.Result, _ branch: String, _ report: Reporting) {
    switch result {
    case .committed(let id, let change):
      Terminal.print("\(id) \(branch)\n")
      report.summarize("committed to \(branch): \(change.summary)")
    case .unchanged(let tip, let files):
      report.summarize(
        "unchanged: \(branch)\(tip.map { " at \($0)" } ?? "")\(files.map { ", \($0) files" } ?? ", same input")"
      )
    case .pushed(let tip):
      report.summarize("pushed: \(branch) at \(tip), which the remote lacked; nothing else changed")
    case .superseded(let newer):
      report.summarize("superseded: \(branch) is at \(newer), or has its output, and that is newer")
    case .planned(let change):
      for item in change.items { Terminal.print("\(item.kind.sign) \(item.path)\n") }
      report.summarize("would commit to \(branch): \(change.summary)")
    case .waiting(let stages):
      report.summarize("waiting: \(branch) has \(stages.joined(separator: ", ")) left for a later run")
    case .refused: break
    }
  }

  /// A working tree that shows the new output as undone.
  private static func tellCheckedOut(
    _ target: GitRepository, _ branch: String, _ roots: [String], isPushed: Bool, _ report: Reporting
  ) throws(CommandFailure) {
    let directory = try reporting { () throws(GitError) in try target.workingTree(holding: branch) }
    guard let directory else { return }
    if isPushed {
      report.summarize(
        "\(branch.branchName) is checked out in \(directory) and stays behind the remote: run 'git pull --ff-only' there"
      )
      return
    }
    report.summarize(
      "\(branch.branchName) is checked out in \(directory), which still has the old output: "
        + "'git restore --staged --worktree -- \(roots.joined(separator: " "))' there takes over the new one")
  }
}
