import FleetSpec
import Output
import Snapshot

/// Every file that the fleet's patterns reach on two sides, listed together without reading any: directories that are
/// alike are listed once.
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

  /// A source file that the sides do not have alike.
  struct Change: Sendable {
    var base: File?
    var head: File?
  }

  /// What lies in a directory, and which of it are source files.
  struct Directory: Sendable {
    let entries: [SnapshotEntry]
    let isSource: [Bool]
  }

  /// Source files that both sides have alike.
  private(set) var unchanged: [File] = []
  /// By path.
  private(set) var changes: [String: Change] = [:]
  /// Paths beside the sources (templates, certificates, baselines, prose) that differ.
  private(set) var changedOthers: Set<String> = []
  /// Directories of both sides, and those of either side that differ from them.
  private(set) var directories:
    (shared: [String: Directory], base: [String: Directory], head: [String: Directory]) =
      ([:], [:], [:])

  private let fleet: Fleet
  private let outputs: [String]
  private let base: any Snapshot
  private let head: any Snapshot
  /// Files that a side cannot name without reading.
  private var unnamed: [(base: File, head: File)] = []

  /// Lists and compares. Linear in the files outside the output, without those of equal directories on the earlier
  /// side; where contents have no names they are read, on all cores.
  init(_ base: any Snapshot, _ head: any Snapshot, fleet: Fleet) throws(SnapshotError) {
    self.fleet = fleet
    self.base = base
    self.head = head
    outputs = OutputLayout(fleet).roots
    try walk("")
    compareUnnamed()
  }

  // MARK: Walking

  private mutating func walk(_ directory: String) throws(SnapshotError) {
    if let old = try base.directoryID(directory), try head.directoryID(directory) == old {
      return try walkShared(directory)
    }
    let old = try base.entries(of: directory)
    let new = try head.entries(of: directory)
    directories.base[directory] = self.directory(old)
    directories.head[directory] = self.directory(new)
    var (i, j) = (0, 0)
    while i < old.count || j < new.count {
      if i < old.count, j < new.count, old[i].path == new[j].path {
        try compare(old[i], new[j])
        i += 1
        j += 1
      } else if j == new.count || i < old.count && utf8Precedes(old[i].path, new[j].path) {
        try take(old[i], isHead: false)
        i += 1
      } else {
        try take(new[j], isHead: true)
        j += 1
      }
    }
  }

  private mutating func walkShared(_ directory: String) throws(SnapshotError) {
    let entries = try head.entries(of: directory)
    var isSource: [Bool] = []
    isSource.reserveCapacity(entries.count)
    for entry in entries {
      let role = entry.kind == .directory ? nil : role(of: entry)
      isSource.append(role != nil)
      if let role { unchanged.append(File(entry: entry, role: role)) }
      if entry.kind == .directory, !outputs.contains(entry.path) { try walkShared(entry.path) }
    }
    directories.shared[directory] = Directory(entries: entries, isSource: isSource)
  }

  private func directory(_ entries: [SnapshotEntry]) -> Directory {
    Directory(entries: entries, isSource: entries.map { $0.kind != .directory && role(of: $0) != nil })
  }

  /// Two entries of one path.
  private mutating func compare(_ old: SnapshotEntry, _ new: SnapshotEntry) throws(SnapshotError) {
    if old.kind == .directory, new.kind == .directory {
      if !outputs.contains(new.path) { try walk(new.path) }
      return
    }
    guard old.kind == new.kind, let role = role(of: new) else {
      let isSame = old.kind == new.kind && old.blob != nil && old.blob == new.blob
      if !isSame, old.kind != new.kind || !hasSameContent(old, new) {
        try take(old, isHead: false)
        try take(new, isHead: true)
      }
      return
    }
    let files = (base: File(entry: old, role: role), head: File(entry: new, role: role))
    if let a = old.blob, let b = new.blob {
      if a == b { unchanged.append(files.head) } else { add(files) }
    } else {
      unnamed.append(files)
    }
  }

  /// Takes what only one side has, or has in this way.
  private mutating func take(_ entry: SnapshotEntry, isHead: Bool) throws(SnapshotError) {
    if entry.kind == .directory {
      guard !outputs.contains(entry.path) else { return }
      let entries = try (isHead ? head : base).entries(of: entry.path)
      if isHead {
        directories.head[entry.path] = directory(entries)
      } else {
        directories.base[entry.path] = directory(entries)
      }
      for entry in entries { try take(entry, isHead: isHead) }
    } else if let role = role(of: entry) {
      let file = File(entry: entry, role: role)
      if isHead {
        changes[entry.path, default: Change()].head = file
      } else {
        changes[entry.path, default: Change()].base = file
      }
    } else {
      changedOthers.insert(entry.path)
    }
  }

  private mutating func add(_ files: (base: File, head: File)) {
    changes[files.head.entry.path] = Change(base: files.base, head: files.head)
  }

  // MARK: Contents without names

  private mutating func compareUnnamed() {
    let pairs = unnamed
    unnamed = []
    let (base, head) = (base, head)
    let isSame = parallelMap(pairs, piece: 64) {
      Self.hasSameContent($0.base.entry, $0.head.entry, base, head)
    }
    for (pair, isSame) in zip(pairs, isSame) {
      if isSame { unchanged.append(pair.head) } else { add(pair) }
    }
  }

  private func hasSameContent(_ old: SnapshotEntry, _ new: SnapshotEntry) -> Bool {
    Self.hasSameContent(old, new, base, head)
  }

  /// False also for what cannot be read: the compile reports it.
  private static func hasSameContent(
    _ old: SnapshotEntry, _ new: SnapshotEntry, _ base: any Snapshot, _ head: any Snapshot
  ) -> Bool {
    func id(_ entry: SnapshotEntry, _ snapshot: any Snapshot) -> BlobID? {
      entry.blob ?? (try? snapshot.content(of: entry)).map { BlobID(of: $0) }
    }
    guard let a = id(old, base), let b = id(new, head) else { return false }
    return a == b
  }

  // MARK: Roles

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
