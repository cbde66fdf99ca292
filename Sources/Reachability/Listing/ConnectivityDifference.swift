import Kubernetes

/// What changes between two states of one cluster's manifests, pair by pair.
package struct ConnectivityDifference: Sendable {
  package enum Kind: String, Sendable, CaseIterable {
    case changed
    case added
    case removed
  }

  package struct Change: Sendable, Hashable {
    package let kind: Kind
    package let source: String
    package let destination: String
    /// What passes before and after; for people.
    package let before: String
    package let after: String
    /// The workloads of the pair that only one state has.
    package let workloads: [String]

    /// The same change of other ends.
    fileprivate func renamed(_ source: String?, _ destination: String?) -> Change {
      Change(
        kind: kind, source: source ?? self.source, destination: destination ?? self.destination,
        before: before, after: after, workloads: workloads)
    }
  }

  /// Changed, then added, then removed, each by source and destination.
  package private(set) var changes: [Change] = []

  /// Compares two clusters on ranges of addresses that neither tells apart. Linear in both lists.
  package init(
    before: (engine: PolicyEngine, manifests: ManifestNetwork),
    after: (engine: PolicyEngine, manifests: ManifestNetwork)
  ) {
    let edges = [NetworkPolicy.Direction.ingress, .egress].map { direction in
      before.engine.addressEdges(direction).union(after.engine.addressEdges(direction))
    }
    let old = ConnectivityList(before.engine, before.manifests, ingress: edges[0], egress: edges[1])
    let new = ConnectivityList(after.engine, after.manifests, ingress: edges[0], egress: edges[1])
    let (oldNames, newNames) = (old.workloads, new.workloads)
    let oldLines = Self.byPair(old.lines)
    let newLines = Self.byPair(new.lines)
    for (pair, line) in newLines {
      let earlier = oldLines[pair]
      if let earlier, earlier.must == line.must, earlier.depends == line.depends { continue }
      changes.append(
        Change(
          kind: earlier == nil ? .added : .changed, source: pair.source, destination: pair.destination,
          before: Self.text(earlier), after: Self.text(line),
          workloads: earlier == nil ? Self.missing(pair, in: oldNames) : []))
    }
    for (pair, line) in oldLines where newLines[pair] == nil {
      changes.append(
        Change(
          kind: .removed, source: pair.source, destination: pair.destination, before: Self.text(line),
          after: Self.text(nil), workloads: Self.missing(pair, in: newNames)))
    }
    changes = Self.joined(changes)
    let order = Dictionary(uniqueKeysWithValues: Kind.allCases.enumerated().map { ($1, $0) })
    changes.sort { a, b in
      let (x, y) = (order[a.kind] ?? 0, order[b.kind] ?? 0)
      if x != y { return x < y }
      if a.source != b.source { return a.source.utf8.lexicographicallyPrecedes(b.source.utf8) }
      return a.destination.utf8.lexicographicallyPrecedes(b.destination.utf8)
    }
  }

  /// Ranges that touch, and of which the same is to be said, as one.
  private static func joined(_ changes: [Change]) -> [Change] {
    /// All of a change but its range, which is an empty name.
    var ipv4: [Change: IntervalSet<UInt32>] = [:]
    var ipv6: [Change: IntervalSet<UInt128>] = [:]
    var result: [Change] = []
    for change in changes {
      let isSource = change.source.hasSuffix(AddressText.mark)
      guard let (lower, upper) = AddressText.range(isSource ? change.source : change.destination) else {
        result.append(change)
        continue
      }
      let rest = change.renamed(isSource ? "" : nil, isSource ? nil : "")
      if lower.isIPv6 {
        ipv6[rest] = (ipv6[rest] ?? IntervalSet()).union(IntervalSet(lower.bits, upper.bits))
      } else {
        let interval = IntervalSet(
          UInt32(truncatingIfNeeded: lower.bits), UInt32(truncatingIfNeeded: upper.bits))
        ipv4[rest] = (ipv4[rest] ?? IntervalSet()).union(interval)
      }
    }
    func append(_ rest: Change, _ range: String) {
      result.append(rest.renamed(rest.source.isEmpty ? range : nil, rest.source.isEmpty ? nil : range))
    }
    for (rest, ranges) in ipv4 {
      for part in ranges.intervals { append(rest, AddressText.name(part)) }
    }
    for (rest, ranges) in ipv6 {
      for part in ranges.intervals { append(rest, AddressText.name(part)) }
    }
    return result
  }

  private struct Pair: Hashable {
    let source: String
    let destination: String
  }

  private static func byPair(_ lines: [ConnectivityList.Line]) -> [Pair: ConnectivityList.Line] {
    Dictionary(
      lines.map { (Pair(source: $0.source, destination: $0.destination), $0) },
      uniquingKeysWith: { first, _ in first }
    )
  }

  private static func missing(_ pair: Pair, in names: Set<String>) -> [String] {
    [pair.source, pair.destination].filter {
      !names.contains($0) && !$0.hasSuffix(AddressText.mark) && !$0.hasPrefix("{")
    }
  }

  private static func text(_ line: ConnectivityList.Line?) -> String {
    guard let line else { return PortSet().description }
    if line.depends.isEmpty { return line.must.description }
    let depends = "\(line.depends.description) (depends: \(line.reasons.joined(separator: "; ")))"
    return line.must.isEmpty ? depends : "\(line.must.description) and \(depends)"
  }

  /// As np-guard's `diff` prints it; nothing where nothing differs.
  package var text: String {
    guard !changes.isEmpty else { return "" }
    var text = "Connectivity diff:\n"
    for change in changes {
      text +=
        "diff-type: \(change.kind.rawValue), source: \(change.source), destination: \(change.destination), "
      text += "dir1: \(change.before), dir2: \(change.after)"
      if !change.workloads.isEmpty {
        let names =
          change.workloads.count == 2 && change.workloads[0] == change.workloads[1]
          ? [change.workloads[0]] : change.workloads
        text += ", workloads-diff-info: workload \(names.joined(separator: " and ")) \(change.kind.rawValue)"
      }
      text += "\n"
    }
    return text
  }
}
