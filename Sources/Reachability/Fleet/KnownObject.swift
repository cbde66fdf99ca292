package import Diagnostics
package import Kubernetes
package import YAMLTree

/// An object of this compile's output that the judge looks at: its tree, before it becomes bytes. A class because an
/// output has tens of thousands, which are dealt out to their clusters.
package final class EmittedObject: Sendable {
  package let cluster: String
  package let manifest: Manifest
  /// True for a patch of an object that somebody else owns.
  package let isPatch: Bool
  /// Where the connection stands that the object serves.
  package let subject: Label
  /// The connections that it serves, `namespace/name`.
  package let connections: [String]
  /// The fleet's own template that made it, to whose nodes `Node.origin` leads; nil for what the program brings, and for
  /// an object that was read from bytes.
  package let template: Tree?

  package init(
    cluster: String, manifest: Manifest, isPatch: Bool, subject: Label, connections: [String],
    template: Tree? = nil
  ) {
    self.template = template
    self.cluster = cluster
    self.manifest = manifest
    self.isPatch = isPatch
    self.subject = subject
    self.connections = connections
  }
}

/// A file of this compile's output that is no object: a Corefile, Helm values.
package struct EmittedFragment: Sendable {
  package let cluster: String
  package let name: String
  package let content: [UInt8]
  package let subject: Label

  package init(cluster: String, name: String, content: [UInt8], subject: Label) {
    self.cluster = cluster
    self.name = name
    self.content = content
    self.subject = subject
  }
}

/// An object that stands in a cluster, and how that is known. A class because walks look many up, and sort them.
package final class KnownObject: Sendable {
  package let manifest: Manifest
  package let evidence: Hop.Evidence
  /// For an emitted object the connection that it serves; its own name node points into a template.
  let subject: Label?
  /// The connections that an emitted object serves, `namespace/name`.
  let connections: [String]
  /// For an emitted object the fleet's own template that made it.
  let template: Tree?

  init(
    manifest: Manifest, evidence: Hop.Evidence, subject: Label?, connections: [String] = [],
    template: Tree? = nil
  ) {
    self.manifest = manifest
    self.evidence = evidence
    self.subject = subject
    self.connections = connections
    self.template = template
  }

  package var node: Node { manifest.node }
  package var name: String { manifest.name }

  /// The place of the object as a whole.
  package func label(_ text: String = "") -> Label {
    subject.map { Label($0.range, text.isEmpty ? "emits \(manifest.identity.description)" : text) }
      ?? Label(manifest.nameNode.range, text)
  }

  /// The line of the fleet's own template that made a node; nil for what the program brings, and for what nobody emits.
  func templateLabel(at node: Node?, _ text: String) -> Label? {
    guard let template, let made = template.node(at: (node ?? manifest.node).origin) else { return nil }
    return Label(made.range, text)
  }

  /// The place of the object, with the line of the fleet's own template that made what is wrong.
  func labels(_ text: String, madeAt node: Node?) -> [Label] {
    [label(text)] + [templateLabel(at: node, "made here")].compactMap { $0 }
  }

  /// The place of one of its nodes; of an emitted object the connection it serves.
  package func label(at node: Node?, _ text: String = "") -> Label {
    subject == nil ? Label((node ?? manifest.nameNode).range, text) : label(text)
  }
}
