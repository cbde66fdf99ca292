import Linker
import YAMLTree

/// The fields that are kept of an object: the paths of a kind as a tree.
///
/// What is not selected never reaches the result. Where a path expects a mapping or a list and something else
/// stands, nothing is kept. Applying a selection to its own result gives the same result.
struct FieldSelection: Sendable {
  private var isWhole = false
  private var fields: [String: FieldSelection] = [:]
  private var prefixes: [(prefix: String, selection: FieldSelection)] = []
  /// The selection for the elements of a list: none or one.
  private var elements: [FieldSelection] = []
  private var sortsElements = false

  init(_ paths: [FieldPath] = []) {
    for path in paths { add(path) }
  }

  mutating func add(_ path: FieldPath) { add(path.steps[...]) }

  private mutating func add(_ steps: ArraySlice<String>) {
    guard let step = steps.first else {
      isWhole = true
      return
    }
    let rest = steps.dropFirst()
    if step == "[]" || step == "[sorted]" {
      if elements.isEmpty { elements = [FieldSelection()] }
      elements[0].add(rest)
      if step == "[sorted]" { sortsElements = true }
    } else if step.hasSuffix("*") {
      var selection = FieldSelection()
      selection.add(rest)
      prefixes.append((String(step.dropLast()), selection))
    } else {
      fields[step, default: FieldSelection()].add(rest)
    }
  }

  /// The selection below a key; nil when nothing of it is kept.
  func field(_ key: String) -> FieldSelection? {
    if isWhole { return self }
    return fields[key] ?? prefixes.first { key.hasPrefix($0.prefix) }?.selection
  }

  /// The selection of a list's elements; nil when nothing of them is kept.
  var element: FieldSelection? { isWhole ? self : elements.first }

  /// Appends what is kept of a node; false when that is nothing. Linear but for the sorting of lists.
  func append(_ node: Node, to builder: inout TreeBuilder) -> Bool {
    if isWhole {
      guard !node.isNull else { return false }
      builder.copy(node)
      return true
    }
    switch node.kind {
    case .mapping: return appendMapping(node, except: [], to: &builder)
    case .sequence: return appendSequence(node, to: &builder)
    default: return false
    }
  }

  /// As `append` for a mapping, without some of its keys.
  private func appendMapping(_ node: Node, except excluded: [String], to builder: inout TreeBuilder) -> Bool {
    let start = builder.open(.mapping)
    let count = appendEntries(of: node, except: excluded, to: &builder)
    guard count > 0 else {
      builder.discard(from: start)
      return false
    }
    builder.close(start, count: count)
    return true
  }

  /// Appends the kept entries of a mapping to an open mapping; their number.
  func appendEntries(of node: Node, except excluded: [String], to builder: inout TreeBuilder) -> Int {
    var count = 0
    for (key, value) in node.entries {
      let name = key.text
      guard !excluded.contains(name), let selection = field(name) else { continue }
      let mark = builder.count
      builder.copyScalar(key, as: .string)
      if selection.append(value, to: &builder) {
        count += 1
      } else {
        builder.discard(from: mark)
      }
    }
    return count
  }

  private func appendSequence(_ node: Node, to builder: inout TreeBuilder) -> Bool {
    guard let element else { return false }
    let start = builder.open(.sequence)
    var count = 0
    if sortsElements {
      for item in element.sorted(node) {
        builder.copy(item)
        count += 1
      }
    } else {
      for item in node.elements where element.append(item, to: &builder) { count += 1 }
    }
    guard count > 0 else {
      builder.discard(from: start)
      return false
    }
    builder.close(start, count: count)
    return true
  }

  /// What is kept of each element, in the order of the texts.
  private func sorted(_ list: Node) -> [Node] {
    var items: [(text: [UInt8], node: Node)] = []
    items.reserveCapacity(list.count)
    for item in list.elements {
      var builder = TreeBuilder(file: list.tree.file)
      builder.beginDocument()
      guard append(item, to: &builder), let root = builder.finish().root else { continue }
      items.append((YAMLWriter.write(root, rank: KeyOrder.rank), root))
    }
    return items.sorted { $0.text.lexicographicallyPrecedes($1.text) }.map(\.node)
  }
}
