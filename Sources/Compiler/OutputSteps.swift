import Glibc

/// What a write does to the directory once everything new is staged: the steps in their order.
///
/// Each step can be done again when it, or any later one, was done before. That makes rolling forward safe.
struct OutputSteps: Equatable {
  /// Files to remove.
  var removals: [String] = []
  /// Directories to remove when they are empty by then; the deepest first.
  var emptied: [String] = []
  /// Where staged entry number 0, 1, 2 … goes: a file, or a whole directory that does not exist yet.
  var moves: [String] = []

  /// Does the steps, or the rest of them.
  func roll(root: Int32, stage: Int32) throws(OutputError) {
    let cursor = DirectoryCursor(root: root)
    for path in removals {
      guard case .directory(let directory) = try cursor.go(to: OutputPath.parent(path)) else { continue }
      // A directory is there when a later step put it there.
      if unlinkat(directory, OutputPath.name(path), 0) != 0, errno != ENOENT, errno != EISDIR {
        throw OutputError(path: path, code: errno)
      }
    }
    for path in emptied {
      guard case .directory(let directory) = try cursor.go(to: OutputPath.parent(path)) else { continue }
      // One that holds other files stays. Where it had to go, moving fails and says so.
      unlinkat(directory, OutputPath.name(path), AT_REMOVEDIR)
    }
    for (number, path) in moves.enumerated() {
      try move(number, to: path, cursor, stage)
    }
  }

  private func move(_ number: Int, to path: String, _ cursor: DirectoryCursor, _ stage: Int32)
    throws(OutputError)
  {
    let parent = OutputPath.parent(path)
    var place = try cursor.go(to: parent)
    if case .missing = place {
      // Somebody removed the directory after an interruption.
      guard OutputState.exists("\(number)", in: stage) else { return }
      place = try cursor.go(to: parent, creating: true)
    }
    guard case .directory(let directory) = place else {
      guard OutputState.exists("\(number)", in: stage) else { return }
      throw OutputError(
        path: parent, reason: "it is a file where a directory must go; move it away and build again")
    }
    // A staged entry that is gone was moved before an interruption.
    if renameat(stage, "\(number)", directory, OutputPath.name(path)) != 0, errno != ENOENT {
      throw OutputError(path: path, code: errno)
    }
  }
}
