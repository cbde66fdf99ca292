import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Output
import Reachability
package import Review
package import Snapshot
import YAMLTree

/// Paths with an output that this compile did not make: one that lies on record, or that stands between two stages.
///
/// The documents and the manifests are those of the compile; only what is emitted is taken from elsewhere.
extension Compilation {
  /// What an output on record comes to.
  package struct RecordedPaths: Sendable {
    /// Every path that the documents declare, with the verdict about the output; ordered.
    package let paths: [ReviewedPath]
    /// Connections, `namespace/name`, that objects of the output name and no document declares; ordered.
    package let undeclared: [String]
  }

  /// Judges an output as if this compile had emitted it; nil where nothing could be judged. Linear in the objects.
  package func paths(with output: OutputSide) throws(SnapshotError) -> RecordedPaths? {
    guard let workings, judgement != nil else { return nil }
    let objects = try StagedObjects(output)
    var known = Set(workings.plan.connections.map { $0.id.description })
    // What cannot be bound is declared all the same.
    for connection in workings.model.specification.connections {
      for namespace in connection.namespaces {
        known.insert("\(namespace.value)/\(connection.name.value)")
      }
    }
    let named = parallelMap(objects.objects, piece: 64) { object in
      object.part == .fragments ? [] : Self.manifest(object).map(Self.connections) ?? []
    }
    let judged = Self.judgedPaths(objects, workings)
    let keys = Set(judged.map(\.key))
    // Over carriers that nobody has modelled there is no verdict.
    let others = workings.plan.connections.flatMap(Crossing.all).map { Self.path(of: $0, nil) }
      .filter { !keys.contains($0.key) }
    return RecordedPaths(
      paths: ReviewedPath.joined(judged + others),
      undeclared: Set(named.joined()).subtracting(known).sorted())
  }

  /// The verdict about every path with other objects than the compile's.
  static func judgedPaths(_ objects: StagedObjects, _ workings: Workings) -> [ReviewedPath] {
    let all = objects.objects
    let emitted = parallelMap(all, piece: 64) { object -> EmittedObject? in
      guard object.part != .fragments, let manifest = manifest(object) else { return nil }
      return EmittedObject(
        cluster: object.cluster, manifest: manifest, isPatch: object.isPatch,
        subject: Label(SourceRange(wholeFile: manifest.node.range.file)), connections: connections(manifest))
    }
    let fragments = all.filter { $0.part == .fragments }.map { object in
      EmittedFragment(
        cluster: object.cluster, name: object.rest, content: object.content,
        subject: Label(SourceRange(wholeFile: SourceFile(path: object.path, bytes: object.content))))
    }
    let mapping = AllCores()
    let fleet = JudgedFleet(
      workings.model, emitted: emitted.compactMap { $0 }, fragments: fragments, mapping: mapping)
    let judgement = Judgement(
      fleet, links: workings.plan.links, connections: workings.plan.connections, mapping: mapping)
    return ReviewedPath.joined(judgement.crossings.map { path(of: $0.crossing, $0) })
  }

  /// Nil for a file that is no object.
  private static func manifest(_ object: StagedObjects.Object) -> Manifest? {
    let file = SourceFile(path: object.path, bytes: object.content)
    guard !object.content.contains(0) else { return nil }
    return Tree.parse(file).tree.root.flatMap { Manifest($0) }
  }

  private static func connections(_ manifest: Manifest) -> [String] {
    manifest.annotation("linkwright.dev/connection")?.split(separator: ",").map(String.init) ?? []
  }
}
