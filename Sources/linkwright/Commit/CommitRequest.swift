import Compiler
import Glibc
import Repository
import Review

/// What `commit` is asked for, read from the command line.
struct CommitRequest {
  let revision: String?
  let branch: String?
  /// Takes the place of the source's author.
  let author: (name: String, email: String)?
  let message: String?
  let signing: CommitSigning.Wish?
  let into: String?
  let push: Push?
  /// Write `<branch>-next`, for a promoter to take over.
  let proposes: Bool
  let isDry: Bool
  let overwritesEdited: Bool
  let replacesUnrelated: Bool
  /// Compile although the branch was compiled from the same input.
  let recompiles: Bool
  /// True when a report shows notes and what is suppressed, as all but the plain text do.
  let showsNotes: Bool
  let options: CompileOptions
  /// Make a commit for each stage of the change.
  let isStaged: Bool
  /// The last stage to write; nil for all.
  let lastStage: String?

  /// Where to push, and how long it may take in all.
  struct Push {
    let remote: String
    let seconds: Double
  }

  static let branch = Option(
    name: "--branch", value: "NAME", help: "Write this branch instead of the Fleet's")
  static let author = Option(
    name: "--author", value: "AUTHOR", help: "'Name <address>' instead of the source commit's author")
  static let message = Option(name: "--message", short: "-m", value: "TEXT", help: "The commit's message")
  static let sign = Option(
    name: "--sign", value: "KEY", help: "Sign with an SSH key (a path or a public key) or a key id of gpg")
  static let signConfigured = Option(
    name: "--gpg-sign", short: "-S",
    help:
      "Sign as 'git commit -S' does: with user.signingKey, and what gpg.format says, of git's configuration")
  static let into = Option(name: "--into", value: "REPO", help: "Write to another repository on this machine")
  static let push = Option(
    name: "--push", value: "REMOTE",
    help: "Push the branch and its note; the local branch follows the remote's")
  static let pushTimeout = Option(
    name: "--push-timeout", value: "SECONDS", help: "Give up pushing after this time (120)")
  static let propose = Option(
    name: "--propose", help: "Write '<branch>-next' for GitOps Promoter to take over")
  static let dryRun = Option(name: "--dry-run", help: "Print what would change, and write nothing")
  static let overwrite = Option(
    name: "--overwrite-edited", help: "Overwrite generated files that were edited on the branch")
  static let replaceUnrelated = Option(
    name: "--replace-unrelated", help: "Write even though the branch was compiled from an unrelated source")

  static let stages = Option(
    name: "--stages",
    help: "Make a commit for each stage of the change, so that no live connection breaks between them")
  static let until = Option(
    name: "--until", value: "STAGE", help: "With --stages: stop after this one, and go on with the next run",
    choices: StagePlan.Name.allCases.map(\.rawValue))
  static let recompile = Option(
    name: "--recompile", help: "Compile even though the branch was compiled from the same input")

  init(_ parsed: ParsedArguments) throws(CommandFailure) {
    revision = parsed.last(.ref)
    branch = parsed.last(Self.branch)
    author = try parsed.last(Self.author).map { (text) throws(CommandFailure) in try Self.person(text) }
    message = parsed.last(Self.message)
    let key = parsed.last(Self.sign)
    if key != nil, parsed.has(Self.signConfigured) {
      throw CommandFailure(
        message: "--sign names a key, and --gpg-sign takes the one of git's configuration",
        help: "give one of them"
      )
    }
    signing = key.map { .key($0) } ?? (parsed.has(Self.signConfigured) ? .configured : nil)
    into = parsed.last(Self.into)
    let seconds = try parsed.last(Self.pushTimeout).map { (text) throws(CommandFailure) -> Double in
      guard let seconds = Double(text), seconds > 0, seconds.isFinite else {
        throw CommandFailure(message: "'\(text)' is no number of seconds", help: "write --push-timeout 120")
      }
      return seconds
    }
    if let remote = parsed.last(Self.push) {
      guard !remote.isEmpty, !remote.hasPrefix("-") else {
        throw CommandFailure(message: "'\(remote)' is no remote", help: "name a remote or its address")
      }
      push = Push(remote: remote, seconds: seconds ?? 120)
    } else {
      push = nil
    }
    proposes = parsed.has(Self.propose)
    isDry = parsed.has(Self.dryRun)
    overwritesEdited = parsed.has(Self.overwrite)
    replacesUnrelated = parsed.has(Self.replaceUnrelated)
    recompiles = parsed.has(Self.recompile)
    let formats = parsed.all(.format) + [Terminal.environment("LINKWRIGHT_FORMAT") ?? "text"]
    showsNotes = parsed.has(.verbose) || formats.contains { $0 != "text" && !$0.hasPrefix("text=") }
    isStaged = parsed.has(Self.stages)
    lastStage = parsed.last(Self.until)
    if lastStage != nil, !isStaged {
      throw CommandFailure(message: "--until names a stage of --stages", help: "give both")
    }
    var options = CompileOptions()
    options.isStrict = parsed.has(.strict)
    options.prunesPending = parsed.has(.prunePending)
    self.options = options
  }

  /// `Name <address>`.
  private static func person(_ text: String) throws(CommandFailure) -> (name: String, email: String) {
    let parts = text.split(separator: "<", maxSplits: 1).map(String.init)
    guard parts.count == 2, parts[1].hasSuffix(">"),
      !parts[1].dropLast().contains(where: { "<> ".contains($0) }),
      let last = parts[0].lastIndex(where: { $0 != " " })
    else {
      throw CommandFailure(
        message: "'\(text)' is no author", help: "write --author 'Ada Lovelace <ada@example.org>'")
    }
    return (String(parts[0][...last]), String(parts[1].dropLast()))
  }
}
