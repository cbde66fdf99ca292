import Glibc

/// Directories with all that is in them, by a name in an open directory. Follows no symbolic link.
enum FileTree {
  struct Entry {
    let name: String
    let isDirectory: Bool
  }

  /// What is in a directory, in no order; nil when it cannot be read or is none.
  static func entries(of name: String, in parent: Int32) -> [Entry]? {
    let descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    guard let handle = fdopendir(descriptor) else {
      close(descriptor)
      return nil
    }
    defer { closedir(handle) }
    var entries: [Entry] = []
    while let item = readdir(handle) {
      let name = withUnsafePointer(to: &item.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." { continue }
      var isDirectory = Int32(item.pointee.d_type) == Int32(DT_DIR)
      if Int32(item.pointee.d_type) == Int32(DT_UNKNOWN) {
        var status = stat()
        isDirectory =
          fstatat(dirfd(handle), name, &status, AT_SYMLINK_NOFOLLOW) == 0
          && status.st_mode & S_IFMT == S_IFDIR
      }
      entries.append(Entry(name: name, isDirectory: isDirectory))
    }
    return entries
  }

  /// Removes a file or a directory with all that is in it, as far as the system lets it.
  static func remove(_ name: String, in parent: Int32) {
    if unlinkat(parent, name, 0) == 0 || errno == ENOENT { return }
    guard let entries = entries(of: name, in: parent) else { return }
    let descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    for entry in entries { remove(entry.name, in: descriptor) }
    unlinkat(parent, name, AT_REMOVEDIR)
  }
}
