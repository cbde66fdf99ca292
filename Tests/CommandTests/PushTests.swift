import Foundation
import Glibc
import TestSupport
import Testing

/// `linkwright commit --push`.
struct PushTests {
  private static func withRemote() throws -> (FleetRepository, String) {
    let fleet = try FleetRepository()
    let remote = fleet.root + "/remote.git"
    try fleet.git("init", "-q", "--bare", remote)
    try fleet.git("remote", "add", "origin", remote)
    try fleet.git("push", "-q", "origin", "main")
    return (fleet, remote)
  }

  @Test
  func branchAndNoteArriveAndTheLocalBranchFollows() throws {
    let (fleet, remote) = try Self.withRemote()
    let output = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    #expect(output.status == 0, "\(output.errorText)")
    let names = ["refs/heads/out", "refs/notes/hydrator.metadata"]
    for name in names { #expect(try fleet.id(name) == (try fleet.git("rev-parse", name, at: remote))) }
    #expect(try fleet.git("for-each-ref", "refs/linkwright") == "")
    let again = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    #expect(again.status == 0 && again.errorText.contains("unchanged"))
    try fleet.expectClean(at: remote)
  }

  @Test
  func clonesThatPushAtOnceLoseNothing() async throws {
    let (fleet, remote) = try Self.withRemote()
    for port in 8001..<8005 { try fleet.changePort(port) }
    try fleet.git("push", "-q", "origin", "main")
    for index in 0..<4 { try fleet.git("clone", "-q", remote, "-b", "main", "\(fleet.root)/c\(index)") }
    let outputs = await withTaskGroup(of: Program.Output?.self, returning: [Program.Output?].self) { group in
      for index in 0..<4 {
        group.addTask {
          try? fleet.linkwright(
            "commit", "--branch", "out", "--ref", "HEAD~\(index)", "--push", "origin",
            at: "\(fleet.root)/c\(index)")
        }
      }
      return await group.reduce(into: []) { $0.append($1) }
    }
    for output in outputs { #expect(output?.status == 0, "\(output?.errorText ?? "did not start")") }
    let source = try fleet.git(
      "log", "-1", "--format=%(trailers:key=Linkwright-Source,valueonly)", "out", at: remote)
    #expect(source.contains(try fleet.id("main")))
    try fleet.expectClean(at: remote)
  }

  @Test
  func theCommitLiesOnWhatTheRemoteHas() throws {
    let (fleet, remote) = try Self.withRemote()
    let clone = fleet.root + "/clone"
    try fleet.git("clone", "-q", remote, "-b", "main", clone)
    #expect(try fleet.linkwright("commit", "--branch", "out", "--push", "origin", at: clone).status == 0)
    try fleet.changePort(8001)
    let output = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    #expect(output.status == 0, "\(output.errorText)")
    #expect(try fleet.git("log", "--format=%s", "out", at: remote).split(separator: "\n").count == 2)
    #expect(try fleet.id("out") == (try fleet.git("rev-parse", "out", at: remote)))
  }

  @Test
  func aRemoteThatRefusesLeavesEverythingAsItWas() throws {
    let (fleet, remote) = try Self.withRemote()
    let hook = remote + "/hooks/pre-receive"
    try Script.write("#!/bin/sh\necho protected by rule 7 >&2\nexit 1\n", to: hook)
    let before = try fleet.git("for-each-ref")
    let output = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    #expect(output.status == 2 && output.errorText.contains("protected by rule 7"), "\(output.errorText)")
    #expect(output.errorText.contains("refs/heads/out: [remote rejected]"), "\(output.errorText)")
    #expect(!output.errorText.contains("refs/linkwright"), "\(output.errorText)")
    #expect(try fleet.git("for-each-ref") == before)
    #expect(try fleet.linkwright("commit", "--branch", "out", "--push", "nowhere").status == 2)
  }

  @Test
  func aRemoteThatNeverAnswersIsGivenUp() throws {
    let fleet = try FleetRepository()
    let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(listener) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> UInt16 in
        guard bind(listener, address, length) == 0, listen(listener, 8) == 0,
          getsockname(listener, address, &length) == 0
        else { return 0 }
        return pointer.pointee.sin_port.bigEndian
      }
    }
    try #require(port != 0)
    let before = try fleet.git("for-each-ref")
    let output = try fleet.linkwright(
      "commit", "--branch", "out", "--push", "git://127.0.0.1:\(port)/x", "--push-timeout", "1.5")
    #expect(!output.timedOut)
    #expect(output.status == 2 && output.errorText.contains("did not answer"), "\(output.errorText)")
    #expect(try fleet.git("for-each-ref") == before)
    try fleet.expectClean()
  }

  // MARK: Killed pushes

  private static func ownReferences(_ fleet: FleetRepository) throws -> [String] {
    try fleet.git("for-each-ref", "--format=%(refname)", "refs/linkwright").split(separator: "\n").map(
      String.init)
  }

  /// Starts a push to a remote whose hook does not come to an end, and waits until it hangs there.
  private static func stuckPush(_ fleet: FleetRepository, _ branch: String) throws -> BackgroundProgram {
    let remote = "\(fleet.root)/stuck-\(branch).git"
    try fleet.git("init", "-q", "--bare", remote)
    let hook = remote + "/hooks/pre-receive"
    try Script.write("#!/bin/sh\ntouch '\(remote)/here'\nexec sleep 100000\n", to: hook)
    let process = try BackgroundProgram(
      FleetRepository.program.path,
      ["commit", "--branch", branch, "--push", remote, "--push-timeout", "100000"], in: fleet.path,
      environment: FleetRepository.environment)
    #expect(process.waits { FileManager.default.fileExists(atPath: remote + "/here") })
    return process
  }

  @Test
  func whatKilledPushesLeaveTheNextOneRemoves() throws {
    let (fleet, _) = try Self.withRemote()
    let killed = try Self.stuckPush(fleet, "killed")
    #expect(killed.end())
    let left = try Self.ownReferences(fleet)
    #expect(!left.isEmpty)
    // One that still lives keeps what it has, also when the others are packed away.
    let living = try Self.stuckPush(fleet, "living")
    let held = try Self.ownReferences(fleet)
    #expect(!held.isEmpty && Set(held).isDisjoint(with: left), "\(held) \(left)")
    try fleet.git("pack-refs", "--all")
    let output = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    #expect(output.status == 0, "\(output.errorText)")
    #expect(try Self.ownReferences(fleet) == held)
    #expect(living.end())
    #expect(try fleet.linkwright("commit", "--branch", "out", "--push", "origin").status == 0)
    #expect(try Self.ownReferences(fleet).isEmpty)
    #expect(killed.waitsForAll() && living.waitsForAll(), "what they started does not end")
    try fleet.expectClean()
  }

  /// A dry run of a push says what would change at the remote, not here; nothing is written at either place.
  @Test
  func aDryRunLooksAtTheRemote() throws {
    let (fleet, remote) = try Self.withRemote()
    let clone = fleet.root + "/clone"
    try fleet.git("clone", "-q", remote, "-b", "main", clone)
    #expect(try fleet.linkwright("commit", "--branch", "out", "--push", "origin", at: clone).status == 0)
    // As with every fetch, what is known of the remote may be new.
    func references() throws -> String {
      try fleet.git("for-each-ref", "refs/heads", "refs/notes", "refs/linkwright")
        + fleet.git("for-each-ref", at: remote)
    }
    let before = try references()
    func dry() throws -> Program.Output {
      try fleet.linkwright("commit", "--branch", "out", "--push", "origin", "--dry-run")
    }
    let same = try dry()
    #expect(same.status == 0 && same.errorText.contains("unchanged: out"), "\(same.errorText)")
    #expect(try references() == before)
    try fleet.changePort(8055)
    let changed = try dry()
    #expect(changed.status == 0 && changed.errorText.contains("0 added"), "\(changed.errorText)")
    #expect(changed.text.contains("~ rendered/"), "\(changed.text)")
    let stuck = try fleet.linkwright("commit", "--branch", "out", "--push", "../nosuch", "--dry-run")
    #expect(stuck.status == 2, "\(stuck.errorText)")
    #expect(try fleet.git("for-each-ref", "refs/heads/out", "refs/linkwright") == "")
  }

  /// Of other machines nothing is known but the time; what is not understood stays.
  @Test
  func referencesOfOthersStayUntilTheirTimeIsUp() throws {
    let (fleet, _) = try Self.withRemote()
    let now = Int(Date().timeIntervalSince1970)
    let owners = [
      "0123456789ab-1-17-\(now + 100_000)", "0123456789ab-1-17-\(now - 100_000)", "17", "a-b-c-1",
    ]
    for owner in owners {
      try fleet.git("update-ref", "refs/linkwright/push/\(owner)/commit", "HEAD")
    }
    try fleet.git("update-ref", "refs/linkwright/pushed", "HEAD")
    #expect(try fleet.linkwright("commit", "--branch", "out", "--push", "origin").status == 0)
    let kept = [owners[0], owners[2], owners[3]].map { "refs/linkwright/push/\($0)/commit" }
    #expect(try Self.ownReferences(fleet) == (kept + ["refs/linkwright/pushed"]).sorted())
  }
}

/// What a remote's settings and the end of the program do to a push.
struct PushSettingTests {
  private static func withRemote(_ address: String = "../remote.git") throws -> (FleetRepository, String) {
    let fleet = try FleetRepository()
    let remote = fleet.root + "/remote.git"
    try fleet.git("init", "-q", "--bare", remote)
    try fleet.git("remote", "add", "origin", address)
    return (fleet, remote)
  }

  @Test(arguments: ["connections", ".."])
  func aRelativeAddressIsTheRepositorysOwn(_ place: String) throws {
    let (fleet, remote) = try Self.withRemote()
    let output = try fleet.linkwright(
      "commit", fleet.path, "--branch", "out", "--push", "origin", at: fleet.path + "/" + place)
    #expect(output.status == 0, "\(output.errorText)")
    #expect(try fleet.git("rev-parse", "out", at: remote) == (try fleet.id("out")))
  }

  /// `git clone --mirror`, as servers have it: the branch and the notes are pushed, and nothing else.
  @Test
  func aMirrorPushesTheOutputOnly() throws {
    let (fleet, remote) = try Self.withRemote()
    try fleet.git("push", "-q", "origin", "main")
    let mirror = fleet.root + "/mirror.git"
    try fleet.git("clone", "-q", "--mirror", remote, mirror)
    try fleet.git("update-ref", "refs/heads/mine", "main", at: mirror)
    let output = try fleet.linkwright(
      "commit", "--ref", "main", "--branch", "out", "--push", "origin", at: mirror)
    #expect(output.status == 0, "\(output.errorText)")
    let names = try fleet.git("for-each-ref", "--format=%(refname)", at: remote).split(separator: "\n")
    #expect(names == ["refs/heads/main", "refs/heads/out", "refs/notes/hydrator.metadata"])
  }

  @Test
  func submodulesOnlyDoesNotKeepTheBranchBack() throws {
    let (fleet, remote) = try Self.withRemote()
    try fleet.git("config", "push.recurseSubmodules", "only")
    let output = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    #expect(output.status == 0, "\(output.errorText)")
    #expect(try fleet.git("rev-parse", "out", at: remote) == (try fleet.id("out")))
  }

  @Test
  func theStateThatCountsIsWhereThePushGoes() throws {
    let (fleet, remote) = try Self.withRemote()
    #expect(try fleet.linkwright("commit", "--branch", "out", "--push", "origin").status == 0)
    let other = fleet.root + "/other.git"
    try fleet.git("init", "-q", "--bare", other)
    try fleet.git("remote", "set-url", "--push", "origin", other)
    let output = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    #expect(output.status == 0 && output.errorText.contains("committed"), "\(output.errorText)")
    #expect(try fleet.git("rev-parse", "out", at: other) == (try fleet.git("rev-parse", "out", at: remote)))
  }

  @Test
  func aLocalBranchThatHasDivergedIsSaidToStay() throws {
    let (fleet, remote) = try Self.withRemote()
    #expect(try fleet.linkwright("commit", "--branch", "out", "--push", "origin").status == 0)
    let other = try fleet.git("commit-tree", "main^{tree}", "-m", "Other")
    try fleet.git("update-ref", "refs/heads/out", other)
    try fleet.changePort(8055)
    let output = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    #expect(output.status == 0 && output.errorText.contains("stays as it is"), "\(output.errorText)")
    #expect(try fleet.id("out") == other)
    #expect(try fleet.git("rev-parse", "out", at: remote) != other)
  }

  @Test(arguments: [
    "https://ghp_SECRETTOKEN@127.0.0.1:1/x.git", "https://SECRETTOKEN:x-oauth-basic@127.0.0.1:1/x.git",
    "https://user:SECRETTOKEN@127.0.0.1:1/x.git",
  ])
  func noTokenIsPrinted(_ address: String) throws {
    let (fleet, _) = try Self.withRemote()
    let output = try fleet.linkwright("commit", "--branch", "out", "--push", address)
    #expect(output.status == 2 && output.errorText.contains("127.0.0.1:1/x.git"), "\(output.errorText)")
    #expect(!output.errorText.contains("SECRETTOKEN"), "\(output.errorText)")
    try fleet.git("remote", "set-url", "origin", address)
    let named = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    #expect(named.status == 2 && !named.errorText.contains("SECRETTOKEN"), "\(named.errorText)")
  }

  /// Branch and note are one transaction to the remote: nobody sees one of them without the other.
  @Test
  func pushesAreOneTransaction() throws {
    let (fleet, remote) = try Self.withRemote()
    let seen = fleet.root + "/seen"
    try Script.write(
      "#!/bin/sh\ntest \"$1\" = committed && { cat; echo end; } >>'\(seen)'\ncat >/dev/null\n",
      to: remote + "/hooks/reference-transaction")
    for port in [8001, 8002] {
      try fleet.changePort(port)
      let output = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
      #expect(output.status == 0, "\(output.errorText)")
    }
    let transactions = try String(contentsOfFile: seen, encoding: .utf8).components(separatedBy: "end\n")
      .filter { $0.contains("refs/") }
    #expect(transactions.count == 2, "\(transactions)")
    for transaction in transactions {
      for name in ["refs/heads/out", "refs/notes/hydrator.metadata"] {
        #expect(transaction.contains(" \(name)\n"), "\(transaction)")
      }
    }
  }

  /// The remote's hook goes on until the program, and what it started, has been ended.
  @Test(arguments: [SIGTERM, SIGKILL, SIGINT])
  func anEndedProgramPushesNothing(_ signal: Int32) throws {
    let (fleet, remote) = try Self.withRemote()
    let (started, released) = (fleet.root + "/started", fleet.root + "/released")
    try Script.write(
      "#!/bin/sh\ntouch '\(started)'\nwhile ! test -e '\(released)'; do sleep 0.1; done\n",
      to: remote + "/hooks/pre-receive")
    let process = try BackgroundProgram(
      FleetRepository.program.path,
      ["commit", "--branch", "out", "--push", "origin", "--push-timeout", "100000"],
      in: fleet.path, environment: FleetRepository.environment)
    #expect(process.waits { FileManager.default.fileExists(atPath: started) })
    process.send(signal)
    #expect(process.status != 0)
    #expect(process.waitsForAll(), "git does not end with Linkwright")
    // Whatever is left in spite of that may do what it was about to.
    #expect(FileManager.default.createFile(atPath: released, contents: nil))
    #expect(process.waitsForAll())
    #expect(try fleet.git("for-each-ref", at: remote) == "")
  }

  /// A push that was killed when the remote had taken everything: nothing has to be committed, and the branch follows.
  @Test
  func aLocalBranchThatWasLeftBehindFollows() throws {
    let (fleet, remote) = try Self.withRemote()
    #expect(try fleet.linkwright("commit", "--branch", "out", "--push", "origin").status == 0)
    let first = try fleet.git("rev-parse", "out", "refs/notes/hydrator.metadata")
    try fleet.changePort(8055)
    #expect(try fleet.linkwright("commit", "--branch", "out", "--push", "origin").status == 0)
    let second = try fleet.git("rev-parse", "out", "refs/notes/hydrator.metadata")
    for (name, id) in zip(["refs/heads/out", "refs/notes/hydrator.metadata"], first.split(separator: "\n")) {
      try fleet.git("update-ref", name, String(id))
    }
    let output = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    #expect(output.status == 0 && output.errorText.contains("unchanged"), "\(output.errorText)")
    #expect(try fleet.git("rev-parse", "out", "refs/notes/hydrator.metadata") == second)
    #expect(try fleet.git("rev-parse", "out", "refs/notes/hydrator.metadata", at: remote) == second)
  }

  /// Commits that were made without pushing them: the remote gets them, and not others with the same content.
  @Test(arguments: [false, true])
  func whatTheRemoteLacksIsPushedAlthoughNothingChanged(_ changes: Bool) throws {
    let (fleet, remote) = try Self.withRemote()
    #expect(try fleet.linkwright("commit", "--branch", "out", "--push", "origin").status == 0)
    for port in [8055, 8066] {
      try fleet.changePort(port)
      #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    }
    if changes { try fleet.changePort(8077) }
    let output = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    let said = changes ? "committed to out" : "pushed: out at \(try fleet.id("out")), which the remote lacked"
    #expect(output.status == 0 && output.errorText.contains(said), "\(output.errorText)")
    for name in ["refs/heads/out", "refs/notes/hydrator.metadata"] {
      #expect(try fleet.git("rev-parse", name, at: remote) == fleet.id(name))
    }
    #expect(try fleet.git("rev-list", "--count", "out", at: remote) == (changes ? "4" : "3"))
    #expect(
      try fleet.git("notes", "--ref", "hydrator.metadata", "list", at: remote).split(separator: "\n").count
        == (changes ? 4 : 3))
    try fleet.expectClean(at: remote)
    let again = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    #expect(again.status == 0 && again.errorText.contains("unchanged"), "\(again.errorText)")
  }

  /// An older source does not reach the remote by way of a newer one that only this repository has.
  @Test
  func anOlderSourceGoesOnWhatTheRemoteHas() throws {
    let (fleet, remote) = try Self.withRemote()
    #expect(try fleet.linkwright("commit", "--branch", "out", "--push", "origin").status == 0)
    try fleet.changePort(8055)
    let older = try fleet.id("HEAD")
    try fleet.changePort(8066)
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    let output = try fleet.linkwright("commit", "--branch", "out", "--ref", older, "--push", "origin")
    #expect(output.status == 0 && output.errorText.contains("committed"), "\(output.errorText)")
    #expect(output.errorText.contains("stays as it is"), "\(output.errorText)")
    #expect(try fleet.git("log", "-1", "--format=%b", "out", at: remote).contains(older))
  }

  /// The branch of the source is its author's to push.
  @Test
  func sourcesThatTheRemoteLacksAreNotPushed() throws {
    let (fleet, remote) = try Self.withRemote()
    try fleet.git("push", "-q", "origin", "main")
    let before = try fleet.git("rev-parse", "main", at: remote)
    try fleet.changePort(8055)
    let output = try fleet.linkwright("commit", "--branch", "main", "--push", "origin")
    #expect(output.status == 1 && output.errorText.contains("push the source first"), "\(output.errorText)")
    #expect(try fleet.git("rev-parse", "main", at: remote) == before)
  }

  @Test
  func aNoteThatIsMissingIsWrittenLater() throws {
    let fleet = try FleetRepository()
    #expect(try fleet.linkwright("commit", "--branch", "out").status == 0)
    try fleet.git("update-ref", "-d", "refs/notes/hydrator.metadata")
    let output = try fleet.linkwright("commit", "--branch", "out")
    #expect(output.status == 0 && output.errorText.contains("unchanged"), "\(output.errorText)")
    #expect(
      try fleet.git("notes", "--ref", "hydrator.metadata", "show", "out").contains(try fleet.id("HEAD")))
  }
}
