import Glibc

/// Why a file could not be written.
struct WriteFailure: Error {
  let path: String
  let reason: String
}

/// Writes files below a directory and makes the directories that they need.
struct FileWriter {
  private let root: String
  private var made: Set<String> = []

  init(root: String) {
    self.root = root
  }

  mutating func write(_ text: String, to path: String) throws(WriteFailure) {
    try makeDirectories(of: "\(root)/\(path)")
    let descriptor = open("\(root)/\(path)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure(path) }
    defer { close(descriptor) }
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw failure(path) }
      rest = rest.dropFirst(count)
    }
  }

  private mutating func makeDirectories(of path: String) throws(WriteFailure) {
    guard let slash = path.lastIndex(of: "/"), slash > path.startIndex else { return }
    let directory = String(path[..<slash])
    guard made.insert(directory).inserted else { return }
    try makeDirectories(of: directory)
    guard mkdir(directory, 0o755) == 0 || errno == EEXIST else { throw failure(directory) }
  }

  private func failure(_ path: String) -> WriteFailure {
    WriteFailure(path: path, reason: String(cString: strerror(errno)))
  }
}
