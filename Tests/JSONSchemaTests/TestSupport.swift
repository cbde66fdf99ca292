import Diagnostics
import Foundation
import Testing
import YAMLTree

@testable import JSONSchema

/// The root of the repository.
let repository = URL(fileURLWithPath: #filePath)
  .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

/// Parses a text that must be clean.
func parsed(_ text: String, path: String = "test.yaml") throws -> Node {
  let result = Tree.parse(text: text, path: path)
  try #require(result.findings.isEmpty, "\(path): \(result.findings.map(\.message))")
  return try #require(result.tree.root)
}

/// Parses a file of the repository or of the system.
func parsed(file url: URL) throws -> Node {
  try parsed(String(decoding: Data(contentsOf: url), as: UTF8.self), path: url.lastPathComponent)
}

/// A registry with the draft-07 metaschema.
func registryWithMetaschema() throws -> SchemaRegistry {
  var registry = SchemaRegistry()
  registry.add(
    try parsed(file: repository.appendingPathComponent("schemas/draft-07.json")),
    at: "http://json-schema.org/draft-07/schema")
  return registry
}

/// Compiles a schema written in YAML or JSON.
func compiled(
  _ text: String, _ dialect: SchemaDialect = .draft07, assertsFormats: Bool = false,
  registry: SchemaRegistry = SchemaRegistry()
) throws -> CompiledSchema {
  try CompiledSchema.compile(
    root: parsed(text, path: "schema.yaml"), registry: registry,
    options: SchemaOptions(dialect: dialect, assertsFormats: assertsFormats))
}

/// The message, place and help of every violation: `line:column "text" message | help`.
func report(_ schema: CompiledSchema, _ node: Node) -> [String] {
  schema.validate(node).map { violation in
    let text = ViolationText(violation)
    let range = violation.node.range
    let start = range.startPosition
    let source = String(decoding: range.file.bytes[range.start..<range.end], as: UTF8.self)
    let shown = source.contains("\n") ? "…" : source
    let help = text.help.isEmpty ? "" : " | " + text.help.joined(separator: "; ")
    return "\(start.line):\(start.column) [\(shown)] \(text.message)\(help)"
  }
}
