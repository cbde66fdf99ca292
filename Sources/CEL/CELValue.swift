/// A value of the Common Expression Language.
///
/// Scalars are stored in place. Lists and maps are behind protocols, so that a host shows the nodes of its own
/// tree without converting them: a struct of up to three words needs no allocation.
package enum CELValue: Sendable {
  case null
  case bool(Bool)
  case int(Int64)
  case uint(UInt64)
  case double(Double)
  /// A sequence of code points. CEL compares strings by code point, never by canonical equivalence.
  case string(String)
  case bytes([UInt8])
  case list(any CELList)
  case map(any CELObject)
  case timestamp(CELTimestamp)
  case duration(CELDuration)
  /// A type as a value, by its name (`int`, `list`, `google.protobuf.Timestamp`).
  case type(String)
  indirect case optional(CELValue?)
  /// A Kubernetes quantity such as `500Mi`.
  indirect case quantity(CELQuantity)
  case ip(CELAddress)
  case cidr(CELNetwork)
  indirect case url(CELURL)
  indirect case semanticVersion(CELSemanticVersion)
  /// One of Kubernetes' named formats, by name.
  case format(String)
}

/// What equality and `+` mean for a list, as Kubernetes' `x-kubernetes-list-type` says.
package enum CELListKind: Sendable, Equatable {
  /// A sequence, as the language has it.
  case atomic
  /// A set: order does not matter, and `+` is the union.
  case set
  /// Entries with these keys: order does not matter, and `+` replaces the entries with equal keys.
  case map(keys: [String])
}

/// A list that an expression reads.
package protocol CELList: Sendable {
  var count: Int { get }
  /// What kind of list it is.
  var kind: CELListKind { get }
  /// The element at an index that is known to be within `0..<count`.
  func element(at index: Int) -> CELValue
}

/// A map, or an object with fields, that an expression reads.
///
/// A host implements `field(named:)`, `count` and `keys`; maps with other than string keys are only made by
/// expressions themselves.
package protocol CELObject: Sendable {
  /// The value of a field, or nil when the object does not have it.
  func field(named name: String) -> CELValue?
  var count: Int { get }
  /// The keys in the order in which comprehensions see them.
  var keys: [CELValue] { get }
  /// The value of a key of any type, or nil when there is none.
  func value(forKey key: CELValue) -> CELValue?
}

extension CELObject {
  package func value(forKey key: CELValue) -> CELValue? {
    if case .string(let name) = key { return field(named: name) }
    return nil
  }
}

/// A list of values held in memory.
package struct CELArray: CELList {
  package let values: [CELValue]

  package init(_ values: [CELValue]) { self.values = values }

  package var count: Int { values.count }

  package func element(at index: Int) -> CELValue { values[index] }
}

extension CELList {
  package var kind: CELListKind { .atomic }

  /// All elements, copied unless they are held in memory already.
  package var elements: [CELValue] {
    if let array = self as? CELArray { return array.values }
    return (0..<count).map { element(at: $0) }
  }
}

extension CELValue {
  /// A list of these values.
  package static func list(_ values: [CELValue]) -> CELValue { .list(CELArray(values)) }

  /// A map with string keys, in the order given; the last of two equal keys wins.
  package static func object(_ fields: [(String, CELValue)]) -> CELValue {
    var map = CELDictionary()
    for (name, value) in fields { _ = map.insert(value, for: .string(name)) }
    return .map(map)
  }

  /// The name of the value's type as `type()` gives it.
  package var typeName: String {
    switch self {
    case .null: "null_type"
    case .bool: "bool"
    case .int: "int"
    case .uint: "uint"
    case .double: "double"
    case .string: "string"
    case .bytes: "bytes"
    case .list: "list"
    case .map: "map"
    case .timestamp: "google.protobuf.Timestamp"
    case .duration: "google.protobuf.Duration"
    case .type: "type"
    case .optional: "optional_type"
    case .quantity: "kubernetes.Quantity"
    case .ip: "net.IP"
    case .cidr: "net.CIDR"
    case .url: "kubernetes.URL"
    case .semanticVersion: "kubernetes.Semver"
    case .format: "kubernetes.NamedFormat"
    }
  }

  /// The value within a text: strings, whole numbers and truth values; nil for all others.
  package var interpolated: String? {
    switch self {
    case .string(let text): text
    case .int(let value): String(value)
    case .uint(let value): String(value)
    case .bool(let value): value ? "true" : "false"
    default: nil
    }
  }

  /// False for null, zero, empty and none: what `optional.ofNonZeroValue` takes for absent.
  var isNonZero: Bool {
    switch self {
    case .null: false
    case .bool(let value): value
    case .int(let value): value != 0
    case .uint(let value): value != 0
    case .double(let value): value != 0
    case .string(let value): !value.isEmpty
    case .bytes(let value): !value.isEmpty
    case .list(let list): list.count > 0
    case .map(let map): map.count > 0
    case .timestamp(let value): value != CELTimestamp.epoch
    case .duration(let value): value.nanoseconds != 0
    case .optional(let value): value != nil
    case .type, .quantity, .ip, .cidr, .url, .semanticVersion, .format: true
    }
  }
}
