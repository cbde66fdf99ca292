import Diagnostics
import Kubernetes
import Linker
import Output
import Reachability
package import Review
package import Snapshot
import YAMLTree

/// Judges the stages of a change one by one.
///
/// The fleet's manifests are those of the later side throughout: they are not what the stages change. A connection that
/// works with the earlier output and with the later one must work with every output between them.
extension Compilation {
  /// The plan with the faults that the judge finds on its stages. The last stage is this compile's own output, whose
  /// verdicts are known. Linear in the objects for each stage but the last.
  package func proved(_ plan: StagePlan, from base: OutputSide) throws(SnapshotError) -> StagePlan {
    guard let workings, judgement != nil, plan.stages.count > 1 else { return plan }
    var plan = plan
    var objects = try StagedObjects(base)
    let before = Self.verdicts(objects, workings)
    let after = Dictionary(reviewedPaths.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
    // What works with both outputs, and how badly each of them does at worst.
    let live = before.values.compactMap { path -> (key: ReviewedPath.Key, rank: Int)? in
      guard let old = path.verdict, let new = after[path.key]?.verdict, old.isReachable == true,
        new.isReachable == true
      else { return nil }
      return (path.key, max(old.rank, new.rank))
    }.sorted { $0.key.text < $1.key.text }
    for number in plan.stages.indices.dropLast() {
      objects.apply(plan.stages[number])
      let between = Self.verdicts(objects, workings)
      for path in live {
        guard let verdict = between[path.key]?.verdict, verdict.rank > path.rank else { continue }
        plan.stages[number].faults.append(
          "\(path.key.connection): \(path.key.text) is \(verdict.word) on this stage\(verdict.reason.map { ": \($0)" } ?? "")"
        )
      }
    }
    return plan
  }

  /// The verdict about every path with other objects than this compile's.
  private static func verdicts(
    _ objects: StagedObjects, _ workings: Workings
  ) -> [ReviewedPath.Key: ReviewedPath] {
    let emitted = parallelMap(objects.objects, piece: 64) { object -> EmittedObject? in
      let file = SourceFile(path: object.path, bytes: object.content)
      guard let root = Tree.parse(file).tree.root, let manifest = Manifest(root) else { return nil }
      return EmittedObject(
        cluster: object.cluster, manifest: manifest, isPatch: object.isPatch,
        subject: Label(SourceRange(wholeFile: file)), connections: [])
    }
    let mapping = AllCores()
    let fragments = workings.units.flatMap(\.fragments).map {
      EmittedFragment(cluster: $0.cluster, name: $0.name, content: $0.content, subject: $0.subject)
    }
    let fleet = JudgedFleet(
      workings.model, emitted: emitted.compactMap { $0 }, fragments: fragments, mapping: mapping)
    let judgement = Judgement(
      fleet, links: workings.plan.links, connections: workings.plan.connections, mapping: mapping)
    let paths = ReviewedPath.joined(judgement.crossings.map { path(of: $0.crossing, $0) })
    return Dictionary(paths.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
  }
}
