package import CEL
package import YAMLTree

/// Nodes as an API server shows them to the rules of a CustomResourceDefinition (k8s.io/apiserver
/// `pkg/cel/common/schemas.go` and `values.go`): texts with the formats date-time, date, duration and byte are moments,
/// durations and bytes; a number is a double however it is written; what is left out has its default; and lists are
/// compared as `x-kubernetes-list-type` says.
extension Node {
  /// The node as a value of a structural schema.
  package func value(by schema: Node?) -> CELValue {
    guard let schema, schema.kind == .mapping, schema["x-kubernetes-int-or-string"]?.boolean != true else {
      return value()
    }
    switch kind {
    case .mapping: return .map(StructuralObject(node: self, schema: schema))
    case .sequence: return .list(StructuralList(node: self, schema: schema))
    case .integer where schema["type"]?.string == "number": return .double(number ?? .nan)
    case .string where schema["type"]?.string == "string":
      let formed: CELValue?
      switch schema["format"]?.string {
      case "date-time", "date": formed = CELValue(momentOf: text)
      case "duration": formed = CELValue(durationOf: text)
      case "byte": formed = CELValue(bytesOf: text)
      default: formed = nil
      }
      // What has not its format is the schema's own finding.
      return formed ?? value()
    default: return value()
    }
  }

  /// The value of a property, or its default where it is absent (or null, and may not be).
  package func property(_ name: String, by schema: Node) -> Node? {
    let property = schema["properties"]?[name]
    guard let value = self[name] else { return property?["default"] }
    guard value.isNull, let property, property["nullable"]?.boolean != true else { return value }
    return property["default"] ?? value
  }
}

private struct StructuralObject: CELObject {
  let node: Node
  let schema: Node

  func field(named name: String) -> CELValue? {
    node.property(name, by: schema)?.value(by: schema["properties"]?[name] ?? schema["additionalProperties"])
  }

  var count: Int { keys.count }

  var keys: [CELValue] {
    let written = node.entries.map { $0.key.text }
    let defaulted =
      schema["properties"]?.entries.filter { $0.value["default"] != nil }.map { $0.key.text } ?? []
    return (written + defaulted.filter { !written.contains($0) }).map { .string($0) }
  }
}

private struct StructuralList: CELList {
  let schema: Node
  let kind: CELListKind
  private let nodes: [Node]

  init(node: Node, schema: Node) {
    self.schema = schema
    nodes = Array(node.elements)
    switch schema["x-kubernetes-list-type"]?.string {
    case "set": kind = .set
    case "map": kind = .map(keys: schema["x-kubernetes-list-map-keys"]?.elements.map(\.text) ?? [])
    default: kind = .atomic
    }
  }

  var count: Int { nodes.count }

  func element(at index: Int) -> CELValue { nodes[index].value(by: schema["items"]) }
}
