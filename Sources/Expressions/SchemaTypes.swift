package import CEL
import Diagnostics
package import JSONSchema
import Synchronization
package import YAMLTree

/// JSON Schemas as types of CEL, so that an expression about an object is checked before there is one.
///
/// Each schema gives one type, however often it is asked for: record types are compared by identity, and schemas
/// refer to themselves. A class because the types look up their fields in it when they are first needed.
package final class SchemaTypes: Sendable {
  private let registry: SchemaRegistry
  private let options: SchemaOptions
  private let isStructural: Bool
  private let known: Mutex<[String: CELType]> = Mutex([:])

  /// - Parameters:
  ///   - registry: the documents that schemas refer to.
  ///   - options: how the schemas are compiled: their dialect decides whether objects are open, and where the
  ///     schema of `metadata` is.
  ///   - isStructural: the types are those that an API server gives rules of a CustomResourceDefinition: formats have
  ///     types of their own (`Node.value(by:)`), and fields without a schema cannot be read.
  package init(_ registry: SchemaRegistry, _ options: SchemaOptions, isStructural: Bool = false) {
    self.registry = registry
    self.isStructural = isStructural
    self.options = options
  }

  /// The type of what keeps to a schema.
  ///
  /// What a schema leaves open, or says in a way that CEL has no type for (a choice between kinds, a number that
  /// may be whole), is `dyn`: checked when it is evaluated.
  ///
  /// - Parameters:
  ///   - uri: where the schema's document is, the base of its references.
  ///   - name: what messages call the type: `Connection.spec.to`.
  package func type(of schema: Node, at uri: String, named name: String) -> CELType {
    let key = "\(schema.tree.file.path) \(schema.index) \(uri)"
    if let type = known.withLock({ $0[key] }) { return type }
    let type = make(schema, uri, name)
    return known.withLock { known in
      if let earlier = known[key] { return earlier }
      known[key] = type
      return type
    }
  }

  /// The type of a whole object: beside what the schema says, every object has `apiVersion`, `kind` and the names in
  /// `metadata`, and rules may read them (Kubernetes, CRD validation rules, "field path and scope").
  package func objectType(of schema: Node, at uri: String, named name: String) -> CELType {
    guard case .record(let own) = type(of: schema, at: uri, named: name) else { return .dyn }
    let implied: [(String, CELType)] = [
      ("apiVersion", .string), ("kind", .string), ("metadata", Self.names(name)),
    ]
    let added = implied.filter { !own.fieldNames.contains($0.0) || $0.0 == "metadata" }
    let types = Dictionary(added, uniquingKeysWith: { first, _ in first })
    let fields = own.fieldNames + added.map(\.0).filter { !own.fieldNames.contains($0) }
    return .record(
      CELRecordType(name: name, fieldNames: fields, otherFields: own.otherFields) {
        types[$0] ?? own.type(of: $0)
      })
  }

  /// What rules may read of an object's `metadata`.
  private static func names(_ name: String) -> CELType {
    .record(CELRecordType(name: "\(name).metadata", fields: [("name", .string), ("generateName", .string)]))
  }

  /// What every object has that is embedded in another.
  private func embedded(_ schema: Node) -> [(String, CELType)] {
    guard schema["x-kubernetes-embedded-resource"]?.boolean == true else { return [] }
    return [("apiVersion", .string), ("kind", .string), ("metadata", Self.names("metadata"))]
  }

  private func make(_ schema: Node, _ uri: String, _ name: String) -> CELType {
    guard schema.kind == .mapping else { return .dyn }
    if let reference = schema["$ref"]?.string {
      guard let target = registry.target(of: reference, from: uri) else { return .dyn }
      return type(of: target.node, at: target.uri, named: name)
    }
    if schema["x-kubernetes-int-or-string"]?.boolean == true { return .dyn }
    let type = plainType(schema, uri, name)
    return schema["nullable"]?.boolean == true && type != .dyn ? .nullable(type) : type
  }

  private func plainType(_ schema: Node, _ uri: String, _ name: String) -> CELType {
    switch schema["type"]?.string ?? implied(schema) {
    case "string": return isStructural ? formed(schema["format"]?.string) : .string
    case "number" where isStructural: return .double
    case "integer": return .int
    case "boolean": return .bool
    case "null": return .null
    case "array":
      guard let items = schema["items"], items.kind == .mapping else { return .list(.dyn) }
      return .list(type(of: items, at: uri, named: name + "[]"))
    case "object": return object(schema, uri, name)
    default: return .dyn
    }
  }

  private func formed(_ format: String?) -> CELType {
    switch format {
    case "date-time", "date": .timestamp
    case "duration": .duration
    case "byte": .bytes
    default: .string
    }
  }

  /// The kind that a schema without `type` must mean.
  private func implied(_ schema: Node) -> String? {
    if schema["properties"] != nil { return "object" }
    let values = schema["enum"].map { Array($0.elements) } ?? schema["const"].map { [$0] } ?? []
    return !values.isEmpty && values.allSatisfy { $0.kind == .string } ? "string" : nil
  }

  private func object(_ schema: Node, _ uri: String, _ name: String) -> CELType {
    let others = schema["additionalProperties"]
    guard let properties = schema["properties"] else {
      guard let others, others.kind == .mapping else {
        if isStructural { return .record(CELRecordType(name: name, fields: embedded(schema))) }
        return others?.boolean == false ? .record(CELRecordType(name: name, fields: [])) : .dyn
      }
      return .map(key: .string, value: type(of: others, at: uri, named: name + ".*"))
    }
    var otherFields: CELType?
    if isStructural {
      otherFields = nil
    } else if let others, others.kind == .mapping {
      otherFields = type(of: others, at: uri, named: name + ".*")
    } else if schema["x-kubernetes-preserve-unknown-fields"]?.boolean == true || others?.boolean == true
      || (options.dialect == .draft07 && others == nil)
    {
      otherFields = .dyn
    }
    var fields = properties.entries.map { $0.key.text }
    if schema["x-kubernetes-embedded-resource"]?.boolean == true, isStructural {
      fields += ["apiVersion", "kind", "metadata"].filter { !fields.contains($0) }
    }
    // The API server gives every object these, whatever its schema says.
    if options.dialect == .openAPIv3, fields.contains("metadata") {
      fields += ["apiVersion", "kind"].filter { !fields.contains($0) }
    }
    return .record(
      CELRecordType(name: name, fieldNames: fields, otherFields: otherFields) { [self] field in
        guard let property = properties[field] else {
          return field == "metadata" ? Self.names(name) : .string
        }
        if field == "metadata", let standard = options.objectMetadata, property["properties"] == nil,
          let target = registry.target(of: standard, from: "")
        {
          return type(of: target.node, at: target.uri, named: "metadata")
        }
        return type(of: property, at: uri, named: "\(name).\(field)")
      })
  }
}
