import Glibc
import Output
import Snapshot

/// Stages a change: writes all new content aside, finds the steps that put it in place, and tries beforehand
/// whatever can be tried, so that the steps do not fail half-way.
///
/// A directory that does not exist yet is staged whole and moved once: a first build of 70,000 files is one move.
struct OutputStaging {
  private let stage: Int32
  private let root: DirectoryCursor
  private let staged: DirectoryCursor
  private(set) var steps = OutputSteps()
  /// What the steps remove.
  private var removed: Set<String> = []
  /// Directories that new files need.
  private var needed: Set<String> = []
  /// Directories in the way of new files, with those in them: all must become empty.
  private var vanishing: Set<String> = []
  /// Staged directories by where they go.
  private var subtrees: [String: Int] = [:]
  /// Directories that are known to let names in and out.
  private var usable: Set<String> = []

  /// Stages the change below two directories that the caller keeps open. Throws for the first thing that
  /// stands in the way; the caller removes the stage then.
  init(_ change: OutputChange, root: Int32, stage: Int32) throws(OutputError) {
    self.stage = stage
    self.root = DirectoryCursor(root: root)
    staged = DirectoryCursor(root: stage)
    for item in change.items {
      if let fault = OutputPath.fault(item.path) { throw OutputError(path: item.path, reason: fault) }
      if item.content == nil { removed.insert(item.path) } else { need(OutputPath.parent(item.path)) }
    }
    for item in change.items {
      if let content = item.content {
        try add(item.path, content)
      } else {
        try remove(item.path)
      }
    }
    findEmptied()
  }

  private mutating func need(_ directory: String) {
    var directory = directory
    while !directory.isEmpty, needed.insert(directory).inserted { directory = OutputPath.parent(directory) }
  }

  // MARK: Additions and changes

  private mutating func add(_ path: String, _ content: [UInt8]) throws(OutputError) {
    guard !needed.contains(path) else {
      throw OutputError(path: path, reason: "it would have to be a file and a directory at once")
    }
    let parent = OutputPath.parent(path)
    switch try root.go(to: parent) {
    case .directory(let directory):
      try checkUsable(parent, directory)
      try checkTarget(path, in: directory)
      try write(content, "\(steps.moves.count)", in: stage, for: path)
      steps.moves.append(path)
    case .missing(let top):
      try addToSubtree(top, path, content)
    case .other(let top):
      guard removed.contains(top) else {
        throw OutputError(path: top, reason: "it is a file where a directory must go; move it away")
      }
      try addToSubtree(top, path, content)
    }
  }

  /// Writes into a directory that will be moved to `top` with everything in it.
  private mutating func addToSubtree(_ top: String, _ path: String, _ content: [UInt8]) throws(OutputError) {
    let number: Int
    if let known = subtrees[top] {
      number = known
    } else {
      let parent = OutputPath.parent(top)
      if case .directory(let directory) = try root.go(to: parent) { try checkUsable(parent, directory) }
      number = steps.moves.count
      steps.moves.append(top)
      subtrees[top] = number
    }
    // `top` is the path's start, so what follows it begins with a slash.
    let inner = "\(number)" + path.dropFirst(top.count)
    let place: DirectoryCursor.Place
    do {
      place = try staged.go(to: OutputPath.parent(inner), creating: true)
    } catch { throw OutputError(path: OutputPath.parent(path), reason: error.reason) }
    guard case .directory(let directory) = place else {
      throw OutputError(path: path, reason: "it would have to be a file and a directory at once")
    }
    try write(content, OutputPath.name(path), in: directory, for: path)
  }

  private func write(
    _ content: [UInt8], _ name: String, in directory: Int32, for path: String
  ) throws(OutputError) {
    do {
      try FileContent.write(content, to: name, in: directory)
    } catch { throw OutputError(path: path, code: error.code) }
  }

  /// What is at a target may be a file or a link, which the move replaces, or a directory that becomes empty.
  private mutating func checkTarget(_ path: String, in directory: Int32) throws(OutputError) {
    var status = stat()
    let name = OutputPath.name(path)
    guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else {
      if errno == ENOENT { return }
      throw OutputError(path: path, code: errno)
    }
    guard status.st_mode & S_IFMT == S_IFDIR else { return }
    let inner = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard inner >= 0 else { throw OutputError(path: path, code: errno) }
    defer { close(inner) }
    try checkVanishes(path, target: path, inner)
  }

  private mutating func checkVanishes(_ path: String, target: String, _ directory: Int32) throws(OutputError)
  {
    vanishing.insert(path)
    try checkUsable(path, directory)
    for entry in FileTree.entries(of: ".", in: directory) ?? [] {
      let child = "\(path)/\(entry.name)"
      if entry.isDirectory {
        let inner = openat(directory, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard inner >= 0 else { throw OutputError(path: child, code: errno) }
        defer { close(inner) }
        try checkVanishes(child, target: target, inner)
      } else if !removed.contains(child) {
        throw OutputError(
          path: target,
          reason: "it is a directory where a file must go, and it holds '\(child)'; move it away")
      }
    }
  }

  // MARK: Removals

  private mutating func remove(_ path: String) throws(OutputError) {
    let parent = OutputPath.parent(path)
    // What is not there, or not where it was, needs no removal.
    guard case .directory(let directory) = try root.go(to: parent) else { return }
    try checkUsable(parent, directory)
    steps.removals.append(path)
  }

  /// Directories that held removed files and hold no new ones. The deepest come first: a path precedes what
  /// is below it.
  private mutating func findEmptied() {
    var emptied = vanishing
    for path in steps.removals {
      var directory = OutputPath.parent(path)
      while !directory.isEmpty, !needed.contains(directory), emptied.insert(directory).inserted {
        directory = OutputPath.parent(directory)
      }
    }
    steps.emptied = emptied.sorted { utf8Precedes($1, $0) }
  }

  // MARK: Trying

  /// Finds out whether names can be moved into and out of a directory.
  private mutating func checkUsable(_ path: String, _ directory: Int32) throws(OutputError) {
    guard usable.insert(path).inserted else { return }
    guard faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) == 0 else {
      throw OutputError(path: OutputPath.shown(path), code: errno)
    }
    // Linux compares the mounts of both sides, and asks whether they are writable, before it looks for the
    // names: so moving what does not exist tells whether moving works at all.
    if renameat(stage, "none", directory, "\(OutputState.name)-none") != 0, errno == EXDEV || errno == EROFS {
      throw OutputError(path: OutputPath.shown(path), code: errno)
    }
  }
}
