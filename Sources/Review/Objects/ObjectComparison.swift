import Kubernetes
package import Snapshot

/// Objects by identity between two sides. Files that are alike byte for byte are never opened.
package struct ObjectComparison: Sendable {
  package private(set) var changes: [ObjectChange] = []
  /// Files that both sides have alike.
  package private(set) var unchanged = 0
  /// Objects that cannot be compared, because a side could not compile their connections.
  package private(set) var incomparable = 0

  private struct Pair: Sendable {
    var before: ReviewedObject?
    var after: ReviewedObject?
  }

  /// Nothing compared.
  package static let none = ObjectComparison()

  private init() {}

  /// Changes that are known already.
  init(changes: [ObjectChange]) { self.changes = changes }

  /// Compares. Linear in the files, and in the content of those that differ.
  ///
  /// - Parameters:
  ///   - unknown: connections (`namespace/name`) that the earlier or the later side could not compile.
  ///   - map: maps numbers of changed objects; the compiler does it on all cores.
  package init(
    from base: OutputSide, to head: OutputSide,
    unknown: (base: UnknownConnections, head: UnknownConnections) = (.init(), .init()),
    map: (Range<Int>, @Sendable (Int) -> ObjectChange) -> [ObjectChange] = { $0.map($1) }
  ) throws(SnapshotError) {
    let (old, new) = differing(base.files, head.files)
    var pairs: [ObjectKey: Pair] = [:]
    pairs.reserveCapacity(max(old.count, new.count))
    for file in old {
      guard let place = base.place(of: file) else { continue }
      let object = ReviewedObject(place, path: file.path, content: try base.content(of: file))
      pairs[object.key, default: Pair()].before = object
    }
    for file in new {
      guard let place = head.place(of: file) else { continue }
      let object = ReviewedObject(place, path: file.path, content: try head.content(of: file))
      pairs[object.key, default: Pair()].after = object
    }
    var found: [Pair] = []
    for (_, pair) in pairs.sorted(by: { ObjectKey.precedes($0.key, $1.key) }) {
      if Self.isUnknown(pair, unknown) { incomparable += 1 } else { found.append(pair) }
    }
    let compared = found
    changes = map(compared.indices) { ObjectChange(compared[$0].before, compared[$0].after) }
      .filter { $0.kind != .changed || !$0.fields.isEmpty || $0.before?.path != $0.after?.path }
    unchanged = head.files.count - new.count
  }

  /// The files that the sides do not share, by path and content. One pass: both lists are ordered.
  private func differing(
    _ old: [OutputSide.File], _ new: [OutputSide.File]
  ) -> ([OutputSide.File], [OutputSide.File]) {
    var result: ([OutputSide.File], [OutputSide.File]) = ([], [])
    var (i, j) = (0, 0)
    while i < old.count || j < new.count {
      if i < old.count, j < new.count, old[i].path == new[j].path {
        if old[i].blob != new[j].blob {
          result.0.append(old[i])
          result.1.append(new[j])
        }
        i += 1
        j += 1
      } else if j == new.count || i < old.count && utf8Precedes(old[i].path, new[j].path) {
        result.0.append(old[i])
        i += 1
      } else {
        result.1.append(new[j])
        j += 1
      }
    }
    return result
  }

  /// An object that one side lacks, and whose connections or link that side could not compile: nobody knows whether it
  /// would have it.
  private static func isUnknown(
    _ pair: Pair, _ unknown: (base: UnknownConnections, head: UnknownConnections)
  ) -> Bool {
    if pair.before == nil, let after = pair.after { return isUnknown(after, unknown.base) }
    if pair.after == nil, let before = pair.before { return isUnknown(before, unknown.head) }
    return false
  }

  private static func isUnknown(_ object: ReviewedObject, _ unknown: UnknownConnections) -> Bool {
    if !object.connections.isEmpty {
      return object.connections.contains { unknown.mayHold($0, file: object.origin) }
    }
    // What serves a link as a whole names the link's file; patches and fragments do not even that.
    return object.origin.map(unknown.files.contains) ?? !unknown.files.isEmpty
  }
}
