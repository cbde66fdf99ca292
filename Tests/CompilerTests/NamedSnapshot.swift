import Snapshot

/// Files in memory whose contents and directories have names, as in git.
struct NamedSnapshot: Snapshot {
  private let files: MemorySnapshot
  private let contents: [String: [UInt8]]
  private let directories: [String: BlobID]

  init(_ contents: [String: [UInt8]]) {
    files = MemorySnapshot(contents)
    self.contents = contents
    var texts: [String: [UInt8]] = ["": []]
    for path in contents.keys.sorted(by: utf8Precedes) {
      let line = Array("\(path) \(BlobID(of: contents[path] ?? []).hexadecimal)\n".utf8)
      var directory = Substring(path)
      while let slash = directory.lastIndex(of: "/") {
        directory = directory[..<slash]
        texts[String(directory), default: []] += line
      }
      texts["", default: []] += line
    }
    directories = texts.mapValues { BlobID(of: $0) }
  }

  func entries(of directory: String) throws(SnapshotError) -> [SnapshotEntry] {
    try files.entries(of: directory).map { entry in
      SnapshotEntry(path: entry.path, kind: entry.kind, blob: contents[entry.path].map { BlobID(of: $0) })
    }
  }

  func content(of entry: SnapshotEntry) throws(SnapshotError) -> [UInt8] { try files.content(of: entry) }

  func directoryID(_ directory: String) throws(SnapshotError) -> BlobID? { directories[directory] }
}
