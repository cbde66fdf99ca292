package import Diagnostics
package import YAMLTree

/// The compiled schemas of the specification's kinds.
package struct SpecSchemas: Sendable {
  package init() {}

  /// Every way in which a document breaks its kind's schema.
  package func findings(for kind: String, _ document: Node) -> [Diagnostic] { [] }
}
