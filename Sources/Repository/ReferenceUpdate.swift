import CLibGit2
import Glibc

extension GitRepository {
  /// The result of a compare-and-swap.
  enum ReferenceMove: Sendable, Equatable {
    case moved
    /// The reference had another value (nil: none): nothing was done.
    case lost(current: ObjectID?)
  }

  /// A reference that must keep its value while another one moves; nil for one that must not exist.
  struct Witness: Sendable {
    let name: String
    let value: ObjectID?
  }

  /// Moves a reference from one commit to another, under git's own lock file: `expected` nil means that it must not
  /// exist yet. The value is compared while the lock is held, so that two writers never both win; libgit2's
  /// `git_reference_create_matching` cannot promise that for a reference that is being created.
  func move(
    _ name: String, from expected: ObjectID?, to target: ObjectID, reflog: String, by person: GitSignature,
    while witness: Witness? = nil
  ) throws(GitError) -> ReferenceMove {
    let operation = "move \(name)"
    try Self.checkReferenceName(name, operation)
    try withoutNUL(reflog, operation)
    let message = reflog.split(whereSeparator: { $0.isNewline }).joined(separator: " ")
    var waited: UInt32 = 0
    while true {
      do {
        return try exclusively { (repository) throws(GitError) in
          try Self.swap(repository, name, expected, target, message, person, witness)
        }
      } catch {
        guard error.kind == .locked, waited < Self.lockPatience else {
          let isWitness = witness.map { error.operation == "lock \($0.name)" } ?? false
          throw explainLock(error, isWitness ? witness?.name ?? name : name)
        }
        // Others hold the lock for about a millisecond; the process id keeps waiting processes apart.
        let pause = 1000 + UInt32(bitPattern: getpid() &* 7919) % 4000
        usleep(pause)
        waited += pause
      }
    }
  }

  /// How long to wait for another process's lock, in microseconds, before it counts as left behind.
  private static let lockPatience: UInt32 = 5_000_000

  private static func swap(
    _ repository: OpaquePointer, _ name: String, _ expected: ObjectID?, _ target: ObjectID, _ message: String,
    _ person: GitSignature, _ witness: Witness?
  ) throws(GitError) -> ReferenceMove {
    let operation = "move \(name)"
    let transaction = try GitHandle(operation, freedBy: { git_transaction_free($0) }) {
      git_transaction_new($0, repository)
    }
    try git("lock \(name)") { git_transaction_lock_ref(transaction.pointer, name) }
    let current = try directTarget(of: name, repository)
    guard current == expected else { return .lost(current: current) }
    if let witness {
      try git("lock \(witness.name)") { git_transaction_lock_ref(transaction.pointer, witness.name) }
      guard try directTarget(of: witness.name, repository) == witness.value else {
        return .lost(current: current)
      }
    }
    var signature: UnsafeMutablePointer<git_signature>?
    try git(operation) { git_signature_now(&signature, nonEmpty(person.name), nonEmpty(person.email)) }
    defer { git_signature_free(signature) }
    var id = target.oid
    try git(operation) { git_transaction_set_target(transaction.pointer, name, &id, signature, message) }
    try git(operation) { git_transaction_commit(transaction.pointer) }
    return .moved
  }

  /// What a reference points at; nil when there is none. Refuses one that stands for another.
  private static func directTarget(of name: String, _ repository: OpaquePointer) throws(GitError) -> ObjectID?
  {
    let reference: GitHandle
    do throws(GitError) {
      reference = try GitHandle("read reference \(name)", freedBy: { git_reference_free($0) }) {
        git_reference_lookup($0, repository, name)
      }
    } catch {
      if error.kind == .notFound { return nil }
      throw error
    }
    if let other = git_reference_symbolic_target(reference.pointer).map({ String(cString: $0) }) {
      throw GitError(
        .invalidName, "move \(name)", "it is a symbolic reference to \(other)", remedy: "name \(other) itself"
      )
    }
    return git_reference_target(reference.pointer).map { ObjectID($0.pointee) }
  }

  private static func nonEmpty(_ text: String) -> String {
    let clean = text.filter { $0 != "<" && $0 != ">" && !$0.isNewline && $0 != "\0" }
    return clean.allSatisfy(\.isWhitespace) ? "unknown" : clean
  }

  private func explainLock(_ error: GitError, _ name: String) -> GitError {
    if error.message.contains("parent is not directory") || error.message.contains("there are refs beneath") {
      let short = name.hasPrefix("refs/heads/") ? String(name.dropFirst("refs/heads/".count)) : name
      return GitError(
        .invalidName, "create \(short)",
        "a branch exists whose name is a part of this one, or the other way round",
        remedy: "git keeps branches as files: 'a' and 'a/b' cannot both be; choose another name",
        errorClass: error.errorClass, code: error.code)
    }
    guard error.kind == .locked else { return error }
    return GitError(
      .locked, error.operation, error.message,
      remedy: "another process is moving it, or one was killed: when no git process is running, remove "
        + "\(commonDirectory)\(name).lock",
      errorClass: error.errorClass, code: error.code)
  }

  /// Refuses a name that git would not take for a reference.
  static func checkReferenceName(_ name: String, _ operation: String) throws(GitError) {
    try withoutNUL(name, operation)
    var valid: Int32 = 0
    try git(operation) { git_reference_name_is_valid(&valid, name) }
    guard valid == 1, name.hasPrefix("refs/") else {
      throw GitError(
        .invalidName, operation, "'\(EntryName.printable(name.utf8))' is not a valid reference name",
        remedy: "write it in full, as in refs/heads/main")
    }
  }
}
