/// Finds equal keys of a mapping: neither libyaml nor JSON forbids them, and readers keep the last
/// silently.
enum DuplicateKeys {
  /// The key nodes of a mapping under construction that repeat an earlier one, with that earlier one.
  static func find(
    in nodes: [NodeRecord], text: [UInt8], source: UnsafeBufferPointer<UInt8>, mapping: Int
  ) -> [(key: Int, earlier: Int)] {
    let keys = keyIndices(of: mapping, in: nodes)
    guard keys.count > 1 else { return [] }
    var found: [(key: Int, earlier: Int)] = []
    if keys.count <= 16 {
      for (position, key) in keys.enumerated().dropFirst() {
        for earlier in keys[..<position]
        where nodes[earlier].link == nodes[key].link && equal(nodes[earlier], nodes[key], text, source) {
          found.append((key, earlier))
          break
        }
      }
      return found
    }
    var first: [UInt32: [Int]] = [:]
    for key in keys {
      let hash = nodes[key].link
      if let earlier = first[hash]?.first(where: { equal(nodes[$0], nodes[key], text, source) }) {
        found.append((key, earlier))
      } else {
        first[hash, default: []].append(key)
      }
    }
    return found
  }

  static func exist(
    in nodes: [NodeRecord], text: [UInt8], source: UnsafeBufferPointer<UInt8>, mapping: Int
  ) -> Bool {
    !find(in: nodes, text: text, source: source, mapping: mapping).isEmpty
  }

  private static func keyIndices(of mapping: Int, in nodes: [NodeRecord]) -> [Int] {
    var keys: [Int] = []
    var index = mapping + 1
    while index < nodes.count {
      if !nodes[index].flags.contains(.hidden) {
        keys.append(nodes[index].kind == .alias ? Int(nodes[index].first) : index)
      }
      let value = index + 1
      switch nodes[value].kind {
      case .sequence, .mapping: index = Int(nodes[value].link)
      default: index = value + 1
      }
    }
    return keys
  }

  private static func equal(
    _ a: NodeRecord, _ b: NodeRecord, _ text: [UInt8], _ source: UnsafeBufferPointer<UInt8>
  ) -> Bool {
    guard a.length == b.length else { return false }
    func byte(_ record: NodeRecord, _ offset: Int) -> UInt8 {
      record.flags.contains(.ownText) ? text[Int(record.first) + offset] : source[Int(record.first) + offset]
    }
    return (0..<Int(a.length)).allSatisfy { byte(a, $0) == byte(b, $0) }
  }
}
