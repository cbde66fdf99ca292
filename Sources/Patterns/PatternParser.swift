/// Reads the source of a regular expression into a syntax tree; linear in the source.
struct PatternParser {
  /// The options that `(?ims-U)` turn on and off.
  struct Flags {
    var ignoresCase = false
    var isMultiline = false
    var dotMatchesNewline = false
    var swapsGreediness = false
  }

  let bytes: [UInt8]
  let dialect: Pattern.Dialect
  let limits: PatternLimits
  var position = 0
  var flags = Flags()
  /// Properties looked up so far: some take milliseconds to collect.
  var properties: [String: ScalarSet] = [:]
  private var depth = 0
  private var weight = 0
  private var groupNames: Set<String> = []

  init(_ source: String, dialect: Pattern.Dialect, limits: PatternLimits) {
    bytes = Array(source.utf8)
    self.dialect = dialect
    self.limits = limits
  }

  /// The tree of the whole pattern.
  mutating func parse() throws(PatternError) -> SyntaxNode {
    let node = try parseAlternation()
    if position < bytes.count {
      throw PatternError(
        offset: position, message: "this ) closes no group; write \\) for a closing parenthesis")
    }
    return node
  }

  // MARK: Reading

  func peek(_ distance: Int = 0) -> UInt8? {
    position + distance < bytes.count ? bytes[position + distance] : nil
  }

  /// Steps over the text if it comes next.
  mutating func consume(_ text: StaticString) -> Bool {
    let count = text.utf8CodeUnitCount
    guard bytes.count - position >= count else { return false }
    for index in 0..<count where bytes[position + index] != text.utf8Start[index] { return false }
    position += count
    return true
  }

  /// The code point that comes next; the source was a String, so it is well-formed UTF-8.
  mutating func nextScalar() -> UInt32? {
    guard let lead = peek() else { return nil }
    let count = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4
    var value = count == 1 ? UInt32(lead) : UInt32(lead) & (0x7F >> UInt32(count))
    for index in 1..<max(count, 1) {
      value = value << 6 | UInt32(peek(index) ?? 0x80) & 0x3F
    }
    position = min(position + count, bytes.count)
    return value
  }

  /// The source between two offsets, for messages.
  func text(_ start: Int, _ end: Int) -> String {
    String(decoding: bytes[max(0, start)..<min(max(start, end), bytes.count)], as: UTF8.self)
  }

  /// Accounts for what was parsed, so that a long source cannot ask for unbounded memory.
  mutating func charge(_ amount: Int, at offset: Int) throws(PatternError) {
    weight += amount
    if weight > limits.syntaxWeight {
      throw PatternError(offset: offset, message: "the pattern is too large")
    }
  }

  // MARK: Structure

  private mutating func parseAlternation() throws(PatternError) -> SyntaxNode {
    var branches = [try parseConcatenation()]
    while consume("|") { branches.append(try parseConcatenation()) }
    return branches.count == 1 ? branches[0] : .alternation(branches)
  }

  private mutating func parseConcatenation() throws(PatternError) -> SyntaxNode {
    var nodes: [SyntaxNode] = []
    while let byte = peek(), byte != UInt8(ascii: "|"), byte != UInt8(ascii: ")") {
      let start = position
      try charge(1, at: start)
      if dialect == .re2, consume("\\Q") {
        let count = nodes.count
        try parseQuotation(into: &nodes)
        // A quantifier after the quotation repeats its last character only.
        if nodes.count > count, let last = nodes.popLast() { nodes.append(try parseQuantifier(of: last)) }
      } else if let atom = try parseAtom(byte) {
        nodes.append(try parseQuantifier(of: atom))
      }
    }
    if nodes.isEmpty { return .empty }
    return nodes.count == 1 ? nodes[0] : .concatenation(nodes)
  }

  /// One element without its quantifier; nil for `(?flags)`, which only sets flags.
  private mutating func parseAtom(_ byte: UInt8) throws(PatternError) -> SyntaxNode? {
    switch byte {
    case UInt8(ascii: "("):
      return try parseGroup()
    case UInt8(ascii: "["):
      return .set(try parseClass())
    case UInt8(ascii: "\\"):
      let start = position
      switch try parseEscape(inClass: false) {
      case .scalar(let scalar): return literal(scalar)
      case .assertion(let assertion): return .assertion(assertion)
      case .set(let set):
        try charge(set.intervals.count, at: start)
        return .set(set)
      }
    case UInt8(ascii: "."):
      position += 1
      return .set(anyCharacter)
    case UInt8(ascii: "^"):
      position += 1
      return .assertion(flags.isMultiline ? .lineStart : .textStart)
    case UInt8(ascii: "$"):
      position += 1
      return .assertion(flags.isMultiline ? .lineEnd : .textEnd)
    case UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "?"), UInt8(ascii: "{"):
      let start = position
      if try scanQuantifier() != nil {
        throw PatternError(
          offset: start,
          message: "\(text(start, position)) has nothing before it to repeat; write \\"
            + "\(text(start, start + 1)) for the character itself")
      }
      position = start + 1
      return .scalar(UInt32(byte))
    default:
      return literal(nextScalar() ?? UInt32(byte))
    }
  }

  /// What `.` matches: in ECMA-262 no line terminator, in RE2 no newline, with flag s anything.
  private var anyCharacter: ScalarSet {
    if flags.dotMatchesNewline { return .all }
    switch dialect {
    case .re2: return ScalarSet(0x0A).inverted
    case .ecma262: return ScalarSet(pairs: [0x0A, 0x0A, 0x0D, 0x0D, 0x2028, 0x2029]).inverted
    }
  }

  private func literal(_ scalar: UInt32) -> SyntaxNode {
    guard flags.ignoresCase else { return .scalar(scalar) }
    let set = ScalarSet(scalar).caseFolded
    return set == ScalarSet(scalar) ? .scalar(scalar) : .set(set)
  }

  /// `\Q…\E` of RE2, after the `\Q`: every character stands for itself; the `\E` may be missing.
  private mutating func parseQuotation(into nodes: inout [SyntaxNode]) throws(PatternError) {
    while position < bytes.count, !consume("\\E") {
      try charge(1, at: position)
      if let scalar = nextScalar() { nodes.append(literal(scalar)) }
    }
  }

  // MARK: Groups

  private mutating func parseGroup() throws(PatternError) -> SyntaxNode? {
    let start = position
    let outerFlags = flags
    position += 1
    if consume("?") {
      try refuseBacktrackingGroup(at: start)
      if consume("P<") || consume("<") {
        try parseGroupName(groupStart: start)
      } else if !consume(":") {
        if try parseFlags(groupStart: start) { return nil }
      }
    }
    depth += 1
    if depth > limits.nestingDepth {
      throw PatternError(
        offset: start, message: "groups nest deeper than \(limits.nestingDepth) levels")
    }
    let node = try parseAlternation()
    guard consume(")") else {
      throw PatternError(
        offset: start, message: "this ( is never closed; write \\( for an opening parenthesis")
    }
    depth -= 1
    flags = outerFlags
    return node
  }

  private func refuseBacktrackingGroup(at start: Int) throws(PatternError) {
    let rest = text(position, position + 2)
    let construct: String
    if rest.hasPrefix("=") || rest.hasPrefix("!") {
      construct = "a lookahead (?\(rest.prefix(1))…)"
    } else if rest == "<=" || rest == "<!" {
      construct = "a lookbehind (?\(rest)…)"
    } else if rest.hasPrefix(">") {
      construct = "an atomic group (?>…)"
    } else if rest == "P=" {
      construct = "a backreference (?P=…)"
    } else if rest == "P>" || rest.hasPrefix("R") || rest.hasPrefix("&") {
      construct = "a recursive group (?\(rest)…)"
    } else if rest.hasPrefix("#") {
      throw PatternError(offset: start, message: "comments (?#…) are not part of \(dialect.name)")
    } else {
      return
    }
    throw PatternError(offset: start, message: Self.needsBacktracking(construct))
  }

  static func needsBacktracking(_ construct: String) -> String {
    "\(construct) needs backtracking, whose time can grow exponentially; patterns here are matched in "
      + "linear time, so say it without"
  }

  private mutating func parseGroupName(groupStart: Int) throws(PatternError) {
    if dialect == .ecma262, peek(-2) == UInt8(ascii: "P") {
      throw PatternError(offset: groupStart, message: "in ECMA-262 a named group is written (?<name>…)")
    }
    let start = position
    while let byte = peek(), byte != UInt8(ascii: ">") {
      let isNameByte =
        Assertion.isWord(Int(byte)) || (dialect == .ecma262 && (byte >= 0x80 || byte == UInt8(ascii: "$")))
      if !isNameByte { break }
      position += 1
    }
    let name = text(start, position)
    let startsWithDigit = bytes[start..<position].first.map { (0x30...0x39).contains($0) } ?? true
    guard consume(">"), !name.isEmpty, dialect == .re2 || !startsWithDigit else {
      throw PatternError(
        offset: groupStart,
        message: "the name of this group is not made of letters, digits and _, ended by >")
    }
    guard groupNames.insert(name).inserted else {
      throw PatternError(offset: groupStart, message: "two groups are named \(name)")
    }
  }

  /// Reads the flags after `(?`. True when the group ends here and the flags hold for the rest of the
  /// enclosing group; false after a colon.
  private mutating func parseFlags(groupStart: Int) throws(PatternError) -> Bool {
    var isOn = true
    var hasSign = false
    var count = 0
    while let byte = peek() {
      position += 1
      switch byte {
      case UInt8(ascii: "i"): flags.ignoresCase = isOn
      case UInt8(ascii: "s"): flags.dotMatchesNewline = isOn
      case UInt8(ascii: "m") where dialect == .re2: flags.isMultiline = isOn
      case UInt8(ascii: "U") where dialect == .re2: flags.swapsGreediness = isOn
      case UInt8(ascii: "-") where !hasSign:
        hasSign = true
        isOn = false
        count = 0
        continue
      case UInt8(ascii: ":") where count > 0:
        return false
      case UInt8(ascii: ")") where count > 0:
        if dialect == .re2 { return true }
        throw PatternError(
          offset: groupStart,
          message: "ECMA-262 has no flags for the rest of a pattern; write "
            + "\(text(groupStart, position - 1)):…)")
      default:
        throw unknownGroup(groupStart)
      }
      count += 1
    }
    throw unknownGroup(groupStart)
  }

  private func unknownGroup(_ start: Int) -> PatternError {
    let written = text(start, position)
    let known =
      switch dialect {
      case .re2: "(?:…), (?P<name>…), (?<name>…) and the flags i, m, s, U"
      case .ecma262: "(?:…), (?<name>…) and the flags i, s"
      }
    return PatternError(
      offset: start, message: "\(written) starts no group that is known; known are \(known)")
  }

  // MARK: Quantifiers

  struct Quantifier {
    var minimum: Int
    var maximum: Int?
  }

  private mutating func parseQuantifier(of atom: SyntaxNode) throws(PatternError) -> SyntaxNode {
    let start = position
    guard let quantifier = try scanQuantifier() else { return atom }
    if dialect == .ecma262, case .assertion = atom {
      throw PatternError(
        offset: start,
        message: "\(text(start, position)) repeats a condition such as ^ or \\b, which consumes no characters"
      )
    }
    let isLazy = consume("?")
    let secondStart = position
    if try scanQuantifier() != nil {
      throw PatternError(
        offset: secondStart,
        message: "\(text(secondStart, position)) repeats what \(text(start, secondStart)) already repeats; "
          + "put the first in a group (?:…)")
    }
    return .repetition(
      .init(
        body: atom, minimum: quantifier.minimum, maximum: quantifier.maximum,
        isGreedy: isLazy == flags.swapsGreediness, offset: start))
  }

  /// Reads `*`, `+`, `?` or `{n,m}`; consumes nothing when none comes next, so that other braces are literal.
  private mutating func scanQuantifier() throws(PatternError) -> Quantifier? {
    if consume("*") { return Quantifier(minimum: 0, maximum: nil) }
    if consume("+") { return Quantifier(minimum: 1, maximum: nil) }
    if consume("?") { return Quantifier(minimum: 0, maximum: 1) }
    let start = position
    guard consume("{"), let minimum = scanCount() else {
      position = start
      return nil
    }
    var maximum: Int? = minimum
    if consume(",") { maximum = scanCount() }
    guard consume("}") else {
      position = start
      return nil
    }
    if max(minimum, maximum ?? 0) > limits.repetitionCount {
      throw PatternError(
        offset: start,
        message: "\(text(start, position)) repeats more than \(limits.repetitionCount) times, the most that "
          + "is supported")
    }
    if let maximum, maximum < minimum {
      throw PatternError(
        offset: start, message: "\(text(start, position)) has its smaller count last")
    }
    return Quantifier(minimum: minimum, maximum: maximum)
  }

  /// A decimal number, held at a million when it is larger; nil without a digit.
  private mutating func scanCount() -> Int? {
    var value: Int?
    while let byte = peek(), (0x30...0x39).contains(byte) {
      value = min((value ?? 0) * 10 + Int(byte - 0x30), 1_000_000)
      position += 1
    }
    return value
  }
}
