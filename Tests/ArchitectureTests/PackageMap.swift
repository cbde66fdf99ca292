import Foundation
import TestSupport

/// The modules as `Package.swift` lists them, lowest layer first.
struct PackageMap: Sendable {
  struct Module: Sendable, CustomStringConvertible {
    let name: String
    let kind: String
    let dependencies: [String]
    /// Of the sources, from the repository's root.
    let path: String
    var description: String { name }
  }

  let modules: [Module]
  let tests: [Module]

  /// Reads the two target lists out of the manifest's text: calls of `.target(…)` and its relatives.
  init() throws {
    let text = try String(contentsOfFile: Repository.path("Package.swift"), encoding: .utf8)
    let parts = text.components(separatedBy: "let tests: [Target]")
    modules = Self.targets(in: parts[0], below: "Sources")
    tests =
      parts.count > 1 ? Self.targets(in: parts[1].components(separatedBy: "\n]\n")[0], below: "Tests") : []
  }

  private static func targets(in text: String, below folder: String) -> [Module] {
    let call = /\.(systemLibrary|target|executableTarget|testTarget|plugin)\(/
    return text.ranges(of: call).map { range in
      let kind = String(text[range].dropFirst().dropLast())
      let arguments = balanced(text[range.upperBound...])
      let name = arguments.firstMatch(of: /name: "([^"]+)"/).map { String($0.1) } ?? ""
      let list = arguments.firstMatch(of: /dependencies: \[([^\]]*)\]/).map { String($0.1) } ?? ""
      let path = arguments.firstMatch(of: /path: "([^"]+)"/).map { String($0.1) } ?? "\(folder)/\(name)"
      return Module(
        name: name, kind: kind, dependencies: list.matches(of: /"([^"]+)"/).map { String($0.1) }, path: path)
    }
  }

  /// The text up to the parenthesis that closes the call.
  private static func balanced(_ text: Substring) -> Substring {
    var depth = 1
    for index in text.indices {
      if text[index] == "(" { depth += 1 }
      if text[index] == ")" { depth -= 1 }
      if depth == 0 { return text[..<index] }
    }
    return text
  }
}
