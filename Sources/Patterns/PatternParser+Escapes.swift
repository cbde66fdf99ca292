extension PatternParser {
  /// What a backslash and the characters after it mean.
  enum Escape {
    case scalar(UInt32)
    case set(ScalarSet)
    case assertion(Assertion)
  }

  /// Reads an escape from its backslash on.
  mutating func parseEscape(inClass: Bool) throws(PatternError) -> Escape {
    let start = position
    position += 1
    guard let byte = peek() else {
      throw PatternError(
        offset: start, message: "the pattern ends in a single \\; write \\\\ for a backslash")
    }
    if byte >= 0x80 {
      guard dialect == .ecma262, let scalar = nextScalar() else { throw unknownEscape(start) }
      return .scalar(scalar)
    }
    guard Self.isLetterOrDigit(byte) else {
      position += 1
      return .scalar(UInt32(byte))
    }
    position += 1
    if let set = classEscape(byte) { return .set(set) }
    switch byte {
    case UInt8(ascii: "f"): return .scalar(0x0C)
    case UInt8(ascii: "n"): return .scalar(0x0A)
    case UInt8(ascii: "r"): return .scalar(0x0D)
    case UInt8(ascii: "t"): return .scalar(0x09)
    case UInt8(ascii: "v"): return .scalar(0x0B)
    case UInt8(ascii: "x"): return .scalar(try parseHexadecimalEscape(start))
    case UInt8(ascii: "p"), UInt8(ascii: "P"): return .set(try parseProperty(start))
    case UInt8(ascii: "b"):
      if !inClass { return .assertion(.wordBoundary) }
      if dialect == .ecma262 { return .scalar(0x08) }
    case UInt8(ascii: "B"):
      if !inClass { return .assertion(.notWordBoundary) }
    case UInt8(ascii: "0")...UInt8(ascii: "9"):
      return .scalar(try parseNumericEscape(byte, start))
    default:
      switch dialect {
      case .re2: return try parseRE2Escape(byte, inClass: inClass, start)
      case .ecma262: return try parseECMAEscape(byte, start)
      }
    }
    throw unknownEscape(start)
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    Assertion.isWord(Int(byte)) && byte != UInt8(ascii: "_")
  }

  private mutating func parseRE2Escape(
    _ byte: UInt8, inClass: Bool, _ start: Int
  ) throws(PatternError) -> Escape {
    switch byte {
    case UInt8(ascii: "a"): return .scalar(0x07)
    case UInt8(ascii: "A") where !inClass: return .assertion(.textStart)
    case UInt8(ascii: "z") where !inClass: return .assertion(.textEnd)
    case UInt8(ascii: "Z"):
      throw PatternError(offset: start, message: "RE2 has no \\Z; write \\z for the end of the text")
    case UInt8(ascii: "C"):
      throw PatternError(
        offset: start, message: "\\C matches a single byte, which can split a character; write (?s:.)")
    case UInt8(ascii: "E") where !inClass:
      throw PatternError(offset: start, message: "this \\E has no \\Q before it")
    case UInt8(ascii: "G"), UInt8(ascii: "k"):
      throw PatternError(
        offset: start, message: Self.needsBacktracking("\\\(text(start + 1, position))"))
    default:
      throw unknownEscape(start)
    }
  }

  private mutating func parseECMAEscape(_ byte: UInt8, _ start: Int) throws(PatternError) -> Escape {
    switch byte {
    case UInt8(ascii: "c"):
      guard let letter = peek(), Self.isLetterOrDigit(letter), letter >= UInt8(ascii: "A") else {
        throw PatternError(offset: start, message: "\\c needs a letter, as in \\cJ for a line feed")
      }
      position += 1
      return .scalar(UInt32(letter) & 0x1F)
    case UInt8(ascii: "u"):
      return .scalar(try parseUnicodeEscape(start))
    case UInt8(ascii: "k"):
      throw PatternError(offset: start, message: Self.needsBacktracking("a backreference \\k<…>"))
    case UInt8(ascii: "A"):
      throw PatternError(offset: start, message: "ECMA-262 has no \\A; write ^ for the start of the text")
    case UInt8(ascii: "Z"), UInt8(ascii: "z"):
      throw PatternError(
        offset: start,
        message: "ECMA-262 has no \\\(text(start + 1, position)); write $ for the end of the text")
    default:
      throw unknownEscape(start)
    }
  }

  func unknownEscape(_ start: Int) -> PatternError {
    let end = min(start + 2, bytes.count)
    let written = end > start + 1 && bytes[start + 1] < 0x80 ? text(start, end) : "\\ before this character"
    return PatternError(offset: start, message: "\(written) means nothing in \(dialect.name)")
  }

  // MARK: Numbers

  /// `\x41`, and in RE2 `\x{10FFFF}`; after the `x`.
  private mutating func parseHexadecimalEscape(_ start: Int) throws(PatternError) -> UInt32 {
    if dialect == .re2, consume("{") { return try parseBracedScalar(start) }
    guard let value = scanHexadecimal(digits: 2) else {
      throw PatternError(
        offset: start,
        message: dialect == .re2
          ? "\\x needs two hexadecimal digits or {…}, as in \\x{41}"
          : "\\x needs two hexadecimal digits, as in \\x41")
    }
    return value
  }

  /// `\u0041`, `\u{41}` and surrogate pairs; after the `u`. A lone surrogate is accepted as ECMA-262 has it:
  /// UTF-8 text contains none, so it never matches.
  private mutating func parseUnicodeEscape(_ start: Int) throws(PatternError) -> UInt32 {
    if consume("{") { return try parseBracedScalar(start) }
    guard let value = scanHexadecimal(digits: 4) else {
      throw PatternError(
        offset: start, message: "\\u needs four hexadecimal digits or {…}, as in \\u0041 or \\u{41}")
    }
    guard (0xD800...0xDBFF).contains(value) else { return value }
    let afterFirst = position
    if consume("\\u"), let second = scanHexadecimal(digits: 4), (0xDC00...0xDFFF).contains(second) {
      return 0x10000 + (value - 0xD800) << 10 + (second - 0xDC00)
    }
    position = afterFirst
    return value
  }

  /// Hexadecimal digits up to `}`; after the `{`.
  private mutating func parseBracedScalar(_ start: Int) throws(PatternError) -> UInt32 {
    var value: UInt32 = 0
    var count = 0
    while let byte = peek(), let digit = Self.hexadecimalDigit(byte) {
      value = min(value * 16 + digit, 0x110000)
      count += 1
      position += 1
    }
    guard count > 0, consume("}") else {
      throw PatternError(
        offset: start, message: "the braces must hold hexadecimal digits only, as in {1F600}")
    }
    guard value <= ScalarSet.lastScalar else {
      throw PatternError(
        offset: start, message: "\(text(start, position)) is beyond the last character, 10FFFF")
    }
    return value
  }

  private mutating func scanHexadecimal(digits: Int) -> UInt32? {
    var value: UInt32 = 0
    for index in 0..<digits {
      guard let byte = peek(index), let digit = Self.hexadecimalDigit(byte) else { return nil }
      value = value * 16 + digit
    }
    position += digits
    return value
  }

  private static func hexadecimalDigit(_ byte: UInt8) -> UInt32? {
    switch byte {
    case 0x30...0x39: UInt32(byte) - 0x30
    case 0x41...0x46: UInt32(byte) - 0x41 + 10
    case 0x61...0x66: UInt32(byte) - 0x61 + 10
    default: nil
    }
  }

  /// `\0`, and in RE2 octal numbers of up to three digits; other numbers are backreferences.
  private mutating func parseNumericEscape(_ byte: UInt8, _ start: Int) throws(PatternError) -> UInt32 {
    let octal: ClosedRange<UInt8> = 0x30...0x37
    let nextIsOctal = peek().map { octal.contains($0) } ?? false
    let nextIsDigit = peek().map { (0x30...0x39).contains($0) } ?? false
    switch dialect {
    case .ecma262 where byte == 0x30 && !nextIsDigit:
      return 0
    case .ecma262 where byte == 0x30:
      throw PatternError(offset: start, message: "ECMA-262 has no octal numbers; write \\x and two digits")
    case .re2 where byte == 0x30 || (octal.contains(byte) && nextIsOctal):
      var value = UInt32(byte) - 0x30
      var count = 1
      while count < 3, let next = peek(), octal.contains(next) {
        value = value * 8 + UInt32(next) - 0x30
        position += 1
        count += 1
      }
      return value
    default:
      throw PatternError(
        offset: start, message: Self.needsBacktracking("a backreference \(text(start, position))"))
    }
  }
}
