import Compiler
import Glibc
import Output
import Repository

/// Commits onto a remote's branch: looks what the remote has, makes the commit on that, pushes it, and starts over
/// when somebody else was faster.
///
/// git itself talks to the remote, in a process that is ended when the time is up. Until the remote has taken the
/// commit it hangs on a reference of Linkwright's own, so that a remote that refuses or never answers leaves the
/// local branch as it was.
struct OutputPush {
  private let request: CommitRequest.Push
  private let repository: GitRepository
  private let deadline: Double
  /// True for a remote of the configuration, false for an address.
  private let isConfigured: Bool

  /// How often a lost race is run again.
  private static let attemptLimit = 30

  init(_ request: CommitRequest.Push, _ repository: GitRepository) {
    self.request = request
    self.repository = repository
    deadline = ChildProcess.now + request.seconds
    isConfigured = (try? repository.remoteURL(request.remote)) != nil
  }

  /// What the remote has of the references that matter.
  private struct RemoteState {
    var branch: ObjectID?
    /// The branch that a proposal is for; the branch itself otherwise.
    var active: ObjectID?
    var notes: ObjectID?
  }

  private enum PushOutcome {
    case accepted
    case lost(String)
  }

  /// Commits and pushes a branch's part of the output.
  func commit(_ branch: String, _ committing: inout OutputCommitting) throws(CommandFailure)
    -> OutputCommitting.Result
  {
    let written = committing.written(branch)
    PushReference.sweep(repository)
    let own = PushReference(seconds: request.seconds)
    let place = (reference: own.commit, notes: own.notes)
    defer { for name in [place.reference, place.notes] { try? repository.removeOwnReference(name) } }
    var reason = ""
    var usesOwn = written != committing.sourceBranch
    for attempt in 0..<Self.attemptLimit {
      let state = try remoteState(written, active: branch)
      for name in [place.reference, place.notes] {
        try reporting { () throws(GitError) in try repository.removeOwnReference(name) }
      }
      let ahead = usesOwn ? try ownTip(written, beyond: state.branch, of: committing.source) : nil
      if let notes = try ahead == nil ? state.notes : notes(beyond: state.notes) {
        try set(place.notes, nil, notes)
      }
      let base = ahead ?? state.branch ?? state.active
      let destination = OutputCommitting.Place(
        branch: branch, reference: place.reference, base: base, notes: place.notes)
      if committing.request.isDry {
        let tip = try base.map { (id) throws(CommandFailure) in
          try reporting { () throws(GitError) in try repository.commit(id) }
        }
        let result = try committing.plan(destination, on: tip)
        guard case .superseded = result, ahead != nil else { return result }
        usesOwn = false
        continue
      }
      let result = try committing.commit(destination)
      var pairs: [(from: String, to: String)] = []
      switch result {
      case .committed: pairs.append((place.reference, written))
      case .unchanged:
        if let ahead {
          try set(place.reference, nil, ahead)
          pairs.append((place.reference, written))
        }
      case .superseded where ahead != nil:
        // By what only this repository has: the remote gets what it asks for.
        usesOwn = false
        continue
      case .superseded, .refused, .waiting, .planned, .pushed: return result
      }
      let notes = try target(place.notes)
      if notes != state.notes { pairs.append((place.notes, GitRepository.hydratorNotes)) }
      switch pairs.isEmpty ? .accepted : try push(pairs) {
      case .accepted:
        if case .committed(let id, _) = result {
          try follow(written, to: id)
        } else if ahead == nil, let id = state.branch {
          // An earlier run may have been ended between the push and this.
          try follow(written, to: id)
        }
        if let notes { try follow(GitRepository.hydratorNotes, to: notes) }
        if let ahead, case .unchanged = result { return .pushed(ahead) }
        return result
      case .lost(let text): reason = text
      }
      // The process id keeps processes apart that lost to the same one.
      usleep(UInt32(1000 * (attempt + 1)) + UInt32(bitPattern: getpid() &* 7919) % 20_000)
    }
    throw CommandFailure(
      message:
        "others moved \(written.branchName) at \(remoteName) \(Self.attemptLimit) times meanwhile: \(reason)",
      help: "run it again when fewer write at once; the local branch is as it was")
  }

  // MARK: What only this repository has

  /// The local branch's tip, where it has all that the remote's branch has and more: commits that were made without
  /// pushing them. What has diverged, and a branch that the remote has not, count for nothing; nor does a branch that
  /// holds the source: pushing that is for its author to decide.
  private func ownTip(
    _ written: String, beyond remote: ObjectID?, of source: CommitFacts
  ) throws(CommandFailure) -> ObjectID? {
    guard let remote, let own = try target(written), own != remote,
      (try? repository.isAncestor(remote, of: own)) == true,
      (try? repository.isAncestor(source.id, of: own)) != true
    else { return nil }
    return own
  }

  /// The local notes, where they have all that the remote's have; else the remote's.
  private func notes(beyond remote: ObjectID?) throws(CommandFailure) -> ObjectID? {
    guard let own = try target(GitRepository.hydratorNotes) else { return remote }
    guard let remote else { return own }
    return (try? repository.isAncestor(remote, of: own)) == true ? own : remote
  }

  // MARK: The remote

  private func remoteState(_ written: String, active: String) throws(CommandFailure) -> RemoteState {
    let names = [written, active, GitRepository.hydratorNotes]
    let place = try pushAddress()
    let listing = try git(["ls-remote", "--", place] + Array(Set(names)).sorted(), "read")
    guard listing.status == 0 else { throw failure("read", listing) }
    var found: [String: ObjectID] = [:]
    for line in listing.text.split(separator: "\n") {
      let parts = line.split(separator: "\t").map(String.init)
      if parts.count == 2, let id = ObjectID(hexadecimal: parts[0]) { found[parts[1]] = id }
    }
    let missing = names.filter { name in found[name].map { !has($0) } ?? false }
    if !missing.isEmpty {
      let fetched = try git(
        ["fetch", "--quiet", "--no-tags", "--no-recurse-submodules", "--", place]
          + Array(Set(missing)).sorted(), "fetch from")
      guard fetched.status == 0 else { throw failure("fetch from", fetched) }
    }
    return RemoteState(
      branch: found[written], active: found[active], notes: found[GitRepository.hydratorNotes])
  }

  /// Where the remote is written, which may be another place than where it is read (`pushurl`): that one's state counts.
  private func pushAddress() throws(CommandFailure) -> String {
    guard isConfigured else { return request.remote }
    let address = try git(["remote", "get-url", "--push", "--", request.remote], "read")
    let reading = try git(["remote", "get-url", "--", request.remote], "read")
    // The name brings the remote's other settings with it.
    guard address.status == 0, address.text != reading.text else { return request.remote }
    return String(address.text.prefix { !$0.isNewline })
  }

  private func has(_ id: ObjectID) -> Bool { (try? repository.commit(id)) != nil }

  private func push(_ pairs: [(from: String, to: String)]) throws(CommandFailure) -> PushOutcome {
    let specifications = pairs.map { "\($0.from):\($0.to)" }
    // Whatever `push.recurseSubmodules` says: with `only`, nothing else would be pushed.
    // A mirror's clone would push everything, and takes no names for that.
    let settings = isConfigured ? ["-c", "remote.\(request.remote).mirror=false"] : []
    let start = settings + ["push", "--porcelain", "--no-verify", "--recurse-submodules=no"]
    var outcome = try git(start + ["--atomic", "--", request.remote] + specifications, "push to")
    if outcome.status != 0, outcome.errorText.contains("does not support --atomic") {
      outcome = try git(start + ["--", request.remote] + specifications, "push to")
    }
    if outcome.status == 0 { return .accepted }
    let said = outcome.text + outcome.errorText
    let races = [
      "(fetch first)", "(non-fast-forward)", "(stale info)", "cannot lock ref", "failed to update ref",
      "incorrect old value", "reference already exists", "failed to lock", "remote ref updated since",
    ]
    if let race = races.first(where: said.contains) { return .lost(race) }
    throw failure("push to", outcome)
  }

  private func git(_ arguments: [String], _ doing: String) throws(CommandFailure) -> ChildProcess.Outcome {
    // A configured address may be relative: to the repository, not to where somebody stands.
    let place = isConfigured ? ["-C", repository.workingDirectory ?? repository.gitDirectory] : []
    let child = ChildProcess(
      command: ["git"] + place + ["--git-dir=\(repository.gitDirectory)"] + arguments,
      environment: ["GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"])
    let outcome = try child.run(until: deadline)
    if outcome.timedOut {
      throw CommandFailure(
        message:
          "\(remoteName) did not answer within \(Self.seconds(request.seconds)): gave up to \(doing) it",
        help: "the local branch is as it was; --push-timeout allows more time")
    }
    return outcome
  }

  private func failure(_ doing: String, _ outcome: ChildProcess.Outcome) -> CommandFailure {
    // `! FROM:TO SUMMARY`, separated by tabs; where it comes from is a reference that is gone afterwards.
    let rejected = outcome.text.split(separator: "\n").filter { $0.hasPrefix("!") }.map { line in
      let fields = line.split(separator: "\t").map(String.init)
      guard fields.count == 3, let colon = fields[1].lastIndex(of: ":") else { return String(line) }
      return "\(fields[1][fields[1].index(after: colon)...]): \(fields[2])"
    }
    let lines = (rejected + outcome.errorText.split(separator: "\n").map(String.init))
      .map { withoutSecret($0.replacing("\t", with: " ")) }
      .filter { !$0.hasPrefix("error: failed to push") }
    return CommandFailure(
      message:
        "cannot \(doing) \(remoteName): \(lines.isEmpty ? "git ended with \(outcome.status)" : lines.joined(separator: "\n  "))",
      help: "the local branch is as it was")
  }

  /// The remote as messages name it.
  private var remoteName: String { withoutSecret(request.remote) }

  /// A text without what stands before `@` in addresses: a password, or a token in the user's place.
  private func withoutSecret(_ text: some StringProtocol) -> String {
    var result = ""
    var rest = Substring(text)
    while let scheme = rest.firstRange(of: "://") {
      result += rest[..<scheme.upperBound]
      rest = rest[scheme.upperBound...]
      let authority = rest.prefix { $0 != "/" && $0 != "'" && $0 != "\"" && !$0.isWhitespace }
      if let end = authority.lastIndex(of: "@") { rest = rest[rest.index(after: end)...] }
    }
    return result + rest
  }

  private static func seconds(_ number: Double) -> String {
    number == number.rounded() && number < 1e9 ? "\(Int(number)) s" : "\(number) s"
  }

  // MARK: Local references

  private func target(_ name: String) throws(CommandFailure) -> ObjectID? {
    try reporting { () throws(GitError) in try repository.target(ofReference: name) }
  }

  private func set(_ name: String, _ old: ObjectID?, _ new: ObjectID) throws(CommandFailure) {
    let person = GitSignature(name: "Linkwright", email: "linkwright@users.noreply.invalid", seconds: 0)
    _ = try reporting { () throws(GitError) in
      try repository.setReference(name, from: old, to: new, reflog: "push: linkwright", by: person)
    }
  }

  /// Moves the local reference to what the remote has now, where that is a fast-forward and nobody has it checked
  /// out; anything else is left to the user, since the remote has it.
  private func follow(_ name: String, to id: ObjectID) throws(CommandFailure) {
    let old = try target(name)
    if let old, (try? repository.isAncestor(old, of: id)) != true {
      if name != GitRepository.hydratorNotes {
        Terminal.printError(
          "\(name.branchName) here has commits that \(remoteName) has not, and stays as it is: the remote has the new output\n"
        )
      }
      return
    }
    if old == id || (try? repository.workingTree(holding: name)) != .some(nil) { return }
    try set(name, old, id)
  }
}
