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
    let isOrdered = zip(files, files.dropFirst()).allSatisfy { utf8Precedes($0.path, $1.path) }
    self.files = isOrdered ? files : files.sorted { utf8Precedes($0.path, $1.path) }
  }

  /// Reads an inventory; nil when a line is not `<blob id> <path>` or a path leaves the root.
  package init?(_ content: [UInt8]) {
    var files: [(path: String, blob: BlobID)] = []
    // A line has 41 bytes before its path; outputs have tens of thousands of lines.
    files.reserveCapacity(content.count / 80)
    let isValid = content.withUnsafeBufferPointer { bytes in
      var start = 0
      while start < bytes.count {
        let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
        var line = UnsafeBufferPointer(rebasing: bytes[start..<end])
        start = end + 1
        // A checkout may have converted the line ends (core.autocrlf).
        if line.last == UInt8(ascii: "\r") { line = UnsafeBufferPointer(rebasing: line.dropLast()) }
        guard let first = line.first, first != UInt8(ascii: "#") else { continue }
        guard line.count > 41, line[40] == UInt8(ascii: " "),
          let blob = BlobID(hexadecimal: UnsafeBufferPointer(rebasing: line[..<40]))
        else { return false }
        let path = String(decoding: UnsafeBufferPointer(rebasing: line[41...]), as: UTF8.self)
        guard Self.staysInside(path) else { return false }
        files.append((path, blob))
      }
      return true
    }
    guard isValid else { return nil }
    self.init(files)
  }

  package var content: [UInt8] {
    var bytes = Array(Self.header.utf8)
    bytes.reserveCapacity(files.reduce(bytes.count) { $0 + 42 + $1.path.utf8.count })
    for file in files {
      bytes.append(contentsOf: file.blob.hexadecimal.utf8)
      bytes.append(UInt8(ascii: " "))
      bytes.append(contentsOf: file.path.utf8)
      bytes.append(UInt8(ascii: "\n"))
    }
    return bytes
  }

  /// True for a relative path without `.`, `..` or empty components.
  package static func staysInside(_ path: String) -> Bool {
    var length = 0
    var dots = 0
    for byte in path.utf8 {
      switch byte {
      case UInt8(ascii: "/"):
        if length == 0 || length == dots && dots <= 2 { return false }
        (length, dots) = (0, 0)
        continue
      case 0, UInt8(ascii: "\\"): return false
      case UInt8(ascii: "."): dots += 1
      default: break
      }
      length += 1
    }
    return length > 0 && !(length == dots && dots <= 2)
  }

  package static func == (a: Inventory, b: Inventory) -> Bool {
    a.files.elementsEqual(b.files) { $0.path == $1.path && $0.blob == $1.blob }
  }
}
