import Compiler
import Foundation
import TestSupport
import Testing

/// A directory of golden files against what a compile gave, file by file.
struct GoldenDirectory {
  /// From the repository's root.
  let path: String

  /// What differs, a paragraph per file; empty when the directory holds exactly `files`.
  ///
  /// With UPDATE_GOLDEN=1 it is rewritten, and files that are no longer made are removed.
  func differences(from files: [String: [UInt8]], present: [String]) -> [String] {
    var differences: [String] = []
    for (name, content) in files.sorted(by: { $0.key < $1.key }) {
      if let difference = Golden.difference(content, from: "\(path)/\(name)") {
        differences.append(difference)
      }
    }
    for name in present where files[name] == nil {
      guard Golden.isUpdating else {
        differences.append("\(path)/\(name) is not made any more; UPDATE_GOLDEN=1 removes it")
        continue
      }
      do {
        try FileManager.default.removeItem(atPath: Repository.path("\(path)/\(name)"))
        differences.append("\(path)/\(name) was removed")
      } catch { differences.append("\(path)/\(name) cannot be removed: \(error)") }
    }
    return differences
  }
}

/// A case: `Cases/<name>/input` is a fleet, `expected` what a build writes, `findings.txt` what it reports.
struct GoldenCase: Sendable, CustomTestStringConvertible {
  static let folder = "Tests/CompilerTests/Cases"
  static let all = FixtureFleet.directories(in: folder).map(GoldenCase.init)

  let name: String
  var testDescription: String { name }
  var path: String { "\(Self.folder)/\(name)" }
  var input: String { "\(path)/input" }

  func fleet() throws -> FixtureFleet { try FixtureFleet(directory: input) }
}

/// A directory with a `linkwright.yaml` below `examples/`.
struct ExampleFleet: Sendable, CustomTestStringConvertible {
  static let all: [ExampleFleet] = {
    let files = (try? FixtureFleet.paths(below: "examples")) ?? []
    return files.filter { $0.split(separator: "/").last == "linkwright.yaml" }.map { file in
      ExampleFleet(path: "examples/" + file.split(separator: "/").dropLast().joined(separator: "/"))
    }
  }()

  let path: String
  var testDescription: String { path }

  func fleet() throws -> FixtureFleet { try FixtureFleet(directory: path) }
}
