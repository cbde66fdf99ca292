import Snapshot

/// A snapshot with files laid over it, as if they had been written.
struct OverlaySnapshot: Snapshot {
  private let base: any Snapshot
  private let added: MemorySnapshot
  private let files: [String: [UInt8]]

  init(_ base: any Snapshot, _ files: [String: [UInt8]]) {
    self.base = base
    self.files = files
    added = MemorySnapshot(files)
  }

  package func entries(of directory: String) throws(SnapshotError) -> [SnapshotEntry] {
    let new = try added.entries(of: directory)
    let old = try base.entries(of: directory)
    guard !new.isEmpty else { return old }
    let names = Set(new.map(\.path))
    return (old.filter { !names.contains($0.path) } + new).sorted { utf8Precedes($0.path, $1.path) }
  }

  package func target(ofLink entry: SnapshotEntry) throws(SnapshotError) -> String? {
    try base.target(ofLink: entry)
  }

  package func isAbsentSubmodule(_ directory: String) -> Bool { base.isAbsentSubmodule(directory) }

  package func content(of entry: SnapshotEntry) throws(SnapshotError) -> [UInt8] {
    if let content = files[entry.path] { return content }
    return try base.content(of: entry)
  }
}
