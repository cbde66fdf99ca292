import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Output
import YAMLTree

/// Whether the output may be written, as a whole or in parts.
///
/// Without output units any error stops everything. With them, an error in a Connection, or in a manifest of
/// a namespace, holds back the units of its namespaces and of those that connections join with them; an error
/// anywhere else stops everything, and so does one that touches output that no unit holds.
struct Verdict {
  private(set) var failed = false
  private(set) var heldBack: [String] = []

  init(
    _ findings: [Diagnostic], fleet: Fleet, record: OutputRecord, output: OutputTree, trees: [String: Tree]
  ) {
    let errors = findings.filter { $0.severity == .error && $0.suppression == nil }
    guard !errors.isEmpty else { return }
    guard !fleet.units.isEmpty else {
      failed = true
      return
    }
    let layout = OutputLayout(fleet)
    let clusters = Self.clusterNames(trees)
    let joined = Self.joinedNamespaces(trees)
    let written = Set(record.inventories + output.files.map(\.path).filter { $0.hasSuffix(".lock") })
    var roots: Set<String> = []
    for error in errors {
      guard let range = error.primary?.range, let own = Self.namespaces(at: range, trees), !own.isEmpty else {
        failed = true
        return
      }
      // A connection with an error loses its objects in all its namespaces.
      let namespaces = joined.reduce(into: own) { if !$1.isDisjoint(with: own) { $0.formUnion($1) } }
      for (cluster, namespace) in clusters.flatMap({ cluster in namespaces.map { (cluster, $0) } }) {
        let root = layout.root(cluster: cluster, namespace: namespace)
        if layout.unit(cluster: cluster, namespace: namespace) != nil {
          roots.insert(root)
        } else if written.contains("\(root)/\(OutputLayout.inventoryPath(namespace: namespace))") {
          failed = true
          return
        }
      }
    }
    heldBack = roots.sorted()
  }

  /// The namespaces of each Connection that has several, bound or not.
  private static func joinedNamespaces(_ trees: [String: Tree]) -> [Set<String>] {
    var joined: [Set<String>] = []
    for tree in trees.values {
      for document in tree.documents where document["kind"]?.string == "Connection" {
        Manifest.all(in: document) { manifest in
          let names = namespaces(of: manifest)
          if names.count > 1 { joined.append(names) }
        }
      }
    }
    return joined
  }

  /// The namespaces of the document that a place lies in.
  private static func namespaces(at range: SourceRange, _ trees: [String: Tree]) -> Set<String>? {
    guard let tree = trees[range.file.path] else { return nil }
    var found: Set<String>?
    for document in tree.documents {
      Manifest.all(in: document) { manifest in
        let place = manifest.node.range
        guard place.start <= range.start, range.start <= place.end else { return }
        guard manifest.kind == "Connection" || !manifest.apiVersion.hasPrefix("linkwright.dev/") else {
          return
        }
        found = namespaces(of: manifest)
      }
    }
    return found
  }

  /// The namespaces that a document names: its own, and those of a connection's ends.
  private static func namespaces(of manifest: Manifest) -> Set<String> {
    var names = Set(manifest.node.at("spec", "namespaces")?.elements.map(\.text) ?? [])
    if let namespace = manifest.namespace { names.insert(namespace) }
    let spec = manifest.node["spec"]
    // What an override says of an end lies over what stands above.
    for part in [spec].compactMap({ $0 }) + (spec?["overrides"]?.elements.map { $0 } ?? []) {
      if let target = part.at("to", "namespace")?.string { names.insert(target) }
      for client in part["from"]?.elements.map({ $0 }) ?? [] {
        if let namespace = client["namespace"]?.string { names.insert(namespace) }
      }
    }
    return names
  }

  private static func clusterNames(_ trees: [String: Tree]) -> [String] {
    var names: Set<String> = []
    for tree in trees.values {
      for document in tree.documents where document["kind"]?.string == "Cluster" {
        if let name = document.at("metadata", "name")?.string { names.insert(name) }
      }
    }
    return names.sorted()
  }
}
