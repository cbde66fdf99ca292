import Diagnostics
import Kubernetes
import Snapshot
import YAMLTree

/// The namespaces that a file's documents name, and what cannot be told by namespaces.
struct DocumentNamespaces {
  private(set) var names: Set<String> = []
  /// True when a document concerns more than its namespaces: it is no Connection, or an object of a cluster.
  private(set) var concernsAll = false
  /// True when the file cannot be read as YAML.
  private(set) var isBroken = false

  init(_ content: [UInt8], path: String, role: SourceListing.Role) {
    let parsed = Tree.parse(SourceFile(path: path, bytes: content))
    guard !parsed.findings.containErrors else {
      isBroken = true
      return
    }
    for document in parsed.tree.documents {
      switch role {
      case .specification: addSpecification(document)
      case .manifest: Manifest.all(in: document) { addManifest($0) }
      }
    }
  }

  private mutating func addSpecification(_ document: Node) {
    guard document.kind == .mapping, document["kind"]?.text == "Connection" else {
      concernsAll = concernsAll || document.kind != .null
      return
    }
    // Any text may be a namespace, wherever it stands: a key that is misspelt, a place that a later version reads.
    Self.texts(document) { names.insert($0) }
  }

  private mutating func addManifest(_ manifest: Manifest) {
    guard let namespace = manifest.namespace, !Self.resolvers.contains(namespace) else {
      concernsAll = true
      return
    }
    names.insert(namespace)
  }

  /// Where the DNS of clusters runs: policies there concern the clients of every namespace.
  static let resolvers: Set<String> = ["kube-system", "openshift-dns"]

  /// Scalars under keys that name namespaces.
  static func texts(_ node: Node, _ body: (String) -> Void) {
    for (key, value) in node.entries {
      if key.text == "namespace" || key.text == "namespaces" {
        if value.isScalar { body(value.text) }
        for element in value.elements where element.isScalar { body(element.text) }
      }
      texts(value, body)
    }
    for element in node.elements { texts(element, body) }
  }
}
