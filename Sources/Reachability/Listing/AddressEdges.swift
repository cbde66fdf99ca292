import Kubernetes
import YAMLTree

/// Where ranges of addresses begin that policies tell apart.
struct AddressEdges: Sendable {
  private var ipv4: Set<UInt32> = [0]
  /// None where nothing in the cluster knows of IPv6: what is open to everybody is listed once, not once per family.
  private var ipv6: Set<UInt128> = []

  init() {}

  /// - Parameter knowsIPv6: whether addresses of IPv6 are listed at all.
  fileprivate init(knowsIPv6: Bool) {
    if knowsIPv6 { ipv6 = [0] }
  }

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
    guard !ipv6.isEmpty else { return }
    for interval in peers.ipv6.intervals {
      ipv6.insert(interval.lower)
      if interval.upper < .max { ipv6.insert(interval.upper + 1) }
    }
  }

  /// One address of each range, and the range's name (`a-b[External]`).
  func ranges(withIPv6: Bool) -> [(IPAddress, String)] {
    let four = ipv4.sorted()
    var ranges: [(IPAddress, String)] = four.enumerated().compactMap { index, lower in
      let upper = index + 1 < four.count ? four[index + 1] - 1 : .max
      let name = AddressText.name(IntervalSet<UInt32>.Interval(lower, upper))
      return IPAddress(AddressText.ipv4(lower)).map { ($0, name) }
    }
    let six = withIPv6 ? ipv6.sorted() : []
    ranges += six.enumerated().compactMap { index, lower in
      let upper = index + 1 < six.count ? six[index + 1] - 1 : .max
      let name = AddressText.name(IntervalSet<UInt128>.Interval(lower, upper))
      return IPAddress(AddressText.ipv6(lower)).map { ($0, name) }
    }
    return ranges
  }
}

extension PolicyEngine {
  /// The edges of all policies in a direction, under both readings: between two of them every address gets one answer.
  func addressEdges(_ direction: NetworkPolicy.Direction) -> AddressEdges {
    var edges = AddressEdges(knowsIPv6: knowsIPv6)
    var seen: Set<Int32> = []
    for policy in policies {
      for grant in policy.section(direction)?.grants ?? [] {
        for number in [grant.mayPeers, grant.mustPeers] where seen.insert(number).inserted {
          edges.add(tables.peerSets[number])
        }
      }
    }
    if network.profile.name == NetworkProfile.npGuard { addWrittenRanges(direction, to: &edges) }
    return edges
  }

  /// np-guard cuts at the ranges of sections that policyTypes leaves out too.
  private func addWrittenRanges(_ direction: NetworkPolicy.Direction, to edges: inout AddressEdges) {
    for manifest in network.policies where PolicyKind(manifest) == .network {
      let rules = manifest.node.at("spec", direction == .ingress ? "ingress" : "egress")
      for rule in rules?.elements ?? Elements.none {
        for peer in rule[direction == .ingress ? "from" : "to"]?.elements ?? Elements.none {
          guard let block = peer["ipBlock"].flatMap({ AddressBlock($0) }) else { continue }
          edges.add(PeerSet(ipv4: block.ipv4))
        }
      }
    }
  }

  /// True where the cluster is said to have IPv6, a pod has such an address, or a policy names such a range.
  private var knowsIPv6: Bool {
    if network.hasIPv6Services { return true }
    let networks = [network.podNetworks, network.nodeNetworks, network.apiServerNetworks]
    if networks.contains(where: { $0.contains(where: \.address.isIPv6) }) { return true }
    return policies.contains(where: \.rules.namesIPv6)
      || network.pods.contains { $0.addresses.contains(where: \.isIPv6) }
  }
}

extension PolicyEngine {
  /// One address of each part of a network within which no policy tells addresses apart, under any reading: what holds for
  /// one holds for the whole part. Linear in the edges of all policies.
  func atoms(of networks: [IPNetwork]) -> [IPAddress] {
    var starts: Set<IPAddress> = []
    func add(_ start: UInt128, isIPv6: Bool) {
      let address = isIPv6 ? IPAddress(ipv6: start) : IPAddress(ipv4: UInt32(truncatingIfNeeded: start))
      if networks.contains(where: { $0.contains(address) }) { starts.insert(address) }
    }
    func add(_ peers: PeerSet) {
      for interval in peers.ipv4.intervals {
        add(UInt128(interval.lower), isIPv6: false)
        if interval.upper < .max { add(UInt128(interval.upper) + 1, isIPv6: false) }
      }
      for interval in peers.ipv6.intervals {
        add(interval.lower, isIPv6: true)
        if interval.upper < .max { add(interval.upper + 1, isIPv6: true) }
      }
    }
    for network in networks { add(PeerSet(ipv4: network.ipv4Interval, ipv6: network.ipv6Interval)) }
    var seen: Set<Int32> = []
    for policy in policies {
      for direction in [NetworkPolicy.Direction.ingress, .egress] {
        for grant in policy.section(direction)?.grants ?? [] {
          for number in [grant.mayPeers, grant.mustPeers] where seen.insert(number).inserted {
            add(tables.peerSets[number])
          }
        }
      }
    }
    return starts.sorted { $0.isIPv6 == $1.isIPv6 ? $0.bits < $1.bits : !$0.isIPv6 }
  }
}

/// Addresses as text.
enum AddressText {
  /// What a list's ranges end in.
  static let mark = "[External]"

  /// A range as a list names it: `a-b[External]`.
  static func name(_ range: IntervalSet<UInt32>.Interval) -> String {
    "\(ipv4(range.lower))-\(ipv4(range.upper))\(mark)"
  }

  static func name(_ range: IntervalSet<UInt128>.Interval) -> String {
    "\(ipv6(range.lower))-\(ipv6(range.upper))\(mark)"
  }

  /// The first and the last address of a range of a list; nil for another name.
  static func range(_ name: String) -> (lower: IPAddress, upper: IPAddress)? {
    guard name.hasSuffix(mark) else { return nil }
    let ends = name.dropLast(mark.count).split(separator: "-").map { IPAddress(String($0)) }
    guard ends.count == 2, let lower = ends[0], let upper = ends[1] else { return nil }
    return (lower, upper)
  }

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
