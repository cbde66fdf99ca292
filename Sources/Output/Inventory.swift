package import Snapshot

/// The files of one namespace that Linkwright owns, with the content that it gave them.
///
/// One inventory per namespace keeps pull requests from meeting in one file. It is neither YAML nor JSON by
/// name, since consumers take every such file for a manifest.
package struct Inventory: Sendable, Equatable {
  /// Content by path below the root, ordered by path.
  package private(set) var files: [(path: String, blob: BlobID)]

  private static let header =
    "# Files that Linkwright owns: git blob id and path. Written by 'linkwright build'; do not edit.\n"

  package init(_ files: [(path: String, blob: BlobID)]) {
    self.files = files.sorted { utf8Precedes($0.path, $1.path) }
  }

  /// Reads an inventory; nil when a line is not `<blob id> <path>` or a path leaves the root.
  package init?(_ content: [UInt8]) {
    var files: [(path: String, blob: BlobID)] = []
    for line in String(decoding: content, as: UTF8.self).split(separator: "\n") where !line.hasPrefix("#") {
      guard let space = line.firstIndex(of: " "), let blob = BlobID(hexadecimal: line[..<space]) else {
        return nil
      }
      let path = String(line[line.index(after: space)...])
      guard Self.staysInside(path) else { return nil }
      files.append((path, blob))
    }
    self.init(files)
  }

  package var content: [UInt8] {
    var bytes = Array(Self.header.utf8)
    for file in files { bytes += Array("\(file.blob.hexadecimal) \(file.path)\n".utf8) }
    return bytes
  }

  /// True for a relative path without `.`, `..` or empty components.
  package static func staysInside(_ path: String) -> Bool {
    !path.isEmpty
      && path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy {
        !$0.isEmpty && $0 != "." && $0 != ".." && !$0.contains("\0") && !$0.contains("\\")
      }
  }

  package static func == (a: Inventory, b: Inventory) -> Bool {
    a.files.elementsEqual(b.files) { $0.path == $1.path && $0.blob == $1.blob }
  }
}
