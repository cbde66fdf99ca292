package import YAMLTree

/// A value with the node it was written as, so that every later finding can point at it.
package struct Located<Value: Sendable>: Sendable {
  package let value: Value
  package let node: Node

  package init(_ value: Value, _ node: Node) {
    self.value = value
    self.node = node
  }
}

extension Node {
  /// A string with its node; nil for every other kind.
  var locatedString: Located<String>? { string.map { Located($0, self) } }

  /// The strings of a list with their nodes.
  var locatedStrings: [Located<String>] { elements.compactMap(\.locatedString) }
}
