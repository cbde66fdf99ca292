import Compiler
import Glibc

/// Writing of single files for `init`, `observe` and `record`.
enum FileWriting {
  /// Writes a file beside its place and renames it there; makes directories as needed.
  static func write(_ text: String, to path: String) throws(CommandFailure) {
    try write(Array(text.utf8), to: path)
  }

  /// Writes a file of a fleet: a directory that is a symbolic link is never followed, as reading never does.
  static func write(_ bytes: [UInt8], to path: String, below root: String) throws(CommandFailure) {
    var directory = root
    for part in path.split(separator: "/").dropLast() {
      directory += "/" + part
      var status = stat()
      guard lstat(directory, &status) == 0 else { break }
      guard status.st_mode & S_IFMT == S_IFDIR else {
        throw CommandFailure(
          message: "cannot write \(path): \(directory) is no directory",
          help: status.st_mode & S_IFMT == S_IFLNK
            ? "a symbolic link is never followed: put the directory itself there" : nil)
      }
    }
    try write(bytes, to: "\(root)/\(path)")
  }

  static func write(_ bytes: [UInt8], to path: String) throws(CommandFailure) {
    try makeDirectories(above: path)
    let temporary = "\(path).linkwright-\(getpid())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw failure(path) }
    // A file that is replaced keeps its mode.
    var former = stat()
    if lstat(path, &former) == 0, former.st_mode & S_IFMT == S_IFREG {
      fchmod(descriptor, former.st_mode & 0o777)
    }
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.write(descriptor, $0.baseAddress.map { $0 + offset }, bytes.count - offset)
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else {
        let reason = failure(path)
        close(descriptor)
        unlink(temporary)
        throw reason
      }
      offset += count
    }
    guard close(descriptor) == 0, rename(temporary, path) == 0 else {
      let reason = failure(path)
      unlink(temporary)
      throw reason
    }
  }

  /// Removes a file; one that is gone already is no failure.
  static func remove(_ path: String) throws(CommandFailure) {
    if unlink(path) != 0, errno != ENOENT { throw failure(path) }
  }

  private static func makeDirectories(above path: String) throws(CommandFailure) {
    var made = path.hasPrefix("/") ? "" : "."
    for part in path.split(separator: "/").dropLast() {
      made += "/" + part
      if mkdir(made, 0o755) != 0, errno != EEXIST { throw failure(made) }
    }
  }

  private static func failure(_ path: String) -> CommandFailure {
    CommandFailure(message: "cannot write \(path): \(DirectorySnapshot.describe(errno))")
  }
}
