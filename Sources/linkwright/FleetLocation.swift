import Compiler
import Glibc

/// Where the fleet is: the directory given, or the working directory and upwards, as git finds its root.
struct FleetLocation {
  /// The fleet's root as the system knows it.
  let root: String
  /// The way from the repository's root to the fleet's, with a final `/`, or empty.
  let prefix: String

  init(_ parsed: ParsedArguments) throws(CommandFailure) {
    let given = parsed.positional.first ?? "."
    guard let start = Self.resolve(given) else {
      throw CommandFailure(message: "there is no directory '\(given)'")
    }
    var directory = start
    while !Self.exists("\(directory)/\(Compiler.fleetFile)") {
      guard let slash = directory.lastIndex(of: "/"), directory != "/" else {
        // Let the compiler say that there is no fleet: it is a finding, not a failure.
        root = start
        prefix = Self.repositoryPrefix(of: start)
        return
      }
      directory = slash == directory.startIndex ? "/" : String(directory[..<slash])
    }
    root = directory
    prefix = Self.repositoryPrefix(of: directory)
  }

  /// CI platforms place findings by paths from the repository's root.
  private static func repositoryPrefix(of root: String) -> String {
    var directory = root
    var parts: [String] = []
    while !exists("\(directory)/.git") {
      guard let slash = directory.lastIndex(of: "/"), directory != "/" else { return "" }
      parts.insert(String(directory[directory.index(after: slash)...]), at: 0)
      directory = slash == directory.startIndex ? "/" : String(directory[..<slash])
    }
    return parts.isEmpty ? "" : parts.joined(separator: "/") + "/"
  }

  private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  private static func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    var status = stat()
    guard stat(resolved, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
    return String(cString: resolved)
  }
}

/// Questions to the file system.
enum FileSystem {
  /// The path without links and dots; nil where nothing is.
  static func resolve(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
