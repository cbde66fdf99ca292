import Glibc

/// A file that is written under a passing name and published by renaming it; removed if that never happens.
struct TemporaryFile: ~Copyable {
  private let descriptor: Int32
  private let path: String

  /// Creates a file in a directory, which is created too when its parent exists. The prefix decides whether
  /// `git gc` clears the file away after a crash: git's own prefixes are `tmp_pack_`, `tmp_idx_`, `tmp_obj_`.
  init(in directory: String, prefix: String) throws(GitError) {
    _ = mkdir(directory, 0o777)
    let path = directory + "/" + prefix + String(UInt64.random(in: 0 ... .max), radix: 36)
    // Read-only from the start, as git makes them, and narrowed by the user's umask.
    let opened = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o444)
    guard opened >= 0 else { throw Self.failure("create a file in \(directory)") }
    self.path = path
    descriptor = opened
  }

  deinit {
    close(descriptor)
    // After `publish` the name is gone, and there is nothing to remove.
    unlink(path)
  }

  /// Appends bytes, all of them.
  func write(_ bytes: ArraySlice<UInt8>) throws(GitError) {
    guard bytes.withUnsafeBytes({ Self.writeAll($0, to: descriptor) }) else {
      throw Self.failure("write \(path)")
    }
  }

  /// False, with `errno` set, when the system takes no more.
  private static func writeAll(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
    var rest = bytes
    while !rest.isEmpty {
      let count = Glibc.write(descriptor, rest.baseAddress, rest.count)
      if count > 0 {
        rest = UnsafeRawBufferPointer(rebasing: rest[count...])
      } else if count == 0 || errno != EINTR {
        return false
      }
    }
    return true
  }

  /// Gives the file its name. A file that is there already holds the same bytes.
  func publish(as name: String, durable: Bool) throws(GitError) {
    if durable, fsync(descriptor) != 0 { throw Self.failure("write \(path)") }
    guard rename(path, name) == 0 else { throw Self.failure("create \(name)") }
  }

  /// Makes the names in a directory reach the disk.
  static func synchronise(directory: String) throws(GitError) {
    let opened = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard opened >= 0 else { throw failure("open \(directory)") }
    defer { close(opened) }
    // Some file systems cannot do it for directories, and then do not need to.
    if fsync(opened) != 0, errno != EINVAL { throw failure("write \(directory)") }
  }

  /// The system's reason for a call that failed.
  static func failure(_ operation: String) -> GitError {
    let number = errno
    let reason = strerror(number).map { String(cString: $0) } ?? "error \(number)"
    switch number {
    case EACCES, EROFS, EPERM:
      return GitError(
        .readOnly, operation, reason, remedy: "make the repository's directory writable for this user",
        errorClass: "os", code: -number)
    case ENOSPC, EDQUOT:
      return GitError(.other, operation, reason, remedy: "free some space", errorClass: "os", code: -number)
    default: return GitError(.other, operation, reason, errorClass: "os", code: -number)
    }
  }
}
