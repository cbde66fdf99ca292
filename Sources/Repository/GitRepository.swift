import CLibGit2
import Glibc
import Synchronization

/// An open repository: a working tree's, a bare one, a linked worktree's, a submodule's, or a shallow clone's.
///
/// Safe to use from several threads: objects are read through `ObjectDatabase`, which libgit2 guards
/// itself; references, revisions and configuration take turns behind one mutex.
package final class GitRepository: Sendable {
  let handle: Mutex<GitHandle>
  let objects: ObjectDatabase

  /// The git directory of this working tree, with a final `/`.
  package let gitDirectory: String
  /// The git directory that all linked worktrees share, with a final `/`.
  package let commonDirectory: String
  /// Where objects lie, without a final `/`.
  package let objectsDirectory: String
  /// The root of the working tree, with a final `/`; nil when the repository is bare.
  package let workingDirectory: String?
  /// True when history ends at a depth (`git clone --depth`).
  package let isShallow: Bool

  /// Where `open` looks.
  package enum Lookup: Sendable, Equatable {
    /// The path itself is a repository or the root of a working tree.
    case exactly
    /// The path, or the nearest directory above it; never into the ceiling directories or above.
    case upwards(ceilings: [String])
  }

  /// True without a working tree.
  package var isBare: Bool { workingDirectory == nil }
  /// True for a worktree added with `git worktree add`.
  package var isLinkedWorktree: Bool { gitDirectory != commonDirectory }

  /// Opens the repository at or above a path.
  package init(at path: String, _ lookup: Lookup = .upwards(ceilings: [])) throws(GitError) {
    try LibGit2.start()
    let operation = "open the git repository at \(path)"
    try withoutNUL(path, operation)
    var flags: UInt32 = 0
    var ceilings = ""
    switch lookup {
    case .exactly: flags = GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue
    case .upwards(let directories): ceilings = directories.joined(separator: ":")
    }
    let opened: GitHandle
    do {
      opened = try GitHandle(operation, freedBy: { git_repository_free($0) }) {
        git_repository_open_ext($0, path, flags, ceilings)
      }
    } catch {
      throw Self.explain(error, path)
    }
    let repository = opened.pointer
    gitDirectory = git_repository_path(repository).map { String(cString: $0) } ?? path
    commonDirectory = git_repository_commondir(repository).map { String(cString: $0) } ?? gitDirectory
    workingDirectory = git_repository_workdir(repository).map { String(cString: $0) }
    objectsDirectory = try Self.objectsDirectory(repository)
    isShallow = git_repository_is_shallow(repository) == 1
    let absence: ObjectDatabase.Absence =
      isShallow ? .shallow : Self.isPartial(repository) ? .partial : .complete
    objects = ObjectDatabase(
      try GitHandle("open the object database", freedBy: { git_odb_free($0) }) {
        git_repository_odb($0, repository)
      }, absence: absence)
    handle = Mutex(opened)
  }

  private static func objectsDirectory(_ repository: OpaquePointer) throws(GitError) -> String {
    var buffer = git_buf()
    defer { git_buf_dispose(&buffer) }
    try git("find the object database") {
      git_repository_item_path(&buffer, repository, GIT_REPOSITORY_ITEM_OBJECTS)
    }
    var path = buffer.ptr.map { String(cString: $0) } ?? ""
    while path.hasSuffix("/"), path.utf8.count > 1 { path.removeLast() }
    return path
  }

  /// True for a clone that left objects out (`git clone --filter`).
  private static func isPartial(_ repository: OpaquePointer) -> Bool {
    guard
      let configuration = try? GitHandle(
        "read the configuration", freedBy: { git_config_free($0) },
        {
          git_repository_config_snapshot($0, repository)
        })
    else { return false }
    // Not git_config_iterator_glob_new: its regular expressions leak 20 KiB for each setting in libgit2 1.5.1.
    guard
      let settings = try? GitHandle(
        "read the configuration", freedBy: { git_config_iterator_free($0) },
        { git_config_iterator_new($0, configuration.pointer) })
    else { return false }
    var entry: UnsafeMutablePointer<git_config_entry>?
    defer { git_error_clear() }
    while git_config_next(&entry, settings.pointer) == 0 {
      guard let name = entry?.pointee.name.map({ String(cString: $0) }) else { continue }
      if name == "extensions.partialclone" { return true }
      if name.hasPrefix("remote."), name.hasSuffix(".promisor") { return true }
    }
    return false
  }

  private static func explain(_ error: GitError, _ path: String) -> GitError {
    func again(_ kind: GitError.Kind, _ message: String, _ remedy: String) -> GitError {
      GitError(kind, error.operation, message, remedy: remedy, errorClass: error.errorClass, code: error.code)
    }
    // Without any safe.directory, libgit2 1.5.1 reports that the setting was not found instead of why it asked.
    if error.kind == .notOwned || error.message.contains("safe.directory") {
      return again(
        .notOwned,
        "the directory belongs to another user, and git does not read such a repository unless told so",
        "if you trust it, run `git config --global --add safe.directory \(owned(path))`")
    }
    guard error.kind == .notFound else { return error }
    return again(
      .notFound, "no git repository here or above", "run `git init`, or name a directory inside a clone")
  }

  /// The directory that git wants to see in `safe.directory`: the working tree's, or the bare repository's.
  private static func owned(_ path: String) -> String {
    var buffer = git_buf()
    defer { git_buf_dispose(&buffer) }
    defer { git_error_clear() }
    guard git_repository_discover(&buffer, path, 0, nil) == 0, let found = buffer.ptr else { return path }
    var directory = String(cString: found)
    if directory.hasSuffix("/.git/") { directory.removeLast("/.git/".count) }
    while directory.hasSuffix("/"), directory.utf8.count > 1 { directory.removeLast() }
    return directory
  }

  /// Runs calls on the repository while no other thread does. Not to be nested.
  func exclusively<Result, Failure: Error>(
    _ body: (OpaquePointer) throws(Failure) -> Result
  ) throws(Failure) -> Result where Result: Sendable {
    try handle.withLock { (handle) throws(Failure) -> Result in try body(handle.pointer) }
  }

  /// The path of a file or directory from the root of the working tree (`""` for the root itself), with
  /// links in it resolved; nil when it lies elsewhere, does not exist, or the repository is bare.
  package func pathInWorkingTree(_ path: String) -> String? {
    guard let workingDirectory, !path.utf8.contains(0), let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    let absolute = String(cString: resolved)
    if absolute + "/" == workingDirectory { return "" }
    guard absolute.utf8.starts(with: workingDirectory.utf8) else { return nil }
    return String(decoding: absolute.utf8.dropFirst(workingDirectory.utf8.count), as: UTF8.self)
  }
}
