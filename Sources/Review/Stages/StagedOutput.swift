package import FleetSpec
package import Output
package import Snapshot

/// The output between two stages as files: what a stage changes, with the kustomizations and inventories that belong to
/// it, so that each stage is an output of its own that consumers can sync and `check` can read.
package struct StagedOutput: Sendable {
  private let layout: OutputLayout
  private let hasClusterKustomization: Bool
  /// Content ids by path of all owned files, inventories left out.
  private var files: [String: BlobID]
  /// Entries by the path of their inventory.
  private var inventories: [String: [String: BlobID]] = [:]

  /// Starts at the output on record.
  package init(_ record: OutputRecord, in snapshot: any Snapshot, fleet: Fleet) throws(SnapshotError) {
    layout = OutputLayout(fleet)
    hasClusterKustomization = fleet.writesClusterKustomization
    files = record.owned
    for path in record.inventories {
      guard let entry = record.present[path], let inventory = Inventory(try snapshot.content(of: entry))
      else {
        continue
      }
      inventories[path] = Dictionary(
        inventory.files.map { ($0.path, $0.blob) }, uniquingKeysWith: { first, _ in first })
    }
  }

  /// Goes one stage on, and says which files change.
  package mutating func apply(_ stage: StagePlan.Stage) -> OutputChange {
    var edits = Edits()
    let known = Set(inventories.lazy.filter { !$0.value.isEmpty }.map(\.key))
    for step in stage.steps {
      if let former = step.formerPath { put(nil, at: former, step, &edits) }
      put(step.content, at: step.path, step, &edits)
    }
    for directory in edits.touched { refreshKustomization(directory, &edits) }
    if hasClusterKustomization {
      for root in Set(edits.touched.map(\.root)) { refreshClusterKustomization(root, &edits) }
    }
    for directory in edits.touched {
      let entries = inventories[directory.inventory] ?? [:]
      let content = Inventory(entries.map { ($0.key, $0.value) }).content
      edits.contents[directory.inventory] = .some(entries.isEmpty ? nil : content)
      if !known.contains(directory.inventory) { edits.added.insert(directory.inventory) }
    }
    let items = edits.contents.map { path, content in
      OutputChange.Item(
        path: path, kind: content == nil ? .removed : edits.added.contains(path) ? .added : .changed,
        content: content)
    }
    let count = files.count + inventories.count { !$0.value.isEmpty }
    return OutputChange(items: items, unchanged: count - items.count { $0.kind != .removed })
  }

  /// A namespace below a root.
  private struct Directory: Hashable {
    let root: String
    let namespace: String?

    var inventory: String { "\(root)/\(OutputLayout.inventoryPath(namespace: namespace))" }
    var name: String { namespace ?? OutputLayout.clusterDirectory }
  }

  private struct Edits {
    /// Nil for files that go.
    var contents: [String: [UInt8]?] = [:]
    var added: Set<String> = []
    var touched: Set<Directory> = []
  }

  private mutating func put(
    _ content: [UInt8]?, at path: String, _ step: StagePlan.Step, _ edits: inout Edits
  ) {
    guard let place = layout.place(ofPath: path) else { return }
    let directory = Directory(root: place.root, namespace: step.key.namespace)
    set(path, content, in: directory, &edits)
    if place.part == .components, let slash = path.lastIndex(of: "/") {
      let patch = Kustomization.component(patch: String(path[path.index(after: slash)...]))
      let own = "\(path[..<slash])/\(Kustomization.fileName)"
      set(own, content.map { _ in Array(patch.utf8) }, in: directory, &edits)
    }
  }

  private mutating func set(
    _ path: String, _ content: [UInt8]?, in directory: Directory, _ edits: inout Edits
  ) {
    let blob = content.map { BlobID(of: $0) }
    guard blob != files[path] else { return }
    edits.touched.insert(directory)
    if files[path] == nil { edits.added.insert(path) }
    files[path] = blob
    inventories[directory.inventory, default: [:]][String(path.dropFirst(directory.root.count + 1))] = blob
    edits.contents[path] = .some(content)
  }

  private mutating func refreshKustomization(_ directory: Directory, _ edits: inout Edits) {
    let start = "manifests/\(directory.name)/"
    let names = (inventories[directory.inventory] ?? [:]).keys.filter { $0.hasPrefix(start) }
      .map { String($0.dropFirst(start.count)) }.filter { $0 != Kustomization.fileName }
    let content = names.isEmpty ? nil : Array(Kustomization.text(names).utf8)
    set("\(directory.root)/\(start)\(Kustomization.fileName)", content, in: directory, &edits)
  }

  private mutating func refreshClusterKustomization(_ root: String, _ edits: inout Edits) {
    let start = "\(root)/manifests/"
    var names: Set<String> = []
    for path in files.keys where path.hasPrefix(start) {
      let rest = path.dropFirst(start.count)
      if let slash = rest.firstIndex(of: "/") { names.insert(String(rest[..<slash])) }
    }
    let content = names.isEmpty ? nil : Array(Kustomization.text(Array(names)).utf8)
    set(start + Kustomization.fileName, content, in: Directory(root: root, namespace: nil), &edits)
  }
}
