/// Counts how many nodes a file would have with every alias written out ("billion laughs").
struct AliasExpansion {
  /// Nodes that aliases add, saturating.
  private(set) var total = 0
  private var sizes: [Int: Int] = [:]
  private var aliases: [Int: Int] = [:]

  /// Notes an alias node about to be appended at index `alias`.
  mutating func add(alias: Int, to target: Int, nodes: [NodeRecord]) {
    let size = expandedSize(of: target, nodes)
    aliases[alias] = size
    total = Self.sum(total, size)
  }

  private mutating func expandedSize(of target: Int, _ nodes: [NodeRecord]) -> Int {
    if let known = sizes[target] { return known }
    let record = nodes[target]
    var size = 1
    if record.kind == .sequence || record.kind == .mapping {
      let end = min(Int(record.link), nodes.count)
      size = max(1, end - target)
      if end > target {
        for index in target..<end where nodes[index].kind == .alias {
          size = Self.sum(size, aliases[index] ?? 1)
        }
      }
    }
    sizes[target] = size
    return size
  }

  private static func sum(_ a: Int, _ b: Int) -> Int {
    let (result, overflow) = a.addingReportingOverflow(b)
    return overflow ? .max : result
  }
}
