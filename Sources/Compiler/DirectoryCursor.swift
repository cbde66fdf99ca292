import Glibc

/// Goes to directories below a root one component at a time, so that no symbolic link is ever followed.
///
/// Keeps the way to the last directory open: visiting paths in order opens each directory about once, and at
/// most as many descriptors are open as the path is deep.
final class DirectoryCursor {
  /// What is where a directory was looked for.
  enum Place {
    /// The directory's descriptor, valid until the next call.
    case directory(Int32)
    /// There is nothing at this path, the first of the way that is missing.
    case missing(String)
    /// There is something else than a directory at this path.
    case other(String)
  }

  private let root: Int32
  private var current = ""
  private var way: [(name: Substring, descriptor: Int32)] = []

  /// The root's descriptor stays the caller's, who keeps it open.
  init(root: Int32) {
    self.root = root
  }

  deinit { leave(to: 0) }

  private func leave(to depth: Int) {
    while way.count > depth { close(way.removeLast().descriptor) }
  }

  private var descriptor: Int32 { way.last?.descriptor ?? root }

  /// Goes to a directory (`""` is the root). `creating` makes what is missing.
  ///
  /// Throws for a symbolic link on the way and for what the system refuses.
  func go(to directory: String, creating: Bool = false) throws(OutputError) -> Place {
    if directory == current { return .directory(descriptor) }
    let components = directory.split(separator: "/")
    var depth = 0
    while depth < min(way.count, components.count), way[depth].name == components[depth] { depth += 1 }
    leave(to: depth)
    current = way.map { String($0.name) }.joined(separator: "/")
    while depth < components.count {
      let name = components[depth]
      let path = current.isEmpty ? String(name) : "\(current)/\(name)"
      if creating, mkdirat(descriptor, String(name), 0o755) != 0, errno != EEXIST {
        throw OutputError(path: path, code: errno)
      }
      let next = openat(descriptor, String(name), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      guard next >= 0 else { return try absence(errno, String(name), path) }
      way.append((name, next))
      current = path
      depth += 1
    }
    return .directory(descriptor)
  }

  private func absence(_ code: Int32, _ name: String, _ path: String) throws(OutputError) -> Place {
    if code == ENOENT { return .missing(path) }
    guard code == ENOTDIR || code == ELOOP else { throw OutputError(path: path, code: code) }
    var status = stat()
    if fstatat(descriptor, name, &status, AT_SYMLINK_NOFOLLOW) == 0, status.st_mode & S_IFMT == S_IFLNK {
      throw OutputError(path: path, code: ELOOP)
    }
    return .other(path)
  }
}
