/// A Kubernetes quantity, exact to the billionth (https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity/).
package struct CELQuantity: Sendable, Comparable {
  /// The value in billionths.
  let billionths: Int128
  /// The quantity as it was written, or in decimals where it was computed.
  package let text: String

  package static func == (a: CELQuantity, b: CELQuantity) -> Bool { a.billionths == b.billionths }

  package static func < (a: CELQuantity, b: CELQuantity) -> Bool { a.billionths < b.billionths }

  private static let one = Int128(1_000_000_000)

  /// Reads a quantity (`500Mi`, `0.5`, `12e3`); nil when the text is none. Beyond 10^28 all quantities are equal.
  package init?(_ text: String) {
    var rest = Substring(text)
    let isNegative = rest.hasPrefix("-")
    if isNegative || rest.hasPrefix("+") { rest.removeFirst() }
    let number = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
    let parts = number.split(separator: ".", omittingEmptySubsequences: false)
    guard number.utf8.count <= 40, parts.count <= 2, parts.contains(where: { !$0.isEmpty }),
      let (factor, divisor) = Self.scale(rest.dropFirst(number.count))
    else { return nil }
    var mantissa = Int128(0)
    for byte in number.utf8 where byte.isDigit {
      let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int128(byte - UInt8(ascii: "0")))
      mantissa = overflow || carry ? Self.most : sum
    }
    let decimals = parts.count == 2 ? parts[1].utf8.count : 0
    let value = Self.scaled(mantissa, by: factor, over: divisor, decimals: decimals)
    billionths = isNegative ? -value : value
    self.text = text
  }

  private init(billionths: Int128) {
    self.billionths = billionths
    let part = Int(billionths.magnitude % 1_000_000_000)
    text = (billionths < 0 ? "-" : "") + String(billionths.magnitude / 1_000_000_000) + CEL.decimals(part)
  }

  /// A suffix as a factor and a divisor.
  private static func scale(_ suffix: Substring) -> (Int128, Int128)? {
    switch suffix {
    case "n": return (1, one)
    case "u": return (1, 1_000_000)
    case "m": return (1, 1000)
    case "": return (1, 1)
    default: break
    }
    let decimal: [Substring: Int128] = [
      "k": 1000, "M": 1_000_000, "G": one, "T": one * 1000, "P": one * 1_000_000, "E": one * one,
    ]
    if let factor = decimal[suffix] { return (factor, 1) }
    let binary: [Substring] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
    if let index = binary.firstIndex(of: suffix) { return (Int128(1) << (10 * (index + 1)), 1) }
    guard suffix.hasPrefix("e") || suffix.hasPrefix("E"), let exponent = Int(suffix.dropFirst()),
      (-27...27).contains(exponent)
    else { return nil }
    var power = Int128(1)
    for _ in 0..<abs(exponent) { power *= 10 }
    return exponent < 0 ? (1, power) : (power, 1)
  }

  /// The largest value, in billionths.
  private static let most = Int128(10_000_000_000_000_000_000) * 1_000_000_000_000_000_000

  /// What is finer than a billionth is rounded up, as Kubernetes does; what is too large is the largest value.
  private static func scaled(
    _ mantissa: Int128, by factor: Int128, over divisor: Int128, decimals: Int
  ) -> Int128 {
    var divisor = divisor
    for _ in 0..<decimals {
      let (product, overflow) = divisor.multipliedReportingOverflow(by: 10)
      if overflow { return mantissa == 0 ? 0 : 1 }
      divisor = product
    }
    let (scaled, overflow) = mantissa.multipliedReportingOverflow(by: factor)
    let (value, overflow2) = scaled.multipliedReportingOverflow(by: one)
    if overflow || overflow2 { return most }
    let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
    return min(remainder > 0 ? quotient + 1 : quotient, most)
  }

  var isInteger: Bool { integer != nil }

  /// The value when it is a whole number within 64 bits.
  var integer: Int64? { billionths % Self.one == 0 ? Int64(exactly: billionths / Self.one) : nil }

  var approximate: Double { Double(billionths) / 1e9 }

  func adding(_ other: CELQuantity) throws(Failure) -> CELQuantity {
    CELQuantity(billionths: try checked(billionths.addingReportingOverflow(other.billionths)))
  }

  func subtracting(_ other: CELQuantity) throws(Failure) -> CELQuantity {
    CELQuantity(billionths: try checked(billionths.subtractingReportingOverflow(other.billionths)))
  }

  func multiplied(by other: CELQuantity) throws(Failure) -> CELQuantity {
    CELQuantity(
      billionths: try checked(billionths.multipliedReportingOverflow(by: other.billionths)) / Self.one)
  }

  /// - Parameter isWhole: what is less than one is cut off.
  func divided(by other: CELQuantity, isWhole: Bool) throws(Failure) -> CELQuantity {
    if other.billionths == 0 { throw Failure("divide by zero: the divisor is 0") }
    if isWhole {
      let whole = billionths / other.billionths
      return CELQuantity(billionths: try checked(whole.multipliedReportingOverflow(by: Self.one)))
    }
    let scaled = try checked(billionths.multipliedReportingOverflow(by: Self.one))
    return CELQuantity(billionths: scaled / other.billionths)
  }

  init(_ integer: Int64) { self.init(billionths: Int128(integer) * Self.one) }
}

extension FunctionTable {
  /// Kubernetes' quantity library.
  mutating func addQuantities() {
    function(
      "quantity", [([.string], .quantity)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        guard case .string(let text) = value else { return nil }
        guard let quantity = CELQuantity(text) else {
          throw Failure("\(Evaluation.shown(value)) is no quantity as in '500Mi' or '0.5'")
        }
        return .quantity(quantity)
      })
    function(
      "isQuantity", [([.string], .bool)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        guard case .string(let text) = value else { return nil }
        return .bool(CELQuantity(text) != nil)
      })
    addQuantityReaders()
    addQuantityArithmetic()
  }

  private mutating func addQuantityReaders() {
    let readers: [(String, CELType, @Sendable (CELQuantity) throws(Failure) -> CELValue)] = [
      ("isInteger", .bool, { (value: CELQuantity) throws(Failure) in .bool(value.isInteger) }),
      (
        "asInteger", .int,
        { (value: CELQuantity) throws(Failure) in
          guard let integer = value.integer else {
            throw Failure("cannot convert value to integer: the quantity '\(value.text)'")
          }
          return .int(integer)
        }
      ),
      ("asApproximateFloat", .double, { (value: CELQuantity) throws(Failure) in .double(value.approximate) }),
      ("sign", .int, { (value: CELQuantity) throws(Failure) in .int(Int64(value.billionths.signum())) }),
    ]
    for (name, type, read) in readers {
      method(
        name, [([.quantity], type)],
        .unary { (value: CELValue, _: inout Frame) throws(Failure) in
          guard case .quantity(let quantity) = value else { return nil }
          return try read(quantity)
        })
    }
  }

  private mutating func addQuantityArithmetic() {
    let comparisons: [(String, CELType, @Sendable (CELQuantity, CELQuantity) -> CELValue)] = [
      ("isGreaterThan", .bool, { .bool($0 > $1) }), ("isLessThan", .bool, { .bool($0 < $1) }),
      ("compareTo", .int, { .int($0 == $1 ? 0 : ($0 < $1 ? -1 : 1)) }),
    ]
    for (name, type, compare) in comparisons {
      method(
        name, [([.quantity, .quantity], type)],
        .binary { (a: CELValue, b: CELValue, _: inout Frame) throws(Failure) in
          guard case .quantity(let a) = a, case .quantity(let b) = b else { return nil }
          return compare(a, b)
        })
    }
    let operations: [(String, @Sendable (CELQuantity, CELQuantity) throws(Failure) -> CELQuantity)] = [
      ("add", { (a: CELQuantity, b: CELQuantity) throws(Failure) in try a.adding(b) }),
      ("sub", { (a: CELQuantity, b: CELQuantity) throws(Failure) in try a.subtracting(b) }),
      ("mul", { (a: CELQuantity, b: CELQuantity) throws(Failure) in try a.multiplied(by: b) }),
      ("div", { (a: CELQuantity, b: CELQuantity) throws(Failure) in try a.divided(by: b, isWhole: false) }),
      ("divInt", { (a: CELQuantity, b: CELQuantity) throws(Failure) in try a.divided(by: b, isWhole: true) }),
    ]
    for (name, operation) in operations {
      method(
        name, [([.quantity, .quantity], .quantity), ([.quantity, .int], .quantity)],
        .binary { (a: CELValue, b: CELValue, _: inout Frame) throws(Failure) in
          guard case .quantity(let a) = a else { return nil }
          switch b {
          case .quantity(let b): return .quantity(try operation(a, b))
          case .int(let b): return .quantity(try operation(a, CELQuantity(b)))
          default: return nil
          }
        })
    }
  }
}
