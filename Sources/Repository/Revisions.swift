import CLibGit2

extension GitRepository {
  /// Resolves any revision that git accepts (a branch, a tag, `HEAD~2`, `main@{upstream}`, a short id, …) to the
  /// commit it leads to.
  package func commit(_ revision: String) throws(GitError) -> CommitFacts {
    let operation = "resolve revision '\(EntryName.printable(revision.utf8))'"
    guard !revision.isEmpty else { throw GitError(.notFound, operation, "the revision is empty") }
    try withoutNUL(revision, operation)
    // libgit2 1.5 knows `@` alone and `@{…}`, but not `@~1` and `@^`.
    let isShort = revision.hasPrefix("@~") || revision.hasPrefix("@^")
    let spelling = isShort ? "HEAD" + revision.dropFirst() : revision
    let id = try exclusively { (repository) throws(GitError) -> ObjectID in
      let object: GitHandle
      do throws(GitError) {
        object = try GitHandle(operation, freedBy: { git_object_free($0) }) {
          git_revparse_single($0, repository, spelling)
        }
      } catch {
        throw Self.explainRevision(
          error, revision, repository, isShallow: isShallow, objects: objectsDirectory)
      }
      var type = "object"
      if let name = git_object_type2string(git_object_type(object.pointer)) { type = String(cString: name) }
      var peeled: OpaquePointer?
      let status = git_object_peel(&peeled, object.pointer, GIT_OBJECT_COMMIT)
      guard status == 0, let peeled else {
        git_error_clear()
        throw GitError(
          .notFound, operation, "it names a \(type), not a commit", remedy: "name a commit, a branch or a tag"
        )
      }
      defer { git_object_free(peeled) }
      guard let id = git_object_id(peeled) else { throw GitError(.other, operation, "the commit has no id") }
      return ObjectID(id.pointee)
    }
    return try commit(id)
  }

  /// Reads a commit by its id.
  package func commit(_ id: ObjectID) throws(GitError) -> CommitFacts {
    try CommitFacts(id: id, content: objects.read(id, as: .commit))
  }

  /// True where a tree can be read.
  package func holdsTree(_ id: ObjectID) -> Bool { (try? objects.read(id, as: .tree)) != nil }

  /// Says why a revision does not resolve, and what may have been meant.
  private static func explainRevision(
    _ error: GitError, _ revision: String, _ repository: OpaquePointer, isShallow: Bool, objects: String
  ) -> GitError {
    guard error.kind == .notFound || error.kind == .missingObject else { return error }
    var remedy: String?
    var reference: OpaquePointer?
    var named: OpaquePointer?
    defer { git_reference_free(reference) }
    defer { git_reference_free(named) }
    if git_reference_dwim(&named, repository, revision) == 0 {
      defer { git_error_clear() }
      var resolved: OpaquePointer?
      defer { git_reference_free(resolved) }
      if git_reference_resolve(&resolved, named) == 0, let id = git_reference_target(resolved)?.pointee {
        let lost = lostAlternate(of: objects)
        let message = "object \(ObjectID(id)), which it names, is missing"
        return GitError(
          .missingObject, error.operation,
          lost.map { "\(message), and so is \($0), where more objects were" } ?? message,
          remedy: lost == nil
            ? "run `git fsck`, and fetch again from a complete clone"
            : "bring that directory back, or correct objects/info/alternates", errorClass: error.errorClass,
          code: error.code)
      }
    }
    if git_reference_lookup(&reference, repository, "refs/remotes/origin/\(revision)") == 0 {
      remedy = "'origin/\(revision)' exists"
    } else if git_repository_head_unborn(repository) == 1, revision.hasPrefix("HEAD") {
      remedy = "the branch has no commit yet"
    } else if isShallow {
      remedy = "the clone is shallow: `git fetch --unshallow` brings the rest of the history"
    } else {
      remedy = "check the spelling, or fetch it first: CI often clones one branch only"
    }
    git_error_clear()
    let message =
      error.message == noReason ? "nothing is found by it" : error.message
    return GitError(
      .notFound, error.operation, message, remedy: remedy, errorClass: error.errorClass,
      code: error.code)
  }

  /// The commit that a reference (`refs/heads/main`) leads to; nil when there is no such reference.
  package func target(ofReference name: String) throws(GitError) -> ObjectID? {
    let operation = "read reference \(name)"
    try withoutNUL(name, operation)
    do {
      return try exclusively { (repository) throws(GitError) in
        var oid = git_oid()
        try git(operation) { git_reference_name_to_id(&oid, repository, name) }
        return ObjectID(oid)
      }
    } catch {
      if error.kind == .notFound { return nil }
      throw error
    }
  }

  /// The reference that HEAD stands for (`refs/heads/main`), born or not; nil when HEAD is detached.
  package func headReference() throws(GitError) -> String? {
    try exclusively { (repository) throws(GitError) in
      let head = try GitHandle("read HEAD", freedBy: { git_reference_free($0) }) {
        git_reference_lookup($0, repository, "HEAD")
      }
      return git_reference_symbolic_target(head.pointer).map { String(cString: $0) }
    }
  }

  /// The address of a remote as configured; nil when there is none of that name.
  package func remoteURL(_ name: String) throws(GitError) -> String? {
    let operation = "read remote '\(name)'"
    try withoutNUL(name, operation)
    if let address = settings.setting("remote.\(name).url") { return address }
    do {
      return try exclusively { (repository) throws(GitError) in
        let remote = try GitHandle(operation, freedBy: { git_remote_free($0) }) {
          git_remote_lookup($0, repository, name)
        }
        return git_remote_url(remote.pointer).map { String(cString: $0) }
      }
    } catch {
      if error.kind == .notFound { return nil }
      throw error
    }
  }

  /// `user.name` and `user.email` of git's own configuration; nil when either is not set.
  package func configuredIdentity() throws(GitError) -> (name: String, email: String)? {
    guard let name = try configuration("user.name"), let email = try configuration("user.email") else {
      return nil
    }
    return (name, email)
  }

  /// A value of git's own configuration (system, global, repository, environment); nil when it is not set.
  package func configuration(_ key: String) throws(GitError) -> String? {
    let operation = "read the configuration value \(key)"
    try withoutNUL(key, operation)
    if let value = settings.setting(key) { return value }
    do {
      return try exclusively { (repository) throws(GitError) in
        let configuration = try GitHandle(operation, freedBy: { git_config_free($0) }) {
          git_repository_config_snapshot($0, repository)
        }
        var value: UnsafePointer<CChar>?
        try git(operation) { git_config_get_string(&value, configuration.pointer, key) }
        return value.map { String(cString: $0) }
      }
    } catch {
      if error.kind == .notFound { return nil }
      throw error
    }
  }
}
