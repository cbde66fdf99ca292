/// One field of an object that differs between two sides.
package struct FieldChange: Sendable, Equatable {
  package enum Kind: String, Sendable {
    case added
    case removed
    case changed
    /// The same items of a list in another order, where the order may matter.
    case reordered
  }

  /// The way to the field: `spec.ports[name=http].targetPort`; an item of a set is `spec.ingress[0].from[]`.
  package let path: String
  package let kind: Kind
  /// The value as one line of YAML; nil where there is none, or where it must not be shown.
  package let before: String?
  package let after: String?

  package init(path: String, kind: Kind, before: String? = nil, after: String? = nil) {
    self.path = path
    self.kind = kind
    self.before = before
    self.after = after
  }

  /// True for the annotation that names the source file: it follows a renamed file and changes nothing in a cluster.
  package var isProvenance: Bool { path.hasSuffix(#"metadata.annotations["config.kubernetes.io/origin"]"#) }
}
