/// An IPv4 or IPv6 address as 128 bits; IPv4 uses the last 32.
package struct IPAddress: Hashable, Sendable {
  package let isIPv6: Bool
  package let bits: UInt128

  /// Reads the canonical text forms: dotted decimal without leading zeros, or RFC 4291.
  package init?(_ text: some StringProtocol) {
    let bytes = Array(text.utf8)
    if let value = Self.dotted(bytes[...]) {
      isIPv6 = false
      bits = UInt128(value)
    } else if let value = Self.hexadecimal(bytes) {
      isIPv6 = true
      bits = value
    } else {
      return nil
    }
  }

  package init(ipv4 bits: UInt32) {
    isIPv6 = false
    self.bits = UInt128(bits)
  }

  package init(ipv6 bits: UInt128) {
    isIPv6 = true
    self.bits = bits
  }

  private static func dotted(_ bytes: ArraySlice<UInt8>) -> UInt32? {
    let parts = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value: UInt32 = 0
    for part in parts {
      guard (1...3).contains(part.count), part.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }),
        part.count == 1 || part.first != UInt8(ascii: "0")
      else { return nil }
      let octet = part.reduce(0) { $0 * 10 + Int($1 - UInt8(ascii: "0")) }
      guard octet <= 255 else { return nil }
      value = value << 8 | UInt32(octet)
    }
    return value
  }

  private static func hexadecimal(_ bytes: [UInt8]) -> UInt128? {
    guard bytes.contains(UInt8(ascii: ":")), bytes.count <= 45 else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    let halves = text.components(separatedBy: "::")
    guard halves.count <= 2 else { return nil }
    guard let head = groups(halves[0], isLast: halves.count == 1) else { return nil }
    guard halves.count == 2 else {
      return head.count == 8 ? head.reduce(0) { $0 << 16 | UInt128($1) } : nil
    }
    guard let tail = groups(halves[1], isLast: true), head.count + tail.count <= 7 else { return nil }
    let all = head + Array(repeating: 0, count: 8 - head.count - tail.count) + tail
    return all.reduce(0) { $0 << 16 | UInt128($1) }
  }

  private static func groups(_ text: String, isLast: Bool) -> [UInt16]? {
    if text.isEmpty { return [] }
    var result: [UInt16] = []
    let parts = text.split(separator: ":", omittingEmptySubsequences: false)
    for (index, part) in parts.enumerated() {
      if isLast, index == parts.count - 1, part.contains(".") {
        guard let value = dotted(Array(part.utf8)[...]) else { return nil }
        result += [UInt16(value >> 16), UInt16(value & 0xFFFF)]
      } else {
        guard (1...4).contains(part.utf8.count),
          part.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
          let value = UInt16(part, radix: 16)
        else { return nil }
        result.append(value)
      }
    }
    return result
  }

  /// The address as people write it: dotted decimal, or the canonical text of RFC 5952.
  package var description: String {
    guard isIPv6 else {
      let value = UInt32(truncatingIfNeeded: bits)
      return "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)"
    }
    let groups = (0..<8).map { UInt16(truncatingIfNeeded: bits >> (112 - 16 * UInt128($0))) }
    // The longest run of zeros, the first of several, is left out.
    var longest = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start > max(1, longest.count) { longest = start..<end }
      start = max(end, start + 1)
    }
    func text(_ part: ArraySlice<UInt16>) -> String {
      part.map { String($0, radix: 16) }.joined(separator: ":")
    }
    if longest.isEmpty { return text(groups[...]) }
    return "\(text(groups[..<longest.lowerBound]))::\(text(groups[longest.upperBound...]))"
  }

  /// Why the API server refuses the address for an endpoint (ValidateNonSpecialIP of
  /// kubernetes/apis/core/validation), or nil.
  package var endpointFault: String? {
    if bits == 0 { return "the unspecified address" }
    if isIPv6 {
      if bits == 1 { return "a loopback address" }
      if bits >> 118 == 0x3FA { return "a link-local address" }
      if bits >> 112 == 0xFF02 { return "a link-local multicast address" }
    } else {
      if bits >> 24 == 127 { return "a loopback address" }
      if bits >> 16 == 0xA9FE { return "a link-local address" }
      if bits >> 8 == 0xE00000 { return "a link-local multicast address" }
    }
    return nil
  }
}

/// An address range in CIDR notation.
package struct IPNetwork: Hashable, Sendable {
  package let address: IPAddress
  package let prefixLength: Int

  package init?(_ text: String) {
    guard let slash = text.firstIndex(of: "/"), let address = IPAddress(text[..<slash]) else { return nil }
    let digits = text[text.index(after: slash)...]
    guard let length = Int(digits), digits.utf8.allSatisfy({ $0 &- UInt8(ascii: "0") < 10 }),
      0...(address.isIPv6 ? 128 : 32) ~= length
    else { return nil }
    self.address = address
    prefixLength = length
  }

  /// The same network with the bits behind its prefix cleared.
  package var masked: IPNetwork {
    let free = UInt128((address.isIPv6 ? 128 : 32) - prefixLength)
    let bits = free >= 128 ? 0 : (address.bits >> free) << free
    return IPNetwork(
      address.isIPv6 ? IPAddress(ipv6: bits) : IPAddress(ipv4: UInt32(truncatingIfNeeded: bits)), prefixLength
    )
  }

  package init(_ address: IPAddress, _ prefixLength: Int) {
    self.address = address
    self.prefixLength = prefixLength
  }

  /// The network of one address.
  package init(only address: IPAddress) { self.init(address, address.isIPv6 ? 128 : 32) }

  /// `10.97.0.0/16`.
  package var description: String { "\(address.description)/\(prefixLength)" }

  /// True when the address lies in the network.
  package func contains(_ other: IPAddress) -> Bool {
    guard address.isIPv6 == other.isIPv6 else { return false }
    let free = UInt128((address.isIPv6 ? 128 : 32) - prefixLength)
    return free == 128 || address.bits >> free == other.bits >> free
  }

  /// True when the two networks share an address.
  package func overlaps(_ other: IPNetwork) -> Bool {
    prefixLength <= other.prefixLength ? contains(other.address) : other.contains(address)
  }
}

extension String {
  /// Splits at a separator, keeping empty parts.
  func components(separatedBy separator: String) -> [String] {
    var parts: [String] = []
    var rest = self[...]
    while let range = rest.firstRange(of: separator) {
      parts.append(String(rest[..<range.lowerBound]))
      rest = rest[range.upperBound...]
    }
    parts.append(String(rest))
    return parts
  }
}
