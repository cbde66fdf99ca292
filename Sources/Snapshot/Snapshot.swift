/// What an entry of a snapshot is. Links and submodules are data: nothing ever follows them.
package enum EntryKind: Sendable, Equatable {
  case directory
  case file
  case executable
  case symbolicLink
  case submodule
}

/// One name in a directory of a snapshot.
package struct SnapshotEntry: Sendable, Equatable {
  /// The path from the snapshot's root, with `/`, never absolute and without `.` or `..`.
  package let path: String
  package let kind: EntryKind
  /// The content's name where the snapshot knows it without reading (git does, a directory does not).
  package let blob: BlobID?
  /// The content's length in bytes where it is known without reading.
  package let size: Int?

  package init(path: String, kind: EntryKind, blob: BlobID? = nil, size: Int? = nil) {
    self.path = path
    self.kind = kind
    self.blob = blob
    self.size = size
  }

  /// The last component of the path.
  package var name: Substring {
    path[(path.utf8.lastIndex(of: UInt8(ascii: "/")).map(path.utf8.index(after:)) ?? path.startIndex)...]
  }
}

/// Why a snapshot could not be read.
package struct SnapshotError: Error, Sendable, Equatable {
  /// Whose fault it is.
  package enum Kind: Sendable, Equatable {
    /// The system's: permissions, a damaged repository.
    case environment
    /// The repository's: an object is missing or damaged.
    case repository
    /// The author's: a path of the index with an unresolved merge conflict.
    case unmerged
    /// The author's: a tree holds a name that no file may have.
    case refusedName

    /// True for what no change of a file mends.
    package var isOfTheWorld: Bool { self == .environment || self == .repository }
  }

  package let path: String
  /// A clause without a full stop, in the user's words.
  package let reason: String
  package let kind: Kind
  /// The content's size in bytes when that is why it was not read: the author's fault after all.
  package let excessiveSize: Int?

  package init(path: String, reason: String, kind: Kind = .environment, excessiveSize: Int? = nil) {
    self.path = path
    self.reason = reason
    self.kind = kind
    self.excessiveSize = excessiveSize
  }
}

/// A read-only tree of files: a directory, a commit, the index. Content is read only when asked for.
///
/// Implementations are safe to read from several tasks at once.
package protocol Snapshot: Sendable {
  /// The entries of a directory (`""` is the root), ordered by the bytes of their paths;
  /// empty when there is no such directory.
  func entries(of directory: String) throws(SnapshotError) -> [SnapshotEntry]

  /// The entry at a path, or nil. Reads the listing of the directory that would hold it.
  func entry(at path: String) throws(SnapshotError) -> SnapshotEntry?

  /// The content of a file. Throws when the entry cannot be read.
  func content(of entry: SnapshotEntry) throws(SnapshotError) -> [UInt8]

  /// Where a symbolic link leads, as it is written; nil where that is not known.
  func target(ofLink entry: SnapshotEntry) throws(SnapshotError) -> String?

  /// True for a directory without entries that stands for a submodule: a working tree that was cloned without them.
  func isAbsentSubmodule(_ directory: String) -> Bool

  /// A name for all that is in a directory, where the snapshot knows one without reading: equal names, equal files.
  func directoryID(_ directory: String) throws(SnapshotError) -> BlobID?
}

extension Snapshot {
  package func directoryID(_ directory: String) throws(SnapshotError) -> BlobID? { nil }

  package func target(ofLink entry: SnapshotEntry) throws(SnapshotError) -> String? { nil }

  package func isAbsentSubmodule(_ directory: String) -> Bool { false }

  package func entry(at path: String) throws(SnapshotError) -> SnapshotEntry? {
    let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    return try entries(of: directory).first { $0.path == path }
  }
}

/// A snapshot held in memory; tests, examples of rules, and `--stdin` input use it.
package struct MemorySnapshot: Snapshot {
  private let files: [String: [UInt8]]
  private let directories: [String: [SnapshotEntry]]

  /// Takes files by path. Directories come from the paths.
  package init(_ files: [String: [UInt8]]) {
    self.files = files
    var directories: [String: [String: SnapshotEntry]] = [:]
    for (path, content) in files {
      var entry = SnapshotEntry(path: path, kind: .file, size: content.count)
      var child = Substring(path)
      while true {
        let slash = child.lastIndex(of: "/")
        let parent = slash.map { String(child[..<$0]) } ?? ""
        directories[parent, default: [:]][entry.path] = entry
        guard let slash else { break }
        child = child[..<slash]
        entry = SnapshotEntry(path: String(child), kind: .directory)
      }
    }
    self.directories = directories.mapValues { $0.values.sorted { utf8Precedes($0.path, $1.path) } }
  }

  /// Takes texts by path.
  package init(texts: [String: String]) {
    self.init(texts.mapValues { Array($0.utf8) })
  }

  package func entries(of directory: String) throws(SnapshotError) -> [SnapshotEntry] {
    directories[directory] ?? []
  }

  package func content(of entry: SnapshotEntry) throws(SnapshotError) -> [UInt8] {
    guard let content = files[entry.path] else {
      throw SnapshotError(path: entry.path, reason: "there is no such file")
    }
    return content
  }
}

/// Orders by UTF-8 bytes, the one order that no locale and no Unicode version changes.
///
/// Compares eight bytes at a time: sorting the paths of a large output takes a million comparisons.
package func utf8Precedes(_ a: String, _ b: String) -> Bool {
  let order = a.utf8.withContiguousStorageIfAvailable { left in
    b.utf8.withContiguousStorageIfAvailable { right in
      precedes(UnsafeRawBufferPointer(left), UnsafeRawBufferPointer(right))
    }
  }
  // Every native string has contiguous storage; there are no others on Linux.
  return (order ?? nil) ?? a.utf8.lexicographicallyPrecedes(b.utf8)
}

private func precedes(_ a: UnsafeRawBufferPointer, _ b: UnsafeRawBufferPointer) -> Bool {
  let common = min(a.count, b.count)
  var index = 0
  while index + 8 <= common {
    let left = UInt64(bigEndian: a.loadUnaligned(fromByteOffset: index, as: UInt64.self))
    let right = UInt64(bigEndian: b.loadUnaligned(fromByteOffset: index, as: UInt64.self))
    if left != right { return left < right }
    index += 8
  }
  while index < common {
    if a[index] != b[index] { return a[index] < b[index] }
    index += 1
  }
  return a.count < b.count
}
