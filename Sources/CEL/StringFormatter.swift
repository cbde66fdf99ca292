import Glibc

/// `format`: replaces `%s`, `%d`, `%.2f` and so on by a list's elements, as the specification's page on the string
/// extensions has it.
struct StringFormatter {
  private let bytes: [UInt8]
  private let arguments: any CELList
  private var position = 0
  private var used = 0
  private var result = ""

  init(_ text: String, _ arguments: any CELList) {
    bytes = Array(text.utf8)
    self.arguments = arguments
  }

  mutating func run(_ frame: inout Frame) throws(Failure) -> String {
    try frame.charge(bytes: bytes.count)
    while position < bytes.count {
      let start = position
      while position < bytes.count, bytes[position] != UInt8(ascii: "%") { position += 1 }
      result += String(decoding: bytes[start..<position], as: UTF8.self)
      if position < bytes.count {
        position += 1
        try clause(&frame)
      }
    }
    return result
  }

  private mutating func clause(_ frame: inout Frame) throws(Failure) {
    if position < bytes.count, bytes[position] == UInt8(ascii: "%") {
      position += 1
      result += "%"
      return
    }
    let precision = try self.precision()
    guard position < bytes.count else {
      throw Failure("could not parse formatting clause: it ends after '%'")
    }
    let verb = bytes[position]
    position += 1
    guard "sdfebxXo".utf8.contains(verb) else {
      var end = position
      while end < bytes.count, bytes[end] & 0xC0 == 0x80 { end += 1 }
      let shown = printable(String(decoding: bytes[position - 1..<end], as: UTF8.self))
      throw Failure("could not parse formatting clause: unrecognized formatting clause \"\(shown)\"")
    }
    guard used < arguments.count else {
      throw Failure("index \(used) out of range: there are \(arguments.count) arguments")
    }
    let value = arguments.element(at: used)
    used += 1
    let text = try Self.text(value, verb, precision, &frame)
    try frame.charge(bytes: text.utf8.count)
    result += text
  }

  private mutating func precision() throws(Failure) -> Int {
    guard position < bytes.count, bytes[position] == UInt8(ascii: ".") else { return 6 }
    position += 1
    var value = 0
    guard position < bytes.count, bytes[position].isDigit else {
      throw Failure("could not parse formatting clause: digits are missing after '.'")
    }
    while position < bytes.count, bytes[position].isDigit {
      value = value * 10 + Int(bytes[position] - UInt8(ascii: "0"))
      guard value <= 300 else { throw Failure("a precision in format() can be up to 300") }
      position += 1
    }
    return value
  }

  private static func text(
    _ value: CELValue, _ verb: UInt8, _ precision: Int, _ frame: inout Frame
  ) throws(Failure) -> String {
    switch verb {
    case UInt8(ascii: "s"): return try plain(value, &frame, 0)
    case UInt8(ascii: "d"):
      switch value {
      case .int(let value): return String(value)
      case .uint(let value): return String(value)
      case .double(let value): return formatted(value, isPlain: true)
      default: throw wrong("decimal clause can only be used on integers", value)
      }
    case UInt8(ascii: "b"):
      switch value {
      case .int(let value): return String(value, radix: 2)
      case .uint(let value): return String(value, radix: 2)
      case .bool(let value): return value ? "1" : "0"
      default: throw wrong("only integers and bools can be formatted as binary", value)
      }
    case UInt8(ascii: "o"):
      switch value {
      case .int(let value): return String(value, radix: 8)
      case .uint(let value): return String(value, radix: 8)
      default: throw wrong("octal clause can only be used on integers", value)
      }
    case UInt8(ascii: "x"), UInt8(ascii: "X"):
      return try hexadecimal(value, uppercase: verb == UInt8(ascii: "X"))
    case UInt8(ascii: "e"):
      return try decimal(value, "%.*e", precision, "scientific clause can only be used on doubles")
    default: return try decimal(value, "%.*f", precision, "fixed-point clause can only be used on doubles")
    }
  }

  private static func wrong(_ message: String, _ value: CELValue) -> Failure {
    Failure("error during formatting: \(message), was given \(value.typeName)")
  }

  private static func hexadecimal(_ value: CELValue, uppercase: Bool) throws(Failure) -> String {
    let bytes: [UInt8]
    switch value {
    case .int(let value): return String(value, radix: 16, uppercase: uppercase)
    case .uint(let value): return String(value, radix: 16, uppercase: uppercase)
    case .string(let text): bytes = Array(text.utf8)
    case .bytes(let value): bytes = value
    default: throw wrong("only integers, byte buffers, and strings can be formatted as hex", value)
    }
    return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: uppercase) }.joined()
  }

  private static func decimal(
    _ value: CELValue, _ format: String, _ precision: Int, _ message: String
  ) throws(Failure) -> String {
    let number: Double
    switch value {
    case .double(let value): number = value
    case .int(let value): number = Double(value)
    case .uint(let value): number = Double(value)
    default: throw wrong(message, value)
    }
    guard number.isFinite else { return formatted(number) }
    // 309 digits before the point and 300 after it fit.
    var buffer = [CChar](repeating: 0, count: 640)
    let length = withVaList([Int32(precision), number]) { vsnprintf(&buffer, buffer.count, format, $0) }
    return String(decoding: buffer.prefix(Int(max(0, length))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// A value as `%s` shows it; maps in the order of their keys' text.
  private static func plain(_ value: CELValue, _ frame: inout Frame, _ depth: Int) throws(Failure) -> String {
    try frame.charge(1)
    switch value {
    case .null: return "null"
    case .bool(let value): return value ? "true" : "false"
    case .int(let value): return String(value)
    case .uint(let value): return String(value)
    case .double(let value): return formatted(value, isPlain: true)
    case .string(let text): return text
    case .bytes(let bytes): return String(decoding: bytes, as: UTF8.self)
    case .timestamp(let value): return value.text
    case .duration(let value): return value.text
    case .type(let name): return name
    case .list(let list):
      var parts: [String] = []
      let inner = try deeper(depth)
      for index in 0..<list.count {
        let part = try plain(list.element(at: index), &frame, inner)
        try frame.charge(bytes: part.utf8.count)
        parts.append(part)
      }
      return "[" + parts.joined(separator: ", ") + "]"
    case .map(let map):
      var parts: [(key: String, value: String)] = []
      let inner = try deeper(depth)
      for key in map.keys {
        let text = try plain(map.value(forKey: key) ?? .null, &frame, inner)
        try frame.charge(bytes: text.utf8.count)
        parts.append((try plain(key, &frame, inner), text))
      }
      parts.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      return "{" + parts.map { $0.key + ": " + $0.value }.joined(separator: ", ") + "}"
    case .ip, .cidr, .quantity, .url, .semanticVersion, .optional, .format:
      throw wrong(
        "string clause can only be used on strings, bools, bytes, ints, doubles, maps, lists, types, durations, "
          + "and timestamps", value)
    }
  }
}
