import Diagnostics
import FleetSpec
import Output
import Snapshot

/// The search for output that lies where the Fleet puts none any more.
struct FormerOutput {
  private let fleet: Fleet
  private let roots: [String]
  private let clusters: Set<String>

  init(_ fleet: Fleet, _ roots: [String], _ clusters: some Sequence<String>) {
    self.fleet = fleet
    self.roots = roots
    self.clusters = Set(clusters)
  }

  /// Looks for inventories in `<directory>/<cluster>/inventory` of directories that are neither output nor source. Lists
  /// those directories, and reads one inventory of each.
  func findings(in snapshot: any Snapshot) throws(SnapshotError) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for entry in try snapshot.entries(of: "") where entry.kind == .directory && isElsewhere(entry.path) {
      for cluster in try snapshot.entries(of: entry.path)
      where cluster.kind == .directory && clusters.contains(String(cluster.name)) {
        guard let inventory = try inventory(in: cluster.path, snapshot) else { continue }
        findings.append(
          Diagnostic(
            OutputRules.formerOutput,
            "\(cluster.path) holds output that spec.output of the Fleet does not put there any more",
            at: Label(SourceRange(wholeFile: SourceFile(path: inventory.path, bytes: []))),
            help: ["remove it when nothing syncs it any more: 'git rm -r \(cluster.path)'"]))
      }
    }
    return findings
  }

  private func isElsewhere(_ path: String) -> Bool {
    let sources = [fleet.spec, fleet.workloads, fleet.recorded, fleet.observed]
    return !path.hasPrefix(".") && !sources.contains { $0.mayMatch(below: path) }
      && !roots.contains { $0 == path || $0.hasPrefix(path + "/") }
  }

  private func inventory(in root: String, _ snapshot: any Snapshot) throws(SnapshotError) -> SnapshotEntry? {
    for entry in try snapshot.entries(of: root + "/inventory")
    where entry.kind == .file && entry.path.hasSuffix(".lock") {
      if let inventory = Inventory(try snapshot.content(of: entry)), !inventory.files.isEmpty { return entry }
    }
    return nil
  }
}
