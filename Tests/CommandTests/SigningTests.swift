import Foundation
import TestSupport
import Testing

/// Signatures that git itself verifies.
struct SigningTests {
  @Test(.enabled(if: Program.find("ssh-keygen") != nil, "ssh-keygen is not installed"))
  func sshSignaturesAreGood() throws {
    let fleet = try FleetRepository()
    let key = fleet.root + "/key"
    try FleetRepository.run(
      ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "bot", "-f", key], in: fleet.root)
    let output = try fleet.linkwright("commit", "--branch", "out", "--sign", key)
    #expect(output.status == 0, "\(output.errorText)")
    let publicKey = try String(contentsOfFile: key + ".pub", encoding: .utf8)
    let signers = fleet.root + "/signers"
    try Data("* \(publicKey)".utf8).write(to: URL(fileURLWithPath: signers))
    try fleet.git("config", "gpg.ssh.allowedSignersFile", signers)
    try fleet.git("config", "gpg.format", "ssh")
    try fleet.git("verify-commit", "out")
    try fleet.expectClean()
    let wrong = try fleet.linkwright("commit", "--branch", "other", "--sign", signers)
    #expect(wrong.status == 2 && wrong.errorText.contains("sign the commit"), "\(wrong.errorText)")
    #expect(try fleet.git("branch", "--list", "other") == "")
  }

  /// Nobody is asked for a passphrase, and no path is taken for an id of gpg's.
  @Test(.enabled(if: Program.find("ssh-keygen") != nil, "ssh-keygen is not installed"))
  func keysThatCannotBeUsedAreExplained() throws {
    let fleet = try FleetRepository()
    let key = fleet.root + "/locked"
    try FleetRepository.run(
      ["ssh-keygen", "-q", "-t", "ed25519", "-N", "secret words", "-C", "bot", "-f", key], in: fleet.root)
    let publicKey = try String(contentsOfFile: key + ".pub", encoding: .utf8)
    let home = fleet.root + "/gnupg"
    for (given, words) in [
      (key, "'ssh-add' it"), (publicKey, "'ssh-add' it"), ("../nosuch", "there is no key '../nosuch'"),
      ("~/nosuch.pub", "there is no key '~/nosuch.pub'"), ("", "names no key"),
    ] {
      let output = try fleet.linkwright(
        "commit", "--branch", "out", "--sign", given, environment: ["SSH_AUTH_SOCK": "", "GNUPGHOME": home])
      #expect(output.status == 2 && output.errorText.contains(words), "\(given): \(output.errorText)")
      #expect(!output.errorText.contains("secret words"))
      #expect(try fleet.git("branch", "--list", "out") == "")
    }
    #expect(!FileManager.default.fileExists(atPath: home))
  }

  // MARK: git's configuration

  /// A program that writes down how it is called, and calls another.
  private static func standIn(_ name: String, for program: String, in fleet: FleetRepository) throws -> String
  {
    let path = "\(fleet.root)/\(name)"
    try Script.write("#!/bin/sh\necho \"$@\" >>'\(path).calls'\nexec \(program) \"$@\"\n", to: path)
    return path
  }

  private static func calls(_ standIn: String) -> [String] {
    let text = (try? String(contentsOfFile: standIn + ".calls", encoding: .utf8)) ?? ""
    return text.split(separator: "\n").map(String.init)
  }

  /// `gpg.ssh.program`, and every way in which `user.signingKey` names an SSH key.
  @Test(.enabled(if: RemoteServer.hasSSH, RemoteServer.sshReason))
  func sshKeysOfGitsConfigurationSign() throws {
    let fleet = try FleetRepository()
    let key = try RemoteServer.makeKey(fleet.root + "/key")
    let publicKey = try String(contentsOfFile: key + ".pub", encoding: .utf8)
      .trimmingCharacters(in: .newlines)
    try Data("* \(publicKey)\n".utf8).write(to: URL(fileURLWithPath: fleet.root + "/signers"))
    let program = try Self.standIn("ssh-signer", for: "ssh-keygen", in: fleet)
    for (name, value) in [
      ("gpg.ssh.allowedSignersFile", fleet.root + "/signers"), ("gpg.format", "ssh"),
      ("gpg.ssh.program", program),
    ] { try fleet.git("config", name, value) }
    // Short: a socket's path has at most 107 bytes.
    let socket = "/tmp/lw-agent-\(UUID().uuidString.prefix(8))"
    defer { unlink(socket) }
    let agent = try BackgroundProgram(
      try #require(Program.find("ssh-agent")).path, ["-D", "-a", socket])
    try #require(agent.waits { access(socket, F_OK) == 0 })
    try FleetRepository.run(["env", "SSH_AUTH_SOCK=\(socket)", "ssh-add", "-q", key], in: "/")
    let environment = ["SSH_AUTH_SOCK": socket, "HOME": fleet.root]
    func sign(_ branch: String, _ arguments: String...) throws {
      let output = try fleet.linkwright(["commit", "--branch", branch] + arguments, environment: environment)
      #expect(output.status == 0, "\(branch): \(output.errorText)")
      try fleet.git("verify-commit", branch)
    }
    try fleet.git("config", "gpg.ssh.defaultKeyCommand", "sh -c 'echo \"key::\(publicKey)\"'")
    try sign("by-command", "-S")
    for (branch, value) in [
      ("by-path", key), ("by-home", "~/key"), ("by-place", "../key"), ("by-public-file", key + ".pub"),
      ("by-text", "key::\(publicKey)"), ("by-old-text", publicKey),
    ] {
      try fleet.git("config", "user.signingKey", value)
      try sign(branch, "--gpg-sign")
    }
    try sign("named", "--sign", key)
    // git's own calls for verifying are among them.
    let calls = Self.calls(program).filter { $0.contains("-Y sign") }
    #expect(calls.count == 8, "\(calls)")
    #expect(calls.allSatisfy { $0.hasPrefix("-Y sign -n git -f ") }, "\(calls)")
    #expect(calls.count { $0.contains(" -U ") } == 3, "\(calls)")
    // ed25519 repeats: whatever way the key is named, the commit is the same.
    let ids = Set(
      try fleet.git("for-each-ref", "--format=%(objectname)", "refs/heads").split(separator: "\n"))
    #expect(ids.count == 2, "main and one output: \(ids)")
  }

  @Test(.enabled(if: Program.find("ssh-keygen") != nil, "ssh-keygen is not installed"))
  func configurationThatCannotSignIsExplained() throws {
    let fleet = try FleetRepository()
    func expect(
      _ settings: [(String, String)], _ words: String, _ location: SourceLocation = #_sourceLocation
    ) throws {
      let file = fleet.root + "/config"
      unlink(file)
      for (name, value) in settings { try fleet.git("config", "--file", file, name, value) }
      let output = try fleet.linkwright(
        "commit", "--branch", "out", "-S",
        environment: ["GIT_CONFIG_GLOBAL": file, "SSH_AUTH_SOCK": "", "HOME": fleet.root])
      #expect(
        output.status == 2 && output.errorText.contains(words), "\(output.errorText)",
        sourceLocation: location)
      #expect(try fleet.git("branch", "--list", "out") == "", sourceLocation: location)
    }
    let ssh = ("gpg.format", "ssh")
    try expect([ssh], "set user.signingKey or gpg.ssh.defaultKeyCommand")
    try expect([("gpg.format", "pgp")], "git's gpg.format is 'pgp'")
    try expect([ssh, ("user.signingKey", "~/nosuch")], "nosuch', which git's user.signingKey names")
    try expect([ssh, ("gpg.ssh.defaultKeyCommand", "false")], "gpg.ssh.defaultKeyCommand failed")
    try expect([ssh, ("gpg.ssh.defaultKeyCommand", "echo none")], "printed no key")
    try expect([ssh, ("gpg.ssh.defaultKeyCommand", "echo 'none")], "is no command")
    let key = try RemoteServer.makeKey(fleet.root + "/key")
    let publicKey = try String(contentsOfFile: key + ".pub", encoding: .utf8)
    try expect([("user.signingKey", publicKey)], "git config gpg.format ssh")
    try expect(
      [ssh, ("user.signingKey", key), ("gpg.ssh.program", fleet.root + "/none")], "cannot start")
    // What answers without signing is no signature, as for git.
    let program = fleet.root + "/silent"
    try Script.write("#!/bin/sh\necho '-----BEGIN PGP SIGNATURE-----'\n", to: program)
    try expect([("user.signingKey", "A"), ("gpg.program", program)], "SIG_CREATED")
    let both = try fleet.linkwright("commit", "--branch", "out", "-S", "--sign", key)
    #expect(both.status == 2 && both.errorText.contains("give one of them"), "\(both.errorText)")
  }

  // MARK: GnuPG

  /// A home of GnuPG's own, whose agent is up: on a busy machine gpg would not wait long enough for it.
  private final class GnuPGHome {
    // Short: the agent's socket has a path of at most 107 bytes.
    let path = "/tmp/lw-gpg-\(UUID().uuidString.prefix(6))"

    init() throws {
      try FileManager.default.createDirectory(
        atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
      let isUp = try Waiting.until {
        _ = try FleetRepository.run(
          ["gpgconf", "--homedir", path, "--launch", "gpg-agent"], in: "/", allowFailure: true)
        return try FleetRepository.run(
          ["gpg-connect-agent", "--homedir", path, "--no-autostart", "GETINFO pid", "/bye"], in: "/",
          allowFailure: true
        ).hasSuffix("OK")
      }
      try #require(isUp, "gpg-agent does not start")
    }

    func makeKey() throws {
      try FleetRepository.run(
        [
          "gpg", "--homedir", path, "--batch", "--quiet", "--passphrase", "", "--quick-gen-key",
          "bot@example.org", "ed25519", "sign", "never",
        ], in: "/")
    }

    deinit {
      _ = try? FleetRepository.run(["gpgconf", "--homedir", path, "--kill", "all"], in: "/")
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  @Test(.enabled(if: Program.find("gpg") != nil, "gpg is not installed"))
  func gpgSignaturesAreGood() throws {
    let fleet = try FleetRepository()
    let home = try GnuPGHome()
    try home.makeKey()
    let environment = ["GNUPGHOME": home.path]
    func verify(_ branch: String) throws {
      try FleetRepository.run(
        ["env", "GNUPGHOME=\(home.path)", "git", "verify-commit", branch], in: fleet.path)
    }
    let output = try fleet.linkwright(
      "commit", "--branch", "out", "--sign", "bot@example.org", environment: environment)
    #expect(output.status == 0, "\(output.errorText)")
    try verify("out")
    let missing = try fleet.linkwright(
      "commit", "--branch", "other", "--sign", "nobody@example.org", environment: environment)
    #expect(missing.status == 2, "\(missing.errorText)")
    // The programs of git's configuration: the last of the two names counts.
    let programs = try ["first", "second", "third"].map { try Self.standIn($0, for: "gpg", in: fleet) }
    try fleet.git("config", "gpg.program", programs[0])
    try fleet.git("config", "user.signingKey", "bot@example.org")
    for (index, settings) in [[], ["gpg.openpgp.program"], ["gpg.program"]].enumerated() {
      let values = settings.flatMap { ["-c", "\($0)=\(programs[index])"] }
      // As git hands `-c` on to the programs that it starts.
      let signed = try Program(path: "/usr/bin/env").run(
        ["git"] + values + [
          "-c", "alias.lw=!\"\(FleetRepository.program.path)\"", "lw", "commit", "--branch", "b\(index)",
          "-S",
        ],
        in: fleet.path, environment: FleetRepository.environment.merging(environment) { $1 })
      #expect(signed.status == 0, "\(signed.errorText)")
      try verify("b\(index)")
    }
    for program in programs {
      let calls = Self.calls(program)
      #expect(calls.count { $0 == "--status-fd=2 -bsau bot@example.org" } == 1, "\(program): \(calls)")
    }
    // Without a key it is the committer's.
    try fleet.git("config", "--unset", "user.signingKey")
    try fleet.git("config", "--unset", "gpg.program")
    let committers = try fleet.linkwright(
      "commit", "--branch", "committers", "-S",
      environment: environment.merging(["GIT_COMMITTER_EMAIL": "bot@example.org"]) { $1 })
    // gpg looks for name and address together, and the key has no name.
    #expect(
      committers.status == 2 && committers.errorText.contains("No secret key"), "\(committers.errorText)")
  }

  @Test(.enabled(if: Program.find("gpgsm") != nil, "gpgsm is not installed"))
  func x509SignaturesAreGood() throws {
    let fleet = try FleetRepository()
    let home = try GnuPGHome()
    let script = """
      set -e
      export GNUPGHOME="$1"
      echo disable-crl-checks >"$1/gpgsm.conf"
      echo allow-preset-passphrase >"$1/gpg-agent.conf"
      cat >"$1/request" <<END
      Key-Type: RSA
      Key-Length: 2048
      Key-Usage: sign
      Serial: random
      Name-DN: CN=bot
      Name-Email: bot@example.org
      %no-protection
      END
      gpgsm --batch --pinentry-mode loopback --passphrase '' --gen-key "$1/request" >"$1/certificate" 2>"$1/log"
      gpgsm --batch --import "$1/certificate" 2>>"$1/log"
      print() { gpgsm --batch --with-colons --list-keys | sed -n 's/^fpr:::::::::\\([0-9A-F]*\\):.*/\\1/p' | head -n 1; }
      echo "$(print) S relax" >"$1/trustlist.txt"
      gpgconf --reload gpg-agent
      print
      """
    let made = try #require(Program.find("bash")).run(["-c", script, "bash", home.path])
    guard made.status == 0, !made.text.isEmpty else {
      try Test.cancel("gpgsm makes no certificate here: \(made.errorText)")
    }
    try fleet.git("config", "gpg.format", "x509")
    try fleet.git("config", "user.signingKey", made.text.trimmingCharacters(in: .newlines))
    let output = try fleet.linkwright(
      "commit", "--branch", "out", "-S", environment: ["GNUPGHOME": home.path])
    #expect(output.status == 0, "\(output.errorText)")
    #expect(try fleet.git("cat-file", "commit", "out").contains("-----BEGIN SIGNED MESSAGE-----"))
    try FleetRepository.run(["env", "GNUPGHOME=\(home.path)", "git", "verify-commit", "out"], in: fleet.path)
  }
}
