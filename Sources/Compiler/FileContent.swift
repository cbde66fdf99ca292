import Glibc

/// Whole files by a name in an open directory. Never follows a symbolic link in the last component.
enum FileContent {
  /// An error number of the system.
  struct Failure: Error {
    let code: Int32
  }

  /// Writes a file that does not exist yet. A failure may leave a part of it.
  static func write(
    _ content: [UInt8], to name: String, in directory: Int32, isDurable: Bool = false
  ) throws(Failure) {
    let file = openat(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard file >= 0 else { throw Failure(code: errno) }
    var failure: Int32 = 0
    content.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count, let base = bytes.baseAddress {
        let count = Glibc.write(file, base + written, bytes.count - written)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else {
          failure = count < 0 ? errno : ENOSPC
          return
        }
        written += count
      }
    }
    if failure == 0, isDurable, fsync(file) != 0 { failure = errno }
    // Network file systems tell of a full disk or quota only here.
    if close(file) != 0, failure == 0, errno != EINTR { failure = errno }
    guard failure == 0 else { throw Failure(code: failure) }
  }

  /// Reads a regular file.
  static func read(_ name: String, in directory: Int32) throws(Failure) -> [UInt8] {
    let file = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { throw Failure(code: errno) }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw Failure(code: errno) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw Failure(code: EISDIR) }
    let size = Int(status.st_size)
    var failure: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      while count < size, let base = buffer.baseAddress {
        let got = Glibc.read(file, base + count, size - count)
        if got < 0, errno == EINTR { continue }
        if got < 0 { failure = errno }
        guard got > 0 else { return }
        count += got
      }
    }
    guard failure == 0 else { throw Failure(code: failure) }
    return bytes
  }
}
