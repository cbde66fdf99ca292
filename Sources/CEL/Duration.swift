/// A span of time in nanoseconds: about 292 years either way.
package struct CELDuration: Sendable, Hashable, Comparable {
  package let nanoseconds: Int64

  package init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

  static let rangeMessage = "duration out of range: a duration can be up to about 292 years"

  /// The result of an operation, an error when it overflowed.
  init(checked result: (Int64, overflow: Bool)) throws(Failure) {
    if result.overflow { throw Failure(Self.rangeMessage) }
    nanoseconds = result.0
  }

  package static func < (a: CELDuration, b: CELDuration) -> Bool { a.nanoseconds < b.nanoseconds }

  /// The duration in seconds, as in `90s` or `-0.5s`.
  package var text: String {
    let whole = nanoseconds / 1_000_000_000
    let part = Int((nanoseconds % 1_000_000_000).magnitude)
    let sign = nanoseconds < 0 && whole == 0 ? "-" : ""
    return sign + String(whole) + decimals(part) + "s"
  }

  /// Reads numbers with units (`1h45m`, `-1.5s`, `300ms`); nil when the text is no duration.
  init?(text: String) throws(Failure) {
    var rest = Substring(text)
    let isNegative = rest.hasPrefix("-")
    if rest.hasPrefix("-") || rest.hasPrefix("+") { rest.removeFirst() }
    if rest == "0" {
      nanoseconds = 0
      return
    }
    guard !rest.isEmpty else { return nil }
    var total = Int128(0)
    while !rest.isEmpty {
      guard let part = Self.part(&rest) else { return nil }
      total += part
      if total > Int128(Int64.max) + 1 { throw Failure(Self.rangeMessage) }
    }
    guard let value = Int64(exactly: isNegative ? -total : total) else { throw Failure(Self.rangeMessage) }
    nanoseconds = value
  }

  private static let units: [(String, Int128)] = [
    ("ns", 1), ("us", 1000), ("µs", 1000), ("μs", 1000), ("ms", 1_000_000), ("s", 1_000_000_000),
    ("m", 60_000_000_000), ("h", 3_600_000_000_000),
  ]

  /// One number with its unit; numbers beyond all range are cut to one that is still refused.
  private static func part(_ rest: inout Substring) -> Int128? {
    let limit = Int128(Int64.max)
    var value = Int128(0)
    var scale = Int128(1)
    var digits = 0
    var isFraction = false
    while let byte = rest.utf8.first {
      if byte.isDigit {
        digits += 1
        if !isFraction || scale < 1_000_000_000_000 {
          value = min(value * 10 + Int128(byte - UInt8(ascii: "0")), limit * 1_000_000_000_000)
          if isFraction { scale *= 10 }
        }
      } else if byte == UInt8(ascii: "."), !isFraction {
        isFraction = true
      } else {
        break
      }
      rest.unicodeScalars.removeFirst()
    }
    guard digits > 0 else { return nil }
    for (name, factor) in units where rest.hasPrefix(name) {
      // 'm' also begins 'ms', which is found first.
      rest.removeFirst(name.count)
      let (product, overflow) = value.multipliedReportingOverflow(by: factor)
      return overflow ? limit + 2 : min(product / scale, limit + 2)
    }
    return nil
  }
}
