package import Diagnostics

/// A place in a tree. Aliases and merge keys are resolved: a reader never sees them.
package struct Node: Sendable {
  package let tree: Tree
  /// The node's number in its tree, in document order.
  package let index: Int

  package init(tree: Tree, index: Int) {
    self.tree = tree
    self.index = index
  }

  @inline(__always)
  var record: NodeRecord { tree.nodes[index] }

  package var kind: NodeKind { record.kind }

  /// The bytes of the node in its source. A block collection ends where its last value ends.
  package var range: SourceRange {
    let record = record
    return SourceRange(file: tree.file, start: Int(record.start), end: Int(record.end))
  }

  /// In an emitted tree: the template node that made this one.
  package var origin: Int { Int(record.start) }

  // MARK: Scalars

  package var isNull: Bool { kind == .null }

  package var isScalar: Bool {
    switch kind {
    case .sequence, .mapping, .alias: false
    default: true
    }
  }

  /// The value of a string; nil for every other kind, numbers and booleans included.
  package var string: String? { kind == .string ? text : nil }

  /// A scalar's text after unescaping, whatever its kind; empty for collections.
  package var text: String {
    guard isScalar else { return "" }
    return tree.withText(of: record) { String(decoding: $0, as: UTF8.self) }
  }

  /// Calls `body` with the UTF-8 bytes of a scalar's text; with none for collections.
  package func withText<Result>(_ body: (UnsafeBufferPointer<UInt8>) -> Result) -> Result {
    guard isScalar else { return body(UnsafeBufferPointer(start: nil, count: 0)) }
    return tree.withText(of: record, body)
  }

  /// Hash of a scalar's text, as `textHash` computes it.
  package var hash: UInt32 { record.link }

  /// The value of an integer within 64 bits; nil for every other kind.
  package var integer: Int? {
    guard kind == .integer else { return nil }
    return withText { ScalarResolution.integer($0) }
  }

  /// The value of a number, integer or not; nil for every other kind.
  package var number: Double? {
    switch kind {
    case .integer: integer.map(Double.init) ?? ScalarResolution.float(text)
    case .float: ScalarResolution.float(text)
    default: nil
    }
  }

  /// The value of a boolean, also of a `y` or `n` that was taken for text; nil for every other kind.
  package var boolean: Bool? {
    guard kind == .boolean || isAmbiguous && isLetter else { return nil }
    return withText { ScalarResolution.isTrue($0) }
  }

  private var isLetter: Bool {
    kind == .string && ["y", "Y", "n", "N"].contains { (letter: StaticString) in hasText(letter) }
  }

  package var style: ScalarStyle { record.style }

  /// True for a plain scalar that YAML 1.1 and YAML 1.2 readers take for different values.
  package var isAmbiguous: Bool { record.flags.contains(.ambiguous) }

  /// True for the key of an entry that came through a merge key. Its range is where the key was written.
  package var isMerged: Bool { record.flags.contains(.merged) }

  /// Compares a string's bytes without making a String.
  package func isString(_ text: StaticString) -> Bool {
    guard kind == .string else { return false }
    return hasText(text)
  }

  /// True for a scalar with these bytes, whatever its kind. Makes no String.
  package func hasText(_ text: String) -> Bool {
    guard isScalar, Int(record.length) == text.utf8.count else { return false }
    return tree.withText(of: record) { $0.elementsEqual(text.utf8) }
  }

  /// Compares a scalar's bytes, whatever its kind.
  @inline(__always)
  func hasText(_ text: StaticString) -> Bool {
    let record = record
    guard Int(record.length) == text.utf8CodeUnitCount else { return false }
    return tree.withText(of: record) { bytes in
      bytes.elementsEqual(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
  }

  // MARK: Collections

  /// The number of elements or entries; 0 for scalars.
  package var count: Int {
    let record = record
    return record.kind == .sequence || record.kind == .mapping ? Int(record.first) : 0
  }

  /// The elements of a sequence, none for other kinds.
  package var elements: Elements { Elements(collection: self, kind: .sequence) }

  /// The entries of a mapping, none for other kinds; in the order written, merged entries last.
  package var entries: Entries { Entries(mapping: self) }

  /// The value of a key. Linear in the entries.
  package subscript(key: StaticString) -> Node? {
    let text = UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
    return tree.entry(of: index, named: text).map { Node(tree: tree, index: $0.value).target }
  }

  /// The value of a key. Linear in the entries.
  package subscript(key: String) -> Node? { entry(key)?.value }

  /// The key and value of an entry. Linear in the entries.
  package func entry(_ key: String) -> (key: Node, value: Node)? {
    // By bytes: String's == takes composed and decomposed characters for equal.
    var key = key
    return key.withUTF8 { tree.entry(of: index, named: $0) }.map {
      (Node(tree: tree, index: $0.key).target, Node(tree: tree, index: $0.value).target)
    }
  }

  /// The key node of an entry, for findings about the entry as a whole.
  package func key(_ key: String) -> Node? { entry(key)?.key }

  /// Follows keys downwards; nil as soon as one is missing.
  package func at(_ path: StaticString...) -> Node? {
    var node = self
    for key in path {
      guard let next = node[key] else { return nil }
      node = next
    }
    return node
  }
}

/// The elements of a sequence.
package struct Elements: Sequence, Sendable {
  let collection: Node
  let kind: NodeKind

  package struct Iterator: IteratorProtocol {
    let tree: Tree
    var index: Int
    let end: Int

    package mutating func next() -> Node? {
      guard index < end else { return nil }
      let node = Node(tree: tree, index: index).target
      index = tree.next(after: index)
      return node
    }
  }

  package func makeIterator() -> Iterator {
    let record = collection.record
    guard record.kind == kind else { return Iterator(tree: collection.tree, index: 0, end: 0) }
    return Iterator(tree: collection.tree, index: collection.index + 1, end: Int(record.link))
  }
}

/// The entries of a mapping as pairs of key and value.
package struct Entries: Sequence, Sendable {
  let mapping: Node

  package struct Iterator: IteratorProtocol {
    let tree: Tree
    var index: Int
    let end: Int

    package mutating func next() -> (key: Node, value: Node)? {
      while index < end {
        let key = Node(tree: tree, index: index)
        let valueIndex = tree.next(after: index)
        index = tree.next(after: valueIndex)
        if key.record.flags.contains(.hidden) { continue }
        return (key.target, Node(tree: tree, index: valueIndex).target)
      }
      return nil
    }
  }

  package func makeIterator() -> Iterator {
    let record = mapping.record
    guard record.kind == .mapping else { return Iterator(tree: mapping.tree, index: 0, end: 0) }
    return Iterator(tree: mapping.tree, index: mapping.index + 1, end: Int(record.link))
  }
}

extension Node {
  /// What an alias stands for; every other node itself.
  @inline(__always)
  var target: Node {
    let record = record
    return record.kind == .alias ? Node(tree: tree, index: Int(record.first)) : self
  }

  /// Equal as JSON values: mappings without regard to order, `1` and `1.0` alike. Recursion is bounded by
  /// the depth limit of trees.
  package func isEqual(to other: Node) -> Bool {
    switch (kind, other.kind) {
    case (.null, .null): return true
    case (.boolean, .boolean): return boolean == other.boolean
    case (.string, .string):
      return hasText(of: other)
    case (.integer, .integer):
      if let a = integer, let b = other.integer { return a == b }
      return number == other.number
    case (.integer, .float), (.float, .integer), (.float, .float): return number == other.number
    case (.sequence, .sequence):
      return count == other.count && zip(elements, other.elements).allSatisfy { $0.isEqual(to: $1) }
    case (.mapping, .mapping):
      return count == other.count && hasEqualEntries(in: other)
    default: return false
    }
  }

  /// Linear where both mappings have one order of keys, else quadratic in the entries.
  private func hasEqualEntries(in other: Node) -> Bool {
    var theirs = other.entries.makeIterator()
    for (key, value) in entries {
      if let (name, candidate) = theirs.next(), name.hasText(of: key) {
        guard value.isEqual(to: candidate) else { return false }
      } else {
        guard let candidate = other.entry(key.text)?.value, value.isEqual(to: candidate) else { return false }
      }
    }
    return true
  }

  private func hasText(of other: Node) -> Bool {
    guard hash == other.hash, record.length == other.record.length else { return false }
    return withText { mine in other.withText { mine.elementsEqual($0) } }
  }
}
