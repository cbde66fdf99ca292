import Compiler
import Glibc
import Repository
import Snapshot

/// Where a compile reads the fleet from: a directory, a commit or the index.
struct FleetSource {
  /// The fleet's root, as the compiler sees it.
  let snapshot: any Snapshot
  /// The way from the repository's root to the fleet's, with a final `/`, or empty.
  let prefix: String
  /// The fleet's root on disk; nil in a bare repository.
  let directory: String?
  /// The repository that was opened; nil for a directory, which needs none.
  let repository: GitRepository?
  /// The commit that is read; nil for a directory and the index.
  let commit: CommitFacts?

  /// Results of earlier compiles, in the git directory; nil for a directory, where contents have no names.
  ///
  /// Where nobody comes back, none is begun: with the variable CI, a memo is used that is there already.
  var memo: MemoDirectory? {
    guard let repository, (try? repository.configuration("linkwright.memo")) != "false" else { return nil }
    let place = prefix.isEmpty ? "memo" : "memo-" + BlobID(of: Array(prefix.utf8)).hexadecimal.prefix(12)
    let memo = MemoDirectory(repository.commonDirectory + "linkwright/" + place, identity: Self.program)
    let isCI = Terminal.environment("CI")?.isEmpty == false
    return memo.isEmpty && isCI ? nil : memo
  }

  /// What tells this program from another build of it: results of another are not looked at.
  private static var program: String {
    var status = stat()
    guard stat("/proc/self/exe", &status) == 0 else { return "\(Compiler.version) \(getpid())" }
    let time = status.st_mtim
    return "\(Compiler.version) \(status.st_size) \(time.tv_sec).\(time.tv_nsec)"
  }

  /// Takes `--ref` or `--staged`, otherwise the directory. Without either, git is not started.
  init(_ parsed: ParsedArguments) throws(CommandFailure) {
    if parsed.has(.ref), parsed.has(.staged) {
      throw CommandFailure(message: "--ref and --staged exclude each other", help: "give one of them")
    }
    if let revision = parsed.last(.ref) {
      self = try FleetSource(parsed, revision: revision)
    } else if parsed.has(.staged) {
      self = try FleetSource(stagedIn: parsed)
    } else {
      self = try FleetSource(directoryOf: parsed)
    }
  }

  /// The fleet in the directory.
  init(directoryOf parsed: ParsedArguments) throws(CommandFailure) {
    let location = try FleetLocation(parsed)
    let submodules = AbsentSubmodules(of: location.root)
    try submodules.refuseFleet()
    snapshot = DirectorySnapshot(root: location.root, absentSubmodules: submodules.contains)
    prefix = location.prefix
    directory = location.root
    repository = nil
    commit = nil
  }

  /// The fleet in a commit.
  init(_ parsed: ParsedArguments, revision: String) throws(CommandFailure) {
    let place = try RepositoryPlace(parsed.positional.first ?? ".")
    let commit = try Revision(revision).commit(in: place.repository)
    if !parsed.has(.quiet), let notice = ReplacedObjects(place.repository).notice(for: commit) {
      Terminal.printError(notice + "\n")
    }
    let root = try place.fleetRoot { CommitSnapshot(place.repository, commit: commit, prefix: $0) }
    snapshot = CommitSnapshot(place.repository, commit: commit, prefix: root)
    prefix = root.isEmpty ? "" : root + "/"
    directory = place.directory(of: root)
    repository = place.repository
    self.commit = commit
  }

  /// The fleet in the index.
  init(stagedIn parsed: ParsedArguments) throws(CommandFailure) {
    let place = try RepositoryPlace(parsed.positional.first ?? ".")
    let file = Self.indexFile(place.repository)
    let index = try reporting { () throws(GitError) in try IndexSnapshot(place.repository, indexFile: file) }
    let root = try place.fleetRoot { (_) in index }
    snapshot =
      root.isEmpty
      ? index
      : try reporting { () throws(GitError) in
        try IndexSnapshot(place.repository, prefix: root, indexFile: file)
      }
    prefix = root.isEmpty ? "" : root + "/"
    directory = place.directory(of: root)
    repository = place.repository
    commit = nil
  }

  /// The index that git hands to a hook: `git commit FILE` judges a temporary one.
  private static func indexFile(_ repository: GitRepository) -> String? {
    guard let path = Terminal.environment("GIT_INDEX_FILE"), !path.isEmpty else { return nil }
    return path.hasPrefix("/") ? path : (repository.workingDirectory ?? repository.gitDirectory) + path
  }
}

/// A directory of a repository, whether or not it exists on disk.
struct RepositoryPlace {
  let repository: GitRepository
  /// The way from the root of the tree, without `/` at either end.
  let path: String

  /// Opens the repository that holds a path. What of the path does not exist is looked for in the tree: a bare
  /// repository's `fleet.git/teams/a`, or a directory that only the commit has.
  init(_ given: String) throws(CommandFailure) {
    var existing = given.hasPrefix("/") ? given : Self.workingDirectory + "/" + given
    var rest: [Substring] = []
    var resolved = realpath(existing, nil)
    while resolved == nil, let slash = existing.lastIndex(of: "/"), existing != "/" {
      let name = existing[existing.index(after: slash)...]
      if name == ".." { throw CommandFailure(message: "there is no directory '\(given)'") }
      if !name.isEmpty, name != "." { rest.insert(name, at: 0) }
      existing = slash == existing.startIndex ? "/" : String(existing[..<slash])
      resolved = realpath(existing, nil)
    }
    defer { free(resolved) }
    guard let resolved else { throw CommandFailure(message: "there is no directory '\(given)'") }
    let start = String(cString: resolved)
    let environment = Self.environment
    repository = try reporting { () throws(GitError) in
      try GitRepository(
        at: start, .upwards(ceilings: environment.ceilings), environment: environment)
    }
    var parts = rest.map(String.init)
    if let inside = repository.pathInWorkingTree(start) {
      if !inside.isEmpty { parts.insert(inside, at: 0) }
    } else if !repository.isBare, let inside = Self.pathBesideGitDirectory(start, repository) {
      // The working tree is elsewhere (core.worktree): commits can be read from here all the same.
      if !inside.isEmpty { parts.insert(inside, at: 0) }
    } else if !repository.isBare {
      throw CommandFailure(
        message: "'\(given)' is not in the working tree of its repository",
        help: "name a directory of the working tree")
    }
    path = parts.joined(separator: "/")
  }

  private static var workingDirectory: String {
    guard let path = getcwd(nil, 0) else { return "." }
    defer { free(path) }
    return String(cString: path)
  }

  /// What the variables say that git hands to hooks, and CI to git.
  static var environment: GitEnvironment {
    GitEnvironment(currentDirectory: workingDirectory, Terminal.environment)
  }

  /// The way from the directory that holds `.git`; nil for a place that is not below it. Nothing leads into the git
  /// directory itself.
  private static func pathBesideGitDirectory(_ start: String, _ repository: GitRepository) -> String? {
    let directory = repository.gitDirectory
    if (start + "/").hasPrefix(directory) { return "" }
    guard directory.hasSuffix("/.git/") else { return nil }
    let root = directory.dropLast(".git/".count)
    if start + "/" == root { return "" }
    return start.hasPrefix(root) ? String(start.dropFirst(root.count)) : nil
  }

  /// The fleet's root in a tree: the place itself or the nearest directory above it with a Fleet file; the place
  /// itself when there is none, so that the compiler says so.
  ///
  /// - Parameter tree: the tree below a directory, or the whole one whatever the directory.
  func fleetRoot<Tree: Snapshot>(_ tree: (String) -> Tree) throws(CommandFailure) -> String {
    let whole = tree("")
    try refuseSubmodule(whole)
    var directory = path
    while true {
      let file = directory.isEmpty ? Compiler.fleetFile : directory + "/" + Compiler.fleetFile
      do {
        if try whole.entry(at: file) != nil { return directory }
      } catch {
        // The compiler reports it as a finding.
        if !error.kind.isOfTheWorld { return directory }
        throw CommandFailure(message: "cannot read \(error.path): \(error.reason)")
      }
      guard !directory.isEmpty else { return path }
      directory = directory.lastIndex(of: "/").map { String(directory[..<$0]) } ?? ""
    }
  }

  /// Refuses a place whose files lie in a repository of their own, which is not the one that was opened.
  func refuseSubmodule(_ tree: some Snapshot) throws(CommandFailure) {
    let steps = path.split(separator: "/")
    for count in steps.indices {
      let place = steps[...count].joined(separator: "/")
      guard let entry = try? tree.entry(at: place) else { return }
      guard entry.kind == .submodule else { continue }
      throw CommandFailure(
        message: "'\(place)' is a submodule: its files lie in a repository of their own",
        help: repository.isBare
          ? "name that repository instead"
          : "run 'git submodule update --init \(place)', or name that repository instead")
    }
  }

  /// A directory of the tree on disk; nil in a bare repository.
  func directory(of root: String) -> String? { repository.workingDirectory.map { $0 + root } }
}

/// Runs a call to git, and turns its error into the program's words.
func reporting<Result>(_ body: () throws(GitError) -> Result) throws(CommandFailure) -> Result {
  do {
    return try body()
  } catch {
    throw CommandFailure(error)
  }
}

extension CommandFailure {
  init(_ error: GitError) {
    let origin = error.code == 0 ? "" : " (libgit2 \(error.errorClass) \(error.code))"
    self.init(message: "cannot \(error.operation): \(error.message)\(origin)", help: error.remedy)
  }
}
