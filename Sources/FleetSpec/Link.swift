package import YAMLTree

/// A Link document. Its section belongs to the link type and stays a tree here.
package struct Link: Sendable {
  package let name: Located<String>
  /// The key of the link type: `porter`, `static`, …
  package let type: Located<String>
  /// The section under that key.
  package let section: Node
  package let node: Node
}
