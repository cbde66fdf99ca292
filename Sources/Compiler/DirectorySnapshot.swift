import Glibc
package import Snapshot

/// A directory of the file system as a snapshot. Symbolic links are entries, never followed.
///
/// Reads lazily; a file that changes between listing and reading is read as it then is.
package struct DirectorySnapshot: Snapshot {
  /// The directory's path as the system knows it.
  private let root: String

  package init(root: String) {
    self.root = root
  }

  private func absolute(_ path: String) -> String { path.isEmpty ? root : "\(root)/\(path)" }

  package func entries(of directory: String) throws(SnapshotError) -> [SnapshotEntry] {
    guard let handle = opendir(absolute(directory)) else {
      let code = errno
      if code == ENOENT || code == ENOTDIR { return [] }
      throw SnapshotError(path: directory.isEmpty ? "." : directory, reason: Self.describe(code))
    }
    defer { closedir(handle) }
    var entries: [SnapshotEntry] = []
    while let item = readdir(handle) {
      let name = withUnsafePointer(to: &item.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." || directory.isEmpty && name == ".git" { continue }
      let path = directory.isEmpty ? name : "\(directory)/\(name)"
      if let kind = kind(Int32(item.pointee.d_type), path) {
        entries.append(SnapshotEntry(path: path, kind: kind))
      }
    }
    return entries.sorted { utf8Precedes($0.path, $1.path) }
  }

  /// Sockets, pipes and devices are no part of a snapshot: reading one could block for ever.
  private func kind(_ type: Int32, _ path: String) -> EntryKind? {
    switch type {
    case Int32(DT_DIR): return .directory
    case Int32(DT_REG): return .file
    case Int32(DT_LNK): return .symbolicLink
    case Int32(DT_UNKNOWN):
      var status = stat()
      guard lstat(absolute(path), &status) == 0 else { return nil }
      switch status.st_mode & S_IFMT {
      case S_IFDIR: return .directory
      case S_IFREG: return .file
      case S_IFLNK: return .symbolicLink
      default: return nil
      }
    default: return nil
    }
  }

  package func content(of entry: SnapshotEntry) throws(SnapshotError) -> [UInt8] {
    try Self.read(absolute(entry.path), as: entry.path, limit: .max)
  }

  /// Reads a file; larger than `limit` it is read only up to one byte more, so that the caller notices.
  package static func read(_ path: String, as name: String, limit: Int) throws(SnapshotError) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
    guard descriptor >= 0 else { throw SnapshotError(path: name, reason: describe(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SnapshotError(path: name, reason: describe(errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw SnapshotError(path: name, reason: "it is not a regular file")
    }
    let wanted = min(Int(status.st_size), limit == .max ? .max : limit + 1)
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: wanted) { buffer, count in
      while count < wanted {
        guard let base = buffer.baseAddress else { break }
        let got = Glibc.read(descriptor, base + count, wanted - count)
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = errno }
        if got <= 0 { break }
        count += got
      }
    }
    guard failure == 0 else { throw SnapshotError(path: name, reason: describe(failure)) }
    return bytes
  }

  /// An error number in words.
  package static func describe(_ code: Int32) -> String {
    switch code {
    case EACCES: "permission denied"
    case ENOENT: "there is no such file"
    case ENOSPC: "the disk is full"
    case EROFS: "the file system is read-only"
    case ELOOP: "it is a symbolic link"
    case EISDIR: "it is a directory"
    case ENOTDIR: "a part of the path is not a directory"
    case EMFILE, ENFILE: "too many open files"
    default: String(cString: strerror(code))
    }
  }
}
