import YAMLTree

/// How the items of two lists belong together: Kubernetes' lists are maps by some key, sets, or sequences.
///
/// The API marks lists with `x-kubernetes-list-map-keys`; custom resources mostly do not, so the key is found in the
/// items: the first candidate that all of them have, with a value that no other has.
struct ListItems {
  /// Items that stand for one another; nil where a side has none.
  struct Pair {
    /// What stands between the brackets of the path.
    let label: String
    let before: Node?
    let after: Node?
  }

  private(set) var pairs: [Pair] = []
  /// True when both have the same items in another order and the order may matter.
  private(set) var isReordered = false

  /// Fields whose items are compared place by place.
  private static let sequences: Set<String> = ["command", "args"]

  /// Candidates for keys, the most particular first. A part after `|` stands in where the field is absent.
  private static let keys: [[String]] = [
    ["name"], ["port", "protocol|TCP"], ["containerPort", "protocol|TCP"], ["number", "protocol|TCP"],
    ["mountPath"], ["ip"], ["hostname"], ["address"], ["host"], ["key"], ["id"], ["type"],
    ["kind", "metadata.name"], ["kind", "name"],
  ]

  /// Pairs the items of two lists that are the value of a field.
  init(field: String, before: Node, after: Node) {
    let old = before.elements.map { $0 }
    let new = after.elements.map { $0 }
    if Self.sequences.contains(field) {
      for index in 0..<max(old.count, new.count) {
        pairs.append(
          Pair(
            label: "\(index)", before: index < old.count ? old[index] : nil,
            after: index < new.count ? new[index] : nil))
      }
    } else if let key = Self.key(old, new) {
      pairByKey(key, old, new)
    } else {
      pairAsSet(old, new)
    }
  }

  // MARK: Keys

  private static func key(_ old: [Node], _ new: [Node]) -> [String]? {
    guard (old + new).allSatisfy({ $0.kind == .mapping }) else { return nil }
    return keys.first { key in
      [old, new].allSatisfy { items in
        var seen: Set<String> = []
        return items.allSatisfy { item in value(of: key, in: item).map { seen.insert($0).inserted } ?? false }
      }
    }
  }

  private static func value(of key: [String], in item: Node) -> String? {
    var parts: [String] = []
    for part in key {
      let pieces = part.split(separator: "|")
      var node: Node? = item
      for step in pieces[0].split(separator: ".") { node = node?[String(step)] }
      if let node, node.isScalar, !node.isNull {
        parts.append(node.text)
      } else if pieces.count == 2 {
        parts.append(String(pieces[1]))
      } else {
        return nil
      }
    }
    return parts.joined(separator: "/")
  }

  private mutating func pairByKey(_ key: [String], _ old: [Node], _ new: [Node]) {
    let name = key[0].split(separator: "|").first.map(String.init) ?? key[0]
    var later: [String: Node] = [:]
    for item in new { if let value = Self.value(of: key, in: item) { later[value] = item } }
    var known: Set<String> = []
    for item in old {
      guard let value = Self.value(of: key, in: item) else { continue }
      known.insert(value)
      pairs.append(Pair(label: "\(name)=\(value)", before: item, after: later[value]))
    }
    for item in new {
      guard let value = Self.value(of: key, in: item), !known.contains(value) else { continue }
      pairs.append(Pair(label: "\(name)=\(value)", before: nil, after: item))
    }
  }

  // MARK: Sets

  /// Equal items belong together, then those that have most in common; what is left was added or removed.
  private mutating func pairAsSet(_ old: [Node], _ new: [Node]) {
    var gone = Array(old.indices)
    var come: [Int] = []
    // Buckets keep long lists linear.
    var buckets: [String: [Int]] = [:]
    for index in old.indices { buckets[Self.bucket(old[index]), default: []].append(index) }
    var matched: [Int] = []
    var taken: Set<Int> = []
    for index in new.indices {
      let candidates = buckets[Self.bucket(new[index])] ?? []
      if let place = candidates.first(where: { !taken.contains($0) && old[$0].isEqual(to: new[index]) }) {
        taken.insert(place)
        matched.append(place)
      } else {
        come.append(index)
      }
    }
    gone.removeAll { taken.contains($0) }
    if gone.isEmpty, come.isEmpty, matched != matched.sorted(), old.allSatisfy(\.isScalar) {
      isReordered = true
    }
    // Very long lists are not compared item by item.
    let comparesItems = gone.count * come.count <= 40_000
    for index in come {
      guard comparesItems else {
        pairs.append(Pair(label: "", before: nil, after: new[index]))
        continue
      }
      let similar = gone.map { ($0, Self.similarity(old[$0], new[index])) }.max { $0.1 < $1.1 }
      if let (place, score) = similar, score > 0 || gone.count == 1 && come.count == 1 && !new[index].isScalar
      {
        gone.removeAll { $0 == place }
        pairs.append(Pair(label: "\(index)", before: old[place], after: new[index]))
      } else {
        pairs.append(Pair(label: "", before: nil, after: new[index]))
      }
    }
    for index in gone { pairs.append(Pair(label: "", before: old[index], after: nil)) }
  }

  /// Equal items have equal buckets, whatever the order of their keys; numbers that are written differently are few.
  private static func bucket(_ node: Node) -> String {
    node.isScalar ? node.text : "\(node.kind) \(node.count) \(digest(node))"
  }

  private static func digest(_ node: Node) -> UInt64 {
    if node.isScalar { return UInt64(node.hash) }
    var sum: UInt64 = 1
    for (key, value) in node.entries { sum &+= (UInt64(key.hash) << 32 | 1) &* (digest(value) &+ 1) }
    for element in node.elements { sum = sum &* 31 &+ digest(element) }
    return sum
  }

  /// How many fields two items share; 0 for scalars.
  private static func similarity(_ a: Node, _ b: Node) -> Int {
    guard a.kind == .mapping, b.kind == .mapping else { return 0 }
    var score = 0
    for (key, value) in a.entries {
      if let other = b.entry(key.text)?.value, value.isEqual(to: other) { score += 1 }
    }
    return score
  }
}
