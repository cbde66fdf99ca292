import Diagnostics
import Kubernetes
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

  /// The same for many files; nil only where nothing could be made of what is left. Linear in files and nodes.
  static func files(_ files: [SourceFile], without nodes: [Node]) -> [SourceFile?] {
    let byFile = Dictionary(grouping: nodes) { ObjectIdentifier($0.tree.file) }
    return files.map { file in
      guard let nodes = byFile[ObjectIdentifier(file)] else { return file }
      return self.file(file, without: nodes) ?? rewritten(file, without: nodes)
    }
  }

  /// What is left of a file, written anew: for files in which what stays leans on what is hidden (an alias leads into
  /// it). Places in it are no places of the file. Linear in the file and its objects times the hidden ones.
  private static func rewritten(_ file: SourceFile, without nodes: [Node]) -> SourceFile? {
    let hidden = Set(nodes.map(\.range.start))
    var bytes: [UInt8] = []
    func write(_ node: Node) { bytes += Array("---\n".utf8) + YAMLWriter.write(node) }
    for document in Tree.parse(file).tree.documents where !document.isNull {
      var holdsObjects = false
      Manifest.all(in: document) { manifest in
        holdsObjects = true
        if !hidden.contains(manifest.node.range.start) { write(manifest.node) }
      }
      if !holdsObjects { write(document) }
    }
    let result = SourceFile(path: file.path, bytes: bytes)
    return Tree.parse(result).findings.isEmpty ? result : nil
  }
}
