import Glibc
import Repository

/// Signs commits with the programs that git itself uses: `ssh-keygen -Y sign` and `gpg`.
struct CommitSigning {
  private let command: [String]

  private static let kinds = "give --sign the path of an SSH key, or a key id of gpg"

  /// How long a key may take: an agent may wait for somebody to touch a token.
  private static let patience = 60.0

  /// Keeps the public key's file.
  private let scratch: ScratchFile?

  /// Takes a key as `user.signingKey` does: the path of an SSH key, `ssh-…` or `key::…` for one of the agent's,
  /// anything else is GPG's.
  init(key: String) throws(CommandFailure) {
    if let publicKey = Self.publicKey(key) {
      let file = try ScratchFile(publicKey)
      scratch = file
      command = ["ssh-keygen", "-Y", "sign", "-n", "git", "-U", "-f", file.path]
      return
    }
    scratch = nil
    let path = Self.expanded(key)
    if FileSystem.exists(path) {
      command = ["ssh-keygen", "-Y", "sign", "-n", "git", "-f", path]
    } else if key.isEmpty || key.contains("/") || key.hasSuffix(".pub") {
      // No id of gpg's looks like a path.
      throw CommandFailure(
        message: key.isEmpty ? "--sign names no key" : "there is no key '\(key)'", help: Self.kinds)
    } else {
      command = ["gpg", "--status-fd=2", "--detach-sign", "--armor", "--local-user", key]
    }
  }

  /// The text of a public key, where `key` is one rather than a path or an id.
  private static func publicKey(_ key: String) -> String? {
    if key.hasPrefix("key::") { return String(key.dropFirst("key::".count)) }
    return ["ssh-", "ecdsa-", "sk-"].contains(where: key.hasPrefix) && key.contains(" ") ? key : nil
  }

  /// True for what ssh-keygen says of keys that an agent would open, or has not.
  private static func saysThatItIsLocked(_ text: String) -> Bool {
    ["passphrase", "agent", "No private key found"].contains(where: text.contains)
  }

  private static func expanded(_ path: String) -> String {
    guard path.hasPrefix("~/"), let home = Terminal.environment("HOME") else { return path }
    return home + path.dropFirst()
  }

  /// An armoured signature of what git would sign.
  func sign(_ content: [UInt8]) throws(GitError) -> String {
    let outcome: ChildProcess.Outcome
    do {
      outcome = try ChildProcess(command: command).run(
        input: content, until: ChildProcess.now + Self.patience)
    } catch {
      throw GitError(.signing, "sign the commit", error.message, remedy: error.help)
    }
    if outcome.timedOut {
      throw GitError(
        .signing, "sign the commit", "\(command[0]) did not answer within \(Int(Self.patience)) seconds",
        remedy: "unlock the key in its agent first")
    }
    guard outcome.status == 0, outcome.text.hasPrefix("-----BEGIN ") else {
      let lines = outcome.errorText.split(separator: "\n").filter { !$0.hasPrefix("[GNUPG:]") }
      throw GitError(
        .signing, "sign the commit",
        "\(command[0]) failed: \(lines.isEmpty ? "status \(outcome.status)" : lines.joined(separator: "; "))",
        remedy: command[0] == "ssh-keygen" && Self.saysThatItIsLocked(outcome.errorText)
          ? "the key has a passphrase, or only its public half is here: 'ssh-add' it, and give --sign its public key"
          : Self.kinds)
    }
    return outcome.text
  }
}

/// A small file for a program that takes none of its input otherwise; removed with the last reference.
final class ScratchFile: Sendable {
  let path: String

  init(_ text: String) throws(CommandFailure) {
    let directory = Terminal.environment("TMPDIR") ?? "/tmp"
    // mkstemp puts letters of its own in the place of the six.
    var template = Array("\(directory)/linkwright-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw CommandFailure(message: "cannot make a file in \(directory)") }
    _ = Terminal.write(Array((text + "\n").utf8), to: descriptor)
    close(descriptor)
    path = template.withUnsafeBufferPointer {
      String(decoding: $0.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }

  deinit { unlink(path) }
}
