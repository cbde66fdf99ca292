import Compiler

extension Command {
  private static let output = Option(
    name: "--output", short: "-o", value: "FORMAT",
    help: "Print as json or, for the reference page, markdown",
    choices: ["json", "markdown"])

  /// `linkwright schema`
  static let schema = Command(
    name: "schema", summary: "Print the JSON Schema of a kind", arguments: ["[KIND]"],
    words: {
      ((try? Compiling.compiler().schemaTexts) ?? []).map { String($0.path.dropLast(".json".count)) }
    },
    options: [output],
    discussion:
      "Without KIND, lists the kinds. The schemas are draft-07, as editors and check-jsonschema read them: each is one file that needs no other.",
    example: "linkwright schema Connection > connection.schema.json"
  ) { parsed throws(CommandFailure) in
    let schemas = try Compiling.compiler().schemaTexts
    if parsed.last(output) == "markdown" {
      guard parsed.positional.isEmpty else {
        throw CommandFailure(
          message: "the reference page describes every kind", help: "leave out '\(parsed.positional[0])'")
      }
      Terminal.print(SchemaPage.markdown(of: schemas))
      return .success
    }
    guard let kind = parsed.positional.first else {
      for (path, _) in schemas { Terminal.print(path.dropLast(".json".count) + "\n") }
      return .success
    }
    let wanted = kind.lowercased()
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
