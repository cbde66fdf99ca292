package import CEL
package import YAMLTree

extension Node {
  /// The node as a value of CEL, without a copy: collections are read where they stand.
  ///
  /// - Parameter type: what the node is declared to be. Optional fields of records are optionals of CEL, and are
  ///   none where the mapping lacks them.
  package func value(_ type: CELType = .dyn) -> CELValue {
    switch type {
    case .optional(let inner): return .optional(isNull ? nil : value(inner))
    case .nullable(let inner): return isNull ? .null : value(inner)
    default: break
    }
    switch kind {
    case .null, .alias: return .null
    case .boolean: return .bool(boolean ?? false)
    case .integer:
      if let whole = integer { return .int(Int64(whole)) }
      return .double(number ?? .nan)
    case .float: return .double(number ?? .nan)
    case .string: return .string(text)
    case .sequence: return .list(NodeList(node: self, element: type.element))
    case .mapping: return .map(NodeObject(node: self, type: type))
    }
  }
}

/// A sequence as a list of CEL. An element is found by walking over those before it, so `elements` are kept.
package struct NodeList: CELList {
  package let node: Node
  private let element: CELType
  private let nodes: [Node]

  init(node: Node, element: CELType) {
    self.node = node
    self.element = element
    nodes = Array(node.elements)
  }

  package var count: Int { nodes.count }

  package func element(at index: Int) -> CELValue { nodes[index].value(element) }
}

/// A mapping as an object of CEL. Looking a field up is linear in the entries.
package struct NodeObject: CELObject {
  package let node: Node
  private let type: CELType

  init(node: Node, type: CELType) {
    self.node = node
    self.type = type
  }

  package func field(named name: String) -> CELValue? {
    let declared = type.field(name)
    guard let value = node[name] else {
      if case .optional? = declared { return .optional(nil) }
      return nil
    }
    return value.value(declared ?? .dyn)
  }

  package var count: Int { node.count }

  package var keys: [CELValue] { node.entries.map { .string($0.key.text) } }
}

extension CELType {
  /// The type of a list's elements, `dyn` for all other types.
  package var element: CELType {
    switch self {
    case .list(let element): element
    case .nullable(let inner), .optional(let inner): inner.element
    default: .dyn
    }
  }

  /// The type of a field of a record or map, nil where the type has no such field. `dyn` has every field.
  package func field(_ name: String) -> CELType? {
    switch self {
    case .record(let record): record.type(of: name)
    case .map(_, let value): value
    case .nullable(let inner), .optional(let inner): inner.field(name)
    case .dyn: .dyn
    default: nil
    }
  }
}
