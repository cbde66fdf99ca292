/// Bounds of one file. Beyond them a file is refused with a finding instead of eating time or memory.
package struct TreeLimits: Sendable {
  /// Bytes of the file. A dump of a whole cluster with 10,000 objects has about 40 MB.
  package var bytes = 64 << 20
  /// Nested collections. Kubernetes' own objects reach about 20, CRD schemas about 60.
  package var depth = 128
  /// Nodes after aliases are expanded, where aliases multiply them.
  package var expandedNodes = 2_000_000

  package init() {}
}
