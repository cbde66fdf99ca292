import Output
import Snapshot

/// How the output on record differs between two snapshots, found by the names of directories where there are some.
struct RecordChange {
  /// Entries that differ, by path, on either side.
  private var entries: [String: (base: SnapshotEntry?, head: SnapshotEntry?)] = [:]
  /// Hashes of the namespaces that differences lie in.
  private(set) var namespaces: Set<UInt32> = []
  private let base: any Snapshot
  private let head: any Snapshot
  private let layout: OutputLayout

  /// More are not worth it.
  private static let limit = 10_000

  var isEmpty: Bool { entries.isEmpty }

  /// Compares what lies below the output's roots; nil for what belongs to no namespace that its path names, and for
  /// differences without end.
  init?(_ base: any Snapshot, _ head: any Snapshot, layout: OutputLayout) throws(SnapshotError) {
    self.base = base
    self.head = head
    self.layout = layout
    for root in layout.roots {
      guard try compare(root) else { return nil }
    }
  }

  private mutating func compare(_ directory: String) throws(SnapshotError) -> Bool {
    if let id = try base.directoryID(directory), try head.directoryID(directory) == id { return true }
    var old: [String: SnapshotEntry] = [:]
    for entry in try base.entries(of: directory) { old[entry.path] = entry }
    for entry in try head.entries(of: directory) {
      let before = old.removeValue(forKey: entry.path)
      guard try compare(before, entry) else { return false }
    }
    for entry in old.values {
      guard try compare(entry, nil) else { return false }
    }
    return true
  }

  private mutating func compare(
    _ base: SnapshotEntry?, _ head: SnapshotEntry?
  ) throws(SnapshotError) -> Bool {
    guard let path = base?.path ?? head?.path else { return true }
    if base == head, base?.kind != .directory, base?.blob != nil { return true }
    if base?.kind == .directory || head?.kind == .directory {
      guard try compare(path) else { return false }
    }
    let isFile = { (entry: SnapshotEntry?) in entry != nil && entry?.kind != .directory }
    guard isFile(base) || isFile(head) else { return true }
    entries[path] = (isFile(base) ? base : nil, isFile(head) ? head : nil)
    guard entries.count <= Self.limit, let namespace = layout.namespace(ofPath: path) else { return false }
    if let namespace { namespaces.insert(WordHashes.hash(namespace)) }
    return true
  }

  /// True when the earlier record holds what a part's earlier compile gives, and the later one the later, and what else
  /// differs between them is nothing.
  func isOutput(_ before: OutputTree, _ after: OutputTree) throws(SnapshotError) -> Bool {
    var old: [String: OutputFile] = [:]
    for file in before.files { old[file.path] = file }
    let directories = Set((before.files + after.files).map { Self.directory(of: $0.path) })
    var (earlier, later): ([String: SnapshotEntry], [String: SnapshotEntry]) = ([:], [:])
    for directory in directories {
      for entry in try base.entries(of: directory) { earlier[entry.path] = entry }
      for entry in try head.entries(of: directory) { later[entry.path] = entry }
    }
    func holds(_ file: OutputFile, _ record: [String: SnapshotEntry]) -> Bool {
      guard let entry = record[file.path] else { return false }
      return entry.kind == .file && entry.blob == file.blob
    }
    var wanted: Set<String> = []
    for file in after.files {
      wanted.insert(file.path)
      let previous = old.removeValue(forKey: file.path)
      if holds(file, later), previous.map({ holds($0, earlier) }) ?? true { continue }
      // What namespaces share is larger in the whole: it may stay as it is, and that is all.
      guard let previous, previous.unit == nil, previous.blob == file.blob, entries[file.path] == nil,
        earlier[file.path] != nil
      else { return false }
    }
    for file in old.values {
      guard holds(file, earlier), later[file.path] == nil else { return false }
    }
    return entries.allSatisfy { path, sides in
      wanted.contains(path) || sides.head == nil && old[path] != nil
    }
  }

  private static func directory(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
  }
}

extension OutputLayout {
  /// The namespace that a path of the output names; `.some(nil)` for what every part of a fleet holds, and nil for what
  /// cannot be told.
  fileprivate func namespace(ofPath path: String) -> String?? {
    guard let place = place(ofPath: path) else {
      // Inventories, and a cluster's own kustomization, lie beside the parts.
      let steps = path.split(separator: "/")
      guard steps.count > 2, steps[steps.count - 2] == "inventory", steps.last?.hasSuffix(".lock") == true
      else {
        return nil
      }
      let name = String(steps[steps.count - 1].dropLast(".lock".count))
      return .some(name == Self.clusterDirectory ? nil : name)
    }
    switch place.part {
    case .manifests, .expected:
      let steps = place.rest.split(separator: "/")
      // A cluster's kustomization lists its namespaces.
      if steps.count == 1 { return .some(nil) }
      return .some(steps[0] == Self.clusterDirectory ? nil : String(steps[0]))
    case .fragments: return .some(nil)
    case .components: return nil
    }
  }
}
