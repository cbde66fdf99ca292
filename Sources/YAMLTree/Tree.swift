package import Diagnostics

/// The documents of one file, or one emitted object: immutable, flat, every node with its source range.
///
/// A class so that the many `Node` values that point into it share one copy of its storage.
package final class Tree: Sendable {
  /// The text that the tree came from; for an emitted tree the file it will become, without bytes.
  package let file: SourceFile
  let nodes: [NodeRecord]
  /// Texts that do not stand in the source as they are: escapes, folded lines, emitted values.
  let ownText: [UInt8]
  let roots: [UInt32]

  init(file: SourceFile, nodes: [NodeRecord], ownText: [UInt8], roots: [UInt32]) {
    self.file = file
    self.nodes = nodes
    self.ownText = ownText
    self.roots = roots
  }

  /// The root node of each document, in the order of the file. Empty documents have a null root.
  package var documents: [Node] { roots.map { Node(tree: self, index: Int($0)) } }

  /// The root of the only or first document.
  package var root: Node? { roots.first.map { Node(tree: self, index: Int($0)) } }

  /// The index of the node after the subtree at `index`.
  @inline(__always)
  func next(after index: Int) -> Int {
    switch nodes[index].kind {
    case .sequence, .mapping: Int(nodes[index].link)
    default: index + 1
    }
  }

  /// Where the entry of a mapping stands whose key has these bytes; nil for other kinds. Linear in the entries; no
  /// node is made for those that are passed over.
  func entry(of mapping: Int, named name: UnsafeBufferPointer<UInt8>) -> (key: Int, value: Int)? {
    nodes.withUnsafeBufferPointer { nodes in
      guard nodes[mapping].kind == .mapping else { return nil }
      let end = Int(nodes[mapping].link)
      var index = mapping + 1
      while index < end {
        let written = nodes[index]
        let value = after(index, nodes)
        // What an alias stands for is named by it.
        let key = written.kind == .alias ? nodes[Int(written.first)] : written
        if Int(key.length) == name.count, !written.flags.contains(.hidden), isScalar(key),
          withText(of: key, { Self.areEqual($0, name) })
        {
          return (index, value)
        }
        index = after(value, nodes)
      }
      return nil
    }
  }

  @inline(__always)
  private func isScalar(_ record: NodeRecord) -> Bool { record.kind != .sequence && record.kind != .mapping }

  @inline(__always)
  private func after(_ index: Int, _ nodes: UnsafeBufferPointer<NodeRecord>) -> Int {
    isScalar(nodes[index]) ? index + 1 : Int(nodes[index].link)
  }

  /// Texts of one length.
  @inline(__always)
  private static func areEqual(_ a: UnsafeBufferPointer<UInt8>, _ b: UnsafeBufferPointer<UInt8>) -> Bool {
    var index = 0
    while index < b.count, a[index] == b[index] { index += 1 }
    return index == b.count
  }

  /// Calls `body` with the UTF-8 bytes of a scalar.
  @inline(__always)
  func withText<Result>(of record: NodeRecord, _ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    let range = Int(record.first)..<Int(record.first) + Int(record.length)
    if record.flags.contains(.ownText) {
      return ownText.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
    }
    return file.bytes.withUnsafeBufferPointer { body(UnsafeBufferPointer(rebasing: $0[range])) }
  }
}
