import Diagnostics
import YAMLTree

/// Files without the objects that Linkwright takes over, every other object in its place.
enum HiddenObjects {
  /// The file with each node replaced by `null` and blanks; lines stay lines, so that all positions stay. Nil when
  /// what is left cannot be read any more (an alias led into a hidden object).
  static func file(_ file: SourceFile, without nodes: [Node]) -> SourceFile? {
    guard !nodes.isEmpty else { return file }
    var bytes = file.bytes
    for node in nodes where node.tree.file === file {
      let range = node.range.start..<node.range.end
      for index in range where bytes[index] != UInt8(ascii: "\n") && bytes[index] != UInt8(ascii: "\r") {
        bytes[index] = UInt8(ascii: " ")
      }
      guard range.count >= 4 else { return nil }
      bytes.replaceSubrange(range.lowerBound..<range.lowerBound + 4, with: Array("null".utf8))
    }
    let result = SourceFile(path: file.path, bytes: bytes)
    return Tree.parse(result).findings.isEmpty ? result : nil
  }

  /// The same for many files. Linear in files and nodes.
  static func files(_ files: [SourceFile], without nodes: [Node]) -> [SourceFile?] {
    let byFile = Dictionary(grouping: nodes) { ObjectIdentifier($0.tree.file) }
    return files.map { file in
      guard let nodes = byFile[ObjectIdentifier(file)] else { return file }
      return self.file(file, without: nodes)
    }
  }
}
