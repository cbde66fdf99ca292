import FleetSpec
import Output
import Snapshot

/// Every file that the fleet's patterns reach, listed without reading any.
struct SourceListing {
  /// What a file is to the fleet.
  enum Role: Sendable {
    case specification
    case manifest
  }

  struct File: Sendable {
    let entry: SnapshotEntry
    let role: Role
  }

  /// By path.
  private(set) var files: [String: File] = [:]
  /// What lies in each directory that was entered.
  private(set) var directories: [String: [SnapshotEntry]] = [:]
  /// Files beside the sources: templates, certificates, baselines, prose.
  private(set) var others: [String: SnapshotEntry] = [:]

  private let fleet: Fleet
  private let outputs: [String]

  /// Lists. Linear in the files outside the output.
  init(_ snapshot: any Snapshot, fleet: Fleet) throws(SnapshotError) {
    self.fleet = fleet
    outputs = OutputLayout(fleet).roots
    try walk("", snapshot)
  }

  private mutating func walk(_ directory: String, _ snapshot: any Snapshot) throws(SnapshotError) {
    let entries = try snapshot.entries(of: directory)
    directories[directory] = entries
    for entry in entries {
      if entry.kind == .directory {
        if !outputs.contains(entry.path) { try walk(entry.path, snapshot) }
      } else if let role = role(of: entry) {
        files[entry.path] = File(entry: entry, role: role)
      } else {
        others[entry.path] = entry
      }
    }
  }

  private func role(of entry: SnapshotEntry) -> Role? {
    let path = entry.path
    guard entry.kind == .file || entry.kind == .executable,
      path.hasSuffix(".yaml") || path.hasSuffix(".yml") || path.hasSuffix(".json")
    else { return nil }
    if fleet.spec.match(path) != nil { return .specification }
    let isManifest =
      fleet.workloads.match(path) != nil || fleet.recorded.match(path) != nil
      || fleet.observed.match(path) != nil
    return isManifest ? .manifest : nil
  }
}
