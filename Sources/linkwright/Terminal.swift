import Glibc

/// Standard streams and what the terminal can show. Data goes to standard output, all else to standard error.
enum Terminal {
  /// Writes a text to standard output.
  static func print(_ text: String) { write(Array(text.utf8), to: STDOUT_FILENO) }

  /// Writes a text to standard error.
  static func printError(_ text: String) { write(Array(text.utf8), to: STDERR_FILENO) }

  /// Writes bytes; a reader that went away is no failure.
  static func write(_ bytes: [UInt8], to descriptor: Int32) {
    bytes.withUnsafeBytes { buffer in
      var offset = 0
      while offset < buffer.count {
        guard let base = buffer.baseAddress else { return }
        let count = Glibc.write(descriptor, base + offset, buffer.count - offset)
        if count < 0, errno == EINTR { continue }
        if count <= 0 { return }
        offset += count
      }
    }
  }

  /// Reads standard input, or a file, at most `limit` bytes and one more.
  static func readStandardInput(limit: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    while bytes.count <= limit {
      let count = read(STDIN_FILENO, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count <= 0 { break }
      bytes += buffer[..<count]
    }
    return bytes
  }

  /// Whether to colour: the flag, then NO_COLOR, then CLICOLOR_FORCE, then whether standard error is a terminal.
  static func usesColor(_ choice: String?) -> Bool {
    switch choice {
    case "always": return true
    case "never": return false
    default: break
    }
    if let none = environment("NO_COLOR"), !none.isEmpty { return false }
    if let force = environment("CLICOLOR_FORCE") ?? environment("FORCE_COLOR"), !force.isEmpty, force != "0" {
      return true
    }
    return isatty(STDERR_FILENO) == 1 && environment("TERM") != "dumb"
  }

  /// A variable of the environment.
  static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }
}
