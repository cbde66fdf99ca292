import Kubernetes
import YAMLTree

/// An ipBlock: the range without its exceptions.
struct AddressBlock: Sendable, Hashable {
  var ipv4 = IntervalSet<UInt32>()
  var ipv6 = IntervalSet<UInt128>()
  let hasExceptions: Bool

  /// An ipBlock of a NetworkPolicy, or an item of Cilium's `fromCIDRSet`: `cidr` without `except`.
  init?(_ node: Node) {
    guard let network = IPNetwork(node["cidr"]?.text ?? "") else { return nil }
    let exceptions = node["except"]?.elements.compactMap { IPNetwork($0.text) } ?? []
    hasExceptions = !exceptions.isEmpty
    add(network)
    for exception in exceptions { remove(exception) }
  }

  init(_ networks: [IPNetwork]) {
    hasExceptions = false
    for network in networks { add(network) }
  }

  /// Several ranges without others.
  init(_ networks: [IPNetwork], except exceptions: [IPNetwork]) {
    hasExceptions = !exceptions.isEmpty
    for network in networks { add(network) }
    for exception in exceptions { remove(exception) }
  }

  /// One address.
  init?(address text: String) {
    guard let address = IPAddress(text), let network = IPNetwork(text + (address.isIPv6 ? "/128" : "/32"))
    else { return nil }
    self.init([network])
  }

  mutating func add(_ network: IPNetwork) {
    if network.address.isIPv6 {
      ipv6 = ipv6.union(network.ipv6Interval)
    } else {
      ipv4 = ipv4.union(network.ipv4Interval)
    }
  }

  mutating func add(_ address: IPAddress) {
    if address.isIPv6 {
      ipv6 = ipv6.union(IntervalSet(address.bits, address.bits))
    } else {
      let bits = UInt32(truncatingIfNeeded: address.bits)
      ipv4 = ipv4.union(IntervalSet(bits, bits))
    }
  }

  private mutating func remove(_ network: IPNetwork) {
    if network.address.isIPv6 {
      ipv6 = ipv6.subtracting(network.ipv6Interval)
    } else {
      ipv4 = ipv4.subtracting(network.ipv4Interval)
    }
  }

  var isEmpty: Bool { ipv4.isEmpty && ipv6.isEmpty }

  func contains(_ address: IPAddress) -> Bool {
    address.isIPv6 ? ipv6.contains(address.bits) : ipv4.contains(UInt32(truncatingIfNeeded: address.bits))
  }

  func overlaps(_ other: AddressBlock) -> Bool { ipv4.overlaps(other.ipv4) || ipv6.overlaps(other.ipv6) }

  func isSuperset(of other: AddressBlock) -> Bool {
    ipv4.isSuperset(of: other.ipv4) && ipv6.isSuperset(of: other.ipv6)
  }
}

extension IPNetwork {
  /// The network's addresses; host bits that are set are masked, as the API server's parser does.
  var ipv4Interval: IntervalSet<UInt32> {
    let mask: UInt32 = prefixLength == 0 ? 0 : .max << UInt32(32 - prefixLength)
    let lower = UInt32(truncatingIfNeeded: address.bits) & mask
    return IntervalSet(lower, lower | ~mask)
  }

  var ipv6Interval: IntervalSet<UInt128> {
    let mask: UInt128 = prefixLength == 0 ? 0 : .max << UInt128(128 - prefixLength)
    let lower = address.bits & mask
    return IntervalSet(lower, lower | ~mask)
  }
}
