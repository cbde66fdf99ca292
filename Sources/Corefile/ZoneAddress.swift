/// A key of a server block: the zone, the port and the transport that it stands for (coredns/coredns, core/dnsserver).
package struct ZoneAddress: Hashable, Sendable {
  /// Lower case, without the last dot; empty for the root zone.
  package let zone: String
  package let port: Int
  package let scheme: String
  /// The port stands in the key.
  package let hasPort: Bool

  /// Reads a key as it stands. A reverse network becomes its `arpa` zone where it is cut at a dot.
  package init(_ key: String) {
    var rest = key.lowercased()[...]
    var scheme = "dns"
    if let separator = rest.firstRange(of: "://") {
      scheme = String(rest[..<separator.lowerBound])
      rest = rest[separator.upperBound...]
    }
    self.scheme = scheme
    var port: Int?
    if let colon = rest.lastIndex(of: ":"), let number = Int(rest[rest.index(after: colon)...]),
      !rest[..<colon].contains(":") || rest[..<colon].hasSuffix("]")
    {
      port = number
      rest = rest[..<colon]
    }
    hasPort = port != nil
    self.port = port ?? Self.defaultPort(scheme)
    zone = Self.name(String(rest))
  }

  /// A zone at CoreDNS's own port.
  package init(zone: String, port: Int) {
    self.zone = Self.name(zone.lowercased())
    self.port = port
    scheme = "dns"
    hasPort = true
  }

  package static func == (a: ZoneAddress, b: ZoneAddress) -> Bool {
    a.zone == b.zone && a.port == b.port && a.scheme == b.scheme
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(zone)
    hasher.combine(port)
  }

  /// True for a zone inside another.
  package func isBelow(_ other: String) -> Bool { !other.isEmpty && zone.hasSuffix("." + other) }

  private static func defaultPort(_ scheme: String) -> Int {
    switch scheme {
    case "tls", "quic": 853
    case "grpc", "https", "https3": 443
    default: 53
    }
  }

  private static func name(_ text: String) -> String {
    var text = text
    if text.hasSuffix(".") { text.removeLast() }
    return reverseZone(text) ?? text
  }

  /// `10.1.0.0/16` → `1.10.in-addr.arpa`; nil for names and for networks that are several zones.
  private static func reverseZone(_ text: String) -> String? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, let length = Int(parts[1]), [8, 16, 24, 32].contains(length) else { return nil }
    let octets = parts[0].split(separator: ".", omittingEmptySubsequences: false)
    guard octets.count == 4, octets.allSatisfy({ UInt8($0) != nil }) else { return nil }
    return octets.prefix(length / 8).reversed().joined(separator: ".") + ".in-addr.arpa"
  }
}
