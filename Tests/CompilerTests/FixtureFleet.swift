import Compiler
import Diagnostics
import Foundation
import Output
import Snapshot
import TestSupport

/// A fleet of the tests: files in memory, compiled without touching the file system.
struct FixtureFleet: Sendable {
  private(set) var files: [String: [UInt8]]

  init(_ files: [String: [UInt8]]) { self.files = files }

  /// Every file below a directory of the repository.
  init(directory: String) throws {
    var files: [String: [UInt8]] = [:]
    for path in try Self.paths(below: directory) {
      files[path] = Array(
        try Data(contentsOf: Repository.root.appendingPathComponent("\(directory)/\(path)")))
    }
    self.files = files
  }

  /// One of the fleets that examples of rules lie over.
  init(base: String) throws { try self.init(directory: "Tests/CompilerTests/Fleets/\(base)") }

  /// The files below a directory of the repository, sorted; directories are not listed.
  static func paths(below directory: String) throws -> [String] {
    let root = Repository.path(directory)
    guard let walk = FileManager.default.enumerator(atPath: root) else { return [] }
    return walk.compactMap { $0 as? String }.filter { path in
      var isDirectory: ObjCBool = false
      return FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isDirectory)
        && !isDirectory.boolValue
    }.sorted()
  }

  /// Names of the directories in a directory of the repository, sorted.
  static func directories(in directory: String) -> [String] {
    let root = Repository.path(directory)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
    return names.filter { name in
      var isDirectory: ObjCBool = false
      return FileManager.default.fileExists(atPath: "\(root)/\(name)", isDirectory: &isDirectory)
        && isDirectory.boolValue
    }.sorted()
  }

  /// The fleet with an example's files laid over it. A file of nothing but white space takes the file of that
  /// path away.
  func overlaid(by example: String) -> FixtureFleet {
    var fleet = self
    var path: String?
    var lines: [Substring] = []
    func take() {
      guard let path else { return }
      let text = lines.map { $0 + "\n" }.joined()
      fleet.files[path] = text.allSatisfy(\.isWhitespace) ? nil : Array(text.utf8)
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

  /// Embedded schemas and templates are compiled once for all tests.
  static let compiler = Result { Compiler(resources: try Resources()) }
}

extension Compilation {
  /// What a build would write, by path: nothing after an error, and nothing of units that are held back.
  var writtenFiles: [String: [UInt8]] {
    guard !failed else { return [:] }
    let written = output.files.filter { !isHeldBack($0.path) }
    return Dictionary(uniqueKeysWithValues: written.map { ($0.path, $0.content) })
  }

  /// The findings as a golden file holds them.
  var findingsText: String { findings.map(\.goldenText).joined() }

  /// The findings, and what existing manifests do already.
  var reportText: String { findingsText + satisfiedLines.map { $0 + "\n" }.joined() }
}

extension Diagnostic {
  /// Severity, rule, place and message on a line, then the other places, the help and the notes.
  var goldenText: String {
    func place(_ label: Label) -> String {
      let start = label.range.startPosition
      return "\(label.range.file.path):\(start.line):\(start.column)"
    }
    let reason = suppression.map { " (suppressed: \($0))" } ?? ""
    var text = "\(severity.word)[\(rule.id)]\(reason) \(primary.map(place) ?? "-"): \(message)\n"
    if let label = primary?.text, !label.isEmpty { text += "  here: \(label)\n" }
    for label in secondary { text += "  \(place(label)): \(label.text)\n" }
    for line in help { text += "  help: \(line)\n" }
    for line in notes { text += "  note: \(line)\n" }
    return text
  }
}
