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
    let content: [UInt8]
    /// True when the file cannot be left out, whatever it names.
    let isFixed: Bool
  }

  private let base: any Snapshot
  private let head: any Snapshot
  private let listing: SourceListing
  /// Source files that both sides have alike and that are left in.
  private var kept: Set<String> = []

  init(base: any Snapshot, head: any Snapshot, _ listing: SourceListing) {
    self.base = base
    self.head = head
    self.listing = listing
  }

  // MARK: What it concerns

  /// Decides which files are left in; false when it is not worth it or not certain.
  mutating func close(limit: Int) throws(SnapshotError) -> Bool {
    guard listing.changes.count <= limit * 16,
      !listing.changedOthers.contains(where: FleetSlice.concernsEverything)
    else { return false }
    var namespaces: Set<String> = []
    for (path, change) in listing.changes {
      for (file, snapshot) in [(change.base, base), (change.head, head)] {
        guard let file else { continue }
        let named = DocumentNamespaces(try snapshot.content(of: file.entry), path: path, role: file.role)
        if named.concernsAll { return false }
        namespaces.formUnion(named.names)
      }
    }
    var candidates: [Read] = []
    for read in try readSpecification() {
      guard read.isFixed else {
        candidates.append(read)
        continue
      }
      kept.insert(read.path)
      guard isLocal(read), !mentionsChangedOther(read) else { return false }
      // Connections in it are compiled, whatever they name.
      namespaces.formUnion(DocumentNamespaces(read.content, path: read.path, role: .specification).names)
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
    return true
  }

  /// Reads the documents that did not change, on all cores.
  private func readSpecification() throws(SnapshotError) -> [Read] {
    let files = listing.unchanged.filter { $0.role == .specification }
    let head = head
    let results = parallelMap(files, piece: 128) { file -> Result<Read, SnapshotError> in
      do throws(SnapshotError) {
        let content = try head.content(of: file.entry)
        return .success(
          Read(path: file.entry.path, content: content, isFixed: !Self.isConnectionOnly(content)))
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
    listing.changedOthers.contains { path in
      let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
      return ByteSearch.contains(read.content, Array(name.utf8))
    }
  }

  // MARK: Manifests

  private static let namespaceKey = Array("namespace".utf8)

  /// Keeps manifests that name one of the namespaces, and those that may concern any: a Namespace, a policy of the
  /// whole cluster.
  private mutating func keepManifests(of namespaces: Set<String>) throws(SnapshotError) {
    let files = listing.unchanged.filter { $0.role == .manifest }
    let needles = namespaces.union(DocumentNamespaces.resolvers).map { Array($0.utf8) }
    let head = head
    let results = parallelMap(files, piece: 128) { file -> Result<Bool, SnapshotError> in
      do throws(SnapshotError) {
        let content = try head.content(of: file.entry)
        if needles.contains(where: { ByteSearch.contains(content, $0) }) { return .success(true) }
        let isPlaced =
          ByteSearch.count(content, Self.namespaceKey) >= ByteSearch.count(content, Self.kind)
          && ByteSearch.contains(content, Self.kind) && !ByteSearch.hasEscapes(content)
        return .success(!isPlaced)
      } catch {
        return .failure(error)
      }
    }
    for (file, result) in zip(files, results) where try result.get() { kept.insert(file.entry.path) }
  }

  // MARK: Sides

  /// The earlier side with what does not matter hidden.
  var slicedBase: any Snapshot {
    SlicedSnapshot(base, listings: listings(listing.directories.shared, listing.directories.base))
  }

  /// The later side with what does not matter hidden.
  var slicedHead: any Snapshot {
    SlicedSnapshot(head, listings: listings(listing.directories.shared, listing.directories.head))
  }

  /// What is left of the directories in which something is hidden.
  private func listings(
    _ parts: [String: SourceListing.Directory]...
  ) -> [String: [SnapshotEntry]] {
    var listings: [String: [SnapshotEntry]] = [:]
    for part in parts {
      for (path, directory) in part where directory.isSource.contains(true) {
        listings[path] = zip(directory.entries, directory.isSource).filter { entry, isSource in
          !isSource || kept.contains(entry.path) || listing.changes[entry.path] != nil
        }.map(\.0)
      }
    }
    return listings
  }
}
