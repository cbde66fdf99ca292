import Kubernetes
import YAMLTree

/// An ipBlock by comparing leading bits.
struct NaiveBlock {
  /// The leading bits of an address range.
  struct Prefix {
    let bits: UInt128
    let width: Int
    let length: Int

    init(_ network: IPNetwork) {
      bits = network.address.bits
      width = network.address.isIPv6 ? 128 : 32
      length = network.prefixLength
    }

    init(bits: UInt128, width: Int, length: Int) {
      self.bits = bits
      self.width = width
      self.length = length
    }

    func bit(_ index: Int) -> UInt128 { bits >> UInt128(width - 1 - index) & 1 }

    /// True when both begin with the shorter one's bits.
    func agrees(with other: Prefix) -> Bool {
      guard width == other.width else { return false }
      return (0..<min(length, other.length)).allSatisfy { bit($0) == other.bit($0) }
    }

    func holds(_ other: Prefix) -> Bool { length <= other.length && agrees(with: other) }

    /// The two ranges of one bit more.
    var halves: [Prefix] {
      guard length < width else { return [] }
      let place = UInt128(1) << UInt128(width - 1 - length)
      return [
        Prefix(bits: bits & ~place, width: width, length: length + 1),
        Prefix(bits: bits | place, width: width, length: length + 1),
      ]
    }
  }

  let ranges: [Prefix]
  let exceptions: [Prefix]

  /// Several ranges, each an address with or without a length.
  init(ranges texts: [String]) {
    ranges = texts.compactMap { text in
      IPNetwork(text).map(Prefix.init) ?? IPAddress(text).map(Self.prefix)
    }
    exceptions = []
  }

  init(ranges: [IPNetwork], exceptions: [IPNetwork]) {
    self.ranges = ranges.map { Prefix($0) }
    self.exceptions = exceptions.map { Prefix($0) }
  }

  init(_ node: Node?) {
    ranges = IPNetwork(node?["cidr"]?.text ?? "").map { [Prefix($0)] } ?? []
    exceptions = node?["except"]?.elements.compactMap { IPNetwork($0.text).map(Prefix.init) } ?? []
  }

  private static func prefix(_ address: IPAddress) -> Prefix {
    let width = address.isIPv6 ? 128 : 32
    return Prefix(bits: address.bits, width: width, length: width)
  }

  static func holds(_ network: IPNetwork, _ address: IPAddress) -> Bool {
    Prefix(network).holds(prefix(address))
  }

  func contains(_ address: IPAddress) -> Bool { contains(Self.prefix(address)) }

  private func contains(_ part: Prefix) -> Bool {
    guard ranges.contains(where: { $0.holds(part) }) else { return false }
    return !exceptions.contains { $0.holds(part) }
  }

  /// True when the exceptions leave no address.
  var isNothing: Bool {
    !ranges.contains { pieces(of: $0).contains(true) }
  }

  /// How a block and the networks where an address lies relate: all of it inside, some, none.
  func meets(_ networks: [IPNetwork]) -> Ternary {
    let parts = networks.flatMap { pieces(of: Prefix($0)) }
    return Ternary(may: parts.contains(true), must: !parts.contains(false) && !parts.isEmpty)
  }

  /// Cuts a range in halves until each piece lies wholly inside or wholly outside of the block.
  private func pieces(of part: Prefix) -> [Bool] {
    guard ranges.contains(where: { $0.agrees(with: part) }) else { return [false] }
    let cuts = (ranges + exceptions).contains { $0.agrees(with: part) && $0.length > part.length }
    return cuts ? part.halves.flatMap { pieces(of: $0) } : [contains(part)]
  }
}
