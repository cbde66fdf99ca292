/// URIs (RFC 3986) and JSON pointers (RFC 6901).
enum URIFormats {
  static func isReference(_ text: TextSlice, needsScheme: Bool) -> Bool {
    guard hasOnlyURICharacters(text) else { return false }
    var rest = text
    if let hash = rest.firstIndex(of: UInt8(ascii: "#")) {
      guard !rest[(hash + 1)...].contains(UInt8(ascii: "#")) else { return false }
      rest = rest[..<hash]
    }
    if let mark = rest.firstIndex(of: UInt8(ascii: "?")) { rest = rest[..<mark] }
    let firstSegment = rest.prefix { $0 != UInt8(ascii: "/") }
    if let colon = firstSegment.firstIndex(of: UInt8(ascii: ":")) {
      // A relative reference may not have a colon in its first segment.
      guard isScheme(rest[..<colon]) else { return false }
      rest = rest[(colon + 1)...]
    } else if needsScheme {
      return false
    }
    guard rest.starts(with: [UInt8(ascii: "/"), UInt8(ascii: "/")]) else { return !hasBrackets(rest) }
    rest = rest.dropFirst(2)
    let authority = rest.prefix { $0 != UInt8(ascii: "/") }
    return isAuthority(authority) && !hasBrackets(rest[authority.endIndex...])
  }

  private static func isScheme(_ text: TextSlice) -> Bool {
    guard let first = text.first, first.isLetter else { return false }
    return text.allSatisfy { $0.isLetter || $0.isDigit || "+-.".utf8.contains($0) }
  }

  private static func isAuthority(_ text: TextSlice) -> Bool {
    var host = text
    if let at = host.lastIndex(of: UInt8(ascii: "@")) {
      guard !hasBrackets(host[..<at]), !host[..<at].contains(UInt8(ascii: "@")) else { return false }
      host = host[(at + 1)...]
    }
    if host.first == UInt8(ascii: "[") {
      guard let close = host.firstIndex(of: UInt8(ascii: "]")) else { return false }
      let address = host[(host.startIndex + 1)..<close]
      guard AddressFormats.isIPv6(address) || address.first.map({ $0 | 0x20 }) == UInt8(ascii: "v") else {
        return false
      }
      return isPort(host[(close + 1)...])
    }
    guard !hasBrackets(host) else { return false }
    guard let colon = host.firstIndex(of: UInt8(ascii: ":")) else { return true }
    return isPort(host[colon...])
  }

  private static func isPort(_ text: TextSlice) -> Bool {
    text.isEmpty || text.first == UInt8(ascii: ":") && text.dropFirst().allSatisfy(\.isDigit)
  }

  private static func hasBrackets(_ text: TextSlice) -> Bool {
    text.contains { $0 == UInt8(ascii: "[") || $0 == UInt8(ascii: "]") }
  }

  private static func hasOnlyURICharacters(_ text: TextSlice) -> Bool {
    var index = text.startIndex
    while index < text.endIndex {
      let byte = text[index]
      index += 1
      if byte == UInt8(ascii: "%") {
        guard index + 1 < text.endIndex, text[index].isHexadecimal, text[index + 1].isHexadecimal else {
          return false
        }
        index += 2
      } else if !byte.isLetter, !byte.isDigit, !":/?#[]@!$&'()*+,;=-._~".utf8.contains(byte) {
        return false
      }
    }
    return true
  }

  static func isPointer(_ text: TextSlice) -> Bool {
    guard let first = text.first else { return true }
    guard first == UInt8(ascii: "/") else { return false }
    var isEscape = false
    for byte in text {
      if isEscape, byte != UInt8(ascii: "0"), byte != UInt8(ascii: "1") { return false }
      isEscape = byte == UInt8(ascii: "~")
    }
    return !isEscape
  }

  static func isRelativePointer(_ text: TextSlice) -> Bool {
    let number = text.prefix(while: \.isDigit)
    guard !number.isEmpty, number.count == 1 || number.first != UInt8(ascii: "0") else { return false }
    let rest = text[number.endIndex...]
    return rest.elementsEqual([UInt8(ascii: "#")]) || isPointer(rest)
  }
}
