import Compiler
import Glibc

/// Where the fleet is: the directory given, or the working directory and upwards, as git finds its root.
struct FleetLocation {
  /// The fleet's root as the system knows it.
  let root: String
  /// The way from the repository's root to the fleet's, with a final `/`, or empty.
  let prefix: String
  /// True for a directory that is still to be made.
  let isNew: Bool

  /// - Parameter mayBeNew: a directory that does not exist is where a fleet begins, whatever lies above it.
  init(_ parsed: ParsedArguments, mayBeNew: Bool = false) throws(CommandFailure) {
    let given = parsed.positional.first ?? "."
    guard let start = Self.resolve(given) else {
      guard mayBeNew, let new = Self.planned(given) else {
        throw CommandFailure(message: "there is no directory '\(given)'")
      }
      root = new
      prefix = Self.repositoryPrefix(of: new)
      isNew = true
      return
    }
    isNew = false
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

  /// Where a directory will be: the nearest one above it that exists, and the rest of the path. Nil where something else
  /// stands in its way.
  private static func planned(_ path: String) -> String? {
    var parts = path.split(separator: "/").filter { $0 != "." }.map(String.init)
    var missing: [String] = []
    while let last = parts.popLast() {
      guard last != ".." else { return nil }
      missing.insert(last, at: 0)
      let above = (path.hasPrefix("/") ? "/" : parts.isEmpty ? "." : "") + parts.joined(separator: "/")
      guard let found = FileSystem.resolve(above) else { continue }
      let isTaken = FileSystem.exists("\(found)/\(missing[0])")
      guard FileSystem.isDirectory(found), !isTaken else { return nil }
      return (found == "/" ? "" : found) + "/" + missing.joined(separator: "/")
    }
    return nil
  }

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
