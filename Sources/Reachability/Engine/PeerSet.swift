/// Who a peer stands for: classes of pods, and addresses that are no pod's.
struct PeerSet: Hashable, Sendable {
  var classes = IntervalSet<Int32>()
  var ipv4 = IntervalSet<UInt32>()
  var ipv6 = IntervalSet<UInt128>()

  var isEmpty: Bool { classes.isEmpty && ipv4.isEmpty && ipv6.isEmpty }

  func union(_ other: PeerSet) -> PeerSet {
    PeerSet(classes: classes.union(other.classes), ipv4: ipv4.union(other.ipv4), ipv6: ipv6.union(other.ipv6))
  }

  func intersection(_ other: PeerSet) -> PeerSet {
    PeerSet(
      classes: classes.intersection(other.classes), ipv4: ipv4.intersection(other.ipv4),
      ipv6: ipv6.intersection(other.ipv6))
  }

  func subtracting(_ other: PeerSet) -> PeerSet {
    PeerSet(
      classes: classes.subtracting(other.classes), ipv4: ipv4.subtracting(other.ipv4),
      ipv6: ipv6.subtracting(other.ipv6))
  }

  func contains(_ peer: PeerPoint) -> Bool {
    switch peer {
    case .podClass(let index): classes.contains(index)
    case .ipv4(let bits): ipv4.contains(bits)
    case .ipv6(let bits): ipv6.contains(bits)
    }
  }
}

/// One point of a peer set.
enum PeerPoint: Sendable, Hashable {
  case podClass(Int32)
  case ipv4(UInt32)
  case ipv6(UInt128)
}

/// Keeps each value once and hands out its number: rows hold numbers, and equal sets are equal numbers.
struct InternPool<Value: Hashable & Sendable>: Sendable {
  private(set) var values: [Value] = []
  private var numbers: [Value: Int32] = [:]

  /// The number of a value. Linear in the value (it is hashed).
  mutating func intern(_ value: Value) -> Int32 {
    if let number = numbers[value] { return number }
    let number = Int32(clamping: values.count)
    values.append(value)
    numbers[value] = number
    return number
  }

  subscript(number: Int32) -> Value { values[Int(number)] }

  func number(of value: Value) -> Int32? { numbers[value] }

  var count: Int { values.count }
}
