package import Diagnostics
package import FleetSpec
import Kubernetes
package import Linker
package import Output
package import Reachability
import YAMLTree

/// What a compile is asked for beside the snapshot.
package struct CompileOptions: Sendable {
  /// Only these clusters' files are part of the result; empty for all.
  package var clusters: [String] = []
  /// Pending facts are errors.
  package var isStrict = false
  /// Objects on record may go although only their observation is missing.
  package var prunesPending = false
  /// The day of the source commit in UTC, `2026-11-25`, for exceptions that end; nil for a source without a date.
  package var sourceDay: String?
  /// Only the findings are asked for: the files of the output are made when somebody wants them after all.
  package var isCheckOnly = false
  /// Every verdict is checked by a second evaluator.
  package var isParanoid = false
  /// Manifests to be tried out: files by cluster, with paths as they shall be shown.
  package var extraWorkloads: [String: [(path: String, content: [UInt8])]] = [:]

  /// Directories where the output lay before the Fleet gave it another place: what is owned there goes.
  package var formerRoots: [String] = []
  /// True where only this fleet's output can lie beside its sources: what lies in another place is reported then.
  package var looksForFormerOutput = true

  package init() {}
}

/// The result of a compile: findings in report order, and the output unless an error forbids it.
package struct Compilation: Sendable {
  package let findings: [Diagnostic]
  package let fleet: Fleet?
  package let output: OutputTree
  /// What lies on record below the output's roots.
  package let record: OutputRecord
  /// Roots of output units that keep their last output because of an error in them.
  package let heldBack: [String]
  /// The clusters' names in order.
  package let clusters: [String]
  package let connections: Int
  package let objects: Int
  package let pending: [Pending]
  package let satisfied: [Satisfied]
  /// The verdict about every connection; nil where the compile did not get so far.
  package let judgement: Judgement?
  /// What people should know of connections beside findings, with the unit's connections.
  package let remarks: [(remark: Remark, connections: [String])]

  /// True when the findings depend on the day of the source commit: equal files do not give an equal result.
  package let dependsOnDay: Bool

  /// True when nothing may be written.
  package let failed: Bool

  /// What the compile worked with. Nobody reads it: whoever keeps the compilation until the process ends
  /// saves taking the trees of ten thousands of files apart.
  let workings: Workings?

  struct Workings: Sendable {
    let model: FleetModel
    let plan: Plan
    let units: [RenderedUnit]
    /// The connections that verdicts are about, those among them whose targets are missing.
    let judged: [BoundConnection]
    let trees: [String: Tree]
  }

  /// What the documents declare; nil where the compile did not get so far.
  package var specification: Specification? { workings?.model.specification }

  /// The directories that hold the output of some clusters; none for all of it.
  package func roots(of clusters: [String]) -> [String] {
    guard let fleet else { return [] }
    let layout = OutputLayout(fleet)
    return clusters.flatMap { cluster in
      [layout.root(cluster: cluster, namespace: nil), "\(fleet.outputPath)/\(cluster)"]
        + fleet.units.flatMap { unit in
          unit.namespaces.map { layout.root(cluster: cluster, namespace: $0.value) }
        }
    }
  }

  /// Which existing manifests do what would have been emitted, a line each, for people.
  package var satisfiedLines: [String] {
    satisfied.map { item in
      let range = item.manifest.nameNode.range
      return
        "satisfied: \(item.identity.description) in \(item.cluster) by \(range.file.path):\(range.startPosition.line)"
    }
  }

  /// The remarks as reports show them.
  package var reportRemarks: [ReportRemark] {
    remarks.map { entry in
      ReportRemark(
        topic: entry.remark.topic.rawValue, text: entry.remark.text, connections: entry.connections)
    }
  }

  /// True for paths that belong to a held-back unit.
  package func isHeldBack(_ path: String) -> Bool {
    heldBack.contains { path.hasPrefix($0 + "/") }
  }
}
