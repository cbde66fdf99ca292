/// What a plain scalar means to the readers that Kubernetes uses.
///
/// kubectl and the API machinery read YAML through sigs.k8s.io/yaml, a fork of go-yaml 2: YAML 1.1
/// booleans (`y`, `on`, …), `0x`, `0b`, `0o` and leading-zero octal integers, underscores in numbers, no
/// sexagesimals, timestamps as strings. Observed with kubectl 1.32; `ScalarResolutionTests` compares.
package enum ScalarResolution {
  /// The kind of a plain, untagged scalar, and whether other YAML readers would disagree.
  package static func resolve(_ text: UnsafeBufferPointer<UInt8>) -> (kind: NodeKind, isAmbiguous: Bool) {
    guard let first = text.first else { return (.null, false) }
    switch first {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
      return number(text)
    case UInt8(ascii: "~"):
      return (text.count == 1 ? .null : .string, false)
    case UInt8(ascii: "="), UInt8(ascii: "<"):
      return (.string, text.count == 1 && first == UInt8(ascii: "="))
    default:
      return text.count <= 5 ? word(text) : (.string, false)
    }
  }

  private static func word(_ text: UnsafeBufferPointer<UInt8>) -> (kind: NodeKind, isAmbiguous: Bool) {
    switch String(decoding: text, as: UTF8.self) {
    case "null", "Null", "NULL": (.null, false)
    case "true", "True", "TRUE", "false", "False", "FALSE": (.boolean, false)
    case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": (.boolean, true)
    case "n", "N", "no", "No", "NO", "off", "Off", "OFF": (.boolean, true)
    default: (.string, false)
    }
  }

  private static func number(_ text: UnsafeBufferPointer<UInt8>) -> (kind: NodeKind, isAmbiguous: Bool) {
    if let special = infinity(text) { return (.float, special) }
    let looksLikeDecimal = isDecimalInteger(text)
    if integer(text) != nil { return (.integer, !looksLikeDecimal) }
    if isUnsigned64(text) { return (.integer, !looksLikeDecimal) }
    if isFloat(text) { return (.float, !isJSONNumber(text)) }
    return (.string, isSexagesimalOrDate(text))
  }

  /// Digits with an optional minus and no leading zero: an integer to every reader.
  private static func isDecimalInteger(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var digits = text[...]
    if digits.first == UInt8(ascii: "-") { digits = digits.dropFirst() }
    guard let first = digits.first, digits.allSatisfy(isDigit) else { return false }
    return first != UInt8(ascii: "0") || digits.count == 1
  }

  /// The value of an integer scalar: Go's `strconv.ParseInt(text, 0, 64)` after removing underscores.
  package static func integer(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
    var index = 0
    var negative = false
    if let sign = text.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      negative = sign == UInt8(ascii: "-")
      index = 1
    }
    guard index < text.count, isDigit(text[index]) else { return nil }
    var radix = 10
    if text[index] == UInt8(ascii: "0"), index + 1 < text.count {
      switch text[index + 1] {
      case UInt8(ascii: "x"), UInt8(ascii: "X"): (radix, index) = (16, index + 2)
      case UInt8(ascii: "b"), UInt8(ascii: "B"): (radix, index) = (2, index + 2)
      case UInt8(ascii: "o"), UInt8(ascii: "O"): (radix, index) = (8, index + 2)
      default: (radix, index) = (8, index + 1)
      }
    }
    var value = 0
    var digits = 0
    while index < text.count {
      let byte = text[index]
      index += 1
      if byte == UInt8(ascii: "_") { continue }
      guard let digit = hexadecimalDigit(byte), digit < radix else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: radix)
      let (sum, carry) =
        negative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
      if overflow || carry { return nil }
      value = sum
      digits += 1
    }
    return digits > 0 ? value : nil
  }

  /// Integers beyond 63 bits that still fit 64 unsigned: Go keeps them exactly.
  private static func isUnsigned64(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.allSatisfy(isDigit), text.first != UInt8(ascii: "0") else { return false }
    return UInt64(String(decoding: text, as: UTF8.self)) != nil
  }

  /// go-yaml's `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, underscores removed.
  private static func isFloat(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let plain = text.filter { $0 != UInt8(ascii: "_") }
    var rest = plain[...]
    if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    let whole = rest.prefix(while: isDigit)
    rest = rest.dropFirst(whole.count)
    if rest.first == UInt8(ascii: ".") {
      let fraction = rest.dropFirst().prefix(while: isDigit)
      guard !whole.isEmpty || !fraction.isEmpty else { return false }
      rest = rest.dropFirst(fraction.count + 1)
    } else if whole.isEmpty {
      return false
    }
    guard let e = rest.first else { return true }
    guard e == UInt8(ascii: "e") || e == UInt8(ascii: "E") else { return false }
    rest = rest.dropFirst()
    if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
    return !rest.isEmpty && rest.allSatisfy(isDigit)
  }

  /// A number with digits on both sides of a point and, if it has one, a signed exponent: a float to
  /// every reader (PyYAML takes `1e3` for a string).
  private static func isJSONNumber(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var rest = text[...]
    if rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
    let whole = rest.prefix(while: isDigit)
    rest = rest.dropFirst(whole.count)
    guard !whole.isEmpty, whole.count == 1 || whole.first != UInt8(ascii: "0"),
      rest.first == UInt8(ascii: ".")
    else { return false }
    let fraction = rest.dropFirst().prefix(while: isDigit)
    rest = rest.dropFirst(fraction.count + 1)
    guard !fraction.isEmpty else { return false }
    guard let e = rest.first else { return true }
    guard e == UInt8(ascii: "e") || e == UInt8(ascii: "E") else { return false }
    rest = rest.dropFirst()
    guard rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") else { return false }
    return rest.count > 1 && rest.dropFirst().allSatisfy(isDigit)
  }

  /// `.inf`, `.nan` and their spellings; the value says if readers disagree (they do not).
  private static func infinity(_ text: UnsafeBufferPointer<UInt8>) -> Bool? {
    guard text.count <= 5 else { return nil }
    switch String(decoding: text, as: UTF8.self) {
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN":
      return false
    default: return nil
    }
  }

  /// `12:30:45` is a number and `2001-12-14` a date to YAML 1.1 readers such as PyYAML.
  private static func isSexagesimalOrDate(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    text.allSatisfy { isDigit($0) || ":-+._TtZz ".utf8.contains($0) }
      && text.contains { $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "-") }
  }

  /// The value of a float scalar.
  static func float(_ text: String) -> Double? {
    switch text.lowercased() {
    case ".inf", "+.inf": return .infinity
    case "-.inf": return -.infinity
    case ".nan": return .nan
    default:
      let plain = text.filter { $0 != "_" }
      if plain.hasSuffix(".") { return Double(plain + "0") }
      return Double(plain)
    }
  }

  /// True for the spellings of `true`; meant for scalars of kind boolean.
  static func isTrue(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    switch text.first {
    case UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "y"), UInt8(ascii: "Y"): true
    case UInt8(ascii: "o"), UInt8(ascii: "O"): text.count == 2
    default: false
    }
  }

  @inline(__always)
  private static func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

  private static func hexadecimalDigit(_ byte: UInt8) -> Int? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
