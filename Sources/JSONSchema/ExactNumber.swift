import YAMLTree

/// A decimal number of any size, for comparisons that floating point would get wrong.
///
/// Its value is 0.d₁d₂d₃… times ten to the power of `exponent`; zero has no digits.
struct ExactNumber: Sendable {
  let isNegative: Bool
  /// The digits' values, without leading and trailing zeros.
  let digits: [UInt8]
  let exponent: Int

  /// The value of a number node; nil for other kinds, infinities and not-a-numbers.
  init?(_ node: Node) {
    if let integer = node.integer {
      self.init(text: String(integer).utf8)
    } else if node.kind == .integer || node.kind == .float {
      let parsed = node.withText { ExactNumber(text: $0) }
      guard let parsed else { return nil }
      self = parsed
    } else {
      return nil
    }
  }

  /// Reads `-12.50e3` and YAML's looser spellings (`+1_000.`, `.5`). Nil when it is no such number or the
  /// exponent is beyond 18 digits.
  init?(text: some Sequence<UInt8>) {
    var digits: [UInt8] = []
    var negative = false
    var exponent = 0
    var sawPoint = false
    var sawDigit = false
    var power: [UInt8]?
    for (position, byte) in text.enumerated() {
      switch byte {
      case UInt8(ascii: "_"): continue
      case UInt8(ascii: "0")...UInt8(ascii: "9"):
        if power != nil {
          power?.append(byte)
          continue
        }
        sawDigit = true
        if digits.isEmpty, byte == UInt8(ascii: "0") {
          if sawPoint { exponent -= 1 }
          continue
        }
        digits.append(byte - UInt8(ascii: "0"))
        if !sawPoint { exponent += 1 }
      case UInt8(ascii: "."):
        guard !sawPoint, power == nil else { return nil }
        sawPoint = true
      case UInt8(ascii: "e"), UInt8(ascii: "E"):
        guard power == nil else { return nil }
        power = []
      case UInt8(ascii: "-"), UInt8(ascii: "+"):
        if let sign = power {
          guard sign.isEmpty else { return nil }
          power = [byte]
        } else {
          guard position == 0 else { return nil }
          negative = byte == UInt8(ascii: "-")
        }
      default: return nil
      }
    }
    guard sawDigit else { return nil }
    if let power {
      guard power.count <= 18, let value = Int(String(decoding: power, as: UTF8.self)) else { return nil }
      exponent += value
    }
    while digits.last == 0 { digits.removeLast() }
    self.digits = digits
    self.exponent = digits.isEmpty ? 0 : exponent
    isNegative = negative && !digits.isEmpty
  }

  /// True for numbers without a fraction, `1.0` and `1e3` included.
  var isIntegral: Bool { digits.count <= max(0, exponent) }

  /// The value when it is an integer within 64 bits.
  var integer: Int? {
    guard isIntegral, exponent <= 19 else { return nil }
    var value = 0
    for position in 0..<max(0, exponent) {
      let digit = position < digits.count ? Int(digits[position]) : 0
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) =
        isNegative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
      if overflow || carry { return nil }
      value = sum
    }
    return value
  }

  static func < (a: ExactNumber, b: ExactNumber) -> Bool {
    if a.isNegative != b.isNegative { return a.isNegative }
    return a.isNegative ? b.magnitudeIsLess(than: a) : a.magnitudeIsLess(than: b)
  }

  private func magnitudeIsLess(than other: ExactNumber) -> Bool {
    if digits.isEmpty || other.digits.isEmpty { return digits.isEmpty && !other.digits.isEmpty }
    if exponent != other.exponent { return exponent < other.exponent }
    return digits.lexicographicallyPrecedes(other.digits)
  }

  /// True when the number is a whole multiple of `divisor`. Exact for divisors of up to 18 digits; a longer
  /// one is compared in floating point.
  func isMultiple(of divisor: ExactNumber) -> Bool {
    if digits.isEmpty { return true }
    if divisor.digits.isEmpty { return false }
    guard divisor.digits.count <= 18 else {
      let quotient = approximate / divisor.approximate
      return quotient.isFinite && quotient == quotient.rounded()
    }
    // With V and D the digits as integers (no trailing zeros), value / divisor = V / D × 10^shift.
    let shift = (exponent - digits.count) - (divisor.exponent - divisor.digits.count)
    // V does not end in zero, so it has no factor ten to give.
    if shift < 0 { return false }
    let modulus = divisor.digits.reduce(UInt64(0)) { $0 * 10 + UInt64($1) }
    var remainder: UInt64 = 0
    for digit in digits {
      remainder = Self.product(remainder, 10, modulo: modulus)
      remainder = (remainder + UInt64(digit) % modulus) % modulus
    }
    return Self.product(remainder, Self.powerOfTen(shift, modulo: modulus), modulo: modulus) == 0
  }

  private var approximate: Double {
    let text = "0." + digits.map { String($0) }.joined() + "e\(exponent)"
    return Double(text) ?? .infinity
  }

  private static func product(_ a: UInt64, _ b: UInt64, modulo modulus: UInt64) -> UInt64 {
    let full = (a % modulus).multipliedFullWidth(by: b % modulus)
    return modulus.dividingFullWidth((full.high, full.low)).remainder
  }

  private static func powerOfTen(_ exponent: Int, modulo modulus: UInt64) -> UInt64 {
    var result = 1 % modulus
    var base = 10 % modulus
    var rest = exponent
    while rest > 0 {
      if rest & 1 == 1 { result = product(result, base, modulo: modulus) }
      base = product(base, base, modulo: modulus)
      rest >>= 1
    }
    return result
  }
}
