/// A map made by an expression: any key the language allows, in the order of insertion.
///
/// Numbers that are equal are the same key, whatever their type (`{1: x}[1u]` is x).
package struct CELDictionary: CELObject {
  private var positions: [MapKey: Int] = [:]
  private var storedKeys: [CELValue] = []
  private var storedValues: [CELValue] = []

  package init() {}

  package var count: Int { storedKeys.count }

  package var keys: [CELValue] { storedKeys }

  var values: [CELValue] { storedValues }

  package func field(named name: String) -> CELValue? {
    guard let position = positions[.string(name)] else { return nil }
    return storedValues[position]
  }

  package func value(forKey key: CELValue) -> CELValue? {
    guard let key = MapKey(key), let position = positions[key] else { return nil }
    return storedValues[position]
  }

  /// What became of an insertion.
  package enum Insertion: Sendable {
    case added
    /// The key was there already; its value is replaced.
    case replaced
    /// The value cannot be a key.
    case refused
  }

  /// Sets the value of a key.
  package mutating func insert(_ value: CELValue, for key: CELValue) -> Insertion {
    if case .double = key { return .refused }
    guard let mapKey = MapKey(key) else { return .refused }
    if let position = positions[mapKey] {
      storedValues[position] = value
      return .replaced
    }
    positions[mapKey] = storedKeys.count
    storedKeys.append(key)
    storedValues.append(value)
    return .added
  }
}

/// A key in the form in which keys are compared: whole numbers without their type, strings by their bytes.
enum MapKey: Hashable, Sendable {
  case bool(Bool)
  case int(Int64)
  case uint(UInt64)
  case string(String)

  /// Nil for values that no key can equal.
  init?(_ value: CELValue) {
    switch value {
    case .bool(let value): self = .bool(value)
    case .int(let value): self = .int(value)
    case .uint(let value): self = Int64(exactly: value).map { .int($0) } ?? .uint(value)
    case .string(let value): self = .string(value)
    case .double(let value):
      if let whole = Int64(exactly: value) {
        self = .int(whole)
      } else if let whole = UInt64(exactly: value) {
        self = .uint(whole)
      } else {
        return nil
      }
    default: return nil
    }
  }

  static func == (a: MapKey, b: MapKey) -> Bool {
    switch (a, b) {
    case (.bool(let a), .bool(let b)): a == b
    case (.int(let a), .int(let b)): a == b
    case (.uint(let a), .uint(let b)): a == b
    case (.string(let a), .string(let b)): sameCodePoints(a, b)
    default: false
    }
  }

  func hash(into hasher: inout Hasher) {
    switch self {
    case .bool(let value): hasher.combine(value)
    case .int(let value): hasher.combine(value)
    case .uint(let value): hasher.combine(value)
    case .string(let value):
      var copy = value
      copy.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
  }
}
