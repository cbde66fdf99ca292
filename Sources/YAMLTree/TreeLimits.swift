/// Bounds of one file. Beyond them a file is refused with a finding instead of eating time or memory.
package struct TreeLimits: Sendable {
  /// Bytes of the file. A dump of a whole cluster with 10,000 objects has about 40 MB.
  package var bytes = 64 << 20
  /// Keys, values and collections. A file of 64 MiB with ordinary objects has about 5 million.
  package var nodes = 8_000_000
  /// Nested collections, aliases written out. Kubernetes' own objects reach about 20, CRD schemas about 60.
  package var depth = 128
  /// Nodes that aliases add when they are written out.
  package var expandedNodes = 2_000_000
  /// Findings about one file's text and grammar; nobody reads more.
  package var findings = 1000

  package init() {}
}
