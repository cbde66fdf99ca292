package import Diagnostics
package import JSONSchema
package import YAMLTree

/// The schemas of the specification's kinds, each compiled when it is first needed.
package struct SpecSchemas: Sendable {
  private let schemas: [String: LazySchema]
  /// Every schema of the specification, for whoever reads references.
  package let registry: SchemaRegistry
  private let roots: [String: Node]

  private static let base = "https://linkwright.dev/schemas/v1alpha1/"

  /// Reads `schemas/*.json` and `schemas/links/*.json`, given with their paths below `schemas/`.
  package init(files: [SourceFile]) {
    var registry = SchemaRegistry()
    var roots: [String: Node] = [:]
    for file in files {
      guard let root = Tree.parse(file).tree.root else { continue }
      registry.add(root, at: Self.base + file.path)
      roots[file.path] = root
    }
    var schemas: [String: LazySchema] = [:]
    let patterns = PatternPool()
    for kind in ["Fleet"] + SpecDecoder.kinds {
      let path = kind.lowercased() + ".json"
      guard let root = roots[path] else { continue }
      schemas[kind] = LazySchema(
        root, at: Self.base + path, registry: registry,
        options: SchemaOptions(dialect: .draft07, assertsFormats: true), patterns: patterns)
    }
    self.schemas = schemas
    self.registry = registry
    self.roots = roots
  }

  /// The schema of a kind as it is written, and its URI.
  package func source(ofKind kind: String) -> (node: Node, uri: String)? {
    let path = kind.lowercased() + ".json"
    return roots[path].map { ($0, Self.base + path) }
  }

  /// Compiles every schema; throws the faults of the first that has any.
  package func compileAll() throws(SchemaCompilationError) {
    for (_, schema) in schemas.sorted(by: { $0.key < $1.key }) { _ = try schema.schema() }
  }

  /// Every way in which a document breaks its kind's schema; none where `compileAll` would throw.
  package func findings(for kind: String, _ document: Node) -> [Diagnostic] {
    guard let schema = try? schemas[kind]?.schema() else { return [] }
    return schema.validate(document).map {
      $0.diagnostic(FleetSpecRules.schemaViolation, root: "the \(kind)")
    }
  }
}
