extension PatternParser {
  /// Reads `[…]` from its opening bracket on.
  mutating func parseClass() throws(PatternError) -> ScalarSet {
    let start = position
    position += 1
    let isNegated = consume("^")
    var pieces: [ScalarSet.Interval] = []
    // In RE2 a ] at the very start is a member.
    var closes = dialect == .ecma262
    while true {
      guard let byte = peek() else {
        throw PatternError(
          offset: start, message: "this [ is never closed; write \\[ for an opening bracket")
      }
      if byte == UInt8(ascii: "]"), closes { break }
      closes = true
      let count = pieces.count
      if let named = try parsePOSIXClass() {
        pieces += named.intervals
      } else {
        try parseClassRange(into: &pieces)
      }
      try charge(pieces.count - count, at: start)
    }
    position += 1
    let set = ScalarSet(merging: pieces)
    let folded = flags.ignoresCase ? set.caseFolded : set
    return isNegated ? folded.inverted : folded
  }

  /// One member: a character, a range or an escape such as `\d`.
  private mutating func parseClassRange(into pieces: inout [ScalarSet.Interval]) throws(PatternError) {
    let start = position
    let first: UInt32
    switch try parseClassAtom() {
    case .scalar(let scalar): first = scalar
    case .set(let set):
      pieces += set.intervals
      return
    }
    guard peek() == UInt8(ascii: "-"), let next = peek(1), next != UInt8(ascii: "]") else {
      pieces.append(.init(first, first))
      return
    }
    position += 1
    switch try parseClassAtom() {
    case .scalar(let last) where last < first:
      throw PatternError(
        offset: start, message: "the range \(text(start, position)) has its greater character first")
    case .scalar(let last):
      pieces.append(.init(first, last))
    case .set where dialect == .re2:
      throw PatternError(
        offset: start,
        message: "the range \(text(start, position)) ends in a class; write \\- for a hyphen")
    case .set(let set):
      // Outside its Unicode mode ECMA-262 reads [a-\d] as three members, and authors rely on it.
      pieces.append(.init(first, first))
      pieces.append(.init(0x2D, 0x2D))
      pieces += set.intervals
    }
  }

  private enum ClassAtom {
    case scalar(UInt32)
    case set(ScalarSet)
  }

  private mutating func parseClassAtom() throws(PatternError) -> ClassAtom {
    guard peek() == UInt8(ascii: "\\") else { return .scalar(nextScalar() ?? 0) }
    let start = position
    switch try parseEscape(inClass: true) {
    case .scalar(let scalar): return .scalar(scalar)
    case .set(let set): return .set(set)
    case .assertion: throw unknownEscape(start)
    }
  }

  // MARK: Named classes

  /// `\d`, `\w`, `\s` and their opposites; nil for other letters.
  func classEscape(_ letter: UInt8) -> ScalarSet? {
    let set: ScalarSet
    switch letter | 0x20 {
    case UInt8(ascii: "d"): set = ScalarSet(pairs: [0x30, 0x39])
    case UInt8(ascii: "w"): set = ScalarSet(pairs: [0x30, 0x39, 0x41, 0x5A, 0x5F, 0x5F, 0x61, 0x7A])
    case UInt8(ascii: "s"):
      switch dialect {
      case .re2: set = ScalarSet(pairs: [0x09, 0x0A, 0x0C, 0x0D, 0x20, 0x20])
      case .ecma262:
        // WhiteSpace and LineTerminator of ECMA-262.
        set = ScalarSet(pairs: [
          0x09, 0x0D, 0x20, 0x20, 0xA0, 0xA0, 0x1680, 0x1680, 0x2000, 0x200A, 0x2028, 0x2029,
          0x202F, 0x202F, 0x205F, 0x205F, 0x3000, 0x3000, 0xFEFF, 0xFEFF,
        ])
      }
    default: return nil
    }
    let folded = flags.ignoresCase ? set.caseFolded : set
    return letter & 0x20 == 0 ? folded.inverted : folded
  }

  /// `\pL`, `\p{Greek}`, `\p{^Greek}`, `\P…`; after the letter.
  mutating func parseProperty(_ start: Int) throws(PatternError) -> ScalarSet {
    var isNegated = bytes[start + 1] == UInt8(ascii: "P")
    let nameStart: Int
    let nameEnd: Int
    if consume("{") {
      if dialect == .re2, consume("^") { isNegated.toggle() }
      nameStart = position
      guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "}")) else {
        throw PatternError(offset: start, message: "\(text(start, start + 3)) is never closed by }")
      }
      nameEnd = end
      position = end + 1
    } else {
      nameStart = position
      guard dialect == .re2, nextScalar() != nil else {
        throw PatternError(
          offset: start, message: "\(text(start, start + 2)) needs a property in braces, as in \\p{Letter}")
      }
      nameEnd = position
    }
    let name = text(nameStart, nameEnd)
    guard let set = properties[name] ?? UnicodeProperties.set(named: name, dialect: dialect) else {
      throw PatternError(
        offset: start,
        message: "no character property \(name) is known; known are general categories such as L, Lu or Nd "
          + "and the scripts \(ScriptTable.names)")
    }
    properties[name] = set
    let folded = flags.ignoresCase ? set.caseFolded : set
    return isNegated ? folded.inverted : folded
  }

  /// `[:alpha:]` or `[:^alpha:]` inside a class of RE2; nil when none comes next.
  private mutating func parsePOSIXClass() throws(PatternError) -> ScalarSet? {
    let start = position
    guard dialect == .re2, consume("[:") else { return nil }
    var end = position
    while end + 1 < bytes.count, bytes[end] != UInt8(ascii: "]"), bytes[end] != UInt8(ascii: ":") { end += 1 }
    guard end + 1 < bytes.count, bytes[end] == UInt8(ascii: ":"), bytes[end + 1] == UInt8(ascii: "]") else {
      position = start
      return nil
    }
    let isNegated = consume("^")
    let name = text(position, end)
    position = end + 2
    guard let pairs = Self.posixClasses[name] else {
      let known = Self.posixClasses.keys.sorted().joined(separator: ", ")
      throw PatternError(
        offset: start, message: "no class [:\(name):] is known; known are \(known)")
    }
    let set = ScalarSet(pairs: pairs)
    let folded = flags.ignoresCase ? set.caseFolded : set
    return isNegated ? folded.inverted : folded
  }

  /// The ASCII classes of POSIX, with `word` of Perl, as RE2 lists them.
  private static let posixClasses: [String: [UInt32]] = [
    "alnum": [0x30, 0x39, 0x41, 0x5A, 0x61, 0x7A],
    "alpha": [0x41, 0x5A, 0x61, 0x7A],
    "ascii": [0x00, 0x7F],
    "blank": [0x09, 0x09, 0x20, 0x20],
    "cntrl": [0x00, 0x1F, 0x7F, 0x7F],
    "digit": [0x30, 0x39],
    "graph": [0x21, 0x7E],
    "lower": [0x61, 0x7A],
    "print": [0x20, 0x7E],
    "punct": [0x21, 0x2F, 0x3A, 0x40, 0x5B, 0x60, 0x7B, 0x7E],
    "space": [0x09, 0x0D, 0x20, 0x20],
    "upper": [0x41, 0x5A],
    "word": [0x30, 0x39, 0x41, 0x5A, 0x5F, 0x5F, 0x61, 0x7A],
    "xdigit": [0x30, 0x39, 0x41, 0x46, 0x61, 0x66],
  ]
}
