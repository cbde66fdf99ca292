/// A type as the checker knows it.
package indirect enum CELType: Sendable, Hashable {
  /// Any type; what is done with the value is checked when it is evaluated.
  case dyn
  case null
  case bool
  case int
  case uint
  case double
  case string
  case bytes
  case timestamp
  case duration
  /// The type of types.
  case type
  case list(CELType)
  case map(key: CELType, value: CELType)
  case optional(CELType)
  /// The type or null, as a schema's `nullable` says.
  case nullable(CELType)
  /// An object with declared fields.
  case record(CELRecordType)
  case quantity
  case ip
  case cidr
  case url
  case semanticVersion
  /// A Kubernetes named format.
  case format
  /// A type still to be found; only overloads and the checker use it.
  case variable(Int)
  /// The type of what is already reported as wrong; nothing more is said about it.
  case unknown
}

/// An object type with declared fields.
///
/// A class because schemas refer to themselves: fields may be looked up when they are first asked for. Two
/// record types are the same when they are the same object.
package final class CELRecordType: Sendable, Hashable {
  /// The name that messages show (`Connection.spec.to`).
  package let name: String
  /// The declared fields in the order in which messages list them.
  package let fieldNames: [String]
  /// The type of fields that are not declared, where the object may have more than those that are.
  package let otherFields: CELType?
  private let lookUp: @Sendable (String) -> CELType?
  private let names: Set<String>

  /// A record whose field types are computed on demand. `type` must give the same answer each time.
  package init(
    name: String, fieldNames: [String], otherFields: CELType? = nil,
    type: @escaping @Sendable (String) -> CELType?
  ) {
    self.name = name
    self.otherFields = otherFields
    self.fieldNames = fieldNames
    names = Set(fieldNames)
    lookUp = type
  }

  /// A record with these fields.
  package convenience init(name: String, fields: [(String, CELType)], otherFields: CELType? = nil) {
    let types = Dictionary(fields, uniquingKeysWith: { first, _ in first })
    self.init(name: name, fieldNames: fields.map(\.0), otherFields: otherFields, type: { types[$0] })
  }

  /// True when the field is declared.
  package func declares(_ field: String) -> Bool { names.contains(field) }

  /// The type of a field, nil when the object cannot have it.
  package func type(of field: String) -> CELType? {
    declares(field) ? lookUp(field) ?? .dyn : otherFields
  }

  package static func == (a: CELRecordType, b: CELRecordType) -> Bool { a === b }

  package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}

extension CELType: CustomStringConvertible {
  /// The type as messages show it.
  package var description: String {
    switch self {
    case .dyn, .variable, .unknown: "dyn"
    case .null: "null"
    case .bool: "bool"
    case .int: "int"
    case .uint: "uint"
    case .double: "double"
    case .string: "string"
    case .bytes: "bytes"
    case .timestamp: "timestamp"
    case .duration: "duration"
    case .type: "type"
    case .list(let element): "list(\(element))"
    case .map(let key, let value): "map(\(key), \(value))"
    case .optional(let value): "optional(\(value))"
    case .nullable(let value): "\(value) or null"
    case .record(let record): record.name
    case .quantity: "quantity"
    case .ip: "ip"
    case .cidr: "cidr"
    case .url: "url"
    case .semanticVersion: "semver"
    case .format: "format"
    }
  }

  /// The name of a type as a value, where expressions may write it.
  static let denotations: Set<String> = [
    "bool", "int", "uint", "double", "string", "bytes", "list", "map", "null_type", "type", "optional_type",
    "google.protobuf.Timestamp", "google.protobuf.Duration", "net.IP", "net.CIDR", "kubernetes.URL",
    "kubernetes.Quantity", "kubernetes.NamedFormat", "kubernetes.Semver",
  ]

  /// True when nothing is known about the type that could be checked.
  var isOpen: Bool {
    switch self {
    case .dyn, .variable, .unknown: true
    default: false
    }
  }
}
