import Glibc

/// The writer's own directory below the fleet's root, locked: there is one writer at a time.
///
///     .linkwright/lock          held with flock(2); names the process
///     .linkwright/.gitignore    keeps what a killed build left out of commits
///     .linkwright/stage/0 …     new content, on the file system that it goes to
///     .linkwright/journal       exists from the point of no return until the write is finished
///
/// Leaving removes it all, unless there is a journal to be followed later.
struct OutputState: ~Copyable {
  static let name = ".linkwright"
  static let journal = "journal"
  private static let newJournal = "journal.new"
  private static let stage = "stage"
  private static let lock = "lock"
  private static let ignore = ".gitignore"

  /// The fleet's root.
  let root: Int32
  private let directory: Int32
  private let lockFile: Int32

  private init(root: Int32, directory: Int32, lockFile: Int32) {
    self.root = root
    self.directory = directory
    self.lockFile = lockFile
  }

  deinit {
    if !hasJournal {
      FileTree.remove(Self.stage, in: directory)
      unlinkat(directory, Self.newJournal, 0)
      unlinkat(directory, Self.ignore, 0)
      unlinkat(directory, Self.lock, 0)
      unlinkat(root, Self.name, AT_REMOVEDIR)
    }
    close(lockFile)
    close(directory)
    close(root)
  }

  // MARK: Lock

  /// Locks the directory; waits while another process has it, about `patience` milliseconds.
  ///
  /// Takes over the root's descriptor, and closes it when it throws, too.
  static func lock(root: Int32, patience: Int) throws(OutputError) -> OutputState {
    do throws(OutputError) {
      var waited = 0
      while true {
        if let state = try attempt(root) { return state }
        // A directory that vanished under the attempt, or a holder: both are waited for alike.
        guard waited < patience else { throw OutputError(path: ".", reason: holder(root)) }
        usleep(10_000)
        waited += 10
      }
    } catch {
      close(root)
      throw error
    }
  }

  /// Tries once; nil when another process holds the lock or removed the directory meanwhile.
  private static func attempt(_ root: Int32) throws(OutputError) -> OutputState? {
    if mkdirat(root, name, 0o755) != 0, errno != EEXIST { throw OutputError(path: ".", code: errno) }
    let directory = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard directory >= 0 else {
      let code = errno
      if code == ENOENT { return nil }
      if code == ENOTDIR || code == ELOOP {
        throw OutputError(path: name, reason: "it is not a directory, and Linkwright needs one of this name")
      }
      throw OutputError(path: name, code: code)
    }
    let file = openat(directory, lock, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o644)
    guard file >= 0 else {
      let code = errno
      close(directory)
      if code == ENOENT { return nil }
      unlinkat(root, name, AT_REMOVEDIR)
      throw OutputError(path: "\(name)/\(lock)", code: code)
    }
    guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
      let code = errno
      close(file)
      close(directory)
      if code == EWOULDBLOCK || code == EINTR { return nil }
      throw OutputError(path: "\(name)/\(lock)", code: code)
    }
    // The last holder may have removed the file between opening and locking.
    guard isSame(file, as: "\(name)/\(lock)", in: root) else {
      close(file)
      close(directory)
      return nil
    }
    ftruncate(file, 0)
    let text = Array("\(getpid())\n".utf8)
    _ = text.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, 0) }
    return OutputState(root: root, directory: directory, lockFile: file)
  }

  private static func isSame(_ file: Int32, as path: String, in root: Int32) -> Bool {
    var opened = stat()
    var present = stat()
    return fstat(file, &opened) == 0 && fstatat(root, path, &present, AT_SYMLINK_NOFOLLOW) == 0
      && opened.st_ino == present.st_ino && opened.st_dev == present.st_dev
  }

  private static func holder(_ root: Int32) -> String {
    let path = "\(name)/\(lock)"
    let text =
      (try? FileContent.read(path, in: root)).map { String(decoding: $0.prefix(20), as: UTF8.self) } ?? ""
    guard let process = Int(text.prefix { $0 != "\n" }) else {
      return "another Linkwright is writing the output; wait for it and try again"
    }
    return "another Linkwright (process \(process)) is writing the output; wait for it and try again"
  }

  // MARK: Stage

  /// Makes an empty staging directory. What an earlier one held is removed: without a journal it is of no use.
  func makeStage() throws(OutputError) -> OutputStage {
    FileTree.remove(Self.stage, in: directory)
    unlinkat(directory, Self.newJournal, 0)
    // Without it, a build that is killed shows in `git status`: no reason to fail.
    try? FileContent.write(Array("*\n".utf8), to: Self.ignore, in: directory)
    if mkdirat(directory, Self.stage, 0o755) != 0 { throw OutputError(path: ".", code: errno) }
    return try openStage()
  }

  /// Opens the staging directory that a journal goes with.
  func openStage() throws(OutputError) -> OutputStage {
    let descriptor = openat(directory, Self.stage, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
    guard descriptor >= 0 else { throw OutputError(path: "\(Self.name)/\(Self.stage)", code: errno) }
    return OutputStage(descriptor: descriptor)
  }

  // MARK: Journal

  /// True while a write is begun and not finished.
  var hasJournal: Bool { Self.exists(Self.journal, in: directory) }

  /// True when a name is in an open directory, whatever it is.
  static func exists(_ path: String, in directory: Int32) -> Bool {
    var status = stat()
    return fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW) == 0
  }

  /// Puts the journal in place, durably: the point of no return. Throws only before it.
  func commit(_ journal: [UInt8]) throws(OutputError) {
    do {
      try FileContent.write(journal, to: Self.newJournal, in: directory, isDurable: true)
    } catch { throw OutputError(path: ".", code: error.code) }
    guard renameat(directory, Self.newJournal, directory, Self.journal) == 0 else {
      throw OutputError(path: "\(Self.name)/\(Self.journal)", code: errno)
    }
    fsync(directory)
  }

  func readJournal() throws(OutputError) -> [UInt8] {
    do {
      return try FileContent.read(Self.journal, in: directory)
    } catch { throw OutputError(path: "\(Self.name)/\(Self.journal)", code: error.code) }
  }

  /// Removes the journal: the write is finished.
  func finish() throws(OutputError) {
    guard unlinkat(directory, Self.journal, 0) == 0 else {
      throw OutputError(path: "\(Self.name)/\(Self.journal)", code: errno)
    }
  }
}

/// The open staging directory.
struct OutputStage: ~Copyable {
  let descriptor: Int32

  init(descriptor: Int32) {
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// What makes the directory itself recognisable: a copy has another number.
  var inode: UInt64 {
    var status = stat()
    return fstat(descriptor, &status) == 0 ? UInt64(status.st_ino) : 0
  }
}
