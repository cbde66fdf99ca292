package import YAMLTree

/// A Link document. Its section belongs to the link type and stays a tree here.
package struct Link: Sendable {
  package let name: Located<String>
  /// The key of the link type: `porter`, `static`, …
  package let type: Located<String>
  /// The section under that key.
  package let section: Node
  package let node: Node
  package var overrides: [Override] = []
  /// The section as it is in clusters that overrides name.
  package var clusterSections: [String: Node] = [:]

  /// The section as it is in a cluster.
  package func section(in cluster: String) -> Node { clusterSections[cluster] ?? section }
}
