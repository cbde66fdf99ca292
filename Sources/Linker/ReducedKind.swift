/// A path of keys into an object. `[]` stands for every element of a list, `[sorted]` for every element of a
/// list whose order means nothing, a last `*` in a key for any rest of it. What the path ends at is taken whole.
package struct FieldPath: Sendable, ExpressibleByArrayLiteral {
  package let steps: [String]

  package init(steps: [String]) {
    self.steps = steps
  }

  package init(arrayLiteral steps: String...) {
    self.init(steps: steps)
  }
}

/// A kind of which observations and records keep some fields. Name and namespace are always kept.
package struct ReducedKind: Sendable {
  package enum Scope: Sendable {
    case namespace
    case cluster
  }

  /// What tells kinds apart; versions of one group are one kind.
  package struct ID: Hashable, Sendable {
    /// Empty for the core group.
    package let group: String
    package let kind: String

    package init(group: String, kind: String) {
      self.group = group
      self.kind = kind
    }
  }

  package let id: ID
  package let scope: Scope
  /// Names by which `kubectl get` knows the kind: plural, singular and short ones.
  package let resources: [String]
  /// The objects that are read; nil for all of the kind.
  package let names: [String]?
  package let fields: [FieldPath]

  package init(
    group: String, kind: String, scope: Scope = .namespace, resources: [String] = [], names: [String]? = nil,
    fields: [FieldPath]
  ) {
    self.names = names
    id = ID(group: group, kind: kind)
    self.scope = scope
    self.resources = resources
    self.fields = fields
  }
}
