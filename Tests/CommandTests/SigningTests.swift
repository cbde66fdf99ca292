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

  @Test(.enabled(if: Program.find("gpg") != nil, "gpg is not installed"))
  func gpgSignaturesAreGood() throws {
    let fleet = try FleetRepository()
    // Short: the agent's socket has a path of at most 107 bytes.
    let home = "/tmp/lw-gpg-\(UUID().uuidString.prefix(6))"
    try FileManager.default.createDirectory(
      atPath: home, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
    defer {
      _ = try? FleetRepository.run(["gpgconf", "--homedir", home, "--kill", "all"], in: "/")
      try? FileManager.default.removeItem(atPath: home)
    }
    try FleetRepository.run(
      [
        "gpg", "--homedir", home, "--batch", "--quiet", "--passphrase", "", "--quick-gen-key",
        "bot@example.org",
        "ed25519", "sign", "never",
      ], in: fleet.root)
    let output = try fleet.linkwright(
      "commit", "--branch", "out", "--sign", "bot@example.org", environment: ["GNUPGHOME": home])
    #expect(output.status == 0, "\(output.errorText)")
    try FleetRepository.run(["env", "GNUPGHOME=\(home)", "git", "verify-commit", "out"], in: fleet.path)
    let missing = try fleet.linkwright(
      "commit", "--branch", "other", "--sign", "nobody@example.org", environment: ["GNUPGHOME": home])
    #expect(missing.status == 2, "\(missing.errorText)")
  }
}
