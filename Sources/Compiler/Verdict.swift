import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Output
import YAMLTree

/// Whether the output may be written, as a whole or in parts.
///
/// Without output units any error stops everything. With them, an error in a Connection, or in a manifest of
/// a namespace, holds back the units of its namespaces; an error anywhere else stops everything.
struct Verdict {
  private(set) var failed = false
  private(set) var heldBack: [String] = []

  init(_ findings: [Diagnostic], fleet: Fleet, connections: [BoundConnection], trees: [String: Tree]) {
    let errors = findings.filter { $0.severity == .error && $0.suppression == nil }
    guard !errors.isEmpty else { return }
    guard !fleet.units.isEmpty else {
      failed = true
      return
    }
    let layout = OutputLayout(fleet)
    var roots: Set<String> = []
    for error in errors {
      guard let range = error.primary?.range, let namespaces = Self.namespaces(at: range, trees),
        !namespaces.isEmpty
      else {
        failed = true
        return
      }
      for unit in fleet.units
      where unit.namespaces.isEmpty || unit.namespaces.contains(where: { namespaces.contains($0.value) }) {
        let clusters = unit.clusters.isEmpty ? Self.clusterNames(trees) : unit.clusters.map(\.value)
        for cluster in clusters {
          for namespace in namespaces where unit.holds(cluster: cluster, namespace: namespace) {
            roots.insert(layout.root(cluster: cluster, namespace: namespace))
          }
        }
      }
      // A namespace that no unit claims lies in the common output.
      if namespaces.contains(where: { name in
        !fleet.units.contains { $0.namespaces.isEmpty || $0.namespaces.contains { $0.value == name } }
      }) {
        failed = true
        return
      }
    }
    heldBack = roots.sorted()
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
        var names = Set(manifest.node.at("spec", "namespaces")?.elements.map(\.text) ?? [])
        if let namespace = manifest.namespace { names.insert(namespace) }
        if let target = manifest.node.at("spec", "to", "namespace")?.string { names.insert(target) }
        for client in manifest.node.at("spec", "from")?.elements.map({ $0 }) ?? [] {
          if let namespace = client["namespace"]?.string { names.insert(namespace) }
        }
        found = names
      }
    }
    return found
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
