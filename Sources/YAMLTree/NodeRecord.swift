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

/// FNV-1a, 32 bits: how keys are told apart before their bytes are compared.
@inline(__always)
package func textHash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
  var hash: UInt32 = 2_166_136_261
  for byte in bytes { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
  return hash
}

/// FNV-1a of a text known when compiling or loading.
package func textHash(_ text: some StringProtocol) -> UInt32 {
  var hash: UInt32 = 2_166_136_261
  for byte in text.utf8 { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
  return hash
}
