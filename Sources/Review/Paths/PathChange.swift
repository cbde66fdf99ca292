/// A path that two sides do not have alike.
package struct PathChange: Sendable {
  package enum Kind: String, Sendable {
    case appeared
    case vanished
    /// Both sides have it; its verdict, its clients or its link differ.
    case changed
  }

  /// What it means for who reaches whom.
  package enum Effect: String, Sendable {
    case becomesReachable
    case becomesUnreachable
    case none
  }

  package let kind: Kind
  package let before: ReviewedPath?
  package let after: ReviewedPath?
  package let key: ReviewedPath.Key

  /// A path of which nobody judged anything counts as reachable: it is declared.
  package var effect: Effect {
    let was = before.map { $0.verdict?.isReachable ?? true } ?? false
    let is_ = after.map { $0.verdict?.isReachable ?? true } ?? false
    // Where the judge does not know on one side, nothing is claimed about a change.
    if before?.verdict != nil, before?.verdict?.isReachable == nil, after != nil { return .none }
    if after?.verdict != nil, after?.verdict?.isReachable == nil { return .none }
    if was == is_ { return .none }
    return is_ ? .becomesReachable : .becomesUnreachable
  }

  /// What changed, in words; empty for paths that appear or vanish.
  package var details: [String] {
    guard let before, let after else { return [] }
    var details: [String] = []
    if before.verdict?.word != after.verdict?.word {
      details.append("\(before.verdict?.word ?? "not judged") → \(after.verdict?.word ?? "not judged")")
    }
    if before.clients != after.clients {
      details.append(
        "clients: \(before.clients.joined(separator: " and ")) → \(after.clients.joined(separator: " and "))")
    }
    if before.link != after.link { details.append("link: \(before.link) → \(after.link)") }
    return details
  }

  /// The changes between two sides; what a side could not compile is left out.
  package static func between(
    _ base: [ReviewedPath], _ head: [ReviewedPath],
    unknown: (base: UnknownConnections, head: UnknownConnections)
  ) -> [PathChange] {
    let old = Dictionary(base.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    let new = Dictionary(head.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    var changes: [PathChange] = []
    for path in head {
      guard let before = old[path.key] else {
        if !unknown.base.mayHold(path.key.connection, file: path.file) {
          changes.append(PathChange(kind: .appeared, before: nil, after: path, key: path.key))
        }
        continue
      }
      if !before.isSame(as: path) {
        changes.append(PathChange(kind: .changed, before: before, after: path, key: path.key))
      }
    }
    for path in base where new[path.key] == nil && !unknown.head.mayHold(path.key.connection, file: path.file)
    {
      changes.append(PathChange(kind: .vanished, before: path, after: nil, key: path.key))
    }
    return changes.sorted { a, b in
      a.key == b.key ? a.kind.rawValue < b.kind.rawValue : ReviewedPath.Key.precedes(a.key, b.key)
    }
  }
}
