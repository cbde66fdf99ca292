import Compiler
import Glibc
import Repository

/// Signs commits with the programs that git itself uses, called as git calls them: `gpg`, `gpgsm`, `ssh-keygen`, or what
/// git's configuration names instead.
struct CommitSigning {
  /// What to sign with.
  enum Wish {
    case key(String)
    /// As `git commit -S` does.
    case configured
  }

  private enum Way {
    /// `path` is a key's file; `isPublic` where it was made for a public key whose other half an agent has.
    case ssh(path: String, isPublic: Bool)
    case gpg(key: String)
  }

  private let program: String
  private let way: Way
  private let scratch: ScratchDirectory?

  private static let kinds = "give --sign the path of an SSH key, a public key, or a key id of gpg"

  /// How long a key may take: an agent may wait for somebody to touch a token.
  private static let patience = 120.0

  /// Takes a key as `user.signingKey` does: the path of an SSH key, `ssh-…` or `key::…` for one of the agent's, anything
  /// else is GPG's. Where `gpg.format` is not set, a file of that name makes it an SSH key.
  init(_ wish: Wish, in repository: GitRepository) throws(CommandFailure) {
    let settings = try SigningSettings(repository)
    let format = try settings.format
    switch wish {
    case .key(let key):
      if let publicKey = Self.publicKey(key) {
        self = try CommitSigning(publicKey: publicKey, settings)
        return
      }
      let path = Self.expanded(key)
      let isPath = key.contains("/") || key.hasSuffix(".pub")
      if FileSystem.exists(path), isPath || (format ?? .ssh) == .ssh {
        self = CommitSigning(settings.program(.ssh), .ssh(path: path, isPublic: false))
      } else if key.isEmpty || isPath || format == .ssh {
        // No id of gpg's looks like a path.
        throw CommandFailure(
          message: key.isEmpty ? "--sign names no key" : "there is no key '\(key)'", help: Self.kinds)
      } else {
        self = CommitSigning(settings.program(format ?? .openpgp), .gpg(key: key))
      }
    case .configured where format == .ssh:
      var named = settings.key
      if named == nil { named = try settings.defaultSSHKey() }
      guard let key = named else {
        throw CommandFailure(
          message: "git's configuration names no SSH key to sign with",
          help: "set user.signingKey or gpg.ssh.defaultKeyCommand, or name a key with --sign")
      }
      if let publicKey = Self.publicKey(key) {
        self = try CommitSigning(publicKey: publicKey, settings)
        return
      }
      // git stands at the top of the working tree when it signs.
      let path =
        key.hasPrefix("/") ? key : (repository.workingDirectory ?? repository.gitDirectory) + "/" + key
      guard FileSystem.exists(path) else {
        throw CommandFailure(
          message: "there is no key '\(key)', which git's user.signingKey names",
          help: "mend it, or use --sign")
      }
      self = CommitSigning(settings.program(.ssh), .ssh(path: path, isPublic: false))
    case .configured:
      var named = settings.key
      if named == nil { named = try settings.committer() }
      let key = named ?? ""
      guard format != nil || Self.publicKey(key) == nil && !key.hasPrefix("/") else {
        throw CommandFailure(
          message: "git's user.signingKey is an SSH key, and gpg.format does not say so",
          help: "run 'git config gpg.format ssh'")
      }
      self = CommitSigning(settings.program(format ?? .openpgp), .gpg(key: key))
    }
  }

  private init(_ program: String, _ way: Way, scratch: ScratchDirectory? = nil) {
    self.program = program
    self.way = way
    self.scratch = scratch
  }

  private init(publicKey: String, _ settings: SigningSettings) throws(CommandFailure) {
    let scratch = try ScratchDirectory()
    let path = try scratch.write("key.pub", Array((publicKey + "\n").utf8))
    self.init(settings.program(.ssh), .ssh(path: path, isPublic: true), scratch: scratch)
  }

  /// The text of a public key, where `key` is one rather than a path or an id.
  private static func publicKey(_ key: String) -> String? {
    if key.hasPrefix("key::") { return String(key.dropFirst("key::".count)) }
    return ["ssh-", "ecdsa-", "sk-"].contains(where: key.hasPrefix) && key.contains(" ") ? key : nil
  }

  private static func expanded(_ path: String) -> String {
    guard path.hasPrefix("~/"), let home = Terminal.environment("HOME") else { return path }
    return home + path.dropFirst()
  }

  // MARK: Signing

  /// An armoured signature of what git would sign.
  func sign(_ content: [UInt8]) throws(GitError) -> String {
    let signature: String
    do {
      switch way {
      case .ssh(let path, let isPublic): signature = try sshSignature(content, path, isPublic: isPublic)
      case .gpg(let key): signature = try gpgSignature(content, key)
      }
    } catch {
      throw GitError(.signing, "sign the commit", error.message, remedy: error.help)
    }
    // git stores lines that end as its own do, whatever the program wrote.
    return signature.replacing("\r\n", with: "\n")
  }

  /// `ssh-keygen` gets a file and leaves the signature beside it: programs that stand in for it do not all read their
  /// input.
  private func sshSignature(
    _ content: [UInt8], _ path: String, isPublic: Bool
  ) throws(CommandFailure) -> String {
    let scratch = try ScratchDirectory()
    let buffer = try scratch.write("commit", content)
    let outcome = try run(
      ["-Y", "sign", "-n", "git", "-f", path] + (isPublic ? ["-U", buffer] : [buffer]), input: [])
    let signature = scratch.read("commit.sig")
    guard outcome.status == 0, signature.hasPrefix("-----BEGIN ") else {
      let isOld = outcome.errorText.contains("usage:")
      throw failure(
        outcome,
        isOld
          ? "ssh-keygen signs from OpenSSH 8.2 on"
          : Self.saysThatItIsLocked(outcome.errorText)
            ? "the key has a passphrase, or only its public half is here: 'ssh-add' it, and give --sign its public key"
            : Self.kinds)
    }
    return signature
  }

  private func gpgSignature(_ content: [UInt8], _ key: String) throws(CommandFailure) -> String {
    let outcome = try run(["--status-fd=2", "-bsau", key], input: content)
    // As git does: the program says so itself, whatever its status is.
    let isMade = ("\n" + outcome.errorText).contains("\n[GNUPG:] SIG_CREATED ")
    guard outcome.status == 0, isMade, outcome.text.hasPrefix("-----BEGIN ") else {
      throw failure(
        outcome,
        outcome.status == 0 && !isMade
          ? "git takes a signature only from a program that reports SIG_CREATED, as gpg does" : Self.kinds)
    }
    return outcome.text
  }

  private func run(_ arguments: [String], input: [UInt8]) throws(CommandFailure) -> ChildProcess.Outcome {
    let outcome = try ChildProcess(command: [program] + arguments).run(
      input: input, until: ChildProcess.now + Self.patience)
    if outcome.timedOut {
      throw CommandFailure(
        message: "\(program) did not answer within \(Int(Self.patience)) seconds",
        help: "unlock the key in its agent first")
    }
    return outcome
  }

  private func failure(_ outcome: ChildProcess.Outcome, _ help: String) -> CommandFailure {
    let lines = outcome.errorText.split(separator: "\n").filter { !$0.hasPrefix("[GNUPG:]") }
    let said = lines.isEmpty ? "status \(outcome.status)" : lines.joined(separator: "; ")
    return CommandFailure(message: "\(program) failed: \(said)", help: help)
  }

  /// True for what ssh-keygen says of keys that an agent would open, or has not.
  private static func saysThatItIsLocked(_ text: String) -> Bool {
    ["passphrase", "agent", "No private key found"].contains(where: text.contains)
  }
}

/// A directory for files that other programs read and write; removed with the last reference.
final class ScratchDirectory: Sendable {
  private let path: String

  init() throws(CommandFailure) {
    let parent = Terminal.environment("TMPDIR") ?? "/tmp"
    // mkdtemp puts letters of its own in the place of the six; nobody else may enter.
    var template = Array("\(parent)/linkwright-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw CommandFailure(
        message: "cannot make a directory in \(parent): \(DirectorySnapshot.describe(errno))",
        help: "TMPDIR names another place")
    }
    path = template.withUnsafeBufferPointer {
      String(decoding: $0.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }

  deinit {
    for name in ["key.pub", "commit", "commit.sig"] { unlink("\(path)/\(name)") }
    rmdir(path)
  }

  /// Writes a file that only its owner reads, and returns its path.
  func write(_ name: String, _ bytes: [UInt8]) throws(CommandFailure) -> String {
    let file = "\(path)/\(name)"
    let descriptor = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else {
      throw CommandFailure(message: "cannot write \(file): \(DirectorySnapshot.describe(errno))")
    }
    defer { close(descriptor) }
    let code = Terminal.write(bytes, to: descriptor)
    guard code == 0 else {
      throw CommandFailure(message: "cannot write \(file): \(DirectorySnapshot.describe(code))")
    }
    return file
  }

  /// A file's text; empty where there is none.
  func read(_ name: String) -> String {
    let bytes = try? DirectorySnapshot.read("\(path)/\(name)", as: name, limit: 1 << 20)
    return String(decoding: bytes ?? [], as: UTF8.self)
  }
}
