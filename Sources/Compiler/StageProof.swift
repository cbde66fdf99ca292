import Output
package import Review
package import Snapshot

/// Judges the stages of a change one by one.
///
/// The fleet's manifests are those of the later side throughout: they are not what the stages change. A connection that
/// works with the earlier output and with the later one must work with every output between them. One that the change
/// takes away shall work until the last stage, as far as one object can do the old and the new at once.
extension Compilation {
  /// The plan with the faults that the judge finds on its stages. The last stage is the later output itself, whose
  /// verdicts are known. Linear in the objects for each stage but the last.
  ///
  /// - Parameters:
  ///   - after: the paths with the later output; nil for those of this compile.
  ///   - former: the compile of the earlier side, by which paths are judged that the later one does not have; nil where
  ///     there is none.
  package func proved(
    _ plan: StagePlan, from base: OutputSide, after: [ReviewedPath]? = nil, former: Compilation? = nil
  ) throws(SnapshotError) -> StagePlan {
    guard let workings, judgement != nil, plan.stages.count > 1 else { return plan }
    var plan = plan
    var objects = try StagedObjects(base)
    let before = Self.verdicts(objects, workings)
    let after = Self.byKey(after ?? reviewedPaths)
    // What works with both outputs, and how badly each of them does at worst.
    let live = before.values.compactMap { path -> (key: ReviewedPath.Key, rank: Int)? in
      guard let old = path.verdict, let new = after[path.key]?.verdict, old.isReachable == true,
        new.isReachable == true
      else { return nil }
      return (path.key, max(old.rank, new.rank))
    }.sorted { $0.key.text < $1.key.text }
    var ending = former.map { $0.ending(objects, after) } ?? []
    for number in plan.stages.indices.dropLast() {
      objects.apply(plan.stages[number])
      let between = Self.verdicts(objects, workings)
      for path in live {
        guard let verdict = between[path.key]?.verdict, verdict.rank > path.rank else { continue }
        plan.stages[number].faults.append(
          "\(path.key.connection): \(path.key.text) \(verdict.text(on: "this stage"))"
        )
      }
      guard !ending.isEmpty, let own = former?.workings else { continue }
      let rest = Self.verdicts(objects, own)
      let ended = ending.filter { rest[$0]?.verdict?.isReachable != true }
      plan.stages[number].faults += ended.map { key in
        "\(key.connection): \(key.text), which the change removes, ends on this stage\(rest[key]?.verdict?.reason.map { ": \($0)" } ?? "")"
      }
      ending.removeAll(where: ended.contains)
    }
    return plan
  }

  /// Paths of this, the earlier side that work and that the later side does not declare any more.
  private func ending(
    _ objects: StagedObjects, _ after: [ReviewedPath.Key: ReviewedPath]
  ) -> [ReviewedPath.Key] {
    guard let workings, judgement != nil else { return [] }
    return Self.verdicts(objects, workings).values.filter {
      $0.verdict?.isReachable == true && after[$0.key] == nil
    }.map(\.key).sorted { $0.text < $1.text }
  }

  /// The verdict about every path with other objects than the compile's.
  private static func verdicts(
    _ objects: StagedObjects, _ workings: Workings
  ) -> [ReviewedPath.Key: ReviewedPath] {
    byKey(judgedPaths(objects, workings))
  }

  private static func byKey(_ paths: [ReviewedPath]) -> [ReviewedPath.Key: ReviewedPath] {
    Dictionary(paths.map { ($0.key, $0) }, uniquingKeysWith: { first, _ in first })
  }
}

extension ReviewedPath.Verdict {
  /// What it says of a path, in a sentence's words.
  fileprivate func text(on place: String) -> String {
    let reason = reason.map { ": \(isReachable == false ? "" : "it ")\($0)" } ?? ""
    switch isReachable {
    case false?: return "is refuted on \(place)\(reason)"
    case true?: return "may fail on \(place)\(reason)"
    case nil: return "cannot be judged on \(place)\(reason)"
    }
  }
}
