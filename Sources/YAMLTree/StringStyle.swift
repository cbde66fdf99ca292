/// How a string must be written so that every YAML 1.1 and 1.2 reader gives back the same string.
enum StringStyle {
  case plain
  case quoted
  case literal

  /// Chooses the plainest safe style. Linear in the text; quotes when in doubt.
  static func choose(_ text: UnsafeBufferPointer<UInt8>, allowsLiteral: Bool) -> StringStyle {
    if isPlainSafe(text) { return .plain }
    if allowsLiteral, isLiteralSafe(text) { return .literal }
    return .quoted
  }

  private static func isPlainSafe(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = text.first, let last = text.last else { return false }
    guard isLetter(first) || isDigit(first) || first == UInt8(ascii: "_") || first == UInt8(ascii: "/") else {
      return false
    }
    guard last != UInt8(ascii: " "), last != UInt8(ascii: ":") else { return false }
    let plain = plainBytes
    var previous: UInt8 = 0
    for byte in text {
      let bits = byte < 64 ? plain.low : plain.high
      guard byte < 128, bits >> UInt64(byte & 63) & 1 == 1 else { return false }
      if byte == UInt8(ascii: " "), previous == UInt8(ascii: ":") { return false }
      previous = byte
    }
    if isDigit(first) { return isUnmistakablyText(text) }
    return text.count > 5 || !isReservedWord(text)
  }

  /// The bytes that a plain scalar may hold, a bit each.
  private static let plainBytes: (low: UInt64, high: UInt64) = {
    var bits: (low: UInt64, high: UInt64) = (0, 0)
    for byte: UInt8 in 0..<128 where isLetter(byte) || isDigit(byte) || isPlainPunctuation(byte) {
      if byte < 64 { bits.low |= 1 << UInt64(byte) } else { bits.high |= 1 << UInt64(byte & 63) }
    }
    return bits
  }()

  /// Never special inside a plain scalar whose first character is a letter or digit (`:` when no space
  /// follows). Commas and brackets end scalars in flow style only, which the writer never uses, but they are
  /// left out all the same.
  private static func isPlainPunctuation(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "/"), UInt8(ascii: ":"),
      UInt8(ascii: "@"), UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "("), UInt8(ascii: ")"),
      UInt8(ascii: "~"), UInt8(ascii: "$"), UInt8(ascii: "*"), UInt8(ascii: ";"), UInt8(ascii: " "):
      true
    default: false
    }
  }

  /// A text that starts with a digit is plain only when no reader can see a number, a time or a date in
  /// it: it has a letter that no such form uses, or a slash, or the four parts of an IPv4 address.
  private static func isUnmistakablyText(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var dots = 0
    var onlyDigitsAndDots = true
    for byte in text {
      if byte == UInt8(ascii: "/") { return true }
      if isLetter(byte), !isLetterOfNumbers(byte) { return true }
      if byte == UInt8(ascii: ".") { dots += 1 } else if !isDigit(byte) { onlyDigitsAndDots = false }
    }
    return onlyDigitsAndDots && dots == 3
  }

  /// Letters of hexadecimal and octal numbers and of timestamps.
  private static func isLetterOfNumbers(_ letter: UInt8) -> Bool {
    switch letter | 0x20 {
    case UInt8(ascii: "a")...UInt8(ascii: "f"), UInt8(ascii: "o"), UInt8(ascii: "x"), UInt8(ascii: "t"),
      UInt8(ascii: "z"):
      true
    default: false
    }
  }

  private static func isReservedWord(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    reservedWords.contains(ShortWord(text, foldingCase: true))
  }

  private static let reservedWords = ShortWord.all([
    "null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf",
  ])

  /// Several lines of printable text without anything that a literal block would change: no leading
  /// space or blank line, no trailing spaces, no tabs, at most one final newline.
  private static func isLiteralSafe(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard let first = text.first, first != UInt8(ascii: " "), first != UInt8(ascii: "\n") else {
      return false
    }
    guard text.dropLast().contains(UInt8(ascii: "\n")) else { return false }
    if text.count >= 2, text[text.count - 1] == UInt8(ascii: "\n"), text[text.count - 2] == UInt8(ascii: "\n")
    {
      return false
    }
    var previous: UInt8 = 0
    for byte in text {
      if byte == UInt8(ascii: "\n") {
        if previous == UInt8(ascii: " ") { return false }
      } else if byte < 0x20 || byte >= 0x7F {
        return false
      }
      previous = byte
    }
    return previous != UInt8(ascii: " ")
  }

  /// Printable in YAML and not changed by any reader's line folding.
  static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 0x20...0x7E, 0xA0...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF:
      scalar.value != 0x2028 && scalar.value != 0x2029 && scalar.value != 0xFEFF
    default: false
    }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }
}
