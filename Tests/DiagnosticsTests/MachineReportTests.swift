import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite struct MachineReportTests {
  static let python = Program.python()
  static let jsonschema = Program.python(importing: ["jsonschema"])

  private static func sarif(_ diagnostics: [Diagnostic]) throws -> [String: Any] {
    let text = SARIFReport.render(diagnostics, rules: Sample.rules, options: Sample.options)
    let root = try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    return try #require((root["runs"] as? [[String: Any]])?.first)
  }

  @Test(
    .enabled(if: python != nil, "no .venv at the repository root"), arguments: [ReportFormat.json, .sarif])
  func isJSONToPython(_ format: ReportFormat) throws {
    let python = try #require(Self.python)
    let text = format.render(Sample.ordinary + Sample.oddities, rules: Sample.rules, options: Sample.options)
    let output = try python.run(
      ["-c", "import sys, json; json.dump(json.load(sys.stdin), sys.stdout, indent=2)"],
      input: Array(text.utf8))
    #expect(output.status == 0, "\(output.errorText)")
    #expect(try JSONSerialization.jsonObject(with: Data(output.stdout)) is [String: Any])
  }

  @Test(.enabled(if: jsonschema != nil, "no .venv with jsonschema at the repository root"))
  func reportMatchesItsSchema() throws {
    let python = try #require(Self.jsonschema)
    let text = JSONReport.render(Sample.ordinary + Sample.oddities, options: Sample.options)
    let script = """
      import sys, json, jsonschema
      schema = json.load(open(sys.argv[1]))
      jsonschema.Draft7Validator.check_schema(schema)
      report = json.load(sys.stdin)
      jsonschema.validate(report, schema, jsonschema.Draft7Validator)
      def members(value, path=''):
          if isinstance(value, dict):
              for k, v in value.items(): yield from [path + '.' + k, *members(v, path + '.' + k)]
          elif isinstance(value, list):
              for v in value: yield from members(v, path)
      print(sorted(set(members(report))))
      del report['findings'][0]['fingerprint']
      try: jsonschema.validate(report, schema, jsonschema.Draft7Validator)
      except jsonschema.ValidationError: print('refused')
      """
    let output = try python.run(
      ["-c", script, Repository.path("schemas/report.json")], input: Array(text.utf8))
    #expect(output.status == 0, "\(output.errorText)")
    #expect(output.text.hasSuffix("refused\n"))
    #expect(output.text.contains(".findings.suggestion.replacement"))
  }

  @Test func fingerprintsSurviveLineShifts() throws {
    func prints(_ before: String) throws -> [String] {
      let diagnostics = ["x: 1️⃣bad2️⃣\n", "x: 1️⃣worse2️⃣\n"].map { Sample.odd(before + $0) }
      let twice = diagnostics + diagnostics
      let results = try #require(try Self.sarif(twice)["results"] as? [[String: Any]])
      return results.compactMap {
        ($0["partialFingerprints"] as? [String: String])?["primaryLocationLineHash"]
      }
    }
    let first = try prints("")
    #expect(first == (try prints("# one\n\n# two\n")))
    #expect(Set(first).count == 4)
    #expect(first[0].hasSuffix(":1") && first[2].hasSuffix(":2"))
  }

  @Test func sarifKeepsTheStrongestResults() throws {
    let file = SourceFile(path: "a.yaml", bytes: Array("a: 1\n".utf8))
    let range = SourceRange(file: file, start: 0, end: 1)
    var diagnostics = (0..<6000).map { Diagnostic(Sample.pending, "note \($0)", at: range) }
    diagnostics += (0..<100).map { Diagnostic(Sample.port, "error \($0)", at: range) }
    let run = try Self.sarif(diagnostics)
    let results = try #require(run["results"] as? [[String: Any]])
    #expect(results.count == 5000)
    #expect(results.count { $0["level"] as? String == "error" } == 100)
    let invocation = try #require((run["invocations"] as? [[String: Any]])?.first)
    #expect("\(invocation)".contains("1100 further findings are left out"))
    #expect(try Self.sarif(Sample.ordinary)["invocations"].map { "\($0)".contains("left out") } == false)
  }

  @Test func sarifShape() throws {
    let absolute = Sample.odd("a: 1️⃣b2️⃣\n", path: "/etc/päss wd:x.yaml")
    let run = try Self.sarif(Sample.ordinary + Sample.oddities + [absolute])
    #expect(run["columnKind"] as? String == "unicodeCodePoints")
    let driver = try #require((run["tool"] as? [String: Any])?["driver"] as? [String: Any])
    let rules = try #require(driver["rules"] as? [[String: Any]])
    #expect(rules.compactMap { $0["id"] as? String } == ["LW1203", "LW2104", "LW3001"])
    for rule in rules {
      for name in ["shortDescription", "fullDescription", "help"] {
        #expect(((rule[name] as? [String: Any])?["text"] as? String)?.isEmpty == false)
      }
    }
    for result in try #require(run["results"] as? [[String: Any]]) {
      let index = try #require(result["ruleIndex"] as? Int)
      #expect(rules[index]["id"] as? String == result["ruleId"] as? String)
      let location = try #require(
        (result["locations"] as? [[String: Any]])?.first?["physicalLocation"] as? [String: Any])
      let uri = try #require((location["artifactLocation"] as? [String: Any])?["uri"] as? String)
      #expect(!uri.hasPrefix("/") && !uri.contains(" ") && uri.allSatisfy(\.isASCII))
      let region = try #require(location["region"] as? [String: Int])
      #expect((region["startLine"] ?? 0) >= 1 && (region["startColumn"] ?? 1) >= 1)
    }
  }

  @Test func githubEscapes() {
    let finding = Diagnostic(
      Sample.port, "100% wrong: a, b\r\nnext",
      at: Sample.odd("a: 1️⃣b2️⃣\n", path: "d,1/a:b%.yaml").primary?.range
        ?? SourceRange(wholeFile: SourceFile(path: "", bytes: [])))
    var options = Sample.options
    options.pathPrefix = "fleets/x/"
    #expect(
      GitHubReport.render([finding], options: options)
        == "::error file=fleets/x/d%2C1/a%3Ab%25.yaml,line=1,col=4,endLine=1,endColumn=5,title=LW1203::100%25 wrong: a, b%0D%0Anext\n"
    )
  }

  @Test func githubSummarisesManyFindings() {
    let many = Array(repeating: Sample.unknownPort, count: 11)
    let lines = GitHubReport.render(many, options: Sample.options).split(separator: "\n")
    #expect(lines.count == 12)
    #expect(lines.last?.hasPrefix("::notice title=linkwright::11 errors in 1 file.") == true)
    #expect(
      GitHubReport.render(Array(many.prefix(10)), options: Sample.options).split(separator: "\n").count == 10)
  }
}
