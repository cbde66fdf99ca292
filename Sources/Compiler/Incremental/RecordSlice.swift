import Output
import Snapshot

/// The output on record without the directories and inventories of namespaces that do not matter.
struct RecordSlice: Snapshot {
  private let base: any Snapshot
  private let layout: OutputLayout
  /// Hashes of the namespaces that matter.
  private let namespaces: Set<UInt32>

  init(_ base: any Snapshot, layout: OutputLayout, namespaces: Set<UInt32>) {
    self.base = base
    self.layout = layout
    self.namespaces = namespaces
  }

  func entries(of directory: String) throws(SnapshotError) -> [SnapshotEntry] {
    let entries = try base.entries(of: directory)
    if let part = part(at: directory) {
      return entries.filter { entry in
        guard entry.kind == .directory else { return true }
        return part == .components ? holds(patch: entry.name) : holds(entry.name)
      }
    }
    if directory.hasSuffix("/inventory"), part(at: directory.dropLast("inventory".count) + "manifests") != nil
    {
      return entries.filter { entry in
        !entry.name.hasSuffix(".lock") || holds(entry.name.dropLast(".lock".count))
      }
    }
    return entries
  }

  func content(of entry: SnapshotEntry) throws(SnapshotError) -> [UInt8] { try base.content(of: entry) }

  /// The part whose own directory this is: below it lie namespaces.
  private func part(at directory: String) -> OutputLayout.Part? {
    guard let place = layout.place(ofPath: directory + "/x/y"), place.rest == "x/y", place.part != .fragments
    else { return nil }
    return place.part
  }

  private func holds(_ namespace: Substring) -> Bool {
    namespace == OutputLayout.clusterDirectory || namespaces.contains(WordHashes.hash(String(namespace)))
  }

  /// `<namespace>-<kind>-<name>`.
  private func holds(patch directory: Substring) -> Bool {
    directory.indices.contains { directory[$0] == "-" && holds(directory[..<$0]) }
  }
}
