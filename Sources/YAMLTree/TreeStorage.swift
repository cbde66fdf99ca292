package import Diagnostics

extension Tree {
  /// The node of a number; nil when there is none.
  package func node(at index: Int) -> Node? {
    nodes.indices.contains(index) ? Node(tree: self, index: index) : nil
  }

  /// Appends the nodes and the texts of their own as they lie in memory: for `restored`, in the same program on the
  /// same kind of machine.
  package func appendStorage(to bytes: inout [UInt8]) {
    for count in [nodes.count, roots.count, ownText.count, 0] {
      withUnsafeBytes(of: UInt32(truncatingIfNeeded: count)) { bytes.append(contentsOf: $0) }
    }
    nodes.withUnsafeBytes { bytes.append(contentsOf: $0) }
    roots.withUnsafeBytes { bytes.append(contentsOf: $0) }
    bytes.append(contentsOf: ownText)
  }

  /// The tree of a file out of its storage; nil when the lengths do not fit. The caller vouches for the bytes.
  package static func restored(_ storage: UnsafeRawBufferPointer, of file: SourceFile) -> Tree? {
    guard storage.count >= 16 else { return nil }
    func number(_ index: Int) -> Int {
      Int(storage.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self))
    }
    let (nodeCount, rootCount, textCount) = (number(0), number(1), number(2))
    let stride = MemoryLayout<NodeRecord>.stride
    guard storage.count == 16 + nodeCount * stride + rootCount * 4 + textCount else { return nil }
    func array<Element>(_ offset: Int, _ count: Int, _: Element.Type) -> [Element] {
      [Element](unsafeUninitializedCapacity: count) { buffer, initialized in
        let length = count * MemoryLayout<Element>.stride
        UnsafeMutableRawBufferPointer(buffer).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: storage[offset..<offset + length]))
        initialized = count
      }
    }
    let rootStart = 16 + nodeCount * stride
    return Tree(
      file: file, nodes: array(16, nodeCount, NodeRecord.self),
      ownText: array(rootStart + rootCount * 4, textCount, UInt8.self),
      roots: array(rootStart, rootCount, UInt32.self))
  }
}
