package import Foundation

/// Where the sources of this package lie; tests read examples and rewrite golden files there.
package enum Repository {
  /// The root, from where this file was compiled.
  package static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// A path from the root.
  package static func path(_ relative: String) -> String { root.appendingPathComponent(relative).path }
}
