import Snapshot

/// A snapshot of which some files are hidden.
///
/// Directories in which files are hidden are listed from memory; all others as they are.
struct SlicedSnapshot: Snapshot {
  private let base: any Snapshot
  private let listings: [String: [SnapshotEntry]]

  /// - Parameter listings: what is left of the directories in which something is hidden.
  init(_ base: any Snapshot, listings: [String: [SnapshotEntry]]) {
    self.base = base
    self.listings = listings
  }

  func entries(of directory: String) throws(SnapshotError) -> [SnapshotEntry] {
    if let listing = listings[directory] { return listing }
    return try base.entries(of: directory)
  }

  func target(ofLink entry: SnapshotEntry) throws(SnapshotError) -> String? {
    try base.target(ofLink: entry)
  }

  func isAbsentSubmodule(_ directory: String) -> Bool { base.isAbsentSubmodule(directory) }

  func content(of entry: SnapshotEntry) throws(SnapshotError) -> [UInt8] { try base.content(of: entry) }
}
