import Output
package import Snapshot

/// The objects that are synced at a point of a change: those of the earlier side, and what stages have done to them.
package struct StagedObjects: Sendable {
  package struct Object: Sendable {
    package let cluster: String
    /// True for a patch of an object that somebody else owns.
    package let isPatch: Bool
    package let path: String
    package let content: [UInt8]
  }

  private var byPath: [String: Object] = [:]

  /// The objects of a side. Reads every file that is synced.
  package init(_ side: OutputSide) throws(SnapshotError) {
    for file in side.files {
      guard let place = side.place(of: file), place.part == .manifests || place.part == .components else {
        continue
      }
      byPath[file.path] = Object(
        cluster: place.cluster, isPatch: place.part == .components, path: file.path,
        content: try side.content(of: file))
    }
  }

  /// Goes one stage on.
  package mutating func apply(_ stage: StagePlan.Stage) {
    for step in stage.steps where step.key.part == .manifests || step.key.part == .components {
      if let former = step.formerPath { byPath[former] = nil }
      byPath[step.path] = step.content.map {
        Object(
          cluster: step.key.cluster, isPatch: step.key.part == .components, path: step.path, content: $0)
      }
    }
  }

  /// In the order of their paths.
  package var objects: [Object] { byPath.values.sorted { utf8Precedes($0.path, $1.path) } }
}
