import Compiler
import Diagnostics
import Foundation
import Output
import Snapshot
import TestSupport

/// A fleet of files in memory, compiled without touching the file system.
struct ExampleFleet: Sendable {
  private(set) var files: [String: [UInt8]] = [:]

  /// Every file below a directory of the repository, except its checked-in output.
  init(directory: String) throws {
    let root = Repository.root.appendingPathComponent(directory)
    guard let walk = FileManager.default.enumerator(atPath: root.path) else { return }
    for case let path as String in walk where !path.hasPrefix("rendered") {
      var isDirectory: ObjCBool = false
      let full = root.appendingPathComponent(path)
      guard FileManager.default.fileExists(atPath: full.path, isDirectory: &isDirectory),
        !isDirectory.boolValue
      else { continue }
      files[path] = Array(try Data(contentsOf: full))
    }
  }

  /// The base fleet of the rules' examples.
  static func base() throws -> ExampleFleet {
    try ExampleFleet(directory: "Tests/CompilerTests/Fleets/clustermesh")
  }

  subscript(path: String) -> String? {
    get { files[path].map { String(decoding: $0, as: UTF8.self) } }
    set { files[path] = newValue.map { Array($0.utf8) } }
  }

  /// The fleet with files laid over it, in the form of the rules' examples.
  func overlaid(by example: String) -> ExampleFleet {
    var fleet = self
    var path: String?
    var lines: [Substring] = []
    func take() {
      guard let path else { return }
      let text = lines.map { $0 + "\n" }.joined()
      fleet[path] = text.allSatisfy(\.isWhitespace) ? nil : text
    }
    for line in example.split(separator: "\n", omittingEmptySubsequences: false) {
      if line.hasPrefix("-- "), line.hasSuffix(" --"), line.count > 6 {
        take()
        path = String(line.dropFirst(3).dropLast(3))
        lines = []
      } else {
        lines.append(line)
      }
    }
    take()
    return fleet
  }

  func compile(_ options: CompileOptions = CompileOptions()) throws -> Compilation {
    try Self.compiler.get().compile(MemorySnapshot(files), options: options)
  }

  private static let compiler = Result { Compiler(resources: try Resources()) }
}

extension Compilation {
  /// The findings, a line each; without the note that Components are taken as applied, which nearly every fleet has.
  var lines: String {
    findings.filter { $0.rule.id != "LW7212" }.map { finding in
      let place = finding.primary.map { "\($0.range.file.path):\($0.range.startPosition.line)" } ?? "-"
      return "\(finding.severity.word)[\(finding.rule.id)] \(place): \(finding.message)\n"
    }.joined()
  }

  /// A file of the output as text.
  func text(_ path: String) -> String? {
    output.files.first { $0.path == path }.map { String(decoding: $0.content, as: UTF8.self) }
  }
}
