package import Snapshot

/// What turns the output on record into a new one, and what stands in the way.
package struct OutputChange: Sendable {
  package enum Kind: String, Sendable {
    case added
    case changed
    case removed
  }

  package struct Item: Sendable {
    private enum Subject: Sendable {
      case file(OutputFile)
      case removed(String)
    }

    package let kind: Kind
    private let subject: Subject

    package var path: String {
      switch subject {
      case .file(let file): file.path
      case .removed(let path): path
      }
    }

    private var file: OutputFile? { if case .file(let file) = subject { file } else { nil } }
    /// The new content; nil for removals.
    package var content: [UInt8]? { file?.content }
    /// The name of the new content; nil for removals.
    package var blob: BlobID? { file?.blob }

    package init(path: String, kind: Kind, content: [UInt8]? = nil) {
      self.kind = kind
      subject = content.map { .file(OutputFile(path: path, content: $0)) } ?? .removed(path)
    }

    /// A file that is written as it is.
    package init(_ file: OutputFile, _ kind: Kind) {
      self.kind = kind
      subject = .file(file)
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
    if record.present.isEmpty { items.reserveCapacity(tree.files.count) }
    for file in tree.files where !keeps(file.path) {
      let written = record.owned[file.path]
      let isInventory = file.unit == nil && inventories.contains(file.path)
      if written != nil || isInventory { kept += 1 }
      guard let entry = record.present[file.path] else {
        if written != nil { missing.append(file.path) }
        items.append(Item(file, .added))
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
      items.append(Item(file, .changed))
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
      items.append(Item(path: path, kind: .removed))
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
