import Diagnostics
package import Kubernetes
package import Output
import YAMLTree

/// An object or a fragment in a cluster: what is matched between two sides.
package struct ObjectKey: Hashable, Sendable {
  package enum Subject: Hashable, Sendable {
    case object(ObjectIdentity)
    /// A fragment's name, or the path of a file that holds no object.
    case file(String)
  }

  package let cluster: String
  package let part: OutputLayout.Part
  package let subject: Subject

  /// `NetworkPolicy c6af30-prod/allow-db`, or the file's name.
  package var name: String {
    switch subject {
    case .object(let identity): identity.description
    case .file(let name): name
    }
  }

  package var kind: String {
    switch subject {
    case .object(let identity): identity.kind
    case .file: "File"
    }
  }

  package var namespace: String? {
    if case .object(let identity) = subject { return identity.namespace }
    return nil
  }

  /// In the order of reports: cluster, part, namespace, kind, name.
  static func precedes(_ a: ObjectKey, _ b: ObjectKey) -> Bool {
    let (x, y) = (a.order, b.order)
    for (p, q) in zip(x, y) where p != q { return p.utf8.lexicographicallyPrecedes(q.utf8) }
    return false
  }

  private var order: [String] {
    let name =
      switch subject {
      case .object(let identity): identity.name
      case .file(let name): name
      }
    return [cluster, part.order, namespace ?? "", kind, name]
  }
}

extension OutputLayout.Part {
  /// What is synced comes first.
  var order: String {
    switch self {
    case .manifests: "0"
    case .components: "1"
    case .fragments: "2"
    case .expected: "3"
    }
  }
}

/// One file of a side, read: its key, its tree where it is YAML, the connections that it serves.
struct ReviewedObject: Sendable {
  static let connectionAnnotation = "linkwright.dev/connection"

  let key: ObjectKey
  let path: String
  let content: [UInt8]
  /// Nil where the file is no YAML mapping.
  let root: Node?
  let connections: [String]
  /// The file that declares what the object serves.
  let origin: String?

  init(_ place: OutputLayout.Place, path: String, content: [UInt8]) {
    self.path = path
    self.content = content
    var root: Node?
    // A binary file is compared by its bytes.
    if !content.contains(0), path.hasSuffix(".yaml") {
      let parsed = Tree.parse(SourceFile(path: path, bytes: content))
      if !parsed.findings.containErrors, let node = parsed.tree.root, node.kind == .mapping { root = node }
    }
    self.root = root
    let manifest = place.part == .fragments ? nil : root.flatMap { Manifest($0) }
    key = ObjectKey(
      cluster: place.cluster, part: place.part,
      subject: manifest.map { .object($0.identity) } ?? .file(place.rest))
    origin = manifest?.annotation("config.kubernetes.io/origin").flatMap { text in
      text.hasPrefix("path: ") ? String(text.dropFirst("path: ".count).prefix { $0 != "\n" }) : nil
    }
    connections =
      manifest?.annotation(Self.connectionAnnotation)?.split(separator: ",").map(String.init) ?? []
  }
}
