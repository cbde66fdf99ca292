import Glibc
package import Snapshot
import YAMLTree

/// A directory of the file system as a snapshot. Symbolic links are entries, never followed.
///
/// Reads lazily; a file that changes between listing and reading is read as it then is.
package struct DirectorySnapshot: Snapshot {
  /// Names below the root that are no part of a fleet.
  private static let skipped: Set<String> = [".git", OutputState.name]

  /// The directory's path as the system knows it.
  private let root: String
  private let absentSubmodules: (@Sendable (String) -> Bool)?

  /// - Parameter absentSubmodules: tells for an empty directory whether it stands for a submodule; asked only then.
  package init(root: String, absentSubmodules: (@Sendable (String) -> Bool)? = nil) {
    self.root = root
    self.absentSubmodules = absentSubmodules
  }

  package func isAbsentSubmodule(_ directory: String) -> Bool { absentSubmodules?(directory) ?? false }

  private func absolute(_ path: String) -> String { path.isEmpty ? root : "\(root)/\(path)" }

  package func entries(of directory: String) throws(SnapshotError) -> [SnapshotEntry] {
    if directory.utf8.count > 4095 || directory.utf8.count(where: { $0 == UInt8(ascii: "/") }) >= 255 {
      throw SnapshotError(
        path: directory, reason: "the path is deeper than 256 directories or longer than 4,095 bytes",
        kind: .refusedName)
    }
    guard let handle = try open(directory: directory) else { return [] }
    defer { closedir(handle) }
    // Short names are sorted without counting references, as paths would have to be.
    var items: [(name: String, type: UInt8)] = []
    while let item = readdir(handle) {
      let name = withUnsafePointer(to: &item.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name == "." || name == ".." || directory.isEmpty && Self.skipped.contains(name) { continue }
      items.append((name, item.pointee.d_type))
    }
    items.sort { utf8Precedes($0.name, $1.name) }
    return items.compactMap { item in
      let path = directory.isEmpty ? item.name : "\(directory)/\(item.name)"
      return kind(Int32(item.type), path).map { SnapshotEntry(path: path, kind: $0) }
    }
  }

  /// Opens a directory one component at a time, so that no symbolic link below the root is followed; nil
  /// when there is no such directory.
  private func open(directory: String) throws(SnapshotError) -> OpaquePointer? {
    let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
    var descriptor = Glibc.open(root, flags)
    for component in directory.split(separator: "/") where descriptor >= 0 {
      let next = openat(descriptor, String(component), flags | O_NOFOLLOW)
      let code = errno
      close(descriptor)
      descriptor = next
      errno = code
    }
    if descriptor >= 0, let handle = fdopendir(descriptor) { return handle }
    let code = errno
    if descriptor >= 0 { close(descriptor) }
    if code == ENOENT || code == ENOTDIR || code == ELOOP { return nil }
    throw SnapshotError(path: directory.isEmpty ? "." : directory, reason: Self.describe(code))
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

  package func target(ofLink entry: SnapshotEntry) throws(SnapshotError) -> String? {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = readlink(absolute(entry.path), &buffer, buffer.count)
    return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
  }

  package func content(of entry: SnapshotEntry) throws(SnapshotError) -> [UInt8] {
    try Self.read(absolute(entry.path), as: entry.path, limit: TreeLimits().bytes)
  }

  /// Reads a file. One that is larger than `limit` is refused before anything of it is read.
  package static func read(_ path: String, as name: String, limit: Int) throws(SnapshotError) -> [UInt8] {
    // A pipe must not block the open; it is refused below.
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
    guard descriptor >= 0 else { throw SnapshotError(path: name, reason: describe(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw SnapshotError(path: name, reason: describe(errno)) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw SnapshotError(path: name, reason: "it is not a regular file")
    }
    let wanted = Int(status.st_size)
    guard wanted <= limit else {
      throw SnapshotError(
        path: name, reason: "it has \(wanted) bytes; the limit is \(limit)", excessiveSize: wanted)
    }
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
