import Foundation
import Glibc
import TestSupport

/// A directory that goes with its last user.
final class ScratchDirectory: Sendable {
  let root: String

  init(_ name: String = "fleet") throws {
    root = NSTemporaryDirectory() + "linkwright-\(name)-\(UUID().uuidString.prefix(8))"
    try FileManager.default.createDirectory(atPath: root, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }

  func path(_ relative: String) -> String { "\(root)/\(relative)" }

  /// Writes files in the order given; directories are made as needed.
  func write(_ files: [(path: String, content: [UInt8])]) throws {
    for file in files {
      let place = URL(fileURLWithPath: path(file.path))
      try FileManager.default.createDirectory(
        at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data(file.content).write(to: place)
    }
  }

  func write(_ files: [String: [UInt8]]) throws { try write(files.map { ($0.key, $0.value) }) }

  func write(_ text: String, to path: String) throws { try write([(path, Array(text.utf8))]) }

  /// Every file below a directory of the scratch directory, by path from there.
  func files(below directory: String = "") throws -> [String: [UInt8]] {
    let top = directory.isEmpty ? root : path(directory)
    guard let walk = FileManager.default.enumerator(atPath: top) else { return [:] }
    var files: [String: [UInt8]] = [:]
    for case let name as String in walk {
      var status = stat()
      guard lstat("\(top)/\(name)", &status) == 0, status.st_mode & S_IFMT == S_IFREG,
        status.st_size < 1 << 20
      else { continue }
      files[name] = Array(try Data(contentsOf: URL(fileURLWithPath: "\(top)/\(name)")))
    }
    return files
  }
}

/// The program as it was built with the tests.
enum Linkwright {
  static let program: Program = {
    // The tests' own program lies beside it.
    let own = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")) ?? ""
    let beside =
      own.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
      + "/linkwright"
    return Program(path: access(beside, X_OK) == 0 ? beside : Repository.path(".build/debug/linkwright"))
  }()

  static func run(
    _ arguments: String..., in folder: String? = nil, input: [UInt8] = [], environment: [String: String] = [:]
  ) throws -> Program.Output {
    // A crash shows in the status; a backtrace would only take seconds.
    let environment = environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { own, _ in own }
    return try program.run(arguments, input: input, in: folder, environment: environment)
  }
}
