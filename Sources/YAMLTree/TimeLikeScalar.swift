/// Plain scalars that YAML 1.1 readers such as PyYAML take for a number to the base 60 or for a date, and
/// that Kubernetes and YAML 1.2 readers take for a string (https://yaml.org/type/int.html,
/// https://yaml.org/type/timestamp.html).
enum TimeLikeScalar {
  static func matches(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    isSexagesimal(text) || isTimestamp(text)
  }

  /// `12:30:45`, `-1:30`, `22:22`, `190:20:30.15`.
  private static func isSexagesimal(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.contains(UInt8(ascii: ":")) else { return false }
    var cursor = Cursor(text)
    cursor.skip("-+", atMost: 1)
    guard cursor.isAtDigit, cursor.skip("0123456789_") > 0 else { return false }
    var parts = 0
    while cursor.skip(":", atMost: 1) == 1 {
      let digits = cursor.digits(upTo: 2)
      guard digits.count > 0, digits.value < 60 else { return false }
      parts += 1
    }
    if cursor.skip(".", atMost: 1) == 1 { cursor.skip("0123456789_") }
    return parts > 0 && cursor.isAtEnd
  }

  /// `2001-12-14`, `2001-12-14t21:59:43.10-05:00`, `2001-12-14 21:59:43.10 -5`.
  private static func isTimestamp(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var cursor = Cursor(text)
    guard cursor.digits(upTo: 4).count == 4, cursor.skip("-", atMost: 1) == 1,
      cursor.digits(upTo: 2).count > 0,
      cursor.skip("-", atMost: 1) == 1, cursor.digits(upTo: 2).count > 0
    else { return false }
    if cursor.isAtEnd { return true }
    guard cursor.skip("Tt", atMost: 1) == 1 || cursor.skip(" \t") > 0 else { return false }
    for separator in ["", ":", ":"] {
      guard separator.isEmpty || cursor.skip(separator, atMost: 1) == 1, cursor.digits(upTo: 2).count > 0
      else {
        return false
      }
    }
    if cursor.skip(".", atMost: 1) == 1 { _ = cursor.digits(upTo: .max) }
    cursor.skip(" \t")
    if cursor.isAtEnd || cursor.skip("Z", atMost: 1) == 1 { return cursor.isAtEnd }
    guard cursor.skip("-+", atMost: 1) == 1, cursor.digits(upTo: 2).count > 0 else { return false }
    if cursor.skip(":", atMost: 1) == 1 { _ = cursor.digits(upTo: 2) }
    return cursor.isAtEnd
  }

  private struct Cursor {
    private let text: UnsafeBufferPointer<UInt8>
    private var index = 0

    init(_ text: UnsafeBufferPointer<UInt8>) { self.text = text }

    var isAtEnd: Bool { index == text.count }

    var isAtDigit: Bool { index < text.count && text[index] &- UInt8(ascii: "0") < 10 }

    /// Passes over characters of a set; returns how many.
    @discardableResult
    mutating func skip(_ set: String, atMost limit: Int = .max) -> Int {
      let start = index
      while index < text.count, index - start < limit, set.utf8.contains(text[index]) { index += 1 }
      return index - start
    }

    /// Passes over digits; returns how many and, of short ones, their value.
    mutating func digits(upTo limit: Int) -> (count: Int, value: Int) {
      let start = index
      var value = 0
      while isAtDigit, index - start < limit {
        value = value &* 10 &+ Int(text[index] - UInt8(ascii: "0"))
        index += 1
      }
      return (index - start, value)
    }
  }
}
