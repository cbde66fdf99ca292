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
    try Data("#!/bin/sh\necho protected by rule 7 >&2\nexit 1\n".utf8).write(to: URL(fileURLWithPath: hook))
    chmod(hook, 0o755)
    let before = try fleet.git("for-each-ref")
    let output = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    #expect(output.status == 2 && output.errorText.contains("protected by rule 7"), "\(output.errorText)")
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
    let start = Date()
    let output = try fleet.linkwright(
      "commit", "--branch", "out", "--push", "git://127.0.0.1:\(port)/x", "--push-timeout", "1.5")
    #expect(output.status == 2 && output.errorText.contains("did not answer"), "\(output.errorText)")
    #expect(Date().timeIntervalSince(start) < 20)
    #expect(try fleet.git("for-each-ref") == before)
    try fleet.expectClean()
  }
}
