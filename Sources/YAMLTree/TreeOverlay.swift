import Diagnostics

/// Mappings laid over a mapping of the same file: where both have a mapping the entries join, everywhere else the
/// later value stands, lists whole. Every node of the result keeps its place in the file.
package struct TreeOverlay: Sendable {
  /// Keys of which a mapping holds one: a later one takes the place of its siblings.
  private let alternatives: [[String]]

  package init(alternatives: [[String]] = []) {
    self.alternatives = alternatives
  }

  /// A copy of `document` in which the mappings, one after the other, lie over the value of `key`. Without the
  /// entries `own` at the top of that value and `theirs` at the top of each mapping. All must be of one tree.
  ///
  /// Linear in the document and the layers, for few entries per mapping.
  package func document(
    _ document: Node, key: String, layers: [Node], without own: Set<String>, and theirs: Set<String>
  ) -> Node {
    var builder = TreeBuilder(file: document.tree.file, capacity: document.count * 8)
    builder.beginDocument()
    let index = builder.open(.mapping, start: document.range.start, end: document.range.end)
    for (name, value) in document.entries {
      builder.copyInPlace(name)
      if name.text == key {
        merge([value] + layers, without: own, theirs, into: &builder)
      } else {
        builder.copyInPlace(value)
      }
    }
    builder.close(index, count: document.count)
    return Node(tree: builder.finish(), index: 0)
  }

  /// Appends what the values come to; the last that is no mapping hides all before it.
  private func merge(
    _ values: [Node], without own: Set<String> = [], _ theirs: Set<String> = [],
    into builder: inout TreeBuilder
  ) {
    let start = values.lastIndex { $0.kind != .mapping }
    guard start != values.count - 1 else {
      if let last = values.last { builder.copyInPlace(last) }
      return
    }
    let layers = values[((start ?? -1) + 1)...]
    guard let base = layers.first else { return }
    var order: [String] = []
    var entries: [String: (key: Node, values: [Node])] = [:]
    for (position, layer) in layers.enumerated() {
      let omitted = position == 0 ? own : theirs
      for (key, _) in layer.entries where !omitted.contains(key.text) {
        for group in alternatives where group.contains(key.text) {
          for other in group where other != key.text { entries[other] = nil }
        }
      }
      for (key, value) in layer.entries where !omitted.contains(key.text) {
        if entries[key.text] == nil {
          order.append(key.text)
          entries[key.text] = (key, [value])
        } else {
          // The finding about an entry points at whoever wrote it last.
          entries[key.text]?.key = key
          entries[key.text]?.values.append(value)
        }
      }
    }
    let index = builder.open(.mapping, start: base.range.start, end: base.range.end)
    var count = 0
    for name in order {
      guard let entry = entries.removeValue(forKey: name) else { continue }
      builder.copyInPlace(entry.key)
      merge(entry.values, into: &builder)
      count += 1
    }
    builder.close(index, count: count)
  }
}

extension TreeBuilder {
  /// Copies a subtree of a tree of the same file with its places, aliases and merges resolved. Linear in the subtree.
  mutating func copyInPlace(_ node: Node) {
    let record = node.record
    switch node.kind {
    case .sequence:
      let index = open(.sequence, start: node.range.start, end: node.range.end)
      for element in node.elements { copyInPlace(element) }
      close(index, count: node.count)
    case .mapping:
      let index = open(.mapping, start: node.range.start, end: node.range.end)
      var count = 0
      for (key, value) in node.entries {
        copyInPlace(key)
        copyInPlace(value)
        count += 1
      }
      close(index, count: count)
    default:
      guard record.flags.contains(.ownText) else {
        append(record)
        return
      }
      node.withText {
        scalar(
          record.kind, style: record.style, flags: record.flags, start: Int(record.start),
          end: Int(record.end),
          copying: $0)
      }
    }
  }
}
