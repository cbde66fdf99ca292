/// Counts how large and how deep a file would be with every alias written out ("billion laughs").
struct AliasExpansion {
  /// What a node is with its aliases written out.
  struct Extent {
    var size: Int
    /// Nested collections, 0 for a scalar.
    var height: Int
  }

  /// Nodes that aliases add, saturating.
  private(set) var total = 0
  private var extents: [Int: Extent] = [:]
  private var aliases: [Int: Extent] = [:]

  /// Forgets the nodes of a document: a document that is dropped leaves their numbers to the next one. What its
  /// aliases added still counts.
  mutating func endDocument() {
    extents.removeAll(keepingCapacity: true)
    aliases.removeAll(keepingCapacity: true)
  }

  /// Notes an alias node about to be appended at index `alias`. Each target is measured once.
  mutating func add(alias: Int, to target: Int, nodes: [NodeRecord]) -> Extent {
    let extent = measure(target, nodes)
    aliases[alias] = extent
    total = Self.sum(total, extent.size)
    return extent
  }

  private mutating func measure(_ target: Int, _ nodes: [NodeRecord]) -> Extent {
    if let known = extents[target] { return known }
    var extent = Extent(size: 1, height: 0)
    if nodes[target].kind == .sequence || nodes[target].kind == .mapping {
      let end = min(Int(nodes[target].link), nodes.count)
      extent.size = max(1, end - target)
      /// The ends of the collections around the current node.
      var open: [Int] = []
      var index = target
      while index < end {
        defer { index += 1 }
        while let last = open.last, index >= last { open.removeLast() }
        if nodes[index].flags.contains(.hidden) {
          // Readers pass over the value of a merge key; its entries follow at the mapping's end.
          let value = nodes[index + 1]
          index += value.kind == .sequence || value.kind == .mapping ? Int(value.link) - index - 1 : 1
          continue
        }
        switch nodes[index].kind {
        case .sequence, .mapping:
          open.append(Int(nodes[index].link))
          extent.height = max(extent.height, open.count)
        case .alias:
          guard let inner = aliases[index] else { continue }
          extent.size = Self.sum(extent.size, inner.size)
          extent.height = max(extent.height, open.count + inner.height)
        default: continue
        }
      }
    }
    extents[target] = extent
    return extent
  }

  private static func sum(_ a: Int, _ b: Int) -> Int {
    let (result, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : result
  }
}
