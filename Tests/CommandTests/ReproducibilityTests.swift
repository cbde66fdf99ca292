import Foundation
import TestSupport
import Testing

/// The same source, the same parent: the same commit, wherever it is made.
struct ReproducibilityTests {
  /// What differs between machines, beside the path.
  struct Machine: Sendable, CustomTestStringConvertible {
    let name: String
    var environment: [String: String] = [:]
    var umask = "022"
    var settings: [String: String] = [:]
    var testDescription: String { name }
  }

  private static let machines = [
    Machine(name: "plain"),
    Machine(
      name: "east", environment: ["TZ": "Asia/Kolkata", "LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"],
      umask: "077"),
    Machine(
      name: "a directory with spaces and ü",
      environment: [
        "TZ": "America/St_Johns", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent", "GIT_AUTHOR_NAME": "Other",
        "GIT_COMMITTER_EMAIL": "other@example.org", "GIT_COMMITTER_DATE": "1800000000 -0330",
        "SOURCE_DATE_EPOCH": "1",
      ], umask: "000",
      settings: [
        "user.name": "Somebody Else", "core.autocrlf": "true", "i18n.commitEncoding": "ISO-8859-1",
        "core.fileMode": "false", "commit.gpgSign": "true", "core.compression": "9",
        "core.ignoreCase": "true",
        "core.quotePath": "false",
      ]),
  ]

  @Test
  func machinesAgreeOnCommitsAndNotes() throws {
    let fleet = try FleetRepository()
    try fleet.changePort(8001)
    var ids: Set<String> = []
    for machine in Self.machines {
      let clone = "\(fleet.root)/\(machine.name)"
      // One has everything in packs, another in files of its own.
      try fleet.git("clone", "-q", "file://" + fleet.path, clone)
      if machine.umask == "077" { try fleet.git("repack", "-q", "-a", "-d", at: clone) }
      for (key, value) in machine.settings { try fleet.git("config", key, value, at: clone) }
      for revision in ["HEAD~1", "HEAD"] {
        let command = "umask \(machine.umask); exec \"$0\" commit --ref \(revision) --branch out"
        let output = try #require(Program.find("sh")).run(
          ["-c", command, FleetRepository.program.path], in: clone,
          environment: FleetRepository.environment.merging(machine.environment) { $1 })
        #expect(output.status == 0, "\(machine.name): \(output.errorText)")
      }
      ids.insert(try fleet.git("rev-parse", "out", "out~1", "refs/notes/hydrator.metadata", at: clone))
      try fleet.expectClean(at: clone)
    }
    #expect(ids.count == 1, "\(ids)")
  }

  /// SSH signatures with ed25519 repeat: even signed commits have the same id.
  @Test(.enabled(if: Program.find("ssh-keygen") != nil, "ssh-keygen is not installed"))
  func machinesAgreeOnSignedCommits() throws {
    let fleet = try FleetRepository()
    let key = try RemoteServer.makeKey(fleet.root + "/key")
    var ids: Set<String> = []
    for name in ["one", "two"] {
      let clone = "\(fleet.root)/\(name)"
      try fleet.git("clone", "-q", fleet.path, clone)
      let output = try fleet.linkwright(
        "commit", "--branch", "out", "--sign", key, at: clone,
        environment: ["TZ": name == "one" ? "UTC" : "Asia/Tokyo"])
      #expect(output.status == 0, "\(output.errorText)")
      ids.insert(try fleet.id("HEAD") + fleet.git("rev-parse", "out", at: clone))
    }
    #expect(ids.count == 1)
  }
}
