import CLibGit2

extension GitRepository {
  /// True for a name that `git branch` takes, without `refs/heads/`. Not so `@`, which stands for HEAD, and names of
  /// other references in full, from which git would make a branch `refs/tags/v1`.
  package static func isBranchName(_ name: String) -> Bool {
    guard !name.utf8.contains(0), name != "@", !name.hasPrefix("refs/"), (try? LibGit2.start()) != nil else {
      return false
    }
    var valid: Int32 = 0
    return git_branch_name_is_valid(&valid, name) == 0 && valid == 1
  }

  /// Moves a reference from one commit (nil: it must not exist) to another by compare-and-swap; false when it had
  /// another value.
  package func setReference(
    _ name: String, from expected: ObjectID?, to target: ObjectID, reflog: String, by person: GitSignature
  ) throws(GitError) -> Bool {
    try move(name, from: expected, to: target, reflog: reflog, by: person) == .moved
  }

  /// The full names of references that begin with a path, `refs/linkwright/push/`; none where there are none.
  package func references(below path: String) throws(GitError) -> [String] {
    let operation = "list \(path)"
    try withoutNUL(path, operation)
    return try exclusively { (repository) throws(GitError) in
      let iterator = try GitHandle(operation, freedBy: { git_reference_iterator_free($0) }) {
        git_reference_iterator_glob_new($0, repository, path + "*")
      }
      var names: [String] = []
      var name: UnsafePointer<CChar>?
      defer { git_error_clear() }
      while git_reference_next_name(&name, iterator.pointer) == 0 {
        if let name { names.append(String(cString: name)) }
      }
      return names
    }
  }

  /// Removes a reference of Linkwright's own (`refs/linkwright/…`); one that is not there is no fault.
  package func removeOwnReference(_ name: String) throws(GitError) {
    let operation = "remove \(name)"
    try Self.checkReferenceName(name, operation)
    guard name.hasPrefix("refs/linkwright/") else {
      throw GitError(.invalidName, operation, "it is not one of Linkwright's own references")
    }
    do {
      try exclusively { (repository) throws(GitError) in
        _ = try git(operation) { git_reference_remove(repository, name) }
      }
    } catch {
      if error.kind != .notFound { throw error }
    }
  }
}
