/// What a node is to a Kubernetes reader (sigs.k8s.io/yaml: YAML 1.1 scalars, JSON values).
package enum NodeKind: UInt8, Sendable {
  case null
  case boolean
  case integer
  case float
  case string
  case sequence
  case mapping
  /// Stands for another node; `Node` never shows it.
  case alias

  /// The kind in the words of a message.
  package var description: String {
    switch self {
    case .null: "null"
    case .boolean: "a boolean"
    case .integer: "an integer"
    case .float: "a number"
    case .string: "a string"
    case .sequence: "a list"
    case .mapping: "a mapping"
    case .alias: "an alias"
    }
  }
}

/// How a scalar was written.
package enum ScalarStyle: UInt8, Sendable {
  case plain
  case singleQuoted
  case doubleQuoted
  case literal
  case folded
}

/// One node of the flat tree, 24 bytes. Nodes stand in document order: a collection's children follow it,
/// a mapping's as key, value, key, value.
struct NodeRecord: Sendable {
  /// What else is known of a node.
  struct Flags: OptionSet, Sendable {
    let rawValue: UInt16
    /// The text lies in the tree's own buffer instead of the source.
    static let ownText = Flags(rawValue: 1)
    /// A merge key and its value: written by the author, passed over by readers.
    static let hidden = Flags(rawValue: 2)
    /// YAML 1.1 and 1.2 readers disagree on the kind or value of this plain scalar.
    static let ambiguous = Flags(rawValue: 4)
    /// A mapping entry that came through a merge key.
    static let merged = Flags(rawValue: 8)
  }

  var kind: NodeKind
  var style: ScalarStyle = .plain
  var flags: Flags = []
  /// First byte in the source; in an emitted tree the template node that made this one.
  var start: UInt32
  /// The byte after the last.
  var end: UInt32
  /// Collections: index of the node after the subtree. Scalars: hash of the text.
  var link: UInt32 = 0
  /// Scalars: start of the text. Collections: number of elements or entries. Aliases: index of the target.
  var first: UInt32 = 0
  /// Scalars: length of the text in bytes.
  var length: UInt32 = 0
}

/// How texts are told apart before their bytes are compared: FNV's multiplication over eight bytes at a time.
/// The same on every machine.
package func textHash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
  let raw = UnsafeRawBufferPointer(bytes)
  let prime: UInt64 = 0x0000_0100_0000_01B3
  var hash: UInt64 = 0xCBF2_9CE4_8422_2325 ^ UInt64(truncatingIfNeeded: raw.count)
  var index = 0
  while index + 8 <= raw.count {
    let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: index, as: UInt64.self))
    hash = (hash ^ word) &* prime
    hash ^= hash >> 32
    index += 8
  }
  var rest: UInt64 = 0
  while index < raw.count {
    rest = rest << 8 | UInt64(raw[index])
    index += 1
  }
  hash = (hash ^ rest) &* prime
  return UInt32(truncatingIfNeeded: hash ^ hash >> 32)
}

/// The hash of a text.
package func textHash(_ text: some StringProtocol) -> UInt32 {
  var text = String(text)
  return text.withUTF8 { textHash($0) }
}
