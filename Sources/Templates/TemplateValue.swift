import CEL
import Expressions
package import YAMLTree

/// The value of a template's variable, as link types write it, or of an expression.
package enum TemplateValue: Sendable {
  /// Nothing: removes the key or list item that it would have filled.
  case none
  case null
  case boolean(Bool)
  case integer(Int)
  case float(Double)
  case string(String)
  case list([TemplateValue])
  /// An entry without a value is none.
  case map(TemplateFields)
  /// A value taken over whole from a source file; findings about it can point there.
  case node(Node)

  /// A text, and the scalar of a source file that says it, so that findings point there.
  package static func string(_ text: String, from node: Node?) -> TemplateValue {
    guard let node, node.kind == .string, node.withText({ $0.elementsEqual(text.utf8) }) else {
      return .string(text)
    }
    return .node(node)
  }

  /// A number, and the scalar of a source file that says it.
  package static func integer(_ number: Int, from node: Node?) -> TemplateValue {
    guard let node, node.integer == number else { return .integer(number) }
    return .node(node)
  }

  /// An optional text, absent where nil.
  package static func optional(_ text: String?) -> TemplateValue { text.map { .string($0) } ?? .none }

  /// An optional number, absent where nil.
  package static func optional(_ number: Int?) -> TemplateValue { number.map { .integer($0) } ?? .none }

  /// The field of a map or of a node that is a mapping.
  @inline(__always)
  func field(_ name: String) -> TemplateValue? {
    switch self {
    case .map(let entries): entries[name]
    case .node(let node): node[name].map { .node($0) }
    default: nil
    }
  }

  /// The names of a mapping's entries, in the order of their bytes.
  var keys: [String] {
    switch self {
    case .map(let entries): entries.keys
    case .node(let node):
      node.entries.map(\.key.text).sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) })
    default: []
    }
  }

  var isMapping: Bool {
    switch self {
    case .map: true
    case .node(let node): node.kind == .mapping
    default: false
    }
  }

  /// The value's elements; nil for what is no list.
  var elements: [TemplateValue]? {
    switch self {
    case .list(let values): values
    case .node(let node) where node.kind == .sequence: node.elements.map { .node($0) }
    default: nil
    }
  }

  /// The value as a condition; nil for what is no boolean.
  var condition: Bool? {
    switch self {
    case .boolean(let value): value
    case .node(let node): node.boolean
    default: nil
    }
  }

  /// The value inside a text: strings, integers and booleans only.
  var interpolated: String? {
    switch self {
    case .string(let text): text
    case .integer(let number): String(number)
    case .boolean(let value): value ? "true" : "false"
    case .node(let node):
      switch node.kind {
      case .string: node.text
      case .integer: node.integer.map(String.init) ?? node.text
      case .boolean: node.boolean == true ? "true" : "false"
      default: nil
      }
    default: nil
    }
  }

  /// The kind of value, for messages.
  var kindDescription: String {
    switch self {
    case .none: "nothing"
    case .null: "null"
    case .boolean: "a boolean"
    case .integer: "an integer"
    case .float: "a number"
    case .string: "a string"
    case .list: "a list"
    case .map: "a mapping"
    case .node(let node): node.kind.description
    }
  }
}

// MARK: As values of CEL

extension TemplateValue {
  /// The value as an expression sees it. Collections are shown where they stand: constant time, but for lists of
  /// nodes, whose elements are counted.
  func celValue(_ type: CELType) -> CELValue {
    if case .optional(let inner) = type {
      switch self {
      case .none: return .optional(nil)
      case .node(let node): return node.value(type)
      default: return .optional(celValue(inner))
      }
    }
    switch self {
    case .none, .null: return .null
    case .boolean(let value): return .bool(value)
    case .integer(let value): return .int(Int64(value))
    case .float(let value): return .double(value)
    case .string(let text): return .string(text)
    case .list(let values): return .list(TemplateList(values: values, element: type.element))
    case .map(let entries): return .map(TemplateObject(entries: entries, type: type))
    case .node(let node): return node.value(type)
    }
  }

  /// The value of an expression, as something that a document can hold.
  ///
  /// - Throws: the words for what cannot stand in a document. Linear in what the expression itself made.
  init(_ value: CELValue) throws(UnwritableValue) {
    switch value {
    case .null: self = .null
    case .bool(let value): self = .boolean(value)
    case .int(let value): self = .integer(Int(value))
    case .uint(let value):
      guard let whole = Int(exactly: value) else {
        throw UnwritableValue(message: "\(value) is more than a 64-bit integer holds")
      }
      self = .integer(whole)
    case .double(let value):
      guard value.isFinite else {
        throw UnwritableValue(message: "\(value) is no number that YAML and JSON share")
      }
      self = .float(value)
    case .string(let text): self = .string(text)
    case .optional(let inner):
      self = try inner.map { value throws(UnwritableValue) in try Self(value) } ?? .none
    case .list(let list as TemplateList): self = .list(list.values)
    case .list(let list as NodeList): self = .node(list.node)
    case .list(let list):
      var values: [TemplateValue] = []
      values.reserveCapacity(list.count)
      for index in 0..<list.count { values.append(try Self(list.element(at: index))) }
      self = .list(values)
    case .map(let object as TemplateObject): self = .map(object.entries)
    case .map(let object as NodeObject): self = .node(object.node)
    case .map(let object):
      var entries = TemplateFields()
      for key in object.keys {
        guard case .string(let name) = key else {
          throw UnwritableValue(
            message: "a mapping's keys are strings, and this one has \(key.typeName) keys")
        }
        entries[name] = try Self(object.value(forKey: key) ?? .null)
      }
      self = .map(entries)
    case .bytes, .timestamp, .duration, .type, .quantity, .ip, .cidr, .url, .semanticVersion, .format:
      throw UnwritableValue(message: "a value of type \(value.typeName) cannot stand in a document")
    }
  }
}

/// What a document cannot hold.
struct UnwritableValue: Error {
  let message: String
}

/// A list among a template's variables.
struct TemplateList: CELList {
  let values: [TemplateValue]
  let element: CELType

  var count: Int { values.count }

  func element(at index: Int) -> CELValue { values[index].celValue(element) }
}

/// A map or object among a template's variables.
struct TemplateObject: CELObject {
  let entries: TemplateFields
  let type: CELType

  func field(named name: String) -> CELValue? {
    let declared = type.field(name)
    guard let value = entries[name] else {
      if case .optional? = declared { return .optional(nil) }
      return nil
    }
    if case .optional? = declared { return value.celValue(declared ?? .dyn) }
    if case .none = value { return nil }
    return value.celValue(declared ?? .dyn)
  }

  var count: Int { entries.reduce(0) { if case .none = $1.value { $0 } else { $0 + 1 } } }

  var keys: [CELValue] {
    entries.compactMap { if case .none = $1 { nil } else { .string($0) } }
  }
}

// MARK: As nodes

extension TemplateValue {
  /// Appends the value to a tree under construction, keys in the order of their bytes. What is none among entries
  /// and items is left out.
  func append(to builder: inout TreeBuilder, origin: Int, _ sources: inout SourceTrace) {
    switch self {
    case .none, .null: builder.null(origin: origin)
    case .boolean(let value): builder.boolean(value, origin: origin)
    case .integer(let value): builder.integer(value, origin: origin)
    case .float(let value): builder.float(value, origin: origin)
    case .string(let value): builder.string(value, origin: origin)
    case .list(let values):
      let index = builder.open(.sequence, origin: origin)
      var count = 0
      for value in values {
        if case .none = value { continue }
        value.append(to: &builder, origin: origin, &sources)
        count += 1
      }
      builder.close(index, count: count)
    case .map(let entries):
      let index = builder.open(.mapping, origin: origin)
      var count = 0
      for (key, value) in entries {
        if case .none = value { continue }
        builder.key(key, origin: origin)
        value.append(to: &builder, origin: origin, &sources)
        count += 1
      }
      builder.close(index, count: count)
    case .node(let node):
      sources.note(node, at: builder.count)
      builder.copy(node, origin: origin)
    }
  }
}

/// Which nodes of a rendered tree were taken over whole from a source file. Kept only when a finding needs it.
package struct SourceTrace: Sendable {
  let isKept: Bool
  private var nodes: [Int: Node] = [:]

  package init(isKept: Bool = false) { self.isKept = isKept }

  /// Notes a node and all below it. Linear in the subtree.
  mutating func note(_ node: Node, at index: Int) {
    guard isKept else { return }
    var next = index
    noteAll(node, &next)
  }

  /// Rendered subtrees have their nodes in document order, as `TreeBuilder.copy` appends them.
  private mutating func noteAll(_ node: Node, _ next: inout Int) {
    nodes[next] = node
    next += 1
    for element in node.elements { noteAll(element, &next) }
    for (key, value) in node.entries {
      nodes[next] = key
      next += 1
      noteAll(value, &next)
    }
  }

  /// The source of a rendered node; nil where the template or the compiler made it.
  package func source(of node: Node) -> Node? { nodes[node.index] }
}
