import Kubernetes

/// Where ranges of addresses begin that policies tell apart.
struct AddressEdges: Sendable {
  private var ipv4: Set<UInt32> = [0]
  /// None where no policy mentions IPv6.
  private var ipv6: Set<UInt128> = []

  func union(_ other: AddressEdges) -> AddressEdges {
    var result = self
    result.ipv4.formUnion(other.ipv4)
    result.ipv6.formUnion(other.ipv6)
    return result
  }

  fileprivate mutating func add(_ peers: PeerSet) {
    for interval in peers.ipv4.intervals {
      ipv4.insert(interval.lower)
      if interval.upper < .max { ipv4.insert(interval.upper + 1) }
    }
    // Everyone draws no line.
    if peers.ipv6 == .all { return }
    for interval in peers.ipv6.intervals {
      ipv6.formUnion([0, interval.lower])
      if interval.upper < .max { ipv6.insert(interval.upper + 1) }
    }
  }

  /// One address of each range, and the range's name (`a-b[External]`).
  func ranges(withIPv6: Bool) -> [(IPAddress, String)] {
    let four = ipv4.sorted()
    var ranges: [(IPAddress, String)] = four.enumerated().compactMap { index, lower in
      let upper = index + 1 < four.count ? four[index + 1] - 1 : .max
      let name = "\(AddressText.ipv4(lower))-\(AddressText.ipv4(upper))[External]"
      return IPAddress(AddressText.ipv4(lower)).map { ($0, name) }
    }
    let six = withIPv6 ? ipv6.sorted() : []
    ranges += six.enumerated().compactMap { index, lower in
      let upper = index + 1 < six.count ? six[index + 1] - 1 : .max
      let name = "\(AddressText.ipv6(lower))-\(AddressText.ipv6(upper))[External]"
      return IPAddress(AddressText.ipv6(lower)).map { ($0, name) }
    }
    return ranges
  }
}

extension PolicyEngine {
  /// The edges of all policies in a direction.
  func addressEdges(_ direction: NetworkPolicy.Direction) -> AddressEdges {
    var edges = AddressEdges()
    var seen: Set<Int32> = []
    for policy in policies {
      for grant in policy.section(direction)?.grants ?? [] where seen.insert(grant.mayPeers).inserted {
        edges.add(tables.peerSets[grant.mayPeers])
      }
    }
    return edges
  }
}

/// Addresses as text.
enum AddressText {
  static func ipv4(_ bits: UInt32) -> String {
    [24, 16, 8, 0].map { String(bits >> UInt32($0) & 0xFF) }.joined(separator: ".")
  }

  /// Eight groups; the longest run of zeros (two at least) is left out, as RFC 5952 has it.
  static func ipv6(_ bits: UInt128) -> String {
    let groups = (0..<8).map { Int(truncatingIfNeeded: bits >> UInt128(112 - 16 * $0) & 0xFFFF) }
    var best = 0..<0
    var start = 0
    for index in 0...8 where index == 8 || groups[index] != 0 {
      if index - start > max(best.count, 1) { best = start..<index }
      start = index + 1
    }
    let text = { (part: ArraySlice<Int>) in part.map { String($0, radix: 16) }.joined(separator: ":") }
    return best.isEmpty
      ? text(groups[...]) : text(groups[..<best.lowerBound]) + "::" + text(groups[best.upperBound...])
  }
}
