import Foundation
import Glibc
import TestSupport
import Testing

/// `linkwright commit --push` to real servers.
struct NetworkPushTests {
  /// A fleet, and an empty bare repository for a server to hold.
  private static func withRemote() throws -> (FleetRepository, String) {
    let fleet = try FleetRepository()
    let remote = fleet.root + "/remote.git"
    try fleet.git("init", "-q", "--bare", remote)
    try fleet.git("-C", remote, "config", "http.receivepack", "true")
    return (fleet, remote)
  }

  private static func expectArrived(
    _ fleet: FleetRepository, _ remote: String, _ output: Program.Output,
    _ location: SourceLocation = #_sourceLocation
  ) throws {
    #expect(output.status == 0, "\(output.errorText)", sourceLocation: location)
    for name in ["refs/heads/out", "refs/notes/hydrator.metadata"] {
      let there = try fleet.git("rev-parse", name, at: remote)
      #expect(try fleet.id(name) == there, sourceLocation: location)
    }
    try fleet.expectClean(at: remote, location)
  }

  private static func expectUntouched(
    _ fleet: FleetRepository, _ remote: String, _ location: SourceLocation = #_sourceLocation
  ) throws {
    let names = try fleet.git("for-each-ref", "--format=%(refname)")
    #expect(names == "refs/heads/main", sourceLocation: location)
    #expect(try fleet.git("for-each-ref", at: remote) == "", sourceLocation: location)
    try fleet.expectClean(location)
    try fleet.expectClean(at: remote, location)
  }

  // MARK: ssh

  @Test(.enabled(if: RemoteServer.hasSSH, RemoteServer.sshReason))
  func sshTakesAKeyFileAndRefusesAnother() throws {
    let (fleet, remote) = try Self.withRemote()
    let key = try RemoteServer.makeKey(fleet.root + "/key")
    let stranger = try RemoteServer.makeKey(fleet.root + "/stranger")
    let server = try RemoteServer.ssh(in: fleet.root, authorized: key)
    let address = server.address + remote
    let refused = try fleet.linkwright(
      "commit", "--branch", "out", "--push", address,
      environment: ["GIT_SSH_COMMAND": server.sshCommand(key: stranger), "SSH_AUTH_SOCK": ""])
    #expect(refused.status == 2 && refused.errorText.contains("Permission denied"), "\(refused.errorText)")
    try Self.expectUntouched(fleet, remote)
    let environment = ["GIT_SSH_COMMAND": server.sshCommand(key: key), "SSH_AUTH_SOCK": ""]
    let output = try fleet.linkwright(
      "commit", "--branch", "out", "--push", address, environment: environment)
    try Self.expectArrived(fleet, remote, output)
    // The key may come from the repository's configuration, too, and a second commit follows the first.
    try fleet.git("config", "core.sshCommand", server.sshCommand(key: key))
    try fleet.git("remote", "add", "origin", address)
    try fleet.changePort(8001)
    let next = try fleet.linkwright("commit", "--branch", "out", "--push", "origin")
    try Self.expectArrived(fleet, remote, next)
    #expect(try fleet.git("rev-list", "--count", "out", at: remote) == "2")
  }

  @Test(.enabled(if: RemoteServer.hasSSH, RemoteServer.sshReason))
  func sshTakesAKeyFromTheAgent() throws {
    let (fleet, remote) = try Self.withRemote()
    let key = try RemoteServer.makeKey(fleet.root + "/key")
    let server = try RemoteServer.ssh(in: fleet.root, authorized: key)
    // Short: a socket's path has at most 107 bytes.
    let socket = "/tmp/lw-agent-\(UUID().uuidString.prefix(8))"
    defer { unlink(socket) }
    let agent = try BackgroundProgram(
      try #require(Program.find("ssh-agent")).path, ["-D", "-a", socket])
    try #require(agent.waits { access(socket, F_OK) == 0 })
    let environment = ["GIT_SSH_COMMAND": server.sshCommand(key: nil), "SSH_AUTH_SOCK": socket]
    func push() throws -> Program.Output {
      try fleet.linkwright(
        "commit", "--branch", "out", "--push", server.address + remote, environment: environment)
    }
    #expect(try push().status == 2)
    try Self.expectUntouched(fleet, remote)
    try FleetRepository.run(["env", "SSH_AUTH_SOCK=\(socket)", "ssh-add", "-q", key], in: "/")
    try Self.expectArrived(fleet, remote, try push())
  }

  // MARK: https

  @Test(.enabled(if: RemoteServer.hasHTTPS, RemoteServer.httpsReason))
  func httpsAsksAskpassAndCredentialHelpers() throws {
    let (fleet, remote) = try Self.withRemote()
    let server = try RemoteServer.https(in: fleet.root, "--user", "bot:pass-word-1")
    let address = server.address + "/remote.git"
    let trusting = ["GIT_SSL_CAINFO": fleet.root + "/certificate.pem"]
    func push(_ variables: [String: String]) throws -> Program.Output {
      try fleet.linkwright(
        "commit", "--branch", "out", "--push", address, environment: trusting.merging(variables) { $1 })
    }
    // Nobody to ask: no prompt, no hanging, an answer.
    let silent = try push([:])
    #expect(silent.status == 2 && silent.errorText.contains("could not read Username"), "\(silent.errorText)")
    func askpass(_ password: String) throws -> String {
      let file = "\(fleet.root)/askpass-\(password)"
      let text = "#!/bin/sh\ncase \"$1\" in *sername*) echo bot;; *) echo \(password);; esac\n"
      try Script.write(text, to: file)
      return file
    }
    let wrong = try push(["GIT_ASKPASS": askpass("wrong-word-2")])
    #expect(wrong.status == 2 && wrong.errorText.contains("Authentication failed"), "\(wrong.errorText)")
    #expect(!wrong.errorText.contains("wrong-word-2"))
    try Self.expectUntouched(fleet, remote)
    try Self.expectArrived(fleet, remote, try push(["GIT_ASKPASS": askpass("pass-word-1")]))
    try fleet.git(
      "config", "credential.helper", "!f() { echo username=bot; echo password=pass-word-1; }; f")
    try fleet.changePort(8001)
    try Self.expectArrived(fleet, remote, try push([:]))
  }

  @Test(.enabled(if: RemoteServer.hasHTTPS, RemoteServer.httpsReason))
  func secretsInAddressesAreNotPrinted() throws {
    let (fleet, remote) = try Self.withRemote()
    let server = try RemoteServer.https(in: fleet.root, "--user", "bot:pass-word-1")
    let host = server.address.dropFirst("https://".count)
    // The certificate is not trusted: the failure names the address.
    let failed = try fleet.linkwright(
      "commit", "--branch", "out", "--push", "https://bot:pass-word-1@\(host)/remote.git")
    #expect(failed.status == 2 && failed.errorText.contains("certificate"), "\(failed.errorText)")
    #expect(!failed.errorText.contains("pass-word-1"), "\(failed.errorText)")
    try Self.expectUntouched(fleet, remote)
    let output = try fleet.linkwright(
      "commit", "--branch", "out", "--push", "https://bot:pass-word-1@\(host)/remote.git",
      environment: ["GIT_SSL_CAINFO": fleet.root + "/certificate.pem"])
    try Self.expectArrived(fleet, remote, output)
    #expect(!output.errorText.contains("pass-word-1"))
  }

  @Test(.enabled(if: RemoteServer.hasHTTPS, RemoteServer.httpsReason))
  func aTransferThatIsStuckIsEndedAndLeavesNothing() throws {
    let (fleet, remote) = try Self.withRemote()
    let server = try RemoteServer.https(in: fleet.root, "--stall")
    let address = server.address + "/remote.git"
    let output = try fleet.linkwright(
      "commit", "--branch", "out", "--push", address, "--push-timeout", "3",
      environment: ["GIT_SSL_CAINFO": fleet.root + "/certificate.pem"])
    #expect(!output.timedOut)
    #expect(
      output.status == 2 && output.errorText.contains("did not answer within 3 s"), "\(output.errorText)")
    try Self.expectUntouched(fleet, remote)
    // git's helper, which did the waiting, ends with it.
    #expect(
      try Waiting.until {
        try FleetRepository.run(
          ["sh", "-c", "ps -eo args | grep -F '\(address)' | grep -v grep || :"], in: "/") == ""
      })
  }

  @Test(.enabled(if: RemoteServer.hasHTTPS, RemoteServer.httpsReason), arguments: ["403", "502"])
  func aStatusOfAProxyIsReported(_ status: String) throws {
    let (fleet, remote) = try Self.withRemote()
    let server = try RemoteServer.https(in: fleet.root, "--refuse", status)
    let output = try fleet.linkwright(
      "commit", "--branch", "out", "--push", server.address + "/remote.git",
      environment: ["GIT_SSL_CAINFO": fleet.root + "/certificate.pem"])
    #expect(output.status == 2 && output.errorText.contains(status), "\(output.errorText)")
    try Self.expectUntouched(fleet, remote)
  }
}
