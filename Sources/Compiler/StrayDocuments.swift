import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Output
import Snapshot
import YAMLTree

/// Documents of the specification in files that are not read as such: whoever wrote them believes that they count.
///
/// Files of manifests are read anyway. Beside them, files that no pattern selects are looked at as long as they are
/// few: a repository may hold far more than a fleet.
struct StrayDocuments {
  private static let fileLimit = 512
  private static let directoryLimit = 512
  private static let sizeLimit = 1 << 18
  /// What every such document has in its bytes.
  private static let mark = Array("linkwright.dev/v".utf8)

  private let fleet: Fleet
  private let outputs: [String]
  private var candidates: [SnapshotEntry] = []
  private var directories = 0

  private init(_ fleet: Fleet, _ outputs: [String]) {
    self.fleet = fleet
    self.outputs = outputs
  }

  /// Findings about files that no pattern selects. Nothing is listed again that the walk has listed.
  static func unselected(
    _ walk: SourceWalk, _ snapshot: some Snapshot, fleet: Fleet, outputs: [String]
  ) throws(SnapshotError) -> [Diagnostic] {
    var search = StrayDocuments(fleet, outputs)
    guard search.take(walk.unselected) else { return [] }
    for directory in walk.unreached where !search.isPassedOver(directory) {
      guard try search.walk(directory, snapshot) else { return [] }
    }
    return parallelMap(search.candidates, piece: 32) { entry -> Diagnostic? in
      guard let bytes = try? snapshot.content(of: entry), ByteSearch.contains(bytes, mark) else { return nil }
      return finding(in: Tree.parse(SourceFile(path: entry.path, bytes: bytes)).tree) {
        "\(entry.path) is not read: no pattern of spec.sources selects it"
      }
    }.compactMap { $0 }
  }

  /// A finding about a file that is read as manifests of a cluster; nil where it holds nothing else.
  static func amongManifests(_ facts: ManifestFacts, of cluster: String, _ tree: Tree) -> Diagnostic? {
    guard facts.manifests.contains(where: { $0.apiVersion.hasPrefix("linkwright.dev/") }) else { return nil }
    return finding(in: tree) { "it lies among the manifests of \(cluster)" }
  }

  /// True for a path whose change may change the findings about files that no pattern selects.
  static func mayConcern(_ path: String, _ snapshot: some Snapshot) -> Bool {
    guard isYAML(path), let entry = try? snapshot.entry(at: path), entry.kind == .file else { return false }
    return (try? snapshot.content(of: entry)).map { ByteSearch.contains($0, mark) } ?? false
  }

  // MARK: The search

  /// False when there is too much to look at.
  private mutating func walk(_ directory: String, _ snapshot: some Snapshot) throws(SnapshotError) -> Bool {
    directories += 1
    guard directories <= Self.directoryLimit else { return false }
    let entries = try snapshot.entries(of: directory)
    // A fleet of its own.
    if entries.contains(where: { $0.name == Compiler.fleetFile }) { return true }
    guard take(entries) else { return false }
    for entry in entries where entry.kind == .directory && !isPassedOver(entry.path) {
      guard try walk(entry.path, snapshot) else { return false }
    }
    return true
  }

  /// Takes the files among entries; false when there are too many.
  private mutating func take(_ entries: [SnapshotEntry]) -> Bool {
    for entry in entries where isCandidate(entry) {
      guard candidates.count < Self.fileLimit else { return false }
      candidates.append(entry)
    }
    return true
  }

  private func isCandidate(_ entry: SnapshotEntry) -> Bool {
    guard entry.kind == .file || entry.kind == .executable, Self.isYAML(entry.path),
      entry.path != Compiler.fleetFile, entry.size ?? 0 <= Self.sizeLimit
    else { return false }
    // Whoever excludes a file knows that it is not read.
    return [fleet.spec, fleet.workloads, fleet.recorded, fleet.observed].allSatisfy { source in
      source.match(entry.path) == nil && !source.exclusions.contains { $0.match(entry.path) != nil }
    }
  }

  /// True for directories that are hidden, hold output, or are read for another reason.
  private func isPassedOver(_ path: String) -> Bool {
    let name = path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...]
    return name.hasPrefix(".") || outputs.contains(path) || path == "templates" || path == "schemas"
  }

  private static func isYAML(_ path: String) -> Bool { path.hasSuffix(".yaml") || path.hasSuffix(".yml") }

  // MARK: The finding

  private static func finding(in tree: Tree, _ reason: () -> String) -> Diagnostic? {
    var found: [(kind: String, name: String, place: Node)] = []
    for document in tree.documents {
      Manifest.all(in: document) { manifest in
        guard manifest.apiVersion.hasPrefix("linkwright.dev/"), SpecDecoder.kinds.contains(manifest.kind)
        else { return }
        found.append((manifest.kind, manifest.name, manifest.node["kind"] ?? manifest.node))
      }
    }
    guard let first = found.first else { return nil }
    return Diagnostic(
      CompilerRules.strayDocument, "\(first.kind) '\(first.name)' has no effect: \(reason())",
      at: first.place.range, "not read",
      also: found.dropFirst().prefix(3).map { Label($0.place.range, "nor this one") },
      help: [
        "move the file to where spec.sources.spec of \(Compiler.fleetFile) looks, or name it there; '!\(tree.file.path)' there says that it shall not be read"
      ])
  }
}
