import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Snapshot
import Synchronization
import YAMLTree

/// Names for the parts of the input: what a unit says that it reads, put together from these, names all it depends on.
struct SliceDigests: Sendable {
  /// Everything that belongs to no namespace: the specification beside Connections, templates, objects of cluster
  /// scope, and whatever else was read.
  let fleet: BlobID
  /// The manifests of each namespace in all clusters, with their paths.
  let namespaces: [String: BlobID]
  /// Files that hold Connections only.
  let connections: [String: BlobID]

  /// What a unit depends on; nil for one that may look at anything.
  func key(of unit: any PlannedUnit) -> MemoKey? {
    guard let scope = unit.scope else { return nil }
    var writer = MemoWriter()
    writer.append(fleet)
    writer.append(unit.key)
    for connection in scope.connections {
      let path = connection.connection.node.tree.file.path
      writer.append(path)
      writer.append(connection.namespace.value)
      writer.append(connection.connection.name.value)
      // One of another file, a List for example, is in the fleet's digest.
      if let file = connections[path] { writer.append(file) }
    }
    for namespace in scope.namespaces.sorted() {
      writer.append(namespace)
      if let digest = namespaces[namespace] { writer.append(digest) }
    }
    return MemoKey(.unit, BlobID(of: writer.bytes))
  }
}

/// Gathers the digests while files are read. A file without a name of its content (in a directory) ends it: nothing
/// is kept then.
struct SliceDigester {
  private var fleet = MemoWriter()
  private var namespaces: [String: MemoWriter] = [:]
  private var connections: [String: BlobID] = [:]
  private var isComplete = true

  /// A file of the specification.
  mutating func add(specification entry: SnapshotEntry, _ tree: Tree) {
    guard let blob = known(entry) else { return }
    let isConnection = tree.documents.allSatisfy { $0["kind"]?.string == "Connection" }
    if isConnection, !tree.documents.isEmpty {
      connections[entry.path] = blob
    } else {
      append(to: &fleet, "spec", "", entry.path, blob)
    }
  }

  /// A file of manifests. The role is what makes facts of one kind out of them.
  mutating func add(_ role: String, cluster: String, _ entry: SnapshotEntry, _ facts: ManifestFacts) {
    guard let blob = known(entry) else { return }
    var seen: [String] = []
    var isOfCluster = facts.manifests.isEmpty
    for manifest in facts.manifests {
      guard let namespace = manifest.namespace else {
        isOfCluster = true
        continue
      }
      if seen.last == namespace || seen.contains(namespace) { continue }
      seen.append(namespace)
      append(to: &namespaces[namespace, default: MemoWriter()], role, cluster, entry.path, blob)
    }
    if isOfCluster { append(to: &fleet, role, cluster, entry.path, blob) }
  }

  /// A file that was read for another reason.
  mutating func add(other entry: SnapshotEntry) {
    guard let blob = known(entry) else { return }
    append(to: &fleet, "other", "", entry.path, blob)
  }

  /// Something from outside that results depend on.
  mutating func add(option: String) { fleet.append(option) }

  private mutating func known(_ entry: SnapshotEntry) -> BlobID? {
    if entry.blob == nil { isComplete = false }
    return entry.blob
  }

  private func append(
    to writer: inout MemoWriter, _ role: String, _ cluster: String, _ path: String, _ blob: BlobID
  ) {
    writer.append(role)
    writer.append(cluster)
    writer.append(path)
    writer.append(blob)
  }

  /// The digests; nil when a file's content has no name.
  func finish() -> SliceDigests? {
    guard isComplete else { return nil }
    return SliceDigests(
      fleet: BlobID(of: fleet.bytes), namespaces: namespaces.mapValues { BlobID(of: $0.bytes) },
      connections: connections)
  }
}

/// Which files were read, other than those that the digests know.
final class FileLog: Sendable {
  private let known = Mutex<[SnapshotEntry]>([])

  func add(_ entry: SnapshotEntry) { known.withLock { $0.append(entry) } }

  /// Each file once, in the order of paths.
  var entries: [SnapshotEntry] {
    let all = known.withLock { $0 }.sorted { utf8Precedes($0.path, $1.path) }
    return all.enumerated().filter { $0.offset == 0 || all[$0.offset - 1] != $0.element }.map(\.element)
  }
}

/// A snapshot that remembers what is read through it.
struct LoggedSnapshot: Snapshot {
  /// The snapshot itself, for reading what is accounted for otherwise.
  let base: any Snapshot
  private let log: FileLog

  init(_ base: any Snapshot, _ log: FileLog) {
    self.base = base
    self.log = log
  }

  func entries(of directory: String) throws(SnapshotError) -> [SnapshotEntry] {
    try base.entries(of: directory)
  }

  func target(ofLink entry: SnapshotEntry) throws(SnapshotError) -> String? {
    try base.target(ofLink: entry)
  }

  func isAbsentSubmodule(_ directory: String) -> Bool { base.isAbsentSubmodule(directory) }

  func content(of entry: SnapshotEntry) throws(SnapshotError) -> [UInt8] {
    log.add(entry)
    return try base.content(of: entry)
  }
}
