import CLibGit2
import Glibc

extension GitRepository {
  /// True when `ancestor` is the commit itself or can be reached from it through parents.
  ///
  /// Linear in the history between the two. In a shallow clone the history that is there may tell; where it does not,
  /// because the way could go on beyond the place where it is cut off, `missingObject` is thrown.
  package func isAncestor(_ ancestor: ObjectID, of commit: ObjectID) throws(GitError) -> Bool {
    if ancestor == commit { return true }
    if isShallow { return try isAncestorInShallowClone(ancestor, of: commit) }
    var older = ancestor.oid
    var newer = commit.oid
    return try exclusively { (repository) throws(GitError) in
      try git("compare commits \(ancestor) and \(commit)") {
        git_graph_descendant_of(repository, &newer, &older)
      } == 1
    }
  }

  /// libgit2 1.5 does not know where the history of a shallow clone ends, and fails at the first parent that is not
  /// there. Linear in the history that is there.
  private func isAncestorInShallowClone(
    _ ancestor: ObjectID, of commit: ObjectID
  ) throws(GitError) -> Bool {
    let ends = shallowCommits()
    var isCutOff = false
    var seen: Set<ObjectID> = [commit]
    var pending = [commit]
    while let id = pending.popLast() {
      let parents = try self.commit(id).parents
      if parents.contains(ancestor) { return true }
      if ends.contains(id) {
        // Its parents are named in its object, and nobody knows theirs.
        isCutOff = isCutOff || !parents.isEmpty
      } else {
        pending += parents.filter { seen.insert($0).inserted }
      }
    }
    guard isCutOff else { return false }
    throw GitError(
      .missingObject, "compare commits \(ancestor) and \(commit)",
      "the history between them is cut off: the clone is shallow",
      remedy: "fetch more of it, with `git fetch --unshallow` or a greater depth")
  }

  /// The commits whose parents a shallow clone left out (gitformat: `$GIT_DIR/shallow`, one id a line).
  private func shallowCommits() -> Set<ObjectID> {
    let descriptor = open(commonDirectory + "shallow", O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while true {
      let count = read(descriptor, &buffer, buffer.count)
      guard count > 0 else { break }
      bytes += buffer[..<count]
    }
    return Set(
      bytes.split(separator: UInt8(ascii: "\n")).compactMap {
        ObjectID(hexadecimal: String(decoding: $0.prefix(40), as: UTF8.self))
      })
  }
}
