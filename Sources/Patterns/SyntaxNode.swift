/// A parsed regular expression; groups have dissolved, since only whole matches are reported.
///
/// The depth of a tree is bounded by `PatternLimits.nestingDepth`, so recursion over it is safe.
indirect enum SyntaxNode: Sendable {
  /// Matches the empty text.
  case empty
  /// Matches one code point.
  case scalar(UInt32)
  /// Matches one code point out of a set; never matches when the set is empty.
  case set(ScalarSet)
  case assertion(Assertion)
  case concatenation([SyntaxNode])
  /// Alternatives, the preferred one first.
  case alternation([SyntaxNode])
  case repetition(Repetition)

  struct Repetition: Sendable {
    var body: SyntaxNode
    var minimum: Int
    /// Nil means unbounded.
    var maximum: Int?
    var isGreedy: Bool
    /// Byte offset of the quantifier in the pattern.
    var offset: Int
  }

  /// True when the node can match without consuming anything.
  var isNullable: Bool {
    switch self {
    case .empty, .assertion: true
    case .scalar, .set: false
    case .concatenation(let nodes): nodes.allSatisfy(\.isNullable)
    case .alternation(let nodes): nodes.contains(where: \.isNullable)
    case .repetition(let repetition): repetition.minimum == 0 || repetition.body.isNullable
    }
  }
}

/// A condition on a position in the text that consumes nothing.
enum Assertion: UInt8, Sendable {
  case textStart, textEnd, lineStart, lineEnd, wordBoundary, notWordBoundary

  /// The value that stands for "no byte here" in `holds(previous:next:)`.
  static let edge = -1

  /// Whether the condition holds between two bytes, either of which may be `edge`.
  ///
  /// Words are ASCII in both dialects, so bytes suffice: no byte of a longer sequence is a word character.
  func holds(previous: Int, next: Int) -> Bool {
    switch self {
    case .textStart: previous == Self.edge
    case .textEnd: next == Self.edge
    case .lineStart: previous == Self.edge || previous == 0x0A
    case .lineEnd: next == Self.edge || next == 0x0A
    case .wordBoundary: Self.isWord(previous) != Self.isWord(next)
    case .notWordBoundary: Self.isWord(previous) == Self.isWord(next)
    }
  }

  /// Whether a byte is one of `[0-9A-Za-z_]`.
  static func isWord(_ byte: Int) -> Bool {
    switch byte {
    case 0x30...0x39, 0x41...0x5A, 0x5F, 0x61...0x7A: true
    default: false
    }
  }
}
