import Snapshot
import YAMLTree

/// Two sides of a fleet's sources and how they differ, found by git's ids and what is remembered of directories.
///
/// Linear in the directories of the later side; only directories that differ are listed, and only files that differ
/// are read.
struct SourceChange {
  /// A directory with what is known of it, and where its own directories are among the side's.
  struct Place {
    let path: String
    let id: BlobID
    let directory: IndexedDirectory
    /// By entry; nil for what is no directory that was looked into.
    var children: [Int: Int] = [:]
  }

  /// One side, the root first.
  struct Side {
    var places: [Place] = []
    /// By path, those that the other side does not have alike.
    var own: [String: Int] = [:]
  }

  private(set) var base = Side()
  private(set) var head = Side()
  /// Source files that differ, by path: entries of the earlier and of the later side.
  private(set) var changes: [String: (base: EntryPlace?, head: EntryPlace?)] = [:]
  /// Paths beside the sources that differ.
  private(set) var others: Set<String> = []
  /// Directories of the later side that nobody remembered.
  private(set) var new: [(path: String, id: BlobID, directory: IndexedDirectory)] = []

  struct EntryPlace {
    let place: Int
    let entry: Int
  }

  private let index: SourceIndex
  private let baseSnapshot: any Snapshot
  private let headSnapshot: any Snapshot
  private let store: any MemoStore

  /// Compares; nil when a directory of the earlier side is not remembered, or something cannot be read.
  init?(
    _ index: SourceIndex, base: any Snapshot, head: any Snapshot, store: any MemoStore
  ) throws(SnapshotError) {
    self.index = index
    baseSnapshot = base
    headSnapshot = head
    self.store = store
    guard let old = try base.directoryID(""), let new = try head.directoryID("") else { return nil }
    guard try loadHead("", new, previous: old) != nil else { return nil }
    guard try compare("", old, new) else { return nil }
  }

  /// A file of one side; nil when it cannot be read or parsed.
  func tree(_ entry: SnapshotEntry, isHead: Bool) -> Tree? {
    let snapshot = isHead ? headSnapshot : baseSnapshot
    let parsed = ParsedFile.read(entry, snapshot, store)
    return parsed.findings.isEmpty && parsed.damage == nil ? parsed.tree : nil
  }

  /// True when a file beside the sources holds documents of the specification, on either side.
  func mayBeStray(_ path: String) -> Bool {
    StrayDocuments.mayConcern(path, baseSnapshot) || StrayDocuments.mayConcern(path, headSnapshot)
  }

  // MARK: The later side

  /// Loads a directory and all below it; gives its number.
  private mutating func loadHead(
    _ path: String, _ id: BlobID, previous: BlobID?
  ) throws(SnapshotError) -> Int? {
    var old: IndexedDirectory?
    var directory = index.known(path, id)
    if directory == nil {
      old = previous.flatMap { index.known(path, $0) }
      let (snapshot, store) = (headSnapshot, store)
      directory = try index.build(path, snapshot, previous: old) { entry in
        let parsed = ParsedFile.read(entry, snapshot, store)
        return parsed.findings.isEmpty && parsed.damage == nil ? parsed.tree : nil
      }
      if let directory { new.append((path, id, directory)) }
    }
    guard let directory else { return nil }
    let number = head.places.count
    head.places.append(Place(path: path, id: id, directory: directory))
    for entry in 0..<directory.count where directory.role(entry) == .directory {
      let name = directory.name(entry)
      var before: BlobID?
      if let old { before = Self.directoryID(of: name, in: old) }
      let child = path.isEmpty ? name : path + "/" + name
      guard let known = try loadHead(child, directory.id(entry), previous: before) else { return nil }
      head.places[number].children[entry] = known
    }
    return number
  }

  private static func directoryID(of name: String, in directory: IndexedDirectory) -> BlobID? {
    (0..<directory.count).first { directory.role($0) == .directory && directory.name($0) == name }
      .map { directory.id($0) }
  }

  // MARK: Comparing

  /// Compares two directories of one path; false when what differs cannot be told.
  private mutating func compare(_ path: String, _ old: BlobID, _ new: BlobID) throws(SnapshotError) -> Bool {
    if old == new { return true }
    guard let number = head.places.firstIndex(where: { $0.path == path }),
      let before = index.known(path, old)
    else { return false }
    let after = head.places[number].directory
    head.own[path] = number
    let baseNumber = base.places.count
    base.places.append(Place(path: path, id: old, directory: before))
    base.own[path] = baseNumber
    var entries: [String: (base: Int?, head: Int?)] = [:]
    for entry in 0..<before.count { entries[before.name(entry), default: (nil, nil)].base = entry }
    for entry in 0..<after.count { entries[after.name(entry), default: (nil, nil)].head = entry }
    for (name, pair) in entries.sorted(by: { utf8Precedes($0.key, $1.key) }) {
      let child = path.isEmpty ? name : path + "/" + name
      if let a = pair.base, let b = pair.head, before.kind(a) == after.kind(b) {
        if before.role(a) == .output || before.id(a) == after.id(b) { continue }
        switch before.role(a) {
        case .directory:
          guard try compare(child, before.id(a), after.id(b)) else { return false }
          continue
        case .opaque:
          try compareOpaque(child)
          continue
        default: break
        }
      }
      if let entry = pair.base {
        guard try take(before, entry, baseNumber, child, isHead: false) else { return false }
      }
      if let entry = pair.head {
        guard try take(after, entry, number, child, isHead: true) else { return false }
      }
    }
    return true
  }

  /// Takes what only one side has, or has in this way; false for whole directories of sources.
  private mutating func take(
    _ directory: IndexedDirectory, _ entry: Int, _ place: Int, _ path: String, isHead: Bool
  ) throws(SnapshotError) -> Bool {
    switch directory.role(entry) {
    case .output: return true
    case .opaque:
      try takeOpaque(path, isHead ? headSnapshot : baseSnapshot)
      return true
    case .other:
      others.insert(path)
      return true
    case .specification, .manifest:
      let known = EntryPlace(place: place, entry: entry)
      if isHead {
        changes[path, default: (nil, nil)].head = known
      } else {
        changes[path, default: (nil, nil)].base = known
      }
      return true
    case .directory:
      let number: Int
      if isHead {
        guard let found = head.places.firstIndex(where: { $0.path == path }) else { return false }
        number = found
        head.own[path] = number
      } else {
        guard let known = index.known(path, directory.id(entry)) else { return false }
        number = base.places.count
        base.places.append(Place(path: path, id: directory.id(entry), directory: known))
        base.own[path] = number
      }
      let inner = isHead ? head.places[number].directory : base.places[number].directory
      for entry in 0..<inner.count {
        let child = path + "/" + inner.name(entry)
        guard try take(inner, entry, number, child, isHead: isHead) else { return false }
      }
      return true
    }
  }

  // MARK: Directories without sources

  private mutating func compareOpaque(_ path: String) throws(SnapshotError) {
    if try baseSnapshot.directoryID(path) == headSnapshot.directoryID(path) { return }
    var old: [String: SnapshotEntry] = [:]
    for entry in try baseSnapshot.entries(of: path) { old[entry.path] = entry }
    for entry in try headSnapshot.entries(of: path) {
      let before = old.removeValue(forKey: entry.path)
      if let before, before.kind == entry.kind {
        if entry.kind == .directory {
          try compareOpaque(entry.path)
        } else if before != entry {
          others.insert(entry.path)
        }
        continue
      }
      if let before { try takeOpaque(before, baseSnapshot) }
      try takeOpaque(entry, headSnapshot)
    }
    for entry in old.values { try takeOpaque(entry, baseSnapshot) }
  }

  private mutating func takeOpaque(_ path: String, _ snapshot: any Snapshot) throws(SnapshotError) {
    for entry in try snapshot.entries(of: path) { try takeOpaque(entry, snapshot) }
  }

  private mutating func takeOpaque(_ entry: SnapshotEntry, _ snapshot: any Snapshot) throws(SnapshotError) {
    if entry.kind == .directory { try takeOpaque(entry.path, snapshot) } else { others.insert(entry.path) }
  }
}
