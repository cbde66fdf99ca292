package import Snapshot

/// What the files of a tree become: new files, and which of the old ones go. Everything else stays as it is.
package struct TreeEdit: Sendable {
  /// One file of the result.
  package struct File: Sendable, Equatable {
    /// From the root of the tree, with `/`.
    package let path: String
    package let blob: BlobID
    package let isExecutable: Bool

    package init(path: String, blob: BlobID, isExecutable: Bool = false) {
      self.path = path
      self.blob = blob
      self.isExecutable = isExecutable
    }
  }

  /// The files to be there afterwards, ordered by the bytes of their paths.
  package let files: [File]
  /// Files to remove, ordered likewise; one that is not there is no fault.
  package let removed: [String]
  /// Directories whose files are all replaced: what is below one and not in `files` goes. `""` is the whole tree.
  package let ownedDirectories: [String]

  /// Checks and orders an edit. Throws for a path that must not stand in a tree, a path given twice, and a file
  /// that another file needs as a directory. A path that is both written and removed is written.
  package init(
    files: [File], removed: [String] = [], ownedDirectories: [String] = []
  ) throws(GitError) {
    self.files = try Self.ordered(files)
    self.removed = removed.sorted { ByteOrder.precedes($0, $1) }
    self.ownedDirectories = ownedDirectories.sorted { ByteOrder.precedes($0, $1) }
    for path in removed + ownedDirectories.filter({ !$0.isEmpty }) { try Self.check(path) }
  }

  private static func ordered(_ files: [File]) throws(GitError) -> [File] {
    var files = files
    let isOrdered = zip(files, files.dropFirst()).allSatisfy { ByteOrder.precedes($0.path, $1.path) }
    if !isOrdered { files.sort { ByteOrder.precedes($0.path, $1.path) } }
    for file in files { try check(file.path) }
    for (one, next) in zip(files, files.dropFirst()) where ByteOrder.equal(one.path, next.path) {
      throw GitError(.invalidName, "write \(one.path)", "the output holds this path twice")
    }
    return files
  }

  private static func check(_ path: String) throws(GitError) {
    if let fault = EntryName.pathFault(path) {
      throw GitError(.invalidName, "write '\(EntryName.printable(path.utf8))'", fault)
    }
  }

  /// The same edit with some paths left out of it: neither written nor removed, whatever it says of them.
  func leaving(_ paths: [String], asIn base: (String) throws(GitError) -> RawTree.Entry?) throws(GitError)
    -> TreeEdit
  {
    let left = Set(paths.map { Array($0.utf8) })
    var files = files.filter { !left.contains(Array($0.path.utf8)) }
    for path in paths {
      guard let entry = try base(path), !entry.isDirectory else { continue }
      files.append(File(path: path, blob: entry.id.blob, isExecutable: entry.mode & 0o111 != 0))
    }
    return try TreeEdit(
      files: files, removed: removed.filter { !left.contains(Array($0.utf8)) },
      ownedDirectories: ownedDirectories)
  }
}
