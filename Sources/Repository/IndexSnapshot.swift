import CLibGit2
package import Snapshot
import Synchronization

/// The index as it stands: what `git commit` would commit.
///
/// The entries are copied when the snapshot is made, so that it never changes and is safe to read from
/// several threads. Intent-to-add entries (`git add -N`) are absent: git would not commit them. An unmerged path
/// is listed, and reading it is an error that names it: conflicts elsewhere in the repository do not matter.
package struct IndexSnapshot: Snapshot {
  private struct Record: Sendable {
    let path: [UInt8]
    let kind: EntryKind
    /// Nil for an unmerged path.
    let blob: BlobID?
  }

  /// The directory of the repository that is the snapshot's root; `""` for all of it.
  package let prefix: String
  /// Paths below the prefix with unresolved conflicts, ordered by their bytes.
  package let unmergedPaths: [String]
  private let repository: GitRepository
  /// Ordered by the bytes of the paths, each once.
  private let records: [Record]
  private let trees = TreeNames()

  /// Reads the index, or the one at `indexFile`: git hands hooks a temporary one in `GIT_INDEX_FILE`.
  package init(
    _ repository: GitRepository, prefix: String = "", indexFile: String? = nil
  ) throws(GitError) {
    self.repository = repository
    self.prefix = prefix
    if repository.isBare, indexFile == nil {
      throw GitError(
        .notFound, "read the index", "the repository is bare and has none", remedy: "name a commit with --ref"
      )
    }
    let path = indexFile ?? repository.gitDirectory + "index"
    try withoutNUL(path, "read the index")
    let index = try GitHandle("read the index \(path)", freedBy: { git_index_free($0) }) {
      git_index_open($0, path)
    }
    let start = prefix.isEmpty ? [] : Array(prefix.utf8) + [UInt8(ascii: "/")]
    var records: [Record] = []
    let count = git_index_entrycount(index.pointer)
    records.reserveCapacity(count)
    for position in 0..<count {
      guard let entry = git_index_get_byindex(index.pointer, position)?.pointee, let name = entry.path else {
        continue
      }
      let bytes = UnsafeRawBufferPointer(start: name, count: Int(strlenBytes(name)))
      guard bytes.starts(with: start) else { continue }
      if UInt32(entry.flags_extended) & GIT_INDEX_ENTRY_INTENT_TO_ADD.rawValue != 0 { continue }
      let path = Array(bytes.dropFirst(start.count))
      let isUnmerged = (Int32(entry.flags) & Int32(GIT_INDEX_ENTRY_STAGEMASK)) != 0
      if isUnmerged, let last = records.last, last.blob == nil, last.path == path { continue }
      let kind = EntryKind(mode: entry.mode)
      records.append(Record(path: path, kind: kind, blob: isUnmerged ? nil : ObjectID(entry.id).blob))
    }
    records.sort { $0.path.lexicographicallyPrecedes($1.path) }
    self.records = records
    unmergedPaths = records.filter { $0.blob == nil }.map { EntryName.printable($0.path) }
  }

  package func entries(of directory: String) throws(SnapshotError) -> [SnapshotEntry] {
    var start = Array(directory.utf8)
    if !start.isEmpty { start.append(UInt8(ascii: "/")) }
    var entries: [SnapshotEntry] = []
    var position = firstRecord(notBefore: start)
    while position < records.count, records[position].path.starts(with: start) {
      let record = records[position]
      let rest = record.path[start.count...]
      let slash = rest.firstIndex(of: UInt8(ascii: "/"))
      let name = rest[..<(slash ?? rest.endIndex)]
      if let fault = EntryName.fault(name) ?? EntryName.depthFault(start) {
        throw SnapshotError(
          path: EntryName.printable(record.path), reason: "this entry of the index is refused: \(fault)",
          kind: .refusedName)
      }
      let path = String(decoding: start + name, as: UTF8.self)
      if let slash {
        entries.append(SnapshotEntry(path: path, kind: .directory))
        // '0' follows '/': the first path that is not below this directory.
        position = firstRecord(notBefore: Array(record.path[..<slash]) + [UInt8(ascii: "0")])
      } else {
        let blob = record.kind == .submodule ? nil : record.blob
        entries.append(SnapshotEntry(path: path, kind: record.kind, blob: blob))
        position += 1
      }
    }
    entries.sort { ByteOrder.precedes($0.path, $1.path) }
    for (one, next) in zip(entries, entries.dropFirst()) where ByteOrder.equal(one.path, next.path) {
      throw SnapshotError(
        path: one.path, reason: "the index holds it both as a file and as a directory: resolve the conflict",
        kind: .unmerged)
    }
    return entries
  }

  package func target(ofLink entry: SnapshotEntry) throws(SnapshotError) -> String? {
    guard entry.kind == .symbolicLink else { return nil }
    return String(decoding: try content(of: entry), as: UTF8.self)
  }

  package func content(of entry: SnapshotEntry) throws(SnapshotError) -> [UInt8] {
    if let blob = entry.blob, entry.kind != .directory, entry.kind != .submodule {
      return try repository.blob(blob, path: entry.path)
    }
    let path = Array(entry.path.utf8)
    let position = firstRecord(notBefore: path)
    guard position < records.count, records[position].path == path, records[position].kind != .submodule
    else {
      throw SnapshotError(path: entry.path, reason: "it is not a file of the index")
    }
    throw SnapshotError(
      path: entry.path, reason: "it has an unresolved merge conflict: resolve it, then `git add` it",
      kind: .unmerged)
  }

  package func directoryID(_ directory: String) throws(SnapshotError) -> BlobID? {
    trees.id(of: directory) { Self.treeIDs(records) }
  }

  /// The trees that `git write-tree` would write, by directory; none for directories with an unmerged path in them.
  ///
  /// The order of whole paths is the order of names in trees, where a directory's name ends in `/`. Linear.
  private static func treeIDs(_ records: [Record]) -> [String: BlobID] {
    var ids: [String: BlobID] = [:]
    /// Directories that are open: the length of their path, their tree so far, and whether it can be named.
    var open: [(path: [UInt8], content: [UInt8], isWhole: Bool)] = [([], [], true)]
    func close() {
      guard let last = open.popLast() else { return }
      let id = ObjectID(of: .tree, last.content)
      if last.isWhole { ids[String(decoding: last.path.dropLast(), as: UTF8.self)] = id.blob }
      guard let above = open.indices.last else { return }
      open[above].isWhole = open[above].isWhole && last.isWhole
      let name = last.path.dropLast().dropFirst(open[above].path.count)
      append(RawTree.directoryMode, name, id, to: &open[above].content)
    }
    let slash = UInt8(ascii: "/")
    for record in records {
      while let path = open.last?.path, !record.path.starts(with: path) { close() }
      var start = open.last?.path.count ?? 0
      while let end = record.path[start...].firstIndex(of: slash) {
        open.append((Array(record.path[...end]), [], true))
        start = end + 1
      }
      let last = open.count - 1
      if let blob = record.blob {
        append(record.kind.mode, record.path[start...], ObjectID(blob), to: &open[last].content)
      } else {
        open[last].isWhole = false
      }
    }
    while !open.isEmpty { close() }
    return ids
  }

  private static func append(
    _ mode: UInt32, _ name: ArraySlice<UInt8>, _ id: ObjectID, to content: inout [UInt8]
  ) {
    content += Array(String(mode, radix: 8).utf8) + [UInt8(ascii: " ")]
    content += name
    content.append(0)
    id.append(to: &content)
  }

  /// Binary search: the first record whose path does not precede the given bytes.
  private func firstRecord(notBefore path: [UInt8]) -> Int {
    var low = 0
    var high = records.count
    while low < high {
      let middle = low + (high - low) / 2
      if records[middle].path.lexicographicallyPrecedes(path) { low = middle + 1 } else { high = middle }
    }
    return low
  }
}

/// Names of an index's directories, found when somebody asks for the first.
private final class TreeNames: Sendable {
  private let known = Mutex<[String: BlobID]?>(nil)

  func id(of directory: String, _ find: () -> [String: BlobID]) -> BlobID? {
    known.withLock { known in
      let ids = known ?? find()
      known = ids
      return ids[directory]
    }
  }
}

/// The length of a terminated string.
private func strlenBytes(_ text: UnsafePointer<CChar>) -> Int {
  var length = 0
  while text[length] != 0 { length += 1 }
  return length
}
