package import YAMLTree

/// One Kubernetes object as it stands in a file: its identity and its tree, nothing interpreted.
package struct Manifest: Sendable {
  package let apiVersion: String
  package let kind: String
  package let namespace: String?
  package let name: String
  package let node: Node

  /// Reads the header of an object; nil where there is none (a values file, a fragment, a kustomization).
  package init?(_ node: Node) { self.init(node, inList: nil) }

  /// The same of an item of a list, which has the list's kind where it names none.
  private init?(_ node: Node, inList list: (apiVersion: String, kind: String)?) {
    guard let apiVersion = node["apiVersion"]?.string ?? list?.apiVersion,
      let kind = node["kind"]?.string ?? list?.kind,
      let metadata = node["metadata"], let name = metadata["name"], name.isScalar, !name.isNull
    else { return nil }
    self.apiVersion = apiVersion
    self.kind = kind
    self.name = name.text
    namespace = metadata["namespace"]?.string
    self.node = node
  }

  package var identity: ObjectIdentity {
    ObjectIdentity(apiVersion: apiVersion, kind: kind, namespace: namespace, name: name)
  }

  /// The node that findings about the object as a whole point at.
  package var nameNode: Node { node.at("metadata", "name") ?? node["name"] ?? node }

  package var labels: Labels { Labels(node.at("metadata", "labels")) }

  /// An annotation's value.
  package func annotation(_ key: String) -> String? { node.at("metadata", "annotations")?[key]?.text }

  /// Every object of a document: the document itself, or the items of a `List` or `…List`, also of
  /// lists inside lists (the depth of trees is bounded).
  package static func all(in document: Node, _ body: (Manifest) -> Void) {
    objects(in: document) { _, manifest in if let manifest { body(manifest) } }
  }

  /// The same before anything is asked of them, each with what it is read as. The items of a `PodList` are Pods where
  /// they do not say so themselves: that is how API servers answer.
  package static func objects(in document: Node, _ body: (Node, Manifest?) -> Void) {
    objects(in: document, of: nil, body)
  }

  private static func objects(
    in document: Node, of list: (apiVersion: String, kind: String)?, _ body: (Node, Manifest?) -> Void
  ) {
    guard document.kind == .mapping else { return }
    guard let items = document["items"], items.kind == .sequence,
      let kind = document["kind"]?.string, kind.hasSuffix("List")
    else { return body(document, Manifest(document, inList: list)) }
    let version = document["apiVersion"]?.string
    let own = version.flatMap { kind == "List" ? nil : (apiVersion: $0, kind: String(kind.dropLast(4))) }
    for item in items.elements { objects(in: item, of: own, body) }
  }
}

extension Manifest {
  /// A Service that a Connection declares inline: the mapping has `name`, and `ports`, `selector` and
  /// `type` as a Service's `spec` has them.
  package init?(inlineService node: Node, namespace: String) {
    guard let name = node["name"]?.string else { return nil }
    self.init(apiVersion: "v1", kind: "Service", namespace: namespace, name: name, node: node)
  }

  /// The object in a namespace that its manifest leaves out.
  package func placed(in namespace: String) -> Manifest {
    Manifest(apiVersion: apiVersion, kind: kind, namespace: namespace, name: name, node: node)
  }

  private init(apiVersion: String, kind: String, namespace: String?, name: String, node: Node) {
    self.apiVersion = apiVersion
    self.kind = kind
    self.namespace = namespace
    self.name = name
    self.node = node
  }
}
