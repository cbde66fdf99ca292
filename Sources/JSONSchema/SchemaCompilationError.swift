import Diagnostics
package import YAMLTree

/// What is wrong with a schema, all of it.
package struct SchemaCompilationError: Error, Sendable {
  /// One fault and its place in the schema.
  package struct Fault: Sendable {
    /// One sentence without a full stop.
    package let message: String
    package let node: Node
  }

  package let faults: [Fault]
}

extension SchemaCompilationError: CustomStringConvertible {
  package var description: String {
    faults.map { fault in
      let place = fault.node.range
      return "\(place.file.path):\(place.startPosition.line): \(fault.message)"
    }.joined(separator: "\n")
  }
}
