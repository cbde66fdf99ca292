package import YAMLTree

/// What a template's expression can yield.
package enum TemplateValue: Sendable {
  /// Nothing: removes the key or list item that it would have filled.
  case none
  case null
  case boolean(Bool)
  case integer(Int)
  case float(Double)
  case string(String)
  case list([TemplateValue])
  case map([String: TemplateValue])
  /// A value taken over whole from a source file.
  case node(Node)

  /// An optional text, absent where nil.
  package static func optional(_ text: String?) -> TemplateValue { text.map { .string($0) } ?? .none }

  /// An optional number, absent where nil.
  package static func optional(_ number: Int?) -> TemplateValue { number.map { .integer($0) } ?? .none }

  /// The field of a map or of a node that is a mapping.
  func field(_ name: String) -> TemplateValue? {
    switch self {
    case .map(let entries): entries[name]
    case .node(let node): node[name].map { .node($0) }
    default: nil
    }
  }

  /// The names that `field` knows.
  var fieldNames: [String] {
    switch self {
    case .map(let entries): entries.keys.sorted()
    case .node(let node): node.entries.map(\.key.text)
    default: []
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
      case .string, .integer: node.text
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

  /// Appends the value to a tree under construction, keys in the order of their bytes.
  func append(to builder: inout TreeBuilder, origin: Int) {
    switch self {
    case .none, .null: builder.null(origin: origin)
    case .boolean(let value): builder.boolean(value, origin: origin)
    case .integer(let value): builder.integer(value, origin: origin)
    case .float(let value): builder.float(value, origin: origin)
    case .string(let value): builder.string(value, origin: origin)
    case .list(let values):
      let index = builder.open(.sequence, origin: origin)
      for value in values { value.append(to: &builder, origin: origin) }
      builder.close(index, count: values.count)
    case .map(let entries):
      let index = builder.open(.mapping, origin: origin)
      for key in entries.keys.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
        builder.key(key, origin: origin)
        entries[key]?.append(to: &builder, origin: origin)
      }
      builder.close(index, count: entries.count)
    case .node(let node): builder.copy(node, origin: origin)
    }
  }
}
