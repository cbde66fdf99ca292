/// Conversions between types, `size`, `type` and `dyn`.
extension FunctionTable {
  mutating func addConversions() {
    function(
      "int", convertible([.int, .uint, .double, .string, .timestamp, .duration], to: .int), .unary(toInt))
    function("uint", convertible([.int, .uint, .double, .string], to: .uint), .unary(toUInt))
    function("double", convertible([.int, .uint, .double, .string], to: .double), .unary(toDouble))
    let texts: [CELType] = [
      .string, .bool, .int, .uint, .double, .bytes, .timestamp, .duration, .ip, .cidr, .quantity, .url,
    ]
    function("string", convertible(texts, to: .string), .unary(toText))
    function("bytes", convertible([.string, .bytes], to: .bytes), .unary(toBytes))
    function("bool", convertible([.bool, .string], to: .bool), .unary(toBool))
    function("timestamp", convertible([.string, .timestamp, .int], to: .timestamp), .unary(toTimestamp))
    function("duration", convertible([.string, .duration], to: .duration), .unary(toDuration))
    function(
      "type", [([.variable(0)], .type)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in .type(value.typeName) })
    function(
      "dyn", [([.variable(0)], .dyn)], .unary { (value: CELValue, _: inout Frame) throws(Failure) in value })
    let sized: [([CELType], CELType)] = [
      ([.string], .int), ([.bytes], .int), ([.list(.variable(0))], .int),
      ([.map(key: .variable(0), value: .variable(1))], .int),
    ]
    function("size", sized, .unary(size))
    method("size", sized, .unary(size))
  }

  private func convertible(_ types: [CELType], to result: CELType) -> [([CELType], CELType)] {
    types.map { ([$0], result) }
  }
}

@Sendable private func size(_ value: CELValue, _ frame: inout Frame) throws(Failure) -> CELValue? {
  switch value {
  case .string(let text):
    try frame.charge(bytes: text.utf8.count)
    return .int(Int64(text.unicodeScalars.count))
  case .bytes(let bytes): return .int(Int64(bytes.count))
  case .list(let list): return .int(Int64(list.count))
  case .map(let map): return .int(Int64(map.count))
  default: return nil
  }
}

private func outOfRange(_ value: CELValue, _ type: String) -> Failure {
  Failure("range error: \(Evaluation.shown(value)) is beyond the range of \(type)")
}

private func unreadable(_ value: CELValue, _ type: String) -> Failure {
  Failure("type conversion error: \(Evaluation.shown(value)) is no \(type)")
}

@Sendable private func toInt(_ value: CELValue, _: inout Frame) throws(Failure) -> CELValue? {
  switch value {
  case .int: return value
  case .uint(let number):
    guard let whole = Int64(exactly: number) else { throw outOfRange(value, "int") }
    return .int(whole)
  case .double(let number):
    // Both ends are excluded: a double there does not say which integer it was.
    guard number > -9.223372036854775808e18, number < 9.223372036854775808e18,
      let whole = Int64(exactly: number.rounded(.towardZero))
    else { throw outOfRange(value, "int") }
    return .int(whole)
  case .string(let text):
    guard let whole = Int64(text) else { throw unreadable(value, "int") }
    return .int(whole)
  case .timestamp(let timestamp): return .int(timestamp.seconds)
  case .duration(let duration): return .int(duration.nanoseconds)
  default: return nil
  }
}

@Sendable private func toUInt(_ value: CELValue, _: inout Frame) throws(Failure) -> CELValue? {
  switch value {
  case .uint: return value
  case .int(let number):
    guard let whole = UInt64(exactly: number) else { throw outOfRange(value, "uint") }
    return .uint(whole)
  case .double(let number):
    guard number >= 0, let whole = UInt64(exactly: number.rounded(.towardZero)) else {
      throw outOfRange(value, "uint")
    }
    return .uint(whole)
  case .string(let text):
    guard let whole = UInt64(text), text.utf8.first?.isDigit == true else { throw unreadable(value, "uint") }
    return .uint(whole)
  default: return nil
  }
}

@Sendable private func toDouble(_ value: CELValue, _: inout Frame) throws(Failure) -> CELValue? {
  switch value {
  case .double: return value
  case .int(let number): return .double(Double(number))
  case .uint(let number): return .double(Double(number))
  case .string(let text):
    guard let number = Double(text) else { throw unreadable(value, "double") }
    return .double(number)
  default: return nil
  }
}

@Sendable private func toText(_ value: CELValue, _ frame: inout Frame) throws(Failure) -> CELValue? {
  switch value {
  case .string: return value
  case .bool(let value): return .string(value ? "true" : "false")
  case .int(let value): return .string(String(value))
  case .uint(let value): return .string(String(value))
  case .double(let value): return .string(formatted(value, exponentFrom: 6))
  case .bytes(let bytes):
    try frame.charge(bytes: bytes.count)
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Failure("invalid UTF-8 in bytes, cannot convert to string")
    }
    return .string(text)
  case .timestamp(let value): return .string(value.text)
  case .duration(let value): return .string(value.text)
  case .ip(let value): return .string(value.text)
  case .cidr(let value): return .string(value.text)
  case .quantity(let value): return .string(value.text)
  case .url(let value): return .string(value.text)
  default: return nil
  }
}

@Sendable private func toBytes(_ value: CELValue, _ frame: inout Frame) throws(Failure) -> CELValue? {
  switch value {
  case .bytes: return value
  case .string(let text):
    try frame.charge(bytes: text.utf8.count)
    return .bytes(Array(text.utf8))
  default: return nil
  }
}

@Sendable private func toBool(_ value: CELValue, _: inout Frame) throws(Failure) -> CELValue? {
  switch value {
  case .bool: return value
  case .string(let text):
    switch text {
    case "1", "t", "true", "TRUE", "True": return .bool(true)
    case "0", "f", "false", "FALSE", "False": return .bool(false)
    default: throw unreadable(value, "bool")
    }
  default: return nil
  }
}

@Sendable private func toTimestamp(_ value: CELValue, _: inout Frame) throws(Failure) -> CELValue? {
  switch value {
  case .timestamp: return value
  case .int(let seconds):
    guard let timestamp = CELTimestamp(seconds: seconds) else {
      throw Failure("timestamp out of range: \(seconds) seconds are outside years 1 to 9999")
    }
    return .timestamp(timestamp)
  case .string(let text):
    guard let timestamp = try CELTimestamp(rfc3339: text) else {
      throw Failure("\(Evaluation.shown(value)) is no timestamp as in '2009-02-13T23:31:30Z'")
    }
    return .timestamp(timestamp)
  default: return nil
  }
}

@Sendable private func toDuration(_ value: CELValue, _: inout Frame) throws(Failure) -> CELValue? {
  switch value {
  case .duration: return value
  case .string(let text):
    guard let duration = try CELDuration(text: text) else {
      throw Failure("\(Evaluation.shown(value)) is no duration as in '1h30m' or '1.5s'")
    }
    return .duration(duration)
  default: return nil
  }
}

/// A double with the fewest digits that give it back, with an exponent below 1e-4 and from 1e21 on, as JSON writers
/// arrange them.
///
/// - Parameters:
///   - isPlain: never with an exponent, as `%s` wants it.
///   - limit: the least exponent that is written; `string(…)` writes `1e+06` as Go's `%g` and the language's other
///     implementations do.
func formatted(_ value: Double, isPlain: Bool = false, exponentFrom limit: Int = 21) -> String {
  if value.isNaN { return "NaN" }
  if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
  if value == 0 { return value.sign == .minus ? "-0" : "0" }
  let (digits, exponent) = decimalDigits(value.magnitude)
  let sign = value < 0 ? "-" : ""
  if !isPlain, exponent < -4 || exponent >= limit {
    let rest = digits.dropFirst()
    let magnitude = String(abs(exponent))
    return sign + digits.prefix(1) + (rest.isEmpty ? "" : "." + rest) + (exponent < 0 ? "e-" : "e+")
      + (magnitude.utf8.count < 2 ? "0" : "") + magnitude
  }
  if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
  if digits.utf8.count <= exponent + 1 {
    return sign + digits + String(repeating: "0", count: exponent + 1 - digits.utf8.count)
  }
  return sign + digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
}

/// The shortest digits of a positive number without zeros at either end, and the exponent of the first digit.
private func decimalDigits(_ value: Double) -> (digits: String, exponent: Int) {
  let parts = value.description.split(separator: "e")
  let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
  let whole = mantissa[0]
  var digits = String(whole) + (mantissa.count > 1 ? String(mantissa[1]) : "")
  var exponent = whole.utf8.count - 1 + (parts.count > 1 ? Int(parts[1]) ?? 0 : 0)
  while digits.hasPrefix("0"), digits.utf8.count > 1 {
    digits.removeFirst()
    exponent -= 1
  }
  while digits.hasSuffix("0"), digits.utf8.count > 1 { digits.removeLast() }
  return (digits, exponent)
}
