import CEL
import Expressions
package import FleetSpec
package import JSONSchema
import YAMLTree

/// The types of what rules judge, from the schemas of specification and objects.
package struct PolicyTypes: Sendable {
  private let specSchemas: SpecSchemas
  private let objectSchemas: KubernetesSchemas
  private let specTypes: SchemaTypes
  private let objectTypes: SchemaTypes

  package init(spec: SpecSchemas, objects: KubernetesSchemas) {
    specSchemas = spec
    objectSchemas = objects
    specTypes = SchemaTypes(spec.registry, SchemaOptions(dialect: .draft07))
    objectTypes = SchemaTypes(objects.registry, KubernetesSchemas.options)
  }

  /// Kinds of the specification that rules may judge.
  static let specKinds = ["Cluster", "Connection", "Fleet", "Link"]

  /// Kinds that have a schema.
  var objectKinds: [String] {
    objectSchemas.kinds.compactMap { $0.split(separator: " ").last.map(String.init) }
  }

  /// A document of the specification as a whole.
  func document(_ kind: String) -> CELType {
    specSchemas.source(ofKind: kind).map { specTypes.type(of: $0.node, at: $0.uri, named: kind) } ?? .dyn
  }

  /// What `self` is for a document: its `spec` with `metadata` beside it.
  func ownPart(_ kind: String) -> CELType {
    guard case .record(let document) = document(kind),
      case .record(let spec)? = document.type(of: "spec")
    else { return .dyn }
    return .record(
      CELRecordType(
        name: kind, fieldNames: ["metadata"] + spec.fieldNames, otherFields: spec.otherFields
      ) { field in
        field == "metadata" ? document.type(of: field) : spec.type(of: field)
      })
  }

  /// An emitted object; `dyn` where its kind has no schema, or several that differ.
  func object(kind: String, group: String?) -> CELType {
    let sources = objectSchemas.sources(kind: kind, group: group)
    guard sources.count == 1, let source = sources.first else { return .dyn }
    return objectTypes.type(of: source.node, at: source.uri, named: kind)
  }
}
