import Diagnostics
import YAMLTree

@testable import Templates

/// The variables of the tests' templates.
let declaration = TemplateDeclaration(
  "test.yaml", "A template of the tests.",
  [
    .field(
      "service",
      .object([
        .field("name", .string), .field("port", .integer), .field("isHeadless", .boolean),
        .optional("alias", .string), .optional("weight", .integer), .field("labels", .labels),
        .field(
          "ports",
          .list(
            .object([.field("name", .string), .field("port", .integer), .optional("protocol", .string)]))),
        .field("target", .integerOrString), .optional("selector", .labelSelector),
        .field("numbers", .list(.integer)),
      ])), .field("text", .string), .field("anything", .any),
  ])

/// Values for them.
let variables: TemplateFields = [
  "service": .map([
    "name": .string("db"), "port": .integer(5432), "isHeadless": .boolean(false), "alias": .none,
    "weight": .integer(3), "labels": .map(["app": .string("db"), "a/b": .string("c")]),
    "ports": .list([
      .map(["name": .string("pg"), "port": .integer(5432), "protocol": .string("TCP")]),
      .map(["name": .string("metrics"), "port": .integer(9187)]),
    ]),
    "target": .string("pg"), "numbers": .list([]),
  ]),
  "text": .string("plain"), "anything": .null,
  "common": .map(["labels": .map(["team": .string("x")]), "annotations": .map(["from": .string("y")])]),
]

/// What a template comes to: its canonical text, or what is wrong with it and where.
func rendered(_ text: String, _ changed: TemplateFields = [:]) -> String {
  let file = SourceFile(path: "templates/test.yaml", bytes: Array(text.utf8))
  let (template, findings) = Template.compile(file, as: declaration)
  guard let template else { return findings.map(described).joined(separator: "\n") }
  do {
    guard let tree = try template.render([variables, changed]), let root = tree.root else { return "nothing" }
    return String(decoding: YAMLWriter.write(root, rank: { _ in 0 }), as: UTF8.self)
  } catch {
    return described(error.finding(for: "a test"))
  }
}

/// A finding in one line: `2:7 'text it points at' message (help)`.
func described(_ finding: Diagnostic) -> String {
  guard let range = finding.primary?.range else { return finding.message }
  let place = "\(range.startPosition.line):\(range.startPosition.column)"
  let excerpt = String(decoding: range.file.bytes[range.start..<range.end], as: UTF8.self)
  return "\(place) '\(excerpt)' \(finding.message)"
    + (finding.help.isEmpty ? "" : " (\(finding.help.joined(separator: "; ")))")
}
