import Diagnostics
package import FleetSpec
package import JSONSchema
import Linker
package import Templates

/// The schemas and templates that the program brings along. Templates are compiled at once, schemas when they
/// are first needed; tests compile all of them.
package struct Resources: Sendable {
  package let specSchemas: SpecSchemas
  package let objectSchemas: KubernetesSchemas
  package let templates: TemplateSet
  /// Schema texts by path below `schemas/`.
  package let schemaTexts: [(path: String, text: String)]

  /// What is wrong with the files that the program was built from.
  package struct Fault: Error, Sendable {
    package let message: String
  }

  /// Compiles what is embedded. Throws only when the program was built from broken files.
  package init() throws(Fault) {
    let files = EmbeddedResources.files.map { (path: "\($0.path)", text: $0.text) }
    func sources(in directory: String) -> [SourceFile] {
      files.filter { $0.path.hasPrefix(directory) }.map { file in
        SourceFile(
          path: String(file.path.dropFirst(directory.count)),
          bytes: Array(UnsafeBufferPointer(start: file.text.utf8Start, count: file.text.utf8CodeUnitCount)))
      }
    }
    let schemas = sources(in: "schemas/")
    specSchemas = SpecSchemas(files: schemas.filter { !$0.path.hasPrefix("kubernetes/") })
    objectSchemas = KubernetesSchemas(files: schemas.filter { $0.path.hasPrefix("kubernetes/") })
    schemaTexts = schemas.map { ($0.path, String(decoding: $0.bytes, as: UTF8.self)) }
    let folders = LinkRegistry.types.map { type in
      (
        type.descriptor.folder,
        TemplateSet.Folder(declarations: type.descriptor.templates, scopes: type.descriptor.extras)
      )
    }
    var templates = TemplateSet(Dictionary(folders, uniquingKeysWith: { first, _ in first }))
    for file in sources(in: "templates/") {
      guard templates.declares(file.path) else {
        throw Fault(message: "no link type declares template \(file.path)")
      }
      templates.addBuiltIn(
        SourceFile(path: "templates/" + file.path, bytes: file.bytes), path: file.path)
    }
    if let finding = templates.findings.first {
      let place = finding.primary?.range
      throw Fault(
        message: "\(place?.file.path ?? ""):\(place?.startPosition.line ?? 0): \(finding.message)")
    }
    if let path = templates.paths.first(where: { templates[$0] == nil }) {
      throw Fault(message: "there is no template \(path)")
    }
    self.templates = templates
  }
}
