import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Output
import Reachability
import Snapshot
import YAMLTree

/// Which namespaces every source file names, remembered by directory: what git's ids say is alike is never read
/// again to find out whether a change concerns it.
struct SourceIndex: Sendable {
  private let fleet: Fleet
  private let outputs: [String]
  private let store: any MemoStore
  /// The Fleet's patterns say what a file is.
  private let fleetID: BlobID

  /// - Parameter fleetID: the id of the Fleet document's file.
  init(_ fleet: Fleet, id fleetID: BlobID, store: any MemoStore) {
    self.fleet = fleet
    self.fleetID = fleetID
    self.store = store
    outputs = OutputLayout(fleet).roots
  }

  /// Where a directory is remembered.
  func key(_ path: String, _ id: BlobID) -> MemoKey {
    var writer = MemoWriter()
    writer.append(fleetID)
    writer.append(path)
    writer.append(id)
    return MemoKey(.directory, BlobID(of: writer.bytes))
  }

  /// A directory that an earlier compile looked into.
  func known(_ path: String, _ id: BlobID) -> IndexedDirectory? {
    store.read(key(path, id)) { IndexedDirectory(Array($0)) }
  }

  func keep(_ directory: IndexedDirectory, _ path: String, _ id: BlobID) {
    store.keep(directory.bytes, under: key(path, id))
  }

  // MARK: A whole side

  /// Remembers every directory of a snapshot that is not remembered yet.
  ///
  /// - Parameter trees: what was parsed, by path. Nothing is parsed here.
  func remember(_ snapshot: any Snapshot, trees: [String: Tree]) throws(SnapshotError) {
    var pending: [(path: String, id: BlobID)] = []
    var new: [(path: String, id: BlobID)] = []
    guard let root = try snapshot.directoryID("") else { return }
    pending.append(("", root))
    while let (path, id) = pending.popLast() {
      if known(path, id) == nil { new.append((path, id)) }
      for entry in try snapshot.entries(of: path)
      where entry.kind == .directory && role(ofDirectory: entry) == .directory {
        guard let id = try snapshot.directoryID(entry.path) else { return }
        pending.append((entry.path, id))
      }
    }
    let made = parallelMap(new, piece: 4) { (path, _) in
      try? build(path, snapshot, previous: nil) { entry in trees[entry.path] }
    }
    for ((path, id), directory) in zip(new, made) {
      if let directory { keep(directory, path, id) }
    }
  }

  // MARK: One directory

  /// Looks into a directory; nil when a file of it cannot be read or parsed.
  ///
  /// - Parameters:
  ///   - previous: the directory as it was; what is alike is taken over.
  ///   - tree: reads and parses a file.
  func build(
    _ path: String, _ snapshot: any Snapshot, previous: IndexedDirectory?, _ tree: (SnapshotEntry) -> Tree?
  ) throws(SnapshotError) -> IndexedDirectory? {
    var old: [String: Int] = [:]
    if let previous { for index in 0..<previous.count { old[previous.name(index)] = index } }
    var entries: [IndexedDirectory.Entry] = []
    for entry in try snapshot.entries(of: path) {
      let name = String(entry.name)
      guard let id = try id(entry, snapshot) else { return nil }
      let role = entry.kind == .directory ? role(ofDirectory: entry) : role(ofFile: entry)
      if let previous, let index = old[name], previous.id(index) == id, previous.kind(index) == entry.kind,
        previous.role(index) == role
      {
        entries.append(previous[index])
        continue
      }
      var made = IndexedDirectory.Entry(name: name, kind: entry.kind, id: id, role: role)
      if role == .specification || role == .manifest {
        guard let tree = tree(entry) else { return nil }
        Self.read(tree, &made)
      }
      entries.append(made)
    }
    return IndexedDirectory(entries)
  }

  private func id(_ entry: SnapshotEntry, _ snapshot: any Snapshot) throws(SnapshotError) -> BlobID? {
    if entry.kind == .directory { return try snapshot.directoryID(entry.path) }
    // A submodule has no content here, and is never looked into.
    return entry.kind == .submodule ? BlobID(words: (0, 0, 0, 0, 0)) : entry.blob
  }

  private func role(ofDirectory entry: SnapshotEntry) -> IndexedDirectory.Role {
    if outputs.contains(entry.path) { return .output }
    let patterns = [fleet.spec, fleet.workloads, fleet.recorded, fleet.observed]
    let holdsOutput = outputs.contains { $0.hasPrefix(entry.path + "/") }
    return holdsOutput || patterns.contains { $0.mayMatch(below: entry.path) } ? .directory : .opaque
  }

  private func role(ofFile entry: SnapshotEntry) -> IndexedDirectory.Role {
    let path = entry.path
    guard entry.kind == .file || entry.kind == .executable,
      path.hasSuffix(".yaml") || path.hasSuffix(".yml") || path.hasSuffix(".json")
    else { return .other }
    if fleet.spec.match(path) != nil { return .specification }
    let isManifest =
      fleet.workloads.match(path) != nil || fleet.recorded.match(path) != nil
      || fleet.observed.match(path) != nil
    return isManifest ? .manifest : .other
  }

  // MARK: Files

  /// Finds out what a file concerns.
  private static func read(_ tree: Tree, _ entry: inout IndexedDirectory.Entry) {
    entry.words = WordHashes.of(tree.file.bytes)
    if ByteSearch.hasEscapes(tree.file.bytes) { entry.flags.insert(.isFixed) }
    var names: Set<UInt32> = []
    for document in tree.documents {
      if entry.role == .specification {
        readSpecification(document, &entry.flags, &names)
      } else {
        readManifests(document, &entry.flags, &names)
      }
    }
    entry.names = names.sorted()
  }

  private static func readSpecification(
    _ document: Node, _ flags: inout IndexedDirectory.Flags, _ names: inout Set<UInt32>
  ) {
    if document.kind == .null { return }
    guard document.kind == .mapping, document["kind"]?.text == "Connection" else {
      flags.insert(.isFixed)
      if !isLocal(document) { flags.insert(.isNotLocal) }
      return
    }
    DocumentNamespaces.texts(document) { names.insert(WordHashes.hash($0)) }
  }

  /// True for documents beside which parts of the fleet can be told apart by namespaces.
  private static func isLocal(_ document: Node) -> Bool {
    guard document.kind == .mapping else { return false }
    switch document["kind"]?.text {
    case "Cluster", "Fleet": return true
    case "Link":
      let keys = document["spec"]?.entries.map(\.key.text) ?? []
      return LinkRegistry.types.allSatisfy { $0.descriptor.isLocal || !keys.contains($0.descriptor.key) }
    // Paths are judged between all pairs of namespaces.
    case "Policy": return document.at("spec", "paths") == nil
    default: return false
    }
  }

  private static func readManifests(
    _ document: Node, _ flags: inout IndexedDirectory.Flags, _ names: inout Set<UInt32>
  ) {
    if document.kind == .null { return }
    var isEmpty = true
    Manifest.all(in: document) { manifest in
      isEmpty = false
      guard let namespace = manifest.namespace else {
        flags.insert(.isFixed)
        return
      }
      names.insert(WordHashes.hash(namespace))
      if looksAround(manifest) { flags.insert(.looksAround) }
      // What a platform runs serves everybody.
      if platforms.contains(namespace) || namespace.hasPrefix("openshift-") || namespace.hasPrefix("kube-") {
        flags.insert(.isFixed)
      }
    }
    if isEmpty { flags.insert(.isFixed) }
  }

  /// True for a policy with a peer in other namespaces than its own.
  private static func looksAround(_ manifest: Manifest) -> Bool {
    guard PolicyKind(manifest) != nil else { return false }
    guard manifest.kind == "NetworkPolicy" else { return true }
    func hasPeer(_ rules: Node?, _ side: StaticString, openNames: Bool) -> Bool {
      guard let rules else { return false }
      return rules.elements.contains { rule in
        // Without peers a way out leads to every namespace, and a port's name is one of pods there.
        if openNames, (rule[side]?.count ?? 0) == 0, rule["ports"] != nil { return true }
        return rule[side]?.elements.contains { $0["namespaceSelector"] != nil } ?? false
      }
    }
    return hasPeer(manifest.node.at("spec", "ingress"), "from", openNames: false)
      || hasPeer(manifest.node.at("spec", "egress"), "to", openNames: true)
  }

  private static let platforms = Set(PlatformNamespaces.all.flatMap(\.namespaceNames))
}
