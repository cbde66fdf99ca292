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
  /// Another connection leads these clients there on the side that does not have this path: it was renamed, say.
  package var isDeclaredOtherwise = false

  /// A path of which nobody judged anything counts as reachable: it is declared.
  package var effect: Effect {
    if isDeclaredOtherwise { return .none }
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
    let ways = (base: Ways(base), head: Ways(head))
    var changes: [PathChange] = []
    for path in head {
      guard let before = old[path.key] else {
        if !unknown.base.mayHold(path.key.connection, file: path.file) {
          changes.append(
            PathChange(
              kind: .appeared, before: nil, after: path, key: path.key,
              isDeclaredOtherwise: ways.base.serve(path)))
        }
        continue
      }
      if !before.isSame(as: path) {
        changes.append(PathChange(kind: .changed, before: before, after: path, key: path.key))
      }
    }
    for path in base where new[path.key] == nil && !unknown.head.mayHold(path.key.connection, file: path.file)
    {
      changes.append(
        PathChange(
          kind: .vanished, before: path, after: nil, key: path.key, isDeclaredOtherwise: ways.head.serve(path)
        ))
    }
    return changes.sorted { a, b in
      a.key == b.key ? a.kind.rawValue < b.kind.rawValue : ReviewedPath.Key.precedes(a.key, b.key)
    }
  }
}

/// The paths of a side by what they lead from and to, whichever connection declares them.
private struct Ways {
  private var paths: [ReviewedPath.Key: [ReviewedPath]] = [:]

  init(_ all: [ReviewedPath]) {
    for path in all { paths[path.key.withoutConnection, default: []].append(path) }
  }

  /// True when all clients of a path are led there, and fare no worse.
  func serve(_ path: ReviewedPath) -> Bool {
    (paths[path.key.withoutConnection] ?? []).contains { other in
      (other.clients.contains("every pod") || Set(other.clients).isSuperset(of: path.clients))
        && other.verdict?.isReachable == path.verdict?.isReachable
    }
  }
}
