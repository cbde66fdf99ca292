/// Splits a text at its `${…}`. The end of an expression is found as CEL reads it: braces in string literals and
/// comments do not count, and those of maps are balanced. `$${` is a literal `${`.
struct TextSplitter {
  enum Part: Equatable {
    case literal(String)
    case expression(String)
  }

  private(set) var parts: [Part] = []
  /// True when an expression has no end.
  private(set) var isUnclosed = false

  init(_ text: String) {
    let bytes = Array(text.utf8)
    var literal: [UInt8] = []
    var position = 0
    func starts(_ word: StaticString, at position: Int) -> Bool {
      let word = UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount)
      return bytes[position...].starts(with: word)
    }
    while position < bytes.count {
      if starts("$${", at: position) {
        literal += "${".utf8
        position += 3
      } else if starts("${", at: position) {
        guard let end = Self.end(of: bytes, from: position + 2) else {
          isUnclosed = true
          return
        }
        if !literal.isEmpty { parts.append(.literal(String(decoding: literal, as: UTF8.self))) }
        literal = []
        parts.append(.expression(String(decoding: bytes[position + 2..<end], as: UTF8.self)))
        position = end + 1
      } else {
        literal.append(bytes[position])
        position += 1
      }
    }
    if !literal.isEmpty || parts.isEmpty { parts.append(.literal(String(decoding: literal, as: UTF8.self))) }
  }

  /// Where the brace stands that closes an expression.
  private static func end(of bytes: [UInt8], from start: Int) -> Int? {
    var depth = 0
    var position = start
    while position < bytes.count {
      let byte = bytes[position]
      switch byte {
      case UInt8(ascii: "{"): depth += 1
      case UInt8(ascii: "}"):
        if depth == 0 { return position }
        depth -= 1
      case UInt8(ascii: "'"), UInt8(ascii: "\""):
        guard let end = endOfString(bytes, from: position, isRaw: isRaw(bytes, position, from: start)) else {
          return nil
        }
        position = end
        continue
      case UInt8(ascii: "/") where position + 1 < bytes.count && bytes[position + 1] == byte:
        while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
        continue
      default: break
      }
      position += 1
    }
    return nil
  }

  /// True for a quote after `r`, `br` or `rb`, which is no end of a longer name.
  private static func isRaw(_ bytes: [UInt8], _ quote: Int, from start: Int) -> Bool {
    var isRaw = false
    var position = quote
    while position > start {
      let letter = bytes[position - 1] | 0x20
      guard letter == UInt8(ascii: "r") || letter == UInt8(ascii: "b") else { break }
      if letter == UInt8(ascii: "r") { isRaw = true }
      position -= 1
    }
    guard isRaw, quote - position <= 2 else { return false }
    guard position > start else { return true }
    let before = bytes[position - 1]
    return
      !((before | 0x20) &- UInt8(ascii: "a") < 26 || before &- UInt8(ascii: "0") < 10
      || before == UInt8(ascii: "_"))
  }

  /// The position after a string literal.
  private static func endOfString(_ bytes: [UInt8], from start: Int, isRaw: Bool) -> Int? {
    let quote = bytes[start]
    let isTriple = start + 2 < bytes.count && bytes[start + 1] == quote && bytes[start + 2] == quote
    var position = start + (isTriple ? 3 : 1)
    while position < bytes.count {
      if bytes[position] == UInt8(ascii: "\\"), !isRaw {
        position += 2
      } else if bytes[position] != quote {
        position += 1
      } else if !isTriple {
        return position + 1
      } else if position + 2 < bytes.count, bytes[position + 1] == quote, bytes[position + 2] == quote {
        return position + 3
      } else {
        position += 1
      }
    }
    return nil
  }
}
