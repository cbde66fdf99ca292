import Repository

/// What git's configuration says of signing, read by git itself: with included files, the variables of the environment
/// and `~` in paths.
struct SigningSettings {
  enum Format: String, CaseIterable {
    case openpgp, x509, ssh
  }

  /// In the order in which they count, names in lower case where git ignores theirs.
  private let entries: [(name: String, value: String)]
  private let repository: GitRepository

  /// Programs that sign may wait for somebody.
  private static let patience = 120.0

  init(_ repository: GitRepository) throws(CommandFailure) {
    self.repository = repository
    let outcome: ChildProcess.Outcome
    do {
      outcome = try Self.git(
        ["config", "--null", "--type=path", "--get-regexp", #"^(gpg\..*|user\.signingkey)$"#], repository)
    } catch {
      // Where there is no git, nobody has configured it.
      entries = []
      return
    }
    // 1: nothing is set.
    guard outcome.status == 0 || outcome.status == 1 else {
      throw CommandFailure(
        message: "git cannot read its configuration: \(outcome.errorText.split(separator: "\n").last ?? "")")
    }
    entries = outcome.text.split(separator: "\0").map { entry in
      let parts = entry.split(separator: "\n", maxSplits: 1, omittingEmptySubsequences: false)
      return (String(parts[0]), parts.count > 1 ? String(parts[1]) : "")
    }
  }

  private static func git(
    _ arguments: [String], _ repository: GitRepository
  ) throws(CommandFailure) -> ChildProcess.Outcome {
    let child = ChildProcess(
      command: ["git", "--git-dir=\(repository.gitDirectory)"] + arguments, environment: ["LC_ALL": "C"])
    return try child.run(until: ChildProcess.now + patience)
  }

  private func value(_ names: String...) -> String? {
    entries.last { names.contains($0.name) && !$0.value.isEmpty }?.value
  }

  /// `user.signingKey`; nil where it is not set.
  var key: String? { value("user.signingkey") }

  /// `gpg.format`; nil where it is not set.
  var format: Format? {
    get throws(CommandFailure) {
      guard let name = value("gpg.format") else { return nil }
      guard let format = Format(rawValue: name) else {
        throw CommandFailure(
          message: "git's gpg.format is '\(name)'", help: "signatures are openpgp, x509 or ssh")
      }
      return format
    }
  }

  /// The program that makes signatures of a format: `gpg.<format>.program`, and for OpenPGP `gpg.program`.
  func program(_ format: Format) -> String {
    switch format {
    case .openpgp: value("gpg.program", "gpg.openpgp.program") ?? "gpg"
    case .x509: value("gpg.x509.program") ?? "gpgsm"
    case .ssh: value("gpg.ssh.program") ?? "ssh-keygen"
    }
  }

  /// The first key that `gpg.ssh.defaultKeyCommand` prints; nil where no command is set.
  func defaultSSHKey() throws(CommandFailure) -> String? {
    let name = "gpg.ssh.defaultKeyCommand"
    guard let command = value(name.lowercased()) else { return nil }
    let outcome = try ChildProcess(command: try Self.words(command, of: name)).run(
      until: ChildProcess.now + Self.patience)
    guard !outcome.timedOut, outcome.status == 0 else {
      throw CommandFailure(
        message: "\(name) failed: '\(command)' "
          + (outcome.timedOut
            ? "did not answer within \(Int(Self.patience)) s" : "ended with \(outcome.status)"),
        help: outcome.errorText.split(separator: "\n").first.map(String.init))
    }
    let line = outcome.text.prefix { !$0.isNewline }
    guard line.hasPrefix("key::") || line.hasPrefix("ssh-") else {
      throw CommandFailure(
        message: "\(name) printed no key: '\(command)'",
        help: "its first line has to be a public key: ssh-… or key::…"
      )
    }
    return String(line)
  }

  /// The words of a command as git splits them: at white space that is not quoted.
  private static func words(_ command: String, of name: String) throws(CommandFailure) -> [String] {
    var words: [String] = []
    var word: String?
    var quote: Character?
    var rest = command[...]
    while let character = rest.popFirst() {
      if let open = quote {
        if character == open {
          quote = nil
          continue
        }
        if open == "'" || character != "\\" {
          word?.append(character)
          continue
        }
      } else if character.isWhitespace {
        if let word { words.append(word) }
        word = nil
        continue
      } else if character == "'" || character == "\"" {
        quote = character
        word = word ?? ""
        continue
      }
      // A backslash takes the next character as it is.
      word = (word ?? "") + String(character == "\\" ? rest.popFirst() ?? "\\" : character)
    }
    guard quote == nil, let first = word ?? words.first, !first.isEmpty else {
      throw CommandFailure(message: "git's \(name) is no command: '\(command)'")
    }
    return words + (word.map { [$0] } ?? [])
  }

  /// Who git takes for the committer: whose key OpenPGP uses where none is named.
  func committer() throws(CommandFailure) -> String {
    let outcome = try Self.git(["var", "GIT_COMMITTER_IDENT"], repository)
    guard outcome.status == 0, let end = outcome.text.lastIndex(of: ">") else {
      throw CommandFailure(
        message: "git's configuration names no key to sign with, and no committer",
        help: "set user.signingKey, or name a key with --sign")
    }
    return String(outcome.text[...end])
  }
}
