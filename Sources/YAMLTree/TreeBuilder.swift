package import Diagnostics

/// Appends nodes in document order and becomes a `Tree`.
///
/// The parsers build trees of files with it; whoever emits an object builds that object's tree.
/// A mapping's children are appended as key, value, key, value.
package struct TreeBuilder: ~Copyable {
  private let file: SourceFile
  var nodes: [NodeRecord] = []
  var ownText: [UInt8] = []
  private var roots: [UInt32] = []

  /// A builder for the tree of a file. `capacity` is a guess at the number of nodes.
  package init(file: SourceFile, capacity: Int = 32) {
    self.file = file
    nodes.reserveCapacity(capacity)
  }

  package consuming func finish() -> Tree {
    Tree(file: file, nodes: nodes.trimmed(), ownText: ownText.trimmed(), roots: roots)
  }

  /// The index that the next node will have.
  package var count: Int { nodes.count }

  /// Makes the next node the root of a document.
  package mutating func beginDocument() {
    roots.append(UInt32(clamping: nodes.count))
  }

  // MARK: Emitted values; `origin` is the number of the template node

  package mutating func null(origin: Int = 0) {
    nodes.append(
      NodeRecord(
        kind: .null, start: UInt32(clamping: origin), end: UInt32(clamping: origin), link: textHash("")))
  }

  package mutating func boolean(_ value: Bool, origin: Int = 0) {
    scalar(.boolean, value ? "true" : "false", origin: origin)
  }

  package mutating func integer(_ value: Int, origin: Int = 0) {
    scalar(.integer, String(value), origin: origin)
  }

  package mutating func float(_ value: Double, origin: Int = 0) {
    scalar(.float, value.description, origin: origin)
  }

  package mutating func string(_ value: String, origin: Int = 0) {
    scalar(.string, value, origin: origin)
  }

  package mutating func key(_ value: String, origin: Int = 0) {
    scalar(.string, value, origin: origin)
  }

  private mutating func scalar(_ kind: NodeKind, _ text: String, origin: Int) {
    let start = ownText.count
    ownText.append(contentsOf: text.utf8)
    nodes.append(
      NodeRecord(
        kind: kind, flags: .ownText, start: UInt32(clamping: origin), end: UInt32(clamping: origin),
        link: textHash(text),
        first: UInt32(clamping: start), length: UInt32(clamping: ownText.count - start)))
  }

  /// Opens a sequence or mapping; `close` with the returned index ends it.
  package mutating func open(_ kind: NodeKind, origin: Int = 0) -> Int {
    nodes.append(NodeRecord(kind: kind, start: UInt32(clamping: origin), end: UInt32(clamping: origin)))
    return nodes.count - 1
  }

  /// Closes a collection that holds `count` elements or entries.
  package mutating func close(_ index: Int, count: Int) {
    nodes[index].link = UInt32(clamping: nodes.count)
    nodes[index].first = UInt32(clamping: count)
  }

  /// Takes back everything from `index` on.
  package mutating func discard(from index: Int) {
    guard index >= 0, index < nodes.count else { return }
    nodes.removeSubrange(index...)
  }

  /// Copies a subtree of another tree, aliases and merges resolved. Linear in the subtree.
  package mutating func copy(_ node: Node, origin: Int = 0) {
    switch node.kind {
    case .sequence:
      let index = open(.sequence, origin: origin)
      for element in node.elements { copy(element, origin: origin) }
      close(index, count: node.count)
    case .mapping:
      let index = open(.mapping, origin: origin)
      for (key, value) in node.entries {
        copyScalar(key, as: .string, origin: origin)
        copy(value, origin: origin)
      }
      close(index, count: node.count)
    default:
      copyScalar(node, as: node.kind, origin: origin)
    }
  }

  /// Copies one scalar's text; a kind other than its own turns a key into a string.
  package mutating func copyScalar(_ node: Node, as kind: NodeKind, origin: Int = 0) {
    let start = ownText.count
    node.withText { ownText.append(contentsOf: $0) }
    nodes.append(
      NodeRecord(
        kind: kind, flags: .ownText, start: UInt32(clamping: origin), end: UInt32(clamping: origin),
        link: node.record.link,
        first: UInt32(clamping: start), length: UInt32(clamping: ownText.count - start)))
  }

  // MARK: Parsed values

  /// Appends a scalar whose text stands in the source from `first` on.
  mutating func scalar(
    _ kind: NodeKind, style: ScalarStyle, flags: NodeRecord.Flags, start: Int, end: Int,
    sourceText first: Int,
    length: Int, hash: UInt32
  ) {
    nodes.append(
      NodeRecord(
        kind: kind, style: style, flags: flags, start: UInt32(clamping: start), end: UInt32(clamping: end),
        link: hash,
        first: UInt32(clamping: first), length: UInt32(clamping: length)))
  }

  /// Appends a scalar whose text is not in the source as it is.
  mutating func scalar(
    _ kind: NodeKind, style: ScalarStyle, flags: NodeRecord.Flags, start: Int, end: Int,
    copying text: UnsafeBufferPointer<UInt8>
  ) {
    let first = ownText.count
    ownText.append(contentsOf: text)
    scalar(
      kind, style: style, flags: flags.union(.ownText), start: start, end: end, sourceText: first,
      length: text.count, hash: textHash(text))
  }

  mutating func open(_ kind: NodeKind, start: Int, end: Int) -> Int {
    nodes.append(NodeRecord(kind: kind, start: UInt32(clamping: start), end: UInt32(clamping: end)))
    return nodes.count - 1
  }

  mutating func alias(to target: Int, flags: NodeRecord.Flags = [], start: Int, end: Int) {
    nodes.append(
      NodeRecord(
        kind: .alias, flags: flags, start: UInt32(clamping: start), end: UInt32(clamping: end),
        link: nodes[target].link,
        first: UInt32(clamping: target)))
  }

  /// Appends a finished record.
  mutating func append(_ record: NodeRecord) { nodes.append(record) }

  /// Takes back the last document.
  mutating func discardDocument() {
    guard let root = roots.popLast(), Int(root) < nodes.count else { return }
    nodes.removeSubrange(Int(root)...)
  }
}
