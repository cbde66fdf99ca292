import Compiler
import Diagnostics

extension Command {
  private static let output = Option(
    name: "--output", short: "-o", value: "FORMAT",
    help: "Print as json or, for the reference page, markdown",
    choices: ["json", "markdown"])

  /// What `schema` lists: kinds and forms of the program's data, without what they are put together from.
  private static func names(of schemas: [(path: String, text: String)]) -> [String] {
    schemas.map { String($0.path.dropLast(".json".count)) }.filter {
      !["definitions", "draft-07", "kubernetes/definitions"].contains($0)
    }
  }

  /// As documents spell a kind of the specification; the same for other words.
  private static func capitalized(_ name: String) -> String {
    SchemaPage.kinds.contains(name) ? name.prefix(1).uppercased() + name.dropFirst() : name
  }

  /// `linkwright schema`
  static let schema = Command(
    name: "schema", summary: "Print the JSON Schema of a kind", arguments: ["[KIND]"],
    words: {
      ((try? Compiling.compiler().schemaTexts).map(names(of:)) ?? []).flatMap { [$0, capitalized($0)] }
    },
    options: [output],
    discussion:
      "Without KIND, lists the kinds. The schemas are draft-07, as editors and check-jsonschema read them: each is one file that needs no other.",
    example: "linkwright schema Connection > connection.schema.json"
  ) { parsed throws(CommandFailure) in
    let schemas = try Compiling.compiler().schemaTexts
    let isMarkdown = parsed.last(output) == "markdown"
    guard let kind = parsed.positional.first else {
      if isMarkdown {
        Terminal.print(SchemaPage.markdown(of: schemas))
      } else {
        for name in names(of: schemas) { Terminal.print(name + "\n") }
      }
      return .success
    }
    let wanted = kind.lowercased()
    if isMarkdown {
      guard let page = SchemaPage.markdown(of: schemas, kind: wanted) else {
        throw CommandFailure(
          message: "the reference page has no kind '\(kind)'",
          help: "it has \(listed(SchemaPage.kinds)); the schemas of others are printed as json")
      }
      Terminal.print(page)
      return .success
    }
    let names = schemas.map { String($0.path.dropLast(".json".count)) }
    let match =
      schemas.first { $0.path == wanted + ".json" }
      ?? schemas.first { $0.path.hasPrefix("kubernetes/\(wanted)-") }
      ?? schemas.first { $0.path.hasSuffix("/\(wanted).json") }
    guard let match else {
      throw CommandFailure(
        message: "there is no kind '\(kind)'",
        help: Suggestions.nearest(wanted, among: names) ?? "'linkwright schema' lists the kinds")
    }
    Terminal.print(SchemaBundle.text(of: match.path, in: schemas))
    return .success
  }
}
