/// A lexical element.
struct Token: Sendable {
  enum Kind: Sendable, Equatable {
    case identifier(String)
    /// A field name in backticks.
    case quotedIdentifier(String)
    /// The magnitude: the sign is an operator of its own.
    case int(UInt64)
    case uint(UInt64)
    case double(Double)
    case string(String)
    case bytes([UInt8])
    /// An operator or a bracket, as it is written.
    case symbol(String)
    case end
  }

  let kind: Kind
  /// Byte range in the expression's text.
  let range: Range<Int>
}

/// The words that cannot be identifiers.
enum ReservedWords {
  /// Have a meaning of their own everywhere but after a dot.
  static let literals: Set<String> = ["true", "false", "null", "in"]
  /// Kept free for host languages; allowed as field names.
  static let reserved: Set<String> = [
    "as", "break", "const", "continue", "else", "for", "function", "if", "import", "let", "loop", "package",
    "namespace", "return", "var", "void", "while",
  ]
}
