package import Output
package import Snapshot

/// The objects and fragments at a point of a change: those of the earlier side, and what stages have done to them. What
/// controllers are expected to make is left out: it follows from the others.
package struct StagedObjects: Sendable {
  package struct Object: Sendable {
    package let cluster: String
    package let part: OutputLayout.Part
    package let path: String
    /// The path below the part's directory: a fragment's name.
    package let rest: String
    package let content: [UInt8]

    /// True for a patch of an object that somebody else owns.
    package var isPatch: Bool { part == .components }
  }

  private var byPath: [String: Object] = [:]

  /// The objects of a side. Reads every file that is synced.
  package init(_ side: OutputSide) throws(SnapshotError) {
    for file in side.files {
      guard let place = side.place(of: file), place.part != .expected else { continue }
      byPath[file.path] = Object(
        cluster: place.cluster, part: place.part, path: file.path, rest: place.rest,
        content: try side.content(of: file))
    }
  }

  /// Goes one stage on.
  package mutating func apply(_ stage: StagePlan.Stage) {
    for step in stage.steps where step.key.part != .expected {
      if let former = step.formerPath { byPath[former] = nil }
      byPath[step.path] = step.content.map {
        Object(
          cluster: step.key.cluster, part: step.key.part, path: step.path, rest: step.rest, content: $0)
      }
    }
  }

  /// In the order of their paths.
  package var objects: [Object] { byPath.values.sorted { utf8Precedes($0.path, $1.path) } }
}
