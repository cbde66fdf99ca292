/// An IP address of either family.
package struct CELAddress: Sendable, Hashable {
  /// The upper 64 bits of an IPv6 address.
  let high: UInt64
  /// The lower 64 bits, or an IPv4 address.
  let low: UInt64
  package let isIPv4: Bool

  init(high: UInt64, low: UInt64, isIPv4: Bool) {
    self.high = high
    self.low = low
    self.isIPv4 = isIPv4
  }

  /// Reads an address. Zones and IPv4-mapped addresses (`::ffff:10.0.0.1`) are refused, as in Kubernetes; the last two
  /// groups of others may be written as an IPv4 address (`64:ff9b::192.0.2.33`), as in RFC 4291.
  package init?(_ text: String) {
    guard text.utf8.count <= 45 else { return nil }
    if !text.utf8.contains(UInt8(ascii: ":")) {
      guard let value = Self.ipv4(text[...]) else { return nil }
      self.init(high: 0, low: value, isIPv4: true)
      return
    }
    let hasDots = text.utf8.contains(UInt8(ascii: "."))
    guard let groups = hasDots ? Self.groupsEndingInIPv4(text) : Self.groups(text) else { return nil }
    let high = groups[0..<4].reduce(UInt64(0)) { $0 << 16 | $1 }
    let low = groups[4..<8].reduce(UInt64(0)) { $0 << 16 | $1 }
    // An IPv4 address in hexadecimal is that address.
    if high == 0, low >> 32 == 0xFFFF {
      guard !hasDots else { return nil }
      self.init(high: 0, low: low & 0xFFFF_FFFF, isIPv4: true)
    } else {
      self.init(high: high, low: low, isIPv4: false)
    }
  }

  private static func ipv4(_ text: Substring) -> UInt64? {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 4 else { return nil }
    var value = UInt64(0)
    for part in parts {
      guard !part.isEmpty, part.utf8.count <= 3, part.utf8.allSatisfy(\.isDigit),
        part.utf8.count == 1 || !part.hasPrefix("0"), let number = UInt64(part), number < 256
      else { return nil }
      value = value << 8 | number
    }
    return value
  }

  private static func groupsEndingInIPv4(_ text: String) -> [UInt64]? {
    guard let colon = text.utf8.lastIndex(of: UInt8(ascii: ":")),
      let value = ipv4(text[text.index(after: colon)...])
    else { return nil }
    return groups(text[...colon] + String(value >> 16, radix: 16) + ":" + String(value & 0xFFFF, radix: 16))
  }

  private static func groups(_ text: String) -> [UInt64]? {
    func numbers(_ text: Substring) -> [UInt64]? {
      if text.isEmpty { return [] }
      var numbers: [UInt64] = []
      for part in text.split(separator: ":", omittingEmptySubsequences: false) {
        guard !part.isEmpty, part.utf8.count <= 4, part.utf8.allSatisfy({ $0.hexValue != nil }),
          let number = UInt64(part, radix: 16)
        else { return nil }
        numbers.append(number)
      }
      return numbers
    }
    let bytes = Array(text.utf8)
    let colon = UInt8(ascii: ":")
    let gap = bytes.indices.dropLast().first { bytes[$0] == colon && bytes[$0 + 1] == colon }
    guard let gap else {
      guard let all = numbers(text[...]), all.count == 8 else { return nil }
      return all
    }
    let before = Substring(String(decoding: bytes[..<gap], as: UTF8.self))
    let after = Substring(String(decoding: bytes[(gap + 2)...], as: UTF8.self))
    guard let first = numbers(before), let last = numbers(after), first.count + last.count < 8 else {
      return nil
    }
    return first + [UInt64](repeating: 0, count: 8 - first.count - last.count) + last
  }

  /// The address in its canonical form (RFC 5952).
  package var text: String {
    if isIPv4 {
      let octets: [UInt64] = [low >> 24, low >> 16, low >> 8, low]
      return octets.map { String($0 & 0xFF) }.joined(separator: ".")
    }
    let groups: [UInt64] = (0..<8).map { index in
      let shift = UInt64(48 - 16 * (index % 4))
      return ((index < 4 ? high : low) >> shift) & 0xFFFF
    }
    var longest = 0..<0
    var start = 0
    while start < 8 {
      var end = start
      while end < 8, groups[end] == 0 { end += 1 }
      if end - start > longest.count, end - start > 1 { longest = start..<end }
      start = max(end, start + 1)
    }
    let hexadecimal = groups.map { String($0, radix: 16) }
    if longest.isEmpty { return hexadecimal.joined(separator: ":") }
    return hexadecimal[..<longest.lowerBound].joined(separator: ":") + "::"
      + hexadecimal[longest.upperBound...].joined(separator: ":")
  }

  var bits: Int { isIPv4 ? 32 : 128 }

  /// The address with all but the first bits cleared.
  func masked(_ length: Int) -> CELAddress {
    if isIPv4 { return CELAddress(high: 0, low: low & (~UInt64(0) << UInt64(32 - length)), isIPv4: true) }
    let highMask = length >= 64 ? ~UInt64(0) : ~UInt64(0) << UInt64(64 - length)
    let lowMask = length <= 64 ? 0 : ~UInt64(0) << UInt64(128 - length)
    return CELAddress(high: high & highMask, low: low & lowMask, isIPv4: false)
  }

  var isUnspecified: Bool { high == 0 && low == 0 }

  var isLoopback: Bool { isIPv4 ? low >> 24 == 127 : high == 0 && low == 1 }

  var isMulticast: Bool { isIPv4 ? low >> 28 == 0xE : high >> 56 == 0xFF }

  var isLinkLocalMulticast: Bool { isIPv4 ? low >> 8 == 0xE00000 : high >> 48 & 0xFF0F == 0xFF02 }

  var isLinkLocalUnicast: Bool { isIPv4 ? low >> 16 == 0xA9FE : high >> 54 == 0x3FA }

  var isGlobalUnicast: Bool {
    !isUnspecified && !isLoopback && !isMulticast && !isLinkLocalUnicast && !(isIPv4 && low == 0xFFFF_FFFF)
  }
}

/// An address with the length of its network's prefix.
package struct CELNetwork: Sendable, Hashable {
  package let address: CELAddress
  let length: UInt8

  init(address: CELAddress, length: UInt8) {
    self.address = address
    self.length = length
  }

  /// Reads `address/length`; bits beyond the prefix may be set.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let address = CELAddress(String(parts[0])), !parts[1].isEmpty,
      parts[1].utf8.allSatisfy(\.isDigit), parts[1].utf8.count == 1 || !parts[1].hasPrefix("0"),
      let length = UInt8(parts[1]), length <= address.bits
    else { return nil }
    self.init(address: address, length: length)
  }

  package var text: String { address.text + "/" + String(length) }

  var masked: CELNetwork { CELNetwork(address: address.masked(Int(length)), length: length) }

  func contains(_ other: CELAddress) -> Bool {
    other.isIPv4 == address.isIPv4 && other.masked(Int(length)) == address.masked(Int(length))
  }

  func contains(_ other: CELNetwork) -> Bool { other.length >= length && contains(other.address) }
}
