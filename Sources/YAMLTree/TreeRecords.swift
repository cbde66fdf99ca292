import Diagnostics

/// A tree's storage while somebody walks all of it: nodes are numbers, and no reference is counted on the way.
///
/// Valid inside `Tree.withRecords` only. Aliases and merge keys are resolved, as `Node` does.
struct TreeRecords {
  private let nodes: UnsafeBufferPointer<NodeRecord>
  private let ownText: UnsafeBufferPointer<UInt8>
  private let fileText: UnsafeBufferPointer<UInt8>

  fileprivate init(
    _ nodes: UnsafeBufferPointer<NodeRecord>, _ ownText: UnsafeBufferPointer<UInt8>,
    _ fileText: UnsafeBufferPointer<UInt8>
  ) {
    self.nodes = nodes
    self.ownText = ownText
    self.fileText = fileText
  }

  func kind(_ node: Int) -> NodeKind { nodes[node].kind }

  /// Hash of a scalar's text.
  func hash(_ node: Int) -> UInt32 { nodes[node].link }

  /// The number of elements or entries of a collection.
  func count(_ node: Int) -> Int { Int(nodes[node].first) }

  /// What an alias stands for; every other node itself.
  @inline(__always)
  func target(_ node: Int) -> Int { nodes[node].kind == .alias ? Int(nodes[node].first) : node }

  /// A scalar's text; empty for collections.
  @inline(__always)
  func text(_ node: Int) -> UnsafeBufferPointer<UInt8> {
    let record = nodes[node]
    guard isScalar(record) else { return UnsafeBufferPointer(start: nil, count: 0) }
    let range = Int(record.first)..<Int(record.first) + Int(record.length)
    return UnsafeBufferPointer(rebasing: (record.flags.contains(.ownText) ? ownText : fileText)[range])
  }

  /// The entries of a mapping in the order written, merged ones last.
  @inline(__always)
  func forEachEntry(of mapping: Int, _ body: (_ key: Int, _ value: Int) -> Void) {
    let end = Int(nodes[mapping].link)
    var index = mapping + 1
    while index < end {
      let value = after(index)
      if !nodes[index].flags.contains(.hidden) { body(target(index), target(value)) }
      index = after(value)
    }
  }

  /// The elements of a sequence.
  @inline(__always)
  func forEachElement(of sequence: Int, _ body: (Int) -> Void) {
    let end = Int(nodes[sequence].link)
    var index = sequence + 1
    while index < end {
      body(target(index))
      index = after(index)
    }
  }

  private func isScalar(_ record: NodeRecord) -> Bool { record.kind != .sequence && record.kind != .mapping }

  private func after(_ index: Int) -> Int { isScalar(nodes[index]) ? index + 1 : Int(nodes[index].link) }
}

extension Tree {
  /// Calls `body` with the tree's storage.
  func withRecords<Result>(_ body: (TreeRecords) -> Result) -> Result {
    nodes.withUnsafeBufferPointer { nodes in
      ownText.withUnsafeBufferPointer { ownText in
        file.bytes.withUnsafeBufferPointer { body(TreeRecords(nodes, ownText, $0)) }
      }
    }
  }
}
