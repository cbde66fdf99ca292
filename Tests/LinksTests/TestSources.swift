import Foundation
import TestSupport

/// The sources of the tests themselves.
enum TestSources {
  static func all() throws -> [String] {
    let root = Repository.path("Tests")
    guard let walk = FileManager.default.enumerator(atPath: root) else { return [] }
    return try walk.compactMap { $0 as? String }.filter { $0.hasSuffix(".swift") }.map {
      try String(contentsOfFile: "\(root)/\($0)", encoding: .utf8)
    }
  }
}
