import CLibGit2

extension GitRepository {
  /// The best commit that two histories share; nil when they have none. Linear in the history since then.
  package func mergeBase(_ one: ObjectID, _ other: ObjectID) throws(GitError) -> ObjectID? {
    var first = one.oid
    var second = other.oid
    var base = git_oid()
    do {
      return try exclusively { (repository) throws(GitError) in
        try git("find where \(one) and \(other) parted") {
          git_merge_base(&base, repository, &first, &second)
        }
        return ObjectID(base)
      }
    } catch {
      guard error.kind == .notFound || error.kind == .missingObject else { throw error }
      guard isShallow else {
        if error.kind == .notFound { return nil }
        throw error
      }
      throw GitError(
        .missingObject, error.operation, "the history between them is cut off: the clone is shallow",
        remedy: "fetch the rest with `git fetch --unshallow`", errorClass: error.errorClass, code: error.code)
    }
  }

  /// The branch that work on this repository is compared with, in full: the remote's default branch, or what the
  /// branch that is checked out follows; nil when neither is known.
  package func defaultUpstream() throws(GitError) -> String? {
    let remoteHead = "refs/remotes/origin/HEAD"
    if try target(ofReference: remoteHead) != nil { return remoteHead }
    guard let branch = try headReference(), try target(ofReference: branch) != nil else { return nil }
    return try exclusively { (repository) throws(GitError) -> String? in
      var name = git_buf()
      defer { git_buf_dispose(&name) }
      guard git_branch_upstream_name(&name, repository, branch) == 0, let text = name.ptr else {
        git_error_clear()
        return nil
      }
      return String(cString: text)
    }
  }
}
