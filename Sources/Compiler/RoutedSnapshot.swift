import FleetSpec
package import Snapshot

/// Several snapshots as one: paths that a pattern takes come from its snapshot, all others from the base.
///
/// `commit` reads the output on record with it when units of the output have branches of their own.
package struct RoutedSnapshot: Snapshot {
  /// A snapshot for the paths below a directory, whose components may hold `{cluster}`.
  package struct Route: Sendable {
    let pattern: PathPattern
    let depth: Int
    let snapshot: any Snapshot

    /// Takes everything below `directory`. Nil when it cannot be a pattern.
    package init?(below directory: String, _ snapshot: any Snapshot) {
      guard let pattern = try? PathPattern(directory + "/**") else { return nil }
      self.pattern = pattern
      depth = directory.split(separator: "/").count
      self.snapshot = snapshot
    }

    /// True for paths below the directory.
    package func takes(_ path: String) -> Bool {
      path.split(separator: "/").count > depth && pattern.match(path) != nil
    }
  }

  private let base: any Snapshot
  /// The most particular first.
  private let routes: [Route]

  package init(_ base: any Snapshot, routes: [Route]) {
    self.base = base
    self.routes = routes.sorted { $0.depth > $1.depth }
  }

  private func route(of path: String) -> Int? { routes.firstIndex { $0.takes(path) } }

  package func entries(of directory: String) throws(SnapshotError) -> [SnapshotEntry] {
    // Directories stand for all snapshots that have them; a file counts only in its own.
    var entries: [String: SnapshotEntry] = [:]
    for entry in try base.entries(of: directory) {
      if entry.kind == .directory || route(of: entry.path) == nil { entries[entry.path] = entry }
    }
    for (index, route) in routes.enumerated()
    where route.takes(directory) || route.pattern.mayMatch(below: directory) {
      for entry in try route.snapshot.entries(of: directory) {
        if entry.kind == .directory || self.route(of: entry.path) == index { entries[entry.path] = entry }
      }
    }
    return entries.values.sorted { utf8Precedes($0.path, $1.path) }
  }

  package func content(of entry: SnapshotEntry) throws(SnapshotError) -> [UInt8] {
    let snapshot = route(of: entry.path).map { routes[$0].snapshot } ?? base
    return try snapshot.content(of: entry)
  }
}
