/// Addresses of hosts and mailboxes.
enum AddressFormats {
  /// Four decimal numbers without leading zeros, which some readers take for octal.
  static func isIPv4(_ text: TextSlice) -> Bool {
    var dots = 0
    var value = 0
    var length = 0
    for byte in text {
      if byte == UInt8(ascii: ".") {
        guard length > 0 else { return false }
        dots += 1
        (value, length) = (0, 0)
        continue
      }
      guard byte.isDigit, length == 0 || value > 0 else { return false }
      value = value * 10 + Int(byte - UInt8(ascii: "0"))
      length += 1
      guard value <= 255 else { return false }
    }
    return dots == 3 && length > 0
  }

  /// RFC 4291 section 2.2, without zones.
  static func isIPv6(_ text: TextSlice) -> Bool {
    var groups = 0
    var hasGap = false
    var rest = text
    let colon = UInt8(ascii: ":")
    if rest.starts(with: [colon, colon]) {
      hasGap = true
      rest = rest.dropFirst(2)
    }
    while !rest.isEmpty {
      let group = rest.prefix { $0 != colon }
      if group.contains(UInt8(ascii: ".")) {
        guard group.endIndex == rest.endIndex, isIPv4(group) else { return false }
        groups += 2
        break
      }
      guard 1...4 ~= group.count, group.allSatisfy(\.isHexadecimal) else { return false }
      groups += 1
      rest = rest[group.endIndex...]
      guard !rest.isEmpty else { break }
      rest = rest.dropFirst()
      if rest.first == colon {
        if hasGap { return false }
        hasGap = true
        rest = rest.dropFirst()
      } else if rest.isEmpty {
        return false
      }
    }
    return hasGap ? groups <= 7 : groups == 8
  }

  /// An address and a prefix length.
  static func isCIDR(_ text: TextSlice) -> Bool {
    guard let slash = text.firstIndex(of: UInt8(ascii: "/")) else { return false }
    let length = text[(slash + 1)...]
    guard length.count <= 3, let bits = length.digits, length.count == 1 || length.first != UInt8(ascii: "0")
    else { return false }
    let address = text[..<slash]
    return bits <= 32 && isIPv4(address) || bits <= 128 && isIPv6(address)
  }

  /// RFC 1123: labels of letters, digits and `-`.
  static func isHostName(_ text: TextSlice) -> Bool {
    guard 1...253 ~= text.count else { return false }
    var rest = text
    while true {
      let label = rest.prefix { $0 != UInt8(ascii: ".") }
      guard 1...63 ~= label.count, label.first != UInt8(ascii: "-"), label.last != UInt8(ascii: "-"),
        label.allSatisfy({ $0.isLetter || $0.isDigit || $0 == UInt8(ascii: "-") })
      else { return false }
      guard label.endIndex < rest.endIndex else { return true }
      rest = rest[(label.endIndex + 1)...]
    }
  }

  /// RFC 5321's mailbox: a dotted or quoted local part, a host name or an address in brackets.
  static func isEmail(_ text: TextSlice) -> Bool {
    guard let at = text.lastIndex(of: UInt8(ascii: "@")) else { return false }
    let local = text[..<at]
    let domain = text[(at + 1)...]
    guard 1...64 ~= local.count, isLocalPart(local) else { return false }
    if domain.first == UInt8(ascii: "["), domain.last == UInt8(ascii: "]") {
      let inner = domain.dropFirst().dropLast()
      if inner.starts(with: Array("IPv6:".utf8)) { return isIPv6(inner.dropFirst(5)) }
      return isIPv4(inner)
    }
    return isHostName(domain)
  }

  private static func isLocalPart(_ text: TextSlice) -> Bool {
    if text.count >= 2, text.first == UInt8(ascii: "\""), text.last == UInt8(ascii: "\"") {
      var isEscaped = false
      for byte in text.dropFirst().dropLast() {
        if isEscaped {
          isEscaped = false
        } else if byte == UInt8(ascii: "\\") {
          isEscaped = true
        } else if byte == UInt8(ascii: "\"") || byte < 0x20 {
          return false
        }
      }
      return !isEscaped
    }
    return text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { atom in
      !atom.isEmpty
        && atom.allSatisfy { $0.isLetter || $0.isDigit || "!#$%&'*+-/=?^_`{|}~".utf8.contains($0) }
    }
  }
}
