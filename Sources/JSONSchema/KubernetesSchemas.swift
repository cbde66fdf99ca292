package import Diagnostics
package import YAMLTree

/// The schemas of `schemas/kubernetes`, each for one kind of object and compiled when it is first needed.
package struct KubernetesSchemas: Sendable {
  private struct Entry: Sendable {
    let apiVersion: String
    let kind: String
    let kindHash: UInt32
    let schema: LazySchema
  }

  /// Where the schemas' own `$id`s say they are.
  package static let base = "https://linkwright.dev/schemas/kubernetes/"

  private var entries: [Entry] = []
  /// The directory's schemas, for whoever reads references.
  package let registry: SchemaRegistry

  /// Reads the files of the directory, among them `definitions.json`. A file whose schema has no
  /// constant `apiVersion` and `kind` serves others by reference only.
  package init(files: [SourceFile]) {
    var registry = SchemaRegistry()
    var roots: [(uri: String, node: Node)] = []
    for file in files {
      guard let root = Tree.parse(file).tree.root else { continue }
      let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
      registry.add(root, at: Self.base + name)
      roots.append((Self.base + name, root))
    }
    let patterns = PatternPool()
    for (uri, root) in roots {
      guard let apiVersion = root.at("properties", "apiVersion", "const")?.string,
        let kind = root.at("properties", "kind", "const")?.string
      else { continue }
      let schema = LazySchema(root, at: uri, registry: registry, options: Self.options, patterns: patterns)
      entries.append(
        Entry(apiVersion: apiVersion, kind: kind, kindHash: textHash(kind), schema: schema))
    }
    self.registry = registry
  }

  /// Compiles every schema and throws every fault of every file. Takes about a millisecond a kind.
  package func compileAll() throws(SchemaCompilationError) {
    var faults: [SchemaCompilationError.Fault] = []
    for entry in entries {
      do {
        _ = try entry.schema.schema()
      } catch {
        faults += error.faults
      }
    }
    guard faults.isEmpty else { throw SchemaCompilationError(faults: faults) }
  }

  /// How schemas of objects are compiled.
  package static let options = SchemaOptions(
    dialect: .openAPIv3, assertsFormats: true,
    objectMetadata: base + "definitions.json#/definitions/objectMeta")

  /// The schemas of a kind as they are written, one for each version, with their URIs.
  ///
  /// - Parameter group: nil for every group that has the kind.
  package func sources(kind: String, group: String?) -> [(apiVersion: String, node: Node, uri: String)] {
    entries.filter { entry in
      guard entry.kind == kind else { return false }
      let slash = entry.apiVersion.firstIndex(of: "/")
      return group == nil || group == slash.map { String(entry.apiVersion[..<$0]) } ?? ""
    }.map { ($0.apiVersion, $0.schema.source, $0.schema.uri) }
  }

  /// The kinds that have a schema, as `apiVersion kind`, sorted.
  package var kinds: [String] { entries.map { "\($0.apiVersion) \($0.kind)" }.sorted() }

  /// The schema of an object by its `apiVersion` and `kind`; nil when there is none, or when `compileAll` would
  /// throw its faults. Linear in the schemas.
  package func schema(for object: Node) -> CompiledSchema? {
    guard let kind = object["kind"], let apiVersion = object["apiVersion"] else { return nil }
    let hash = kind.hash
    for entry in entries
    where entry.kindHash == hash && kind.text == entry.kind && apiVersion.text == entry.apiVersion {
      return try? entry.schema.schema()
    }
    return nil
  }

  /// The schema of a kind, under the same conditions.
  package func schema(apiVersion: String, kind: String) -> CompiledSchema? {
    try? entries.first { $0.kind == kind && $0.apiVersion == apiVersion }?.schema.schema()
  }

  /// The name that a kind's schema has in the directory: `networkpolicy-networking.k8s.io-v1.json`.
  package static func fileName(apiVersion: String, kind: String) -> String {
    "\(kind.lowercased())-\(apiVersion.split(separator: "/").joined(separator: "-")).json"
  }
}
