package import Snapshot

/// What turns the output on record into a new one, and what stands in the way.
package struct OutputChange: Sendable {
  package enum Kind: String, Sendable {
    case added
    case changed
    case removed
  }

  package struct Item: Sendable {
    package let path: String
    package let kind: Kind
    /// The new content; nil for removals.
    package let content: [UInt8]?
    /// The name of the new content; nil for removals.
    package let blob: BlobID?

    package init(path: String, kind: Kind, content: [UInt8]? = nil, blob: BlobID? = nil) {
      self.path = path
      self.kind = kind
      self.content = content
      self.blob = blob ?? content.map { BlobID(of: $0) }
    }
  }

  /// What is to be written or removed, ordered by path.
  package private(set) var items: [Item] = []
  /// Owned files that somebody edited since they were written.
  package private(set) var edited: [String] = []
  /// Owned files that somebody removed.
  package private(set) var missing: [String] = []
  /// Files in the way that Linkwright does not own.
  package private(set) var foreign: [String] = []
  /// Files that are what they should be.
  package private(set) var unchanged = 0

  /// Takes items as they are, each path once, in any order.
  package init(items: [Item], unchanged: Int = 0) {
    self.items = items.sorted { utf8Precedes($0.path, $1.path) }
    self.unchanged = unchanged
  }

  /// Compares. `blob` names the content of a file on record; it is asked only where it matters.
  ///
  /// - Parameter keeps: true for paths whose last output is kept, because their output unit has an error.
  package init(
    from record: OutputRecord, to tree: OutputTree, keeps: (String) -> Bool,
    blob: (SnapshotEntry) throws(SnapshotError) -> BlobID
  ) throws(SnapshotError) {
    // Owned files and inventories that stay: when these are all, nothing is to be removed.
    var kept = 0
    let inventories = Set(record.inventories + record.broken)
    for file in tree.files where !keeps(file.path) {
      let written = record.owned[file.path]
      let isInventory = file.unit == nil && inventories.contains(file.path)
      if written != nil || isInventory { kept += 1 }
      guard let entry = record.present[file.path] else {
        if written != nil { missing.append(file.path) }
        items.append(Item(path: file.path, kind: .added, content: file.content, blob: file.blob))
        continue
      }
      let isFile = entry.kind == .file || entry.kind == .executable
      let present = isFile ? try Self.blob(of: entry, blob) : nil
      if let present, present == file.blob {
        unchanged += 1
        continue
      }
      if let written {
        if written != present { edited.append(file.path) }
      } else if !isInventory {
        foreign.append(file.path)
      }
      items.append(Item(path: file.path, kind: .changed, content: file.content, blob: file.blob))
    }
    if kept < record.owned.count + inventories.count {
      try addRemovals(record, tree, keeps: keeps, blob)
    }
    items.sort { utf8Precedes($0.path, $1.path) }
    edited.sort(by: utf8Precedes)
  }

  private mutating func addRemovals(
    _ record: OutputRecord, _ tree: OutputTree, keeps: (String) -> Bool,
    _ blob: (SnapshotEntry) throws(SnapshotError) -> BlobID
  ) throws(SnapshotError) {
    let wanted = Set(tree.files.map(\.path).filter { !keeps($0) })
    for path in Set(record.owned.keys).union(record.inventories) where !wanted.contains(path) && !keeps(path)
    {
      guard let entry = record.present[path] else { continue }
      if let written = record.owned[path] {
        let present = entry.kind == .file ? try Self.blob(of: entry, blob) : nil
        if present != written { edited.append(path) }
      }
      items.append(Item(path: path, kind: .removed, content: nil, blob: nil))
    }
  }

  private static func blob(
    of entry: SnapshotEntry, _ read: (SnapshotEntry) throws(SnapshotError) -> BlobID
  ) throws(SnapshotError) -> BlobID {
    if let known = entry.blob { return known }
    return try read(entry)
  }

  package var isEmpty: Bool { items.isEmpty }

  /// The part of the change below some directories, all of it where there are none.
  package func limited(to roots: [String]) -> OutputChange {
    guard !roots.isEmpty else { return self }
    let lies = { (path: String) in roots.contains { path.hasPrefix($0 + "/") } }
    var limited = self
    limited.items = items.filter { lies($0.path) }
    limited.edited = edited.filter(lies)
    limited.missing = missing.filter(lies)
    limited.foreign = foreign.filter(lies)
    return limited
  }

  /// How many items of a kind there are.
  package func count(_ kind: Kind) -> Int { items.count { $0.kind == kind } }
}
