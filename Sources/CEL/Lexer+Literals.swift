/// Numbers and strings.
extension Lexer {
  mutating func number() throws(SyntaxError) -> Token.Kind {
    let start = position
    if peek() == UInt8(ascii: "0"), peek(1) == UInt8(ascii: "x"), peek(2)?.hexValue != nil {
      position += 2
      while peek()?.hexValue != nil { position += 1 }
      return try whole(start, digits: start + 2, radix: 16)
    }
    skipDigits()
    var isDouble = false
    if peek() == UInt8(ascii: "."), peek(1)?.isDigit == true {
      isDouble = true
      position += 1
      skipDigits()
    }
    if peek() == UInt8(ascii: "e") || peek() == UInt8(ascii: "E") {
      let sign = peek(1) == UInt8(ascii: "+") || peek(1) == UInt8(ascii: "-") ? 1 : 0
      if peek(1 + sign)?.isDigit == true {
        isDouble = true
        position += 1 + sign
        skipDigits()
      }
    }
    guard isDouble else { return try whole(start, digits: start, radix: 10) }
    try refuseSuffix(start)
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    guard let value = Double(text.hasPrefix(".") ? "0" + text : text), value.isFinite else {
      throw SyntaxError("\(text) is beyond the range of double", at: start..<position)
    }
    return .double(value)
  }

  private mutating func skipDigits() {
    while peek()?.isDigit == true { position += 1 }
  }

  private mutating func whole(_ start: Int, digits: Int, radix: UInt64) throws(SyntaxError) -> Token.Kind {
    var value: UInt64? = 0
    for byte in bytes[digits..<position] {
      guard let sum = value, let digit = byte.hexValue else { break }
      let (product, overflow) = sum.multipliedReportingOverflow(by: radix)
      let (total, carry) = product.addingReportingOverflow(UInt64(digit))
      value = overflow || carry ? nil : total
    }
    let isUnsigned = peek() == UInt8(ascii: "u") || peek() == UInt8(ascii: "U")
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isUnsigned { position += 1 }
    try refuseSuffix(start)
    guard let value else {
      throw SyntaxError("\(text) is beyond the range of a 64-bit integer", at: start..<position)
    }
    return isUnsigned ? .uint(value) : .int(value)
  }

  /// `12ab` is neither a number nor a name.
  private mutating func refuseSuffix(_ start: Int) throws(SyntaxError) {
    guard let byte = peek(), byte.startsIdentifier || byte.isDigit else { return }
    while let byte = peek(), byte.startsIdentifier || byte.isDigit { position += 1 }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    throw SyntaxError("'\(text)' is not a number", at: start..<position)
  }

  /// Reads a string from its opening quote on.
  mutating func quoted(raw: Bool, bytes isBytes: Bool) throws(SyntaxError) -> Token.Kind {
    let start = position
    guard let quote = peek() else { throw SyntaxError("a string is missing", at: start..<start) }
    let isTriple = peek(1) == quote && peek(2) == quote
    position += isTriple ? 3 : 1
    var content: [UInt8] = []
    while true {
      guard let byte = peek() else {
        throw SyntaxError("this string does not end", at: start..<position, help: "add the closing quote")
      }
      if byte == quote, !isTriple || (peek(1) == quote && peek(2) == quote) {
        position += isTriple ? 3 : 1
        break
      }
      if !isTriple, byte == 0x0A || byte == 0x0D {
        throw SyntaxError(
          "this string does not end on its line", at: start..<position,
          help: "close it, or use three quotes for a string of several lines")
      }
      if byte == UInt8(ascii: "\\") {
        if raw {
          content.append(byte)
          position += 1
        } else {
          try escape(into: &content, bytes: isBytes)
        }
      } else {
        content.append(byte)
        position += 1
      }
    }
    return isBytes ? .bytes(content) : .string(String(decoding: content, as: UTF8.self))
  }

  private mutating func escape(into content: inout [UInt8], bytes isBytes: Bool) throws(SyntaxError) {
    let start = position
    position += 1
    guard let byte = peek() else { return }
    position += 1
    switch byte {
    case UInt8(ascii: "\\"), UInt8(ascii: "?"), UInt8(ascii: "\""), UInt8(ascii: "'"), UInt8(ascii: "`"):
      content.append(byte)
    case UInt8(ascii: "a"): content.append(0x07)
    case UInt8(ascii: "b"): content.append(0x08)
    case UInt8(ascii: "f"): content.append(0x0C)
    case UInt8(ascii: "n"): content.append(0x0A)
    case UInt8(ascii: "r"): content.append(0x0D)
    case UInt8(ascii: "t"): content.append(0x09)
    case UInt8(ascii: "v"): content.append(0x0B)
    case UInt8(ascii: "x"), UInt8(ascii: "X"):
      let value = try digits(2, start, base: 16)
      try append(value, to: &content, octet: isBytes, start)
    // In bytes these stand for UTF-8. The specification's text keeps them to strings, but its conformance cases
    // (`self_eval_binary_escape`, `ne_bytes`) ask for this.
    case UInt8(ascii: "u"):
      let value = try codeUnit(start)
      try append(value, to: &content, octet: false, start)
    case UInt8(ascii: "U"):
      let value = try digits(8, start, base: 16)
      try append(value, to: &content, octet: false, start)
    case UInt8(ascii: "0")...UInt8(ascii: "3"):
      position -= 1
      let value = try digits(3, start, base: 8)
      try append(value, to: &content, octet: isBytes, start)
    default:
      while let byte = peek(), byte & 0xC0 == 0x80 { position += 1 }
      throw SyntaxError(
        "'\(printable(String(decoding: bytes[start..<position], as: UTF8.self)))' is not an escape",
        at: start..<position,
        help: "write '\\\\' for a backslash, or prefix the string with 'r' to leave it as it is")
    }
  }

  /// A `\u` escape; two that are a surrogate pair are one code point.
  private mutating func codeUnit(_ start: Int) throws(SyntaxError) -> UInt32 {
    let unit = try digits(4, start, base: 16)
    guard unit >= 0xD800, unit < 0xDC00, peek() == UInt8(ascii: "\\"), peek(1) == UInt8(ascii: "u") else {
      return unit
    }
    position += 2
    let low = try digits(4, start, base: 16)
    guard low >= 0xDC00, low < 0xE000 else {
      throw SyntaxError("a surrogate stands alone here", at: start..<position)
    }
    return 0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00)
  }

  private mutating func digits(_ count: Int, _ start: Int, base: UInt32) throws(SyntaxError) -> UInt32 {
    var value: UInt64 = 0
    for _ in 0..<count {
      guard let digit = peek()?.hexValue, digit < base else {
        throw SyntaxError(
          "this escape needs \(count) \(base == 8 ? "octal" : "hexadecimal") digits", at: start..<position)
      }
      value = value * UInt64(base) + UInt64(digit)
      position += 1
    }
    return UInt32(truncatingIfNeeded: value)
  }

  private func append(
    _ value: UInt32, to content: inout [UInt8], octet: Bool, _ start: Int
  ) throws(SyntaxError) {
    if octet {
      content.append(UInt8(truncatingIfNeeded: value))
    } else if let scalar = UnicodeScalar(value) {
      content.append(contentsOf: Array(String(scalar).utf8))
    } else {
      throw SyntaxError("this escape is not a Unicode code point", at: start..<position)
    }
  }
}
