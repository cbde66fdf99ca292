import CLibGit2
import Glibc

/// git's configuration as git itself would read it, with what the environment says of it.
enum GitConfiguration {
  /// The files outside the repository, least first: those that decide whom a repository may belong to.
  static func protectedFiles(_ environment: GitEnvironment) -> [(path: String, level: git_config_level_t)] {
    var files: [(String, git_config_level_t)] = []
    switch environment.system {
    case .usual: files += found(git_config_find_system).map { [($0, GIT_CONFIG_LEVEL_SYSTEM)] } ?? []
    case .file(let path): files.append((path, GIT_CONFIG_LEVEL_SYSTEM))
    case .none: break
    }
    switch environment.global {
    case .usual:
      files += found(git_config_find_xdg).map { [($0, GIT_CONFIG_LEVEL_XDG)] } ?? []
      files += found(git_config_find_global).map { [($0, GIT_CONFIG_LEVEL_GLOBAL)] } ?? []
    case .file(let path): files.append((path, GIT_CONFIG_LEVEL_GLOBAL))
    case .none: break
    }
    return files.filter { access($0.0, R_OK) == 0 }
  }

  private static func found(_ find: (UnsafeMutablePointer<git_buf>?) -> Int32) -> String? {
    var buffer = git_buf()
    defer { git_buf_dispose(&buffer) }
    defer { git_error_clear() }
    guard find(&buffer) == 0, let path = buffer.ptr else { return nil }
    return String(cString: path)
  }

  /// Lets a repository read the files that count; libgit2 by itself knows the usual ones only.
  static func set(_ repository: OpaquePointer, _ environment: GitEnvironment) throws(GitError) {
    let operation = "read the configuration"
    let configuration = try GitHandle(operation, freedBy: { git_config_free($0) }) { git_config_new($0) }
    let common = git_repository_commondir(repository).map { String(cString: $0) } ?? ""
    let own = git_repository_path(repository).map { String(cString: $0) } ?? ""
    var files = protectedFiles(environment)
    files.append((common + "config", GIT_CONFIG_LEVEL_LOCAL))
    if bool("extensions.worktreeconfig", inFile: common + "config") == true {
      files.append((own + "config.worktree", GIT_CONFIG_LEVEL_APP))
    }
    for (path, level) in files where access(path, R_OK) == 0 {
      try git("read the configuration \(path)") {
        git_config_add_file_ondisk(configuration.pointer, path, level, repository, 1)
      }
    }
    try git(operation) { git_repository_set_config(repository, configuration.pointer) }
  }

  /// All values of a setting in one file and the files that it includes, in order.
  static func values(of name: String, inFile path: String) -> [String] {
    defer { git_error_clear() }
    guard access(path, R_OK) == 0,
      let file = try? GitHandle(
        "read \(path)", freedBy: { git_config_free($0) }, { git_config_open_ondisk($0, path) }),
      let settings = try? GitHandle(
        "read \(path)", freedBy: { git_config_iterator_free($0) },
        { git_config_iterator_new($0, file.pointer) })
    else { return [] }
    var values: [String] = []
    var entry: UnsafeMutablePointer<git_config_entry>?
    while git_config_next(&entry, settings.pointer) == 0 {
      guard let known = entry?.pointee.name, String(cString: known) == name else { continue }
      values.append(entry?.pointee.value.map { String(cString: $0) } ?? "true")
    }
    return values
  }

  /// A setting of one file that is true or false; nil where it is not set.
  static func bool(_ name: String, inFile path: String) -> Bool? {
    values(of: name, inFile: path).last.map { GitEnvironment.isTrue($0) }
  }
}

/// Whose repositories are read: git's rules (`ensure_valid_ownership` in its setup.c, git-config(1) safe.directory).
///
/// libgit2 1.5 compares paths only, and looks at two files only.
struct RepositoryOwnership {
  private let environment: GitEnvironment

  init(_ environment: GitEnvironment) {
    self.environment = environment
  }

  /// Throws for a repository of somebody else that nobody called safe, and for a bare one that was found where bare ones
  /// must be named (git-config(1), safe.bareRepository): somebody may have put it into a clone as files.
  func check(_ repository: OpaquePointer, _ operation: String, isNamed: Bool) throws(GitError) {
    let bare = "safe.barerepository"
    if !isNamed, git_repository_is_bare(repository) == 1, git_repository_workdir(repository) == nil,
      protectedValues(of: bare).last?.lowercased() == "explicit"
    {
      let place = git_repository_path(repository).map { String(cString: $0) } ?? ""
      throw GitError(
        .notOwned, operation, "it is bare, and safe.bareRepository says that such ones must be named",
        remedy: "if you trust it, set GIT_DIR=\(Self.plain(place))")
    }
    let directory = git_repository_path(repository).map { String(cString: $0) } ?? ""
    let workTree = git_repository_workdir(repository).map { String(cString: $0) }
    let file = workTree.map { $0 + ".git" }
    if [directory, workTree, file].allSatisfy({ $0.map(isOwn) ?? true }) { return }
    let place = Self.plain(workTree ?? directory)
    if isSafe(place) { return }
    throw GitError(
      .notOwned, operation,
      "\(place) belongs to another user, and git does not read such a repository unless told so",
      remedy: "if you trust it, run `git config --global --add safe.directory \(place)`")
  }

  private func isOwn(_ path: String) -> Bool {
    var status = stat()
    // A bare repository has no `.git` file, and what is not there belongs to nobody.
    guard lstat(Self.plain(path), &status) == 0 else { return errno == ENOENT }
    let user = geteuid()
    if user == 0, status.st_uid != 0 { return status.st_uid == environment.sudoUser }
    return status.st_uid == user
  }

  private func isSafe(_ place: String) -> Bool {
    let values = protectedValues(of: "safe.directory")
    let places = [place, Self.resolved(place)]
    var isSafe = false
    for value in values {
      if value.isEmpty {
        // Forgets what came before.
        isSafe = false
      } else if value == "*" {
        isSafe = true
      } else {
        var path = value
        if path == "." { path = environment.currentDirectory }
        if path.hasPrefix("~/"), let home = environment.home { path = home + path.dropFirst() }
        if path.hasSuffix("/*") {
          let above = path.dropLast(2)
          isSafe = isSafe || places.contains { $0.hasPrefix(above + "/") }
        } else {
          let path = Self.plain(path)
          isSafe = isSafe || places.contains(path) || places.contains(Self.resolved(path))
        }
      }
    }
    return isSafe
  }

  /// The values of a setting that no repository can give itself.
  private func protectedValues(of name: String) -> [String] {
    GitConfiguration.protectedFiles(environment).flatMap {
      GitConfiguration.values(of: name, inFile: $0.path)
    } + environment.settings.filter { $0.name == name }.map(\.value)
  }

  private static func plain(_ path: String) -> String {
    var path = path
    while path.hasSuffix("/"), path.utf8.count > 1 { path.removeLast() }
    return path
  }

  private static func resolved(_ path: String) -> String {
    guard let resolved = realpath(path, nil) else { return path }
    defer { free(resolved) }
    return String(cString: resolved)
  }
}
