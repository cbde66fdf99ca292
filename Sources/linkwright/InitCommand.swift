import Compiler
import Glibc

extension Command {
  private static let link = Option(
    name: "--link", value: "TYPE", help: "Start with a link of this type: porter or static",
    choices: ["porter", "static"])

  /// `linkwright init`
  static let initialize = Command(
    name: "init", summary: "Start a fleet in a directory", arguments: ["[DIR]"], options: [link],
    discussion:
      "Writes linkwright.yaml, two clusters, a link and a commented connection. Existing files are kept.",
    example: "linkwright init my-fleet --link porter"
  ) { parsed throws(CommandFailure) in
    let directory = parsed.positional.first ?? "."
    let files = StarterFleet.files(
      link: parsed.last(link) ?? "porter", name: StarterFleet.name(for: directory))
    for (path, _) in files where access("\(directory)/\(path)", F_OK) == 0 {
      throw CommandFailure(
        message: "\(directory)/\(path) exists already",
        help: "'init' starts a fleet in a directory without one")
    }
    for (path, text) in files {
      try FileWriting.write(text, to: "\(directory)/\(path)")
      Terminal.print("wrote \(path)\n")
    }
    Terminal.printError(
      "next: put your manifests under workloads/<cluster>/, edit the connection, run 'linkwright validate'\n")
    return .success
  }
}

/// Writing of single files for `init`, `observe` and `record`.
enum FileWriting {
  /// Writes a file beside its place and renames it there; makes directories as needed.
  static func write(_ text: String, to path: String) throws(CommandFailure) {
    try write(Array(text.utf8), to: path)
  }

  static func write(_ bytes: [UInt8], to path: String) throws(CommandFailure) {
    try makeDirectories(above: path)
    let temporary = "\(path).linkwright-\(getpid())"
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
    guard descriptor >= 0 else { throw failure(path) }
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
