package import Diagnostics
import Patterns
package import YAMLTree

/// The schemas of `schemas/kubernetes`, compiled, each for one kind of object.
package struct KubernetesSchemas: Sendable {
  private struct Entry: Sendable {
    let apiVersion: String
    let kind: String
    let kindHash: UInt32
    let schema: CompiledSchema
    let source: Node
    let uri: String
  }

  /// Where the schemas' own `$id`s say they are.
  package static let base = "https://linkwright.dev/schemas/kubernetes/"

  private var entries: [Entry] = []
  /// The directory's schemas, for whoever reads references.
  package let registry: SchemaRegistry

  /// Compiles the files of the directory, among them `definitions.json`. A file whose schema has no
  /// constant `apiVersion` and `kind` serves others by reference only. Throws every fault of every file.
  ///
  /// Compiling takes about a millisecond a kind (TransportServer 17, for its pattern of addresses):
  /// `isWanted` chooses by `apiVersion` and `kind`.
  package init(
    files: [SourceFile], where isWanted: (_ apiVersion: String, _ kind: String) -> Bool = { _, _ in true }
  ) throws(SchemaCompilationError) {
    var faults: [SchemaCompilationError.Fault] = []
    var registry = SchemaRegistry()
    var roots: [(uri: String, node: Node)] = []
    for file in files {
      guard let root = Tree.parse(file).tree.root else { continue }
      let name = file.path.split(separator: "/").last.map(String.init) ?? file.path
      registry.add(root, at: Self.base + name)
      roots.append((Self.base + name, root))
    }
    let options = Self.options
    var patterns: [String: Pattern] = [:]
    for (uri, root) in roots {
      guard let apiVersion = root.at("properties", "apiVersion", "const")?.string,
        let kind = root.at("properties", "kind", "const")?.string, isWanted(apiVersion, kind)
      else { continue }
      do {
        let schema = try CompiledSchema.compile(
          root: root, at: uri, registry: registry, options: options, patterns: &patterns)
        entries.append(
          Entry(
            apiVersion: apiVersion, kind: kind, kindHash: textHash(kind), schema: schema, source: root,
            uri: uri
          ))
      } catch {
        faults += error.faults
      }
    }
    self.registry = registry
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
    }.map { ($0.apiVersion, $0.source, $0.uri) }
  }

  /// The kinds that have a schema, as `apiVersion kind`, sorted.
  package var kinds: [String] { entries.map { "\($0.apiVersion) \($0.kind)" }.sorted() }

  /// The schema of an object by its `apiVersion` and `kind`; nil when there is none. Linear in the schemas.
  package func schema(for object: Node) -> CompiledSchema? {
    guard let kind = object["kind"], let apiVersion = object["apiVersion"] else { return nil }
    let hash = kind.hash
    for entry in entries
    where entry.kindHash == hash && kind.text == entry.kind && apiVersion.text == entry.apiVersion {
      return entry.schema
    }
    return nil
  }

  /// The schema of a kind; nil when there is none.
  package func schema(apiVersion: String, kind: String) -> CompiledSchema? {
    entries.first { $0.kind == kind && $0.apiVersion == apiVersion }?.schema
  }

  /// The name that a kind's schema has in the directory: `networkpolicy-networking.k8s.io-v1.json`.
  package static func fileName(apiVersion: String, kind: String) -> String {
    "\(kind.lowercased())-\(apiVersion.split(separator: "/").joined(separator: "-")).json"
  }
}
