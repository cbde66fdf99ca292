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
    case UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "n"),
      UInt8(ascii: "N"), UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "o"), UInt8(ascii: "O"):
      return text.count <= 5 ? word(text) : (.string, false)
    case UInt8(ascii: "~"): return (text.count == 1 ? .null : .string, false)
    case UInt8(ascii: "="): return (.string, text.count == 1)
    case UInt8(ascii: "<"): return (.string, text.count == 2 && text[1] == first)
    default: return (.string, false)
    }
  }

  private static func word(_ text: UnsafeBufferPointer<UInt8>) -> (kind: NodeKind, isAmbiguous: Bool) {
    let word = ShortWord(text)
    if nulls.contains(word) { return (.null, false) }
    if booleans.contains(word) { return (.boolean, false) }
    return ambiguousBooleans.contains(word) ? (.boolean, true) : (.string, false)
  }

  private static let nulls = ShortWord.all(["null", "Null", "NULL"])
  private static let booleans = ShortWord.all(["true", "True", "TRUE", "false", "False", "FALSE"])
  private static let ambiguousBooleans = ShortWord.all([
    "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF",
  ])

  private static func number(_ text: UnsafeBufferPointer<UInt8>) -> (kind: NodeKind, isAmbiguous: Bool) {
    if isSpecialFloat(text) { return (.float, false) }
    if integer(text) != nil { return (.integer, !isDecimalInteger(text)) }
    // Between 63 and 64 bits: kubectl's JSON rounds it.
    if unsigned(text) != nil { return (.integer, true) }
    if isFloat(text) {
      // go-yaml keeps a number beyond the range of a double as a string.
      return float(String(decoding: text, as: UTF8.self))?.isFinite == true
        ? (.float, !isUniversalFloat(text)) : (.string, true)
    }
    return (.string, TimeLikeScalar.matches(text) || isLongHexadecimal(text))
  }

  /// A hexadecimal number beyond 64 bits: a string to Go, a number to Python.
  private static func isLongHexadecimal(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    let digits = text.drop { $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
    return digits.count > 16 && digits.starts(with: "0x".utf8)
      && digits.dropFirst(2).allSatisfy { hexadecimalDigit($0) != nil || $0 == UInt8(ascii: "_") }
  }

  /// Digits with an optional minus and no leading zero: an integer to every reader.
  static func isDecimalInteger(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var digits = text[...]
    if digits.first == UInt8(ascii: "-") { digits = digits.dropFirst() }
    guard let first = digits.first, digits.allSatisfy(isDigit) else { return false }
    return first != UInt8(ascii: "0") || text.count == 1
  }

  // MARK: Integers

  /// The value of an integer scalar: Go's `strconv.ParseInt(text, 0, 64)` after removing underscores, and
  /// go-yaml's `0b`, after which a sign may stand.
  package static func integer(_ text: UnsafeBufferPointer<UInt8>) -> Int? {
    guard let (isNegative, magnitude) = magnitude(text) else { return nil }
    if !isNegative { return Int(exactly: magnitude) }
    return magnitude == Int.min.magnitude ? Int.min : Int(exactly: magnitude).map { -$0 }
  }

  /// The value of an integer scalar without a sign: Go's `strconv.ParseUint(text, 0, 64)`.
  package static func unsigned(_ text: UnsafeBufferPointer<UInt8>) -> UInt64? {
    guard let first = text.first, isDigit(first), let (isNegative, magnitude) = magnitude(text), !isNegative
    else { return nil }
    return UInt64(magnitude)
  }

  private static func magnitude(_ text: UnsafeBufferPointer<UInt8>) -> (isNegative: Bool, UInt)? {
    var index = 0
    var isNegative = false
    if let sign = text.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
      isNegative = sign == UInt8(ascii: "-")
      index = 1
    }
    guard index < text.count, isDigit(text[index]) else { return nil }
    var radix: UInt = 10
    if text[index] == UInt8(ascii: "0"), index + 1 < text.count {
      (radix, index) = base(text, index)
      if radix == 2, index + 1 < text.count, !isNegative, text[0] != UInt8(ascii: "+") {
        if text[index] == UInt8(ascii: "-") { isNegative = true }
        if text[index] == UInt8(ascii: "-") || text[index] == UInt8(ascii: "+") { index += 1 }
      }
    }
    var value: UInt = 0
    var hasDigits = false
    while index < text.count {
      let byte = text[index]
      index += 1
      if byte == UInt8(ascii: "_") { continue }
      guard let digit = hexadecimalDigit(byte), digit < radix else { return nil }
      let (product, overflow) = value.multipliedReportingOverflow(by: radix)
      let (sum, carry) = product.addingReportingOverflow(digit)
      if overflow || carry { return nil }
      value = sum
      hasDigits = true
    }
    return hasDigits ? (isNegative, value) : nil
  }

  /// The base that a leading zero announces, and where the digits begin.
  private static func base(_ text: UnsafeBufferPointer<UInt8>, _ index: Int) -> (UInt, Int) {
    switch text[index + 1] {
    case UInt8(ascii: "x"), UInt8(ascii: "X"): (16, index + 2)
    case UInt8(ascii: "b"), UInt8(ascii: "B"): (2, index + 2)
    case UInt8(ascii: "o"), UInt8(ascii: "O"): (8, index + 2)
    default: (8, index + 1)
    }
  }

  // MARK: Floats

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

  /// Digits on both sides of a point and, if there is one, a signed exponent: a float to every reader
  /// (PyYAML takes `1e3` for a string).
  private static func isUniversalFloat(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
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

  /// A float that is written as Go's shortest form writes it again, such as `1.5`; not `1.10`.
  static func isShortestFloat(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard isUniversalFloat(text), text.count <= 15, text.last != UInt8(ascii: "0") else { return false }
    let digits = text.drop { $0 == UInt8(ascii: "-") }
    return digits.allSatisfy { isDigit($0) || $0 == UInt8(ascii: ".") }
      && !digits.starts(with: "0.0000".utf8)
  }

  /// `.inf`, `.nan` and their spellings, on which readers agree.
  private static func isSpecialFloat(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    guard text.count == 4 || text.count == 5, text[0] == UInt8(ascii: ".") || text[1] == UInt8(ascii: ".")
    else { return false }
    switch String(decoding: text, as: UTF8.self) {
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF", "-.inf", "-.Inf", "-.INF", ".nan", ".NaN", ".NAN":
      return true
    default: return false
    }
  }

  /// The value of a float scalar.
  static func float(_ text: String) -> Double? {
    switch text.lowercased() {
    case ".inf", "+.inf": return .infinity
    case "-.inf": return -.infinity
    case ".nan": return .nan
    default:
      let plain = text.utf8.contains(UInt8(ascii: "_")) ? text.filter { $0 != "_" } : text
      // Swift reads neither `5.` nor `5.e3`.
      guard let point = plain.firstIndex(of: ".") else { return Double(plain) }
      let after = plain.index(after: point)
      if after < plain.endIndex, plain[after].isNumber { return Double(plain) }
      return Double(plain[..<after] + "0" + plain[after...])
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

  private static func hexadecimalDigit(_ byte: UInt8) -> UInt? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): UInt(byte - UInt8(ascii: "0"))
    case UInt8(ascii: "a")...UInt8(ascii: "f"): UInt(byte - UInt8(ascii: "a") + 10)
    case UInt8(ascii: "A")...UInt8(ascii: "F"): UInt(byte - UInt8(ascii: "A") + 10)
    default: nil
    }
  }
}
