import Compiler
import Foundation
import TestSupport
import Testing

/// `linkwright schema KIND`: one file that editors and validators can use alone.
@Suite struct SchemaBundleTests {
  static let python = Program.python(importing: ["jsonschema", "yaml"])
  static let kinds = ["Fleet", "Cluster", "Link", "Connection", "Policy"]

  static let names = (try? FixtureFleet.compiler.get().schemaTexts.map { String($0.path.dropLast(5)) }) ?? []

  /// No schema refers to another file, and every reference inside it leads somewhere.
  @Test(arguments: names) func refersToItselfOnly(_ name: String) throws {
    let output = try Linkwright.run("schema", name)
    #expect(output.status == 0)
    let schema = try JSONSerialization.jsonObject(with: Data(output.stdout))
    var references: Set<String> = []
    func visit(_ value: Any) {
      if let map = value as? [String: Any] {
        if let reference = map["$ref"] as? String { references.insert(reference) }
        map.values.forEach(visit)
      }
      if let list = value as? [Any] { list.forEach(visit) }
    }
    visit(schema)
    for reference in references {
      #expect(reference.hasPrefix("#"), "\(reference)")
      var place: Any? = schema
      for step in reference.dropFirst().split(separator: "/") {
        place = (place as? [String: Any])?[String(step)]
      }
      #expect(place != nil, "\(reference) leads nowhere")
    }
    #expect(try Linkwright.run("schema", name).stdout == output.stdout)
  }

  /// Python's validator takes the documents of every example with the printed schema alone, and refuses broken ones.
  @Test(.enabled(if: python != nil, "no .venv with jsonschema and yaml at the repository root"))
  func anotherValidatorReadsThem() throws {
    let python = try #require(Self.python)
    let scratch = try ScratchDirectory("schemas")
    for kind in Self.kinds { try scratch.write(Linkwright.run("schema", kind).text, to: "\(kind).json") }
    let script = """
      import sys, json, glob, jsonschema, yaml
      kinds, seen = sys.argv[2].split(','), {}
      validators = {}
      for kind in kinds:
          schema = json.load(open(f'{sys.argv[1]}/{kind}.json'))
          jsonschema.Draft7Validator.check_schema(schema)
          validators[kind] = jsonschema.Draft7Validator(schema)
      for path in sorted(glob.glob(sys.argv[3] + '/**/*.yaml', recursive=True)):
          if '/rendered/' in path or '/templates/' in path: continue
          try: documents = list(yaml.safe_load_all(open(path)))
          except yaml.YAMLError: continue
          for document in documents:
              if not isinstance(document, dict): continue
              if not str(document.get('apiVersion')).startswith('linkwright.dev/'): continue
              validator = validators[document['kind']]
              faults = [e.message for e in validator.iter_errors(document)]
              if faults: print(path, faults)
              seen[document['kind']] = seen.get(document['kind'], 0) + 1
              document['metadata']['name'] = '../a'
              if validator.is_valid(document): print(path, 'a name with dots is accepted')
              document['metadata']['name'] = 'a'
              document['speck'] = {}
              if validator.is_valid(document): print(path, 'an unknown field is accepted')
      print(sorted(k for k in seen))
      """
    let output = try python.run([
      "-c", script, scratch.root, Self.kinds.joined(separator: ","), Repository.path("examples"),
    ])
    #expect(output.status == 0, "\(output.errorText)")
    #expect(output.text == "['Cluster', 'Connection', 'Fleet', 'Link', 'Policy']\n", "\(output.text)")
  }
}
