package import Snapshot
import Synchronization

/// The files of a commit, or of one directory of it, read lazily from the object database.
///
/// Nothing is checked out and no link is followed. Directories are listed once and kept; file contents
/// are not. Safe to read from several threads at once.
package final class CommitSnapshot: Snapshot {
  /// The tree that is read, and what messages call it: a commit, where there is one.
  private let tree: ObjectID
  private let name: String
  /// The directory of the commit that is the snapshot's root; `""` for all of it.
  package let prefix: String
  private let repository: GitRepository
  /// Listings by the bytes of their path: a `String` key would unite names that differ in Unicode form only.
  private let listings = Mutex<[[UInt8]: Listing]>([:])

  /// A name inside a tree that must not be used.
  package struct RejectedEntry: Sendable, Equatable {
    /// The path with what cannot be printed escaped.
    package let path: String
    package let reason: String
  }

  /// A directory as it was read.
  private struct Listing: Sendable {
    let tree: ObjectID
    let entries: [SnapshotEntry]
    let rejected: [RejectedEntry]
    let directories: [[UInt8]: ObjectID]
  }

  /// Reads the commit that a revision names. `prefix` is a path inside it, without `/` at either end.
  package convenience init(
    _ repository: GitRepository, revision: String, prefix: String = ""
  ) throws(GitError) {
    self.init(repository, commit: try repository.commit(revision), prefix: prefix)
  }

  /// Reads a commit that is already known.
  package init(_ repository: GitRepository, commit: CommitFacts, prefix: String = "") {
    self.repository = repository
    tree = commit.tree
    name = "commit \(commit.id)"
    self.prefix = prefix
  }

  /// Reads a tree, whatever commit holds it.
  package init(_ repository: GitRepository, tree: ObjectID) {
    self.repository = repository
    self.tree = tree
    name = "tree \(tree)"
    prefix = ""
  }

  package func entries(of directory: String) throws(SnapshotError) -> [SnapshotEntry] {
    guard let listing = try listing(of: directory) else { return [] }
    if let rejected = listing.rejected.first {
      let others = listing.rejected.count - 1
      throw SnapshotError(
        path: rejected.path,
        reason: "this entry of \(name) is refused: \(rejected.reason)"
          + (others > 0 ? "; \(others) more beside it" : ""), kind: .refusedName)
    }
    return listing.entries
  }

  /// Names beside it that `entries(of:)` refuses do not matter.
  package func entry(at path: String) throws(SnapshotError) -> SnapshotEntry? {
    let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? ""
    guard let listing = try listing(of: directory),
      !listing.rejected.contains(where: { $0.path == path })
    else { return nil }
    return listing.entries.first { $0.path == path }
  }

  /// The names of a directory that `entries(of:)` refuses to list, all of them.
  package func rejectedEntries(of directory: String) throws(SnapshotError) -> [RejectedEntry] {
    try listing(of: directory)?.rejected ?? []
  }

  /// The tree of a directory: equal trees hold equal files. Nil when there is no such directory.
  ///
  /// Reads the directory that holds it, not the directory itself.
  package func treeID(of directory: String) throws(SnapshotError) -> ObjectID? {
    guard let slash = directory.utf8.lastIndex(of: UInt8(ascii: "/")) else {
      if directory.isEmpty { return try root()?.tree }
      return try root()?.directories[Array(directory.utf8)]
    }
    return try listing(of: String(directory[..<slash]))?.directories[
      Array(directory[slash...].utf8.dropFirst())]
  }

  package func directoryID(_ directory: String) throws(SnapshotError) -> BlobID? {
    try treeID(of: directory)?.blob
  }

  package func target(ofLink entry: SnapshotEntry) throws(SnapshotError) -> String? {
    guard entry.kind == .symbolicLink else { return nil }
    return String(decoding: try content(of: entry), as: UTF8.self)
  }

  package func content(of entry: SnapshotEntry) throws(SnapshotError) -> [UInt8] {
    guard let blob = entry.blob, entry.kind != .directory, entry.kind != .submodule else {
      throw SnapshotError(path: entry.path, reason: "it is not a file of \(name)")
    }
    return try repository.blob(blob, path: entry.path)
  }

  /// Goes down from the nearest directory above that is known; iterative, since a hostile tree may be deep.
  private func listing(of directory: String) throws(SnapshotError) -> Listing? {
    let key = Array(directory.utf8)
    guard let root = try root() else { return nil }
    if key.isEmpty { return root }
    let slash = UInt8(ascii: "/")
    var end = key.count
    var current: Listing?
    listings.withLock { listings in
      while end > 0 {
        current = listings[Array(key[..<end])]
        if current != nil { break }
        end = key[..<end].lastIndex(of: slash) ?? 0
      }
    }
    var listing = current ?? root
    while end < key.count {
      let start = end == 0 ? 0 : end + 1
      end = start < key.count ? key[start...].firstIndex(of: slash) ?? key.count : key.count
      guard let tree = listing.directories[Array(key[min(start, end)..<end])] else { return nil }
      listing = try load(tree, Array(key[..<end]))
    }
    return listing
  }

  private func root() throws(SnapshotError) -> Listing? {
    if let known = listings.withLock({ $0[[]] }) { return known }
    var tree = tree
    for component in prefix.utf8.split(separator: UInt8(ascii: "/")) {
      let raw = try read(tree, path: "")
      guard let entry = raw.entries.first(where: { $0.isDirectory && raw.name($0).elementsEqual(component) })
      else { return nil }
      tree = entry.id
    }
    return try load(tree, [])
  }

  private func read(_ tree: ObjectID, path: String) throws(SnapshotError) -> RawTree {
    do {
      return try RawTree(repository.objects.read(tree, as: .tree), id: tree)
    } catch {
      throw error.atSnapshotPath(path)
    }
  }

  private func load(_ tree: ObjectID, _ path: [UInt8]) throws(SnapshotError) -> Listing {
    if let known = listings.withLock({ $0[path] }) { return known }
    let raw = try read(tree, path: String(decoding: path, as: UTF8.self))
    var start = path
    if !path.isEmpty { start.append(UInt8(ascii: "/")) }
    let depthFault = EntryName.depthFault(start)
    var entries: [SnapshotEntry] = []
    entries.reserveCapacity(raw.entries.count)
    var rejected: [RejectedEntry] = []
    var directories: [[UInt8]: ObjectID] = [:]
    for entry in raw.entries {
      let name = raw.name(entry)
      if let fault = EntryName.fault(name) ?? depthFault {
        rejected.append(RejectedEntry(path: EntryName.printable(start + name), reason: fault))
        continue
      }
      let kind = EntryKind(mode: entry.mode)
      if kind == .directory { directories[Array(name)] = entry.id }
      let hasContent = kind != .directory && kind != .submodule
      entries.append(
        SnapshotEntry(
          path: String(decoding: start + name, as: UTF8.self), kind: kind,
          blob: hasContent ? entry.id.blob : nil))
    }
    entries.sort { ByteOrder.precedes($0.path, $1.path) }
    for (one, next) in zip(entries, entries.dropFirst()) where ByteOrder.equal(one.path, next.path) {
      rejected.append(RejectedEntry(path: one.path, reason: "the tree holds the name twice"))
    }
    let listing = Listing(tree: tree, entries: entries, rejected: rejected, directories: directories)
    listings.withLock { $0[path] = listing }
    return listing
  }
}

extension EntryKind {
  /// The kind that a mode of git stands for; unknown types read as files.
  init(mode: UInt32) {
    switch mode & RawTree.typeMask {
    case RawTree.directoryMode: self = .directory
    case RawTree.symbolicLinkMode: self = .symbolicLink
    case RawTree.submoduleMode: self = .submodule
    default: self = mode & 0o111 != 0 ? .executable : .file
    }
  }

  /// The mode with which git stores it.
  var mode: UInt32 {
    switch self {
    case .directory: RawTree.directoryMode
    case .symbolicLink: RawTree.symbolicLinkMode
    case .submodule: RawTree.submoduleMode
    case .executable: 0o100755
    case .file: 0o100644
    }
  }
}

extension GitRepository {
  /// Reads a blob on behalf of a snapshot.
  func blob(_ id: BlobID, path: String) throws(SnapshotError) -> [UInt8] {
    do {
      return try objects.read(ObjectID(id), as: .blob)
    } catch {
      throw error.atSnapshotPath(path)
    }
  }
}
