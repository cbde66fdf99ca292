import Compiler
import Glibc

/// Standard streams and what the terminal can show. Data goes to standard output, all else to standard error.
enum Terminal {
  /// Opens what the caller left closed, so that no file of ours gets the number of a standard stream. The wrong
  /// direction makes every use of it fail, as it would have.
  static func claimStandardStreams() {
    for (descriptor, mode) in [
      (STDIN_FILENO, O_WRONLY), (STDOUT_FILENO, O_RDONLY), (STDERR_FILENO, O_RDONLY),
    ]
    where fcntl(descriptor, F_GETFD) < 0 {
      _ = open("/dev/null", mode)
    }
  }

  /// Writes a text to standard output. Half an answer must not look like a whole one: when it cannot be
  /// written, the program ends. A reader that went away is no failure.
  static func print(_ text: String) {
    let code = write(Array(text.utf8), to: STDOUT_FILENO)
    guard code != 0, code != EPIPE else { return }
    printError("linkwright: cannot write standard output: \(DirectorySnapshot.describe(code))\n")
    exit(ExitCode.failure.rawValue)
  }

  /// Writes a text to standard error.
  static func printError(_ text: String) { _ = write(Array(text.utf8), to: STDERR_FILENO) }

  /// Writes bytes; 0, or the error number.
  static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32 {
    bytes.withUnsafeBytes { buffer in
      var offset = 0
      while offset < buffer.count {
        guard let base = buffer.baseAddress else { return 0 }
        let count = Glibc.write(descriptor, base + offset, buffer.count - offset)
        if count < 0, errno == EINTR { continue }
        if count <= 0 { return count < 0 ? errno : EIO }
        offset += count
      }
      return 0
    }
  }

  /// Reads standard input, or a file, at most `limit` bytes and one more.
  static func readStandardInput(limit: Int) throws(CommandFailure) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= limit {
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      // Half an input would be taken for all of it.
      guard count >= 0 else {
        throw CommandFailure(message: "cannot read standard input: \(DirectorySnapshot.describe(errno))")
      }
      if count == 0 { break }
      bytes += buffer[..<count]
    }
    return bytes
  }

  /// A standard stream that people read.
  enum Stream {
    case output
    case error
  }

  /// Whether to colour: the flag, then NO_COLOR, then CLICOLOR_FORCE, then whether the stream is a terminal.
  static func usesColor(_ choice: String?, on stream: Stream = .error) -> Bool {
    switch choice {
    case "always": return true
    case "never": return false
    default: break
    }
    if let none = environment("NO_COLOR"), !none.isEmpty { return false }
    if let force = environment("CLICOLOR_FORCE") ?? environment("FORCE_COLOR"), !force.isEmpty, force != "0" {
      return true
    }
    return isatty(stream == .error ? STDERR_FILENO : STDOUT_FILENO) == 1 && environment("TERM") != "dumb"
  }

  /// A variable of the environment.
  static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
