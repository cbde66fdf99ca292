import YAMLTree

/// The types of JSON Schema.
package enum SchemaType: UInt8, Sendable, CaseIterable {
  case null
  case boolean
  case integer
  case number
  case string
  case array
  case object

  /// The word that `type` uses.
  package var keyword: String {
    switch self {
    case .null: "null"
    case .boolean: "boolean"
    case .integer: "integer"
    case .number: "number"
    case .string: "string"
    case .array: "array"
    case .object: "object"
    }
  }

  /// The type in the words of somebody who writes YAML.
  package var description: String {
    switch self {
    case .null: "null"
    case .boolean: "true or false"
    case .integer: "an integer"
    case .number: "a number"
    case .string: "a string"
    case .array: "a list"
    case .object: "a mapping"
    }
  }

  init?(keyword: String) {
    guard let type = Self.allCases.first(where: { $0.keyword == keyword }) else { return nil }
    self = type
  }
}

/// The node kinds that a schema's `type` admits, one bit per `NodeKind`.
struct KindSet: OptionSet, Sendable {
  let rawValue: UInt8

  static let null = KindSet(kind: .null)
  static let boolean = KindSet(kind: .boolean)
  static let integer = KindSet(kind: .integer)
  static let float = KindSet(kind: .float)
  static let string = KindSet(kind: .string)
  static let sequence = KindSet(kind: .sequence)
  static let mapping = KindSet(kind: .mapping)
  /// A float without a fraction: `1.0` is an integer since draft-06. Takes the bit of `alias`, which
  /// readers of nodes never see.
  static let integralFloat = KindSet(kind: .alias)
  static let all = KindSet(rawValue: 0xFF)
  static let numbers: KindSet = [.integer, .float]

  init(rawValue: UInt8) { self.rawValue = rawValue }

  @inline(__always)
  init(kind: NodeKind) { rawValue = 1 << kind.rawValue }

  init(type: SchemaType) {
    switch type {
    case .null: self = .null
    case .boolean: self = .boolean
    case .integer: self = [.integer, .integralFloat]
    case .number: self = .numbers
    case .string: self = .string
    case .array: self = .sequence
    case .object: self = .mapping
    }
  }

  /// The types that the set was made from, for messages.
  var types: [SchemaType] {
    SchemaType.allCases.filter { type in
      if type == .integer, contains(.numbers) { return false }
      return isSuperset(of: KindSet(type: type))
    }
  }
}
