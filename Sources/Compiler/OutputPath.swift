/// Rules for paths that the writer may touch. A path is checked as text here, and against the directory it
/// leads into by ``DirectoryCursor``.
enum OutputPath {
  /// Why a path must not be written or removed; nil for a good one.
  ///
  /// `.git` is refused in any case of letters: a journal or a specification that comes from somebody else must
  /// not be able to place a hook.
  static func fault(_ path: String) -> String? {
    if path.utf8.contains(0) { return "the path contains a zero byte" }
    if path.isEmpty { return "the path is empty" }
    if path.utf8.first == UInt8(ascii: "/") { return "the path is absolute" }
    var isFirst = true
    for component in path.split(separator: "/", omittingEmptySubsequences: false) {
      if component.isEmpty { return "the path has an empty component" }
      if component == "." || component == ".." { return "the path has a component '\(component)'" }
      if component.utf8.count == 4, component.lowercased() == ".git" { return "nothing is written into .git" }
      if isFirst, component.utf8.count == OutputState.name.utf8.count,
        component.lowercased() == OutputState.name
      {
        return "\(OutputState.name) is the writer's own directory"
      }
      isFirst = false
    }
    return nil
  }

  /// The directory that holds a path; empty for the root.
  static func parent(_ path: String) -> String {
    path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? ""
  }

  /// The last component.
  static func name(_ path: String) -> String {
    guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return path }
    return String(path[path.utf8.index(after: slash)...])
  }

  /// How messages name a path: the root is `.`.
  static func shown(_ path: String) -> String { path.isEmpty ? "." : path }
}
