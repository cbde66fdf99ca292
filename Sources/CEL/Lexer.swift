/// Splits an expression's text into tokens.
struct Lexer {
  let bytes: [UInt8]
  var position = 0

  init(_ text: String) { bytes = Array(text.utf8) }

  /// Sixteen hexadecimal digits and more are refused rather than wrapped.
  mutating func tokens() throws(SyntaxError) -> [Token] {
    var tokens: [Token] = []
    while true {
      skipBlanks()
      let start = position
      guard let byte = peek() else {
        tokens.append(Token(kind: .end, range: position..<position))
        return tokens
      }
      let kind = try next(byte)
      tokens.append(Token(kind: kind, range: start..<position))
    }
  }

  func peek(_ distance: Int = 0) -> UInt8? {
    position + distance < bytes.count ? bytes[position + distance] : nil
  }

  private mutating func skipBlanks() {
    while let byte = peek() {
      switch byte {
      case 0x09, 0x0A, 0x0C, 0x0D, 0x20: position += 1
      case UInt8(ascii: "/") where peek(1) == UInt8(ascii: "/"):
        while let byte = peek(), byte != 0x0A, byte != 0x0D { position += 1 }
      default: return
      }
    }
  }

  private mutating func next(_ byte: UInt8) throws(SyntaxError) -> Token.Kind {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
    case UInt8(ascii: ".") where peek(1)?.isDigit == true: return try number()
    case UInt8(ascii: "'"), UInt8(ascii: "\""): return try quoted(raw: false, bytes: false)
    case UInt8(ascii: "`"): return try quotedIdentifier()
    case _ where byte.startsIdentifier:
      if let prefix = stringPrefix() {
        position += prefix.length
        return try quoted(raw: prefix.raw, bytes: prefix.bytes)
      }
      return .identifier(identifier())
    default: return try symbol(byte)
    }
  }

  private mutating func identifier() -> String {
    let start = position
    while let byte = peek(), byte.startsIdentifier || byte.isDigit { position += 1 }
    return String(decoding: bytes[start..<position], as: UTF8.self)
  }

  /// A field name with the characters that Kubernetes' labels and file names have, in backticks.
  private mutating func quotedIdentifier() throws(SyntaxError) -> Token.Kind {
    let start = position
    position += 1
    while let byte = peek(), byte != UInt8(ascii: "`") {
      guard byte.startsIdentifier || byte.isDigit || [0x2D, 0x2E, 0x2F, 0x20].contains(byte) else {
        throw SyntaxError(
          "a name in backticks may have letters, digits, '_', '-', '.', '/' and blanks only",
          at: position..<position + 1)
      }
      position += 1
    }
    guard peek() != nil, position > start + 1 else {
      throw SyntaxError("this name in backticks is empty or does not end", at: start..<position)
    }
    position += 1
    return .quotedIdentifier(String(decoding: bytes[start + 1..<position - 1], as: UTF8.self))
  }

  /// Recognises `r'`, `b"`, `br'` and so on; what is both begins with the `b`.
  private func stringPrefix() -> (length: Int, raw: Bool, bytes: Bool)? {
    var raw = false
    var isBytes = false
    for length in 0..<3 {
      switch peek(length) {
      case UInt8(ascii: "r"), UInt8(ascii: "R"):
        if raw { return nil }
        raw = true
      case UInt8(ascii: "b"), UInt8(ascii: "B"):
        if isBytes || raw { return nil }
        isBytes = true
      case UInt8(ascii: "'"), UInt8(ascii: "\""): return length > 0 ? (length, raw, isBytes) : nil
      default: return nil
      }
    }
    return nil
  }

  private mutating func symbol(_ byte: UInt8) throws(SyntaxError) -> Token.Kind {
    let start = position
    if let second = peek(1) {
      let pair = String(decoding: [byte, second], as: UTF8.self)
      if ["==", "!=", "<=", ">=", "&&", "||"].contains(pair) {
        position += 2
        return .symbol(pair)
      }
    }
    if "+-*/%<>!?:.,()[]{}".utf8.contains(byte) {
      position += 1
      return .symbol(String(UnicodeScalar(byte)))
    }
    position += 1
    while let byte = peek(), byte & 0xC0 == 0x80 { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    let help: String? =
      switch text {
      case "=": "equality is written '=='"
      case "&": "'and' is written '&&'"
      case "|": "'or' is written '||'"
      case "$": "inside an expression, variables are written without '$'"
      default: nil
      }
    throw SyntaxError("'\(printable(text))' is not part of the language", at: start..<position, help: help)
  }
}

/// The first thing wrong with an expression's syntax.
struct SyntaxError: Error {
  let issue: CELIssue

  init(_ message: String, at range: Range<Int>, help: String? = nil) {
    issue = CELIssue(message, at: range, help: help)
  }
}

/// The text with control characters as escapes, so that a message stays on its line.
func printable(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars {
    if scalar.value < 0x20 || scalar.value == 0x7F {
      result += "\\u{" + String(scalar.value, radix: 16) + "}"
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return result
}

extension UInt8 {
  var isDigit: Bool { self >= UInt8(ascii: "0") && self <= UInt8(ascii: "9") }

  var isLetter: Bool { (self | 0x20) >= UInt8(ascii: "a") && (self | 0x20) <= UInt8(ascii: "z") }

  var startsIdentifier: Bool { isLetter || self == UInt8(ascii: "_") }

  /// The value of a hexadecimal digit.
  var hexValue: UInt32? {
    switch self {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt32(self - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt32(self - UInt8(ascii: "a")) + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt32(self - UInt8(ascii: "A")) + 10
    default: nil
    }
  }
}
