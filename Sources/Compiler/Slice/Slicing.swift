import Diagnostics
import FleetSpec
import Linker
import Output
import Snapshot
import YAMLTree

/// The search for the part of a fleet that a change concerns.
struct Slicing {
  /// A file with its bytes.
  private struct Read: Sendable {
    let path: String
    let role: SourceListing.Role
    let content: [UInt8]
    /// True when the file cannot be left out, whatever it names.
    let isFixed: Bool
  }

  let base: any Snapshot
  let head: any Snapshot
  let old: SourceListing
  let new: SourceListing

  /// Paths of source files that differ, or that only one side has.
  private(set) var changed: Set<String> = []
  /// Paths beside the sources that differ.
  private(set) var changedOthers: Set<String> = []
  /// Source files that are left in.
  private var kept: Set<String> = []

  init(base: any Snapshot, head: any Snapshot, old: SourceListing, new: SourceListing) {
    self.base = base
    self.head = head
    self.old = old
    self.new = new
  }

  // MARK: What changed

  /// Compares by content ids; where a side cannot name contents, files are read and named, on all cores.
  mutating func findChanges() throws(SnapshotError) {
    changed = try Self.difference(old.files.mapValues(\.entry), new.files.mapValues(\.entry), base, head)
    changedOthers = try Self.difference(old.others, new.others, base, head)
  }

  private static func difference(
    _ old: [String: SnapshotEntry], _ new: [String: SnapshotEntry], _ base: any Snapshot,
    _ head: any Snapshot
  ) throws(SnapshotError) -> Set<String> {
    var different: Set<String> = []
    var unnamed: [(old: SnapshotEntry, new: SnapshotEntry)] = []
    for (path, entry) in new {
      guard let before = old[path] else {
        different.insert(path)
        continue
      }
      if before.kind != entry.kind {
        different.insert(path)
      } else if let a = before.blob, let b = entry.blob {
        if a != b { different.insert(path) }
      } else {
        unnamed.append((before, entry))
      }
    }
    for path in old.keys where new[path] == nil { different.insert(path) }
    let results = parallelMap(unnamed, piece: 64) { pair -> Result<Bool, SnapshotError> in
      do throws(SnapshotError) {
        return .success(try id(pair.old, base) == id(pair.new, head))
      } catch {
        return .failure(error)
      }
    }
    for (pair, result) in zip(unnamed, results) {
      switch result {
      case .success(true): break
      case .success(false): different.insert(pair.new.path)
      // The compile reports what cannot be read.
      case .failure: different.insert(pair.new.path)
      }
    }
    return different
  }

  private static func id(_ entry: SnapshotEntry, _ snapshot: any Snapshot) throws(SnapshotError) -> BlobID {
    if let blob = entry.blob { return blob }
    return BlobID(of: try snapshot.content(of: entry))
  }

  // MARK: What it concerns

  /// Decides which files are left in; false when it is not worth it or not certain.
  mutating func close(limit: Int) throws(SnapshotError) -> Bool {
    guard changed.count <= limit * 16 else { return false }
    var namespaces: Set<String> = []
    for path in changed {
      for (listing, snapshot) in [(old, base), (new, head)] {
        guard let file = listing.files[path] else { continue }
        let named = DocumentNamespaces(try snapshot.content(of: file.entry), path: path, role: file.role)
        if named.concernsAll { return false }
        namespaces.formUnion(named.names)
      }
    }
    var candidates: [Read] = []
    for read in try reads(of: .specification) {
      guard read.isFixed else {
        candidates.append(read)
        continue
      }
      kept.insert(read.path)
      guard isLocal(read), !mentionsChangedOther(read) else { return false }
      // Connections in it are compiled, whatever they name.
      namespaces.formUnion(DocumentNamespaces(read.content, path: read.path, role: .specification).names)
    }
    if changedOthers.contains(where: { $0 == Compiler.fleetFile || $0.hasPrefix("templates/") }) {
      return false
    }
    // Connections that share a namespace, and those that share one with them.
    var fresh = namespaces
    while !fresh.isEmpty {
      guard namespaces.count <= limit else { return false }
      let needles = fresh.map { Array($0.utf8) }
      fresh = []
      var rest: [Read] = []
      for read in candidates {
        guard needles.contains(where: { ByteSearch.contains(read.content, $0) }) else {
          rest.append(read)
          continue
        }
        kept.insert(read.path)
        let named = DocumentNamespaces(read.content, path: read.path, role: .specification)
        if named.concernsAll { return false }
        fresh.formUnion(named.names.subtracting(namespaces))
      }
      candidates = rest
      namespaces.formUnion(fresh)
    }
    try keepManifests(of: namespaces)
    kept.formUnion(changed)
    return true
  }

  /// Reads files of a role on the later side that did not change, on all cores.
  private func reads(of role: SourceListing.Role) throws(SnapshotError) -> [Read] {
    let files = new.files.values.filter { $0.role == role && !changed.contains($0.entry.path) }
    let head = head
    let results = parallelMap(files, piece: 128) { file -> Result<Read, SnapshotError> in
      do throws(SnapshotError) {
        let content = try head.content(of: file.entry)
        return .success(
          Read(
            path: file.entry.path, role: role, content: content, isFixed: !Self.isConnectionOnly(content)))
      } catch {
        return .failure(error)
      }
    }
    var reads: [Read] = []
    reads.reserveCapacity(results.count)
    for result in results { reads.append(try result.get()) }
    return reads
  }

  private static let kind = Array("kind".utf8)
  private static let kindConnection = Array("kind: Connection\n".utf8)

  /// True when every `kind` in the file is a Connection's, as it is mostly written, and no name can hide in it.
  private static func isConnectionOnly(_ content: [UInt8]) -> Bool {
    let count = ByteSearch.count(content, kindConnection)
    return count > 0 && count == ByteSearch.count(content, kind) && !ByteSearch.hasEscapes(content)
  }

  /// True for a document that says nothing of a link type whose parts hang together.
  private func isLocal(_ read: Read) -> Bool {
    let tree = Tree.parse(SourceFile(path: read.path, bytes: read.content)).tree
    return tree.documents.allSatisfy { document in
      guard document["kind"]?.text == "Link" else { return true }
      let keys = document["spec"]?.entries.map(\.key.text) ?? []
      return LinkRegistry.types.allSatisfy { $0.descriptor.isLocal || !keys.contains($0.descriptor.key) }
    }
  }

  /// True when a Cluster or Link may name a file that changed: a certificate, a baseline, a Corefile.
  private func mentionsChangedOther(_ read: Read) -> Bool {
    changedOthers.contains { path in
      let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
      return ByteSearch.contains(read.content, Array(name.utf8))
    }
  }

  // MARK: Manifests

  private static let namespaceKey = Array("namespace".utf8)

  /// Keeps manifests that name one of the namespaces, and those that may concern any: a Namespace, a policy of the
  /// whole cluster.
  private mutating func keepManifests(of namespaces: Set<String>) throws(SnapshotError) {
    let files = new.files.values.filter { $0.role == .manifest && !changed.contains($0.entry.path) }
    let needles = namespaces.map { Array($0.utf8) }
    let head = head
    let results = parallelMap(files, piece: 128) { file -> Result<Bool, SnapshotError> in
      do throws(SnapshotError) {
        let content = try head.content(of: file.entry)
        let isPlaced =
          ByteSearch.count(content, Self.namespaceKey) >= ByteSearch.count(content, Self.kind)
          && ByteSearch.contains(content, Self.kind) && !ByteSearch.hasEscapes(content)
        return .success(!isPlaced || needles.contains { ByteSearch.contains(content, $0) })
      } catch {
        return .failure(error)
      }
    }
    for (file, result) in zip(files, results) where try result.get() { kept.insert(file.entry.path) }
  }

  // MARK: Listings

  /// What is left of the directories of a side.
  func listings(of listing: SourceListing) -> [String: [SnapshotEntry]] {
    var listings: [String: [SnapshotEntry]] = [:]
    for (directory, entries) in listing.directories {
      let left = entries.filter { listing.files[$0.path] == nil || kept.contains($0.path) }
      if left.count < entries.count { listings[directory] = left }
    }
    return listings
  }
}
