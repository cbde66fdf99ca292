import CEL
import Expressions
import Kubernetes
import YAMLTree

/// What a rule judges: a document of the specification, or an emitted object.
struct Subject: Sendable {
  /// The whole document or object.
  let document: Node
  /// What `self` means: a document's `spec`, an object as a whole.
  let own: Node
  let name: String
  let namespace: String?
  let cluster: String?
  /// `Connection c6af30-dev/db`, as messages name it.
  let description: String
  /// Fields that the reader sees beside those written, by the node of their mapping: defaults, and `metadata`
  /// beside a document's `spec`.
  let additions: [Int: [(name: String, value: CELValue)]]

  /// The node that stands for the subject as a whole.
  var nameNode: Node { document.at("metadata", "name") ?? document }

  /// An emitted object.
  init(object: Node, identity: ObjectIdentity, cluster: String) {
    document = object
    own = object
    name = identity.name
    namespace = identity.namespace
    self.cluster = cluster
    description = "\(identity.description) in \(cluster)"
    additions = [:]
  }

  /// A document of the specification.
  ///
  /// - Parameter namespace: for a Connection, the namespace that it is judged in: ends that name none are there.
  init(document: Node, kind: String, name: String, namespace: String? = nil) {
    self.document = document
    let spec = document["spec"]
    own = spec ?? document
    self.name = name
    self.namespace = namespace
    cluster = kind == "Cluster" ? name : nil
    description = "\(kind) \(namespace.map { $0 + "/" } ?? "")\(name)"
    var additions: [Int: [(name: String, value: CELValue)]] = [:]
    if let metadata = document["metadata"] {
      if let namespace { additions[metadata.index] = [("namespace", .string(namespace))] }
      if let spec {
        let view = View(additions: additions, chosen: [:])
        additions[spec.index] = [("metadata", view.value(metadata))]
      }
    }
    if let namespace, let spec {
      let standard = [("namespace", CELValue.string(namespace))]
      for client in spec["from"]?.elements.map({ $0 }) ?? [] where client["external"] == nil {
        if client["namespace"] == nil { additions[client.index] = standard }
      }
      if let target = spec["to"], target["namespace"] == nil { additions[target.index] = standard }
    }
    self.additions = additions
  }

  /// What rules for admission find under `request`.
  var request: CELValue { AdmissionRequest.value(document, name: name, namespace: namespace) }

  /// The subject's values, with some of its lists narrowed to one element.
  ///
  /// - Parameter chosen: positions of elements by the index of their list's node.
  func view(_ chosen: [Int: Int] = [:]) -> View { View(additions: additions, chosen: chosen) }
}

/// Nodes as a rule sees them. A class: every mapping that an expression reads refers to it.
final class View: Sendable {
  /// In place of a position: no element at all.
  static let none = -1

  private let additions: [Int: [(name: String, value: CELValue)]]
  private let chosen: [Int: Int]

  init(additions: [Int: [(name: String, value: CELValue)]], chosen: [Int: Int]) {
    self.additions = additions
    self.chosen = chosen
  }

  func value(_ node: Node) -> CELValue {
    switch node.kind {
    case .mapping: return .map(ViewedObject(node: node, view: self, added: additions[node.index] ?? []))
    case .sequence:
      var elements = Array(node.elements)
      if let position = chosen[node.index] {
        elements = elements.indices.contains(position) ? [elements[position]] : []
      }
      return .list(elements.map { value($0) })
    default: return node.value()
    }
  }
}

/// A mapping with what is added to it.
private struct ViewedObject: CELObject {
  let node: Node
  let view: View
  let added: [(name: String, value: CELValue)]

  func field(named name: String) -> CELValue? {
    for field in added where field.name == name { return field.value }
    return node[name].map { view.value($0) }
  }

  var count: Int { keys.count }

  var keys: [CELValue] {
    let written = node.entries.map { $0.key.text }
    return (written + added.map(\.name).filter { !written.contains($0) }).map { .string($0) }
  }
}
