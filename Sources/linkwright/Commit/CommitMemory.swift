import Compiler
import FleetSpec
import Repository
import Snapshot

/// What one commit remembers for the next: under the output that it wrote, which source gave it and what was found.
struct CommitMemory {
  let memo: MemoDirectory
  /// The commit that is compiled.
  let source: CommitFacts
  let snapshot: any Snapshot
  let repository: GitRepository
  /// The fleet's directory, with a final `/`, or empty.
  let prefix: String
  let fleet: Fleet
  let options: CompileOptions

  /// What was compiled last.
  private enum Last {
    case whole(Compilation)
    case part(IncrementalCompile)
  }

  private var last: Last?

  init(
    memo: MemoDirectory, source: CommitFacts, snapshot: any Snapshot, repository: GitRepository,
    prefix: String,
    fleet: Fleet, options: CompileOptions
  ) {
    self.memo = memo
    self.source = source
    self.snapshot = snapshot
    self.repository = repository
    self.prefix = prefix
    self.fleet = fleet
    self.options = options
  }

  /// What changed since the output on record was written; nil where everything has to be compiled, for whatever reason:
  /// the full compile says what is wrong.
  mutating func change(recorded: any Snapshot) throws(CommandFailure) -> IncrementalCompile? {
    last = nil
    let compiler = try Compiling.compiler()
    guard let key = try? RememberedCompile.key(of: recorded, fleet: fleet, options: options),
      let remembered = RememberedCompile(key, in: memo), let id = ObjectID(hexadecimal: remembered.source),
      let commit = try? repository.commit(id)
    else { return nil }
    let base = CommitSnapshot(repository, commit: commit, prefix: String(prefix.dropLast()))
    guard
      let part = try? compiler.compile(
        changeFrom: remembered, base: base, head: snapshot, named: "\(source.id)", recorded: recorded,
        options: options, memo: memo)
    else { return nil }
    last = .part(part)
    return part
  }

  /// Takes note of a full compile.
  mutating func note(_ compilation: Compilation) { last = .whole(compilation) }

  /// Keeps what was compiled last under the output that it came to. What cannot be kept is compiled again.
  func remember(output: any Snapshot) {
    switch last {
    case .whole(let compilation):
      try? compilation.remember(snapshot, named: "\(source.id)", output: output, options: options, in: memo)
    case .part(let part): try? part.remember(output: output, options: options, in: memo)
    case nil: break
    }
  }
}
