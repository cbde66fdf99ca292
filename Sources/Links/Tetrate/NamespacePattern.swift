/// An entry of a Workspace's namespaceSelector: `*/bookinfo`, `c1/ns*`, `*/*`.
///
/// Source: the pattern of the field, `^(\*|[^/*]+)/(\*|[^/*]+\*?)$`.
struct NamespacePattern: Hashable, Sendable {
  /// Nil for `*`.
  let cluster: String?
  /// The namespace, or what it starts with.
  let namespace: String
  let isPrefix: Bool

  /// Nil for what TSB refuses.
  init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
    if parts[0] == "*" {
      cluster = nil
    } else {
      guard !parts[0].contains("*") else { return nil }
      cluster = String(parts[0])
    }
    if parts[1].hasSuffix("*") {
      namespace = String(parts[1].dropLast())
      isPrefix = true
    } else {
      namespace = String(parts[1])
      isPrefix = false
    }
    guard !namespace.contains("*") else { return nil }
  }

  /// True when the pattern owns a namespace of a cluster, by the cluster's name in TSB.
  func owns(_ namespace: String, in cluster: String) -> Bool {
    guard self.cluster == nil || self.cluster == cluster else { return false }
    return isPrefix ? namespace.hasPrefix(self.namespace) : namespace == self.namespace
  }

  /// True when some namespace is owned by both.
  func overlaps(_ other: NamespacePattern) -> Bool {
    if let cluster, let theirs = other.cluster, cluster != theirs { return false }
    return switch (isPrefix, other.isPrefix) {
    case (false, false): namespace == other.namespace
    case (true, false): other.namespace.hasPrefix(namespace)
    case (false, true): namespace.hasPrefix(other.namespace)
    case (true, true): namespace.hasPrefix(other.namespace) || other.namespace.hasPrefix(namespace)
    }
  }
}
