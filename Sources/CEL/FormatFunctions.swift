/// Kubernetes' named formats.
enum NamedFormat {
  /// The names with what is said of a text that is none; nil for one that is.
  static let rules: [String: @Sendable (String) -> String?] = [
    "dns1123Label": { name($0, most: 63, dots: false, letterFirst: false) },
    "dns1123Subdomain": { name($0, most: 253, dots: true, letterFirst: false) },
    "dns1035Label": { name($0, most: 63, dots: false, letterFirst: true) },
    "dns1123LabelPrefix": { prefix($0, most: 63, dots: false, letterFirst: false) },
    "dns1123SubdomainPrefix": { prefix($0, most: 253, dots: true, letterFirst: false) },
    "dns1035LabelPrefix": { prefix($0, most: 63, dots: false, letterFirst: true) },
    "qualifiedName": qualifiedName, "labelValue": { $0.isEmpty ? nil : labelName($0) },
    "uri": { CELURL($0) == nil ? "must be an absolute URI or an absolute path" : nil },
    "uuid": uuid,
    "byte": { $0.utf8.count % 4 != 0 || decodeBase64($0) == nil ? "must be base64 with padding" : nil },
    "date": date,
    "datetime": datetime,
  ]

  private static func name(_ text: String, most: Int, dots: Bool, letterFirst: Bool) -> String? {
    if text.utf8.count > most { return "must be no more than \(most) bytes" }
    let labels = dots ? text.split(separator: ".", omittingEmptySubsequences: false) : [text[...]]
    let fits = labels.allSatisfy { label in
      guard let first = label.utf8.first, let last = label.utf8.last else { return false }
      return label.utf8.allSatisfy { isLower($0) || $0.isDigit || $0 == UInt8(ascii: "-") }
        && (isLower(first) || (first.isDigit && !letterFirst)) && (isLower(last) || last.isDigit)
    }
    if fits { return nil }
    return "must consist of lower case letters, digits\(dots ? ", '.'" : "") and '-', start with a letter"
      + "\(letterFirst ? "" : " or a digit") and end with a letter or a digit"
  }

  private static func prefix(_ text: String, most: Int, dots: Bool, letterFirst: Bool) -> String? {
    name(
      text.hasSuffix("-") && text.utf8.count > 1 ? text.dropLast() + "x" : text, most: most, dots: dots,
      letterFirst: letterFirst)
  }

  private static func isLower(_ byte: UInt8) -> Bool { byte.isLetter && byte & 0x20 != 0 }

  private static func labelName(_ text: String) -> String? {
    let isEnd: (UInt8) -> Bool = { $0.isLetter || $0.isDigit }
    guard text.utf8.count <= 63, let first = text.utf8.first, let last = text.utf8.last, isEnd(first),
      isEnd(last),
      text.utf8.allSatisfy({ isEnd($0) || "-_.".utf8.contains($0) })
    else {
      return "must be up to 63 letters, digits, '-', '_' or '.', and start and end with a letter or a digit"
    }
    return nil
  }

  private static func qualifiedName(_ text: String) -> String? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    if parts.count > 2 { return "must be a name with an optional DNS subdomain and '/' before it" }
    if parts.count == 2, let fault = name(String(parts[0]), most: 253, dots: true, letterFirst: false) {
      return "the part before '/' " + fault
    }
    return labelName(String(parts[parts.count - 1])).map { "the name " + $0 }
  }

  private static func uuid(_ text: String) -> String? {
    let groups = text.split(separator: "-", omittingEmptySubsequences: false)
    let fits =
      groups.map(\.utf8.count) == [8, 4, 4, 4, 12]
      && groups.allSatisfy { $0.utf8.allSatisfy { $0.hexValue != nil } }
    return fits ? nil : "must be a UUID"
  }

  private static func date(_ text: String) -> String? {
    isTimestamp(text + "T00:00:00Z") ? nil : "must be a date as in 2009-02-13"
  }

  private static func datetime(_ text: String) -> String? {
    isTimestamp(text) ? nil : "must be a date and time as in 2009-02-13T23:31:30Z"
  }

  private static func isTimestamp(_ text: String) -> Bool {
    do throws(Failure) { return try CELTimestamp(rfc3339: text) != nil } catch { return false }
  }
}

extension FunctionTable {
  /// Kubernetes' format library.
  mutating func addFormats() {
    for name in NamedFormat.rules.keys.sorted() {
      function(
        "format." + name, [([], .format)],
        .arguments { (_: [CELValue], _: inout Frame) throws(Failure) in .format(name) })
    }
    function(
      "format.named", [([.string], .optional(.format))],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        guard case .string(let name) = value else { return nil }
        return .optional(NamedFormat.rules[name] == nil ? nil : .format(name))
      })
    method(
      "validate", [([.format, .string], .optional(.list(.string)))],
      .binary { (format: CELValue, value: CELValue, frame: inout Frame) throws(Failure) in
        guard case .format(let name) = format, case .string(let text) = value,
          let rule = NamedFormat.rules[name]
        else { return nil }
        try frame.charge(bytes: text.utf8.count * 4)
        return .optional(rule(text).map { .list([.string($0)]) })
      })
  }

  /// The encoder extension library, and Kubernetes' escape of keys in JSON patches.
  mutating func addEncoders() {
    function(
      "jsonpatch.escapeKey", [([.string], .string)],
      .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
        guard case .string(let text) = value else { return nil }
        try frame.charge(bytes: text.utf8.count * 2)
        let escaped = text.utf8.flatMap { byte -> [UInt8] in
          switch byte {
          case UInt8(ascii: "~"): [byte, UInt8(ascii: "0")]
          case UInt8(ascii: "/"): [UInt8(ascii: "~"), UInt8(ascii: "1")]
          default: [byte]
          }
        }
        return .string(String(decoding: escaped, as: UTF8.self))
      })
    function(
      "base64.encode", [([.bytes], .string)],
      .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
        guard case .bytes(let bytes) = value else { return nil }
        try frame.charge(bytes: bytes.count * 2)
        return .string(encodeBase64(bytes))
      })
    function(
      "base64.decode", [([.string], .bytes)],
      .unary { (value: CELValue, frame: inout Frame) throws(Failure) in
        guard case .string(let text) = value else { return nil }
        try frame.charge(bytes: text.utf8.count)
        guard let bytes = decodeBase64(text) else {
          throw Failure("\(Evaluation.shown(value)) is not base64")
        }
        return .bytes(bytes)
      })
  }
}

private let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

private func encodeBase64(_ bytes: [UInt8]) -> String {
  var result: [UInt8] = []
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    var bits = group.reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    bits <<= UInt32(8 * (3 - group.count))
    for place in 0..<4 {
      result.append(
        place <= group.count ? alphabet[Int(bits >> UInt32(18 - 6 * place) & 0x3F)] : UInt8(ascii: "="))
    }
  }
  return String(decoding: result, as: UTF8.self)
}

/// Takes base64 with or without padding; nil for anything else.
func decodeBase64(_ text: String) -> [UInt8]? {
  var digits = Array(text.utf8)
  if digits.count % 4 == 0 {
    for _ in 0..<2 where digits.last == UInt8(ascii: "=") { digits.removeLast() }
  }
  guard digits.count % 4 != 1 else { return nil }
  var result: [UInt8] = []
  var bits = UInt32(0)
  var count = 0
  for digit in digits {
    let value: UInt32
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): value = UInt32(digit - UInt8(ascii: "A"))
    case UInt8(ascii: "a")...UInt8(ascii: "z"): value = UInt32(digit - UInt8(ascii: "a")) + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): value = UInt32(digit - UInt8(ascii: "0")) + 52
    case UInt8(ascii: "+"): value = 62
    case UInt8(ascii: "/"): value = 63
    default: return nil
    }
    bits = (bits << 6 | value) & 0xFFFFFF
    count += 6
    if count >= 8 {
      count -= 8
      result.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
    }
  }
  return result
}
