import Patterns
import YAMLTree

/// The formats that can be checked without asking anybody: those of draft-07 and Kubernetes' own.
package enum SchemaFormat: UInt8, Sendable, CaseIterable {
  case dateTime
  case date
  case time
  case ipv4
  case ipv6
  case ip
  case cidr
  case hostname
  case uri
  case uriReference
  case email
  case regex
  case jsonPointer
  case relativeJSONPointer
  case byte
  case int32
  case int64
  case intOrString

  /// The value of `format`.
  package var name: String {
    switch self {
    case .dateTime: "date-time"
    case .date: "date"
    case .time: "time"
    case .ipv4: "ipv4"
    case .ipv6: "ipv6"
    case .ip: "ip"
    case .cidr: "cidr"
    case .hostname: "hostname"
    case .uri: "uri"
    case .uriReference: "uri-reference"
    case .email: "email"
    case .regex: "regex"
    case .jsonPointer: "json-pointer"
    case .relativeJSONPointer: "relative-json-pointer"
    case .byte: "byte"
    case .int32: "int32"
    case .int64: "int64"
    case .intOrString: "int-or-string"
    }
  }

  /// What a value of the format is, after "must be".
  package var description: String {
    switch self {
    case .dateTime: "a time such as 2026-01-31T08:30:00Z"
    case .date: "a date such as 2026-01-31"
    case .time: "a time of day such as 08:30:00Z"
    case .ipv4: "an IPv4 address"
    case .ipv6: "an IPv6 address"
    case .ip: "an IP address"
    case .cidr: "an address range such as 10.0.0.0/8"
    case .hostname: "a host name"
    case .uri: "a URI"
    case .uriReference: "a URI or a relative reference"
    case .email: "an e-mail address"
    case .regex: "a regular expression"
    case .jsonPointer: "a JSON pointer such as /spec/ports/0"
    case .relativeJSONPointer: "a relative JSON pointer such as 1/name"
    case .byte: "base64"
    case .int32: "an integer of 32 bits"
    case .int64: "an integer of 64 bits"
    case .intOrString: "an integer or a string"
    }
  }

  init?(name: String) {
    guard let format = Self.allCases.first(where: { $0.name == name }) else { return nil }
    self = format
  }

  /// The kinds that the format is about.
  var kinds: KindSet {
    switch self {
    case .int32, .int64: .numbers
    case .intOrString: .all
    default: .string
    }
  }

  func accepts(_ node: Node) -> Bool {
    switch self {
    case .int32:
      let value = node.integer ?? ExactNumber(node)?.integer
      return value.map { Int32(exactly: $0) != nil } ?? false
    case .int64: return (node.integer ?? ExactNumber(node)?.integer) != nil
    case .intOrString:
      return node.kind == .integer || node.kind == .string
        || node.kind == .float && ExactNumber(node)?.isIntegral == true
    default: return node.withText { accepts($0) }
    }
  }

  private func accepts(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    switch self {
    case .dateTime: DateFormats.isDateTime(text[...])
    case .date: DateFormats.isDate(text[...])
    case .time: DateFormats.isTime(text[...])
    case .ipv4: AddressFormats.isIPv4(text[...])
    case .ipv6: AddressFormats.isIPv6(text[...])
    case .ip: AddressFormats.isIPv4(text[...]) || AddressFormats.isIPv6(text[...])
    case .cidr: AddressFormats.isCIDR(text[...])
    case .hostname: AddressFormats.isHostName(text[...])
    case .email: AddressFormats.isEmail(text[...])
    case .uri: URIFormats.isReference(text[...], needsScheme: true)
    case .uriReference: URIFormats.isReference(text[...], needsScheme: false)
    // What needs backtracking is refused, here as in `pattern`.
    case .regex: (try? Pattern(String(decoding: text, as: UTF8.self), dialect: .ecma262)) != nil
    case .jsonPointer: URIFormats.isPointer(text[...])
    case .relativeJSONPointer: URIFormats.isRelativePointer(text[...])
    case .byte: isBase64(text)
    case .int32, .int64, .intOrString: true
    }
  }

  /// RFC 4648 section 4 with padding; line ends are passed over, as Go's decoder does.
  private func isBase64(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
    var length = 0
    var padding = 0
    for byte in text where byte != 0x0A && byte != 0x0D {
      length += 1
      if byte == UInt8(ascii: "=") {
        padding += 1
      } else {
        guard padding == 0,
          byte.isLetter || byte.isDigit || byte == UInt8(ascii: "+") || byte == UInt8(ascii: "/")
        else { return false }
      }
    }
    return length % 4 == 0 && padding <= 2
  }
}

/// A part of a text under check.
typealias TextSlice = Slice<UnsafeBufferPointer<UInt8>>

extension UInt8 {
  var isDigit: Bool { self &- UInt8(ascii: "0") < 10 }
  var isLetter: Bool { (self | 0x20) &- UInt8(ascii: "a") < 26 }
  var isHexadecimal: Bool { isDigit || (self | 0x20) &- UInt8(ascii: "a") < 6 }
}

extension TextSlice {
  /// The value of a text of nothing but digits, at most nine.
  var digits: Int? {
    guard !isEmpty, count <= 9, allSatisfy(\.isDigit) else { return nil }
    return reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
  }
}
