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
  /// True while the objects are those of a push that is being judged: nothing may be written then.
  package let isQuarantined: Bool
  /// What the environment says.
  let settings: GitEnvironment
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

  /// Opens the repository at or above a path; the one that the environment names, where it names one and a repository
  /// would be looked for.
  package init(
    at path: String, _ lookup: Lookup = .upwards(ceilings: []), environment: GitEnvironment = GitEnvironment()
  ) throws(GitError) {
    try LibGit2.start()
    let operation = "open the git repository at \(path)"
    try withoutNUL(path, operation)
    let named = lookup == .exactly ? nil : environment.directory
    let opened = try Self.open(path, lookup, named: named, operation)
    let repository = opened.pointer
    try GitConfiguration.set(repository, environment)
    try Self.checkFormat(repository, operation)
    if named == nil {
      try RepositoryOwnership(environment).check(repository, operation, isNamed: lookup == .exactly)
    } else {
      try Self.setWorkTree(repository, environment, operation)
    }
    gitDirectory = git_repository_path(repository).map { String(cString: $0) } ?? path
    commonDirectory = git_repository_commondir(repository).map { String(cString: $0) } ?? gitDirectory
    workingDirectory = git_repository_workdir(repository).map { String(cString: $0) }
    objectsDirectory = try Self.objectsDirectory(repository)
    isShallow = git_repository_is_shallow(repository) == 1
    isQuarantined = environment.isQuarantined && lookup != .exactly
    settings = environment
    let absence: ObjectDatabase.Absence
    if let lost = Self.lostAlternate(of: objectsDirectory) {
      absence = .lostAlternate(lost)
    } else {
      absence = isShallow ? .shallow : Self.isPartial(repository) ? .partial : .complete
    }
    let database = try GitHandle("open the object database", freedBy: { git_odb_free($0) }) {
      git_repository_odb($0, repository)
    }
    if lookup != .exactly {
      for directory in environment.objectDirectories where access(directory, F_OK) == 0 {
        try git("read the objects in \(directory)") {
          git_odb_add_disk_alternate(database.pointer, directory)
        }
      }
    }
    objects = ObjectDatabase(database, directory: objectsDirectory, absence: absence)
    handle = Mutex(opened)
  }

  private static func open(
    _ path: String, _ lookup: Lookup, named: String?, _ operation: String
  ) throws(GitError) -> GitHandle {
    var flags: UInt32 = 0
    var ceilings = ""
    switch lookup {
    case .exactly: flags = GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue
    case .upwards(let directories): ceilings = directories.joined(separator: ":")
    }
    if named != nil { flags = GIT_REPOSITORY_OPEN_NO_SEARCH.rawValue }
    do {
      return try GitHandle(operation, freedBy: { git_repository_free($0) }) {
        git_repository_open_ext($0, named ?? path, flags, ceilings)
      }
    } catch {
      if named == nil || error.kind != .notFound { throw Self.explainOpening(error, path) }
      throw GitError(
        .notFound, operation, "the variable GIT_DIR names \(named ?? ""), which is no git repository",
        remedy: "unset GIT_DIR to look for the repository at \(path)", errorClass: error.errorClass,
        code: error.code)
    }
  }

  /// What git takes for the working tree of a repository that GIT_DIR names.
  private static func setWorkTree(
    _ repository: OpaquePointer, _ environment: GitEnvironment, _ operation: String
  ) throws(GitError) {
    if let tree = environment.workTree {
      try git(operation) { git_repository_set_workdir(repository, tree, 0) }
      return
    }
    guard git_repository_is_bare(repository) == 0 else { return }
    let known = git_repository_workdir(repository).map { String(cString: $0) } ?? ""
    let current = environment.currentDirectory + "/"
    let directory = git_repository_path(repository).map { String(cString: $0) } ?? ""
    // A hook runs in the working tree, or in the git directory itself, where a push is received.
    if known.isEmpty || !current.hasPrefix(known), !current.hasPrefix(directory) {
      try git(operation) { git_repository_set_workdir(repository, current, 0) }
    }
  }

  static let sha256Remedy =
    "the repository uses SHA-256 object names; Linkwright reads SHA-1 repositories only"

  /// Refuses formats of objects and references that libgit2 1.5 cannot read.
  private static func checkFormat(_ repository: OpaquePointer, _ operation: String) throws(GitError) {
    let directory = git_repository_commondir(repository).map { String(cString: $0) } ?? ""
    func value(_ name: String) -> String? {
      GitConfiguration.values(of: name, inFile: directory + "config").last?.lowercased()
    }
    if let format = value("extensions.objectformat"), format != "sha1" {
      throw GitError(.unsupported, operation, "the object format is \(format)", remedy: sha256Remedy)
    }
    if let storage = value("extensions.refstorage"), storage != "files" {
      throw GitError(
        .unsupported, operation, "references are stored as '\(storage)', which libgit2 1.5 cannot read",
        remedy: "convert them with `git refs migrate --ref-format=files`")
    }
  }

  /// Lets what this process makes from now on be used by those with whom the repository is shared
  /// (`core.sharedRepository`); libgit2 1.5 does not look at it. Sets the process's mask.
  package func shareWhatIsMade() throws(GitError) {
    guard let value = try configuration("core.sharedrepository")?.lowercased() else { return }
    let mask = umask(0)
    switch value {
    case "umask", "false", "0", "no", "off": umask(mask)
    case "group", "true", "1", "yes", "on": umask(mask & ~0o070)
    case "all", "world", "everybody", "2": umask(mask & ~0o075)
    default:
      guard let mode = mode_t(value, radix: 8), mode & 0o600 == 0o600 else {
        umask(mask)
        return
      }
      // Directories may be entered by whoever may read what is in them.
      umask(0o777 & ~(mode | (mode >> 2 & 0o111)))
    }
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
