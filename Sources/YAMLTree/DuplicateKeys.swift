import Glibc

/// Finds equal keys of a mapping: neither libyaml nor JSON forbids them, and readers keep the last
/// silently.
enum DuplicateKeys {
  /// The keys (node indices in document order) that repeat an earlier one, with the first such.
  ///
  /// Up to 16 keys are compared pairwise by hash; more are sorted, so that no choice of keys makes this
  /// worse than n log n.
  static func find(
    among keys: ArraySlice<Int>, in nodes: [NodeRecord], text: [UInt8], source: UnsafeBufferPointer<UInt8>
  ) -> [(key: Int, earlier: Int)] {
    guard keys.count > 1 else { return [] }
    return nodes.withUnsafeBufferPointer { nodes in
      text.withUnsafeBufferPointer { text in
        keys.withUnsafeBufferPointer { keys in
          let texts = KeyTexts(nodes: nodes, own: text, source: source)
          return keys.count <= 16 ? pairwise(keys, texts) : sorted(keys, texts)
        }
      }
    }
  }

  private static func pairwise(
    _ keys: UnsafeBufferPointer<Int>, _ texts: KeyTexts
  ) -> [(key: Int, earlier: Int)] {
    var found: [(key: Int, earlier: Int)] = []
    for position in 1..<keys.count {
      let hash = texts.hash(of: keys[position])
      for earlier in 0..<position where texts.hash(of: keys[earlier]) == hash {
        guard texts.compare(keys[earlier], keys[position]) == 0 else { continue }
        found.append((keys[position], keys[earlier]))
        break
      }
    }
    return found
  }

  private static func sorted(
    _ keys: UnsafeBufferPointer<Int>, _ texts: KeyTexts
  ) -> [(key: Int, earlier: Int)] {
    let order = keys.sorted { a, b in
      let (left, right) = (texts.hash(of: a), texts.hash(of: b))
      if left != right { return left < right }
      let order = texts.compare(a, b)
      return order != 0 ? order < 0 : a < b
    }
    var found: [(key: Int, earlier: Int)] = []
    var first = order[0]
    for key in order.dropFirst() {
      if texts.hash(of: key) == texts.hash(of: first), texts.compare(key, first) == 0 {
        found.append((key, first))
      } else {
        first = key
      }
    }
    return found.sorted { $0.key < $1.key }
  }
}

/// The texts of keys in a tree under construction, aliases resolved.
private struct KeyTexts {
  let nodes: UnsafeBufferPointer<NodeRecord>
  let own: UnsafeBufferPointer<UInt8>
  let source: UnsafeBufferPointer<UInt8>

  /// An alias carries the hash of its target.
  @inline(__always)
  func hash(of key: Int) -> UInt32 { nodes[key].link }

  /// Shorter first, then by bytes; 0 when equal.
  func compare(_ a: Int, _ b: Int) -> Int {
    let (left, right) = (text(of: a), text(of: b))
    guard left.count == right.count, let x = left.baseAddress, let y = right.baseAddress else {
      return left.count - right.count
    }
    return Int(memcmp(x, y, left.count))
  }

  private func text(of key: Int) -> UnsafeBufferPointer<UInt8> {
    let record = nodes[key].kind == .alias ? nodes[Int(nodes[key].first)] : nodes[key]
    let buffer = record.flags.contains(.ownText) ? own : source
    return UnsafeBufferPointer(rebasing: buffer[Int(record.first)..<Int(record.first) + Int(record.length)])
  }
}
