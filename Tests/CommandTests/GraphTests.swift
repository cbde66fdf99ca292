import Diagnostics
import Foundation
import Glibc
import TestSupport
import Testing
import YAMLTree

/// `linkwright graph`: every format against the program that reads it.
@Suite struct GraphTests {
  static let dot = Program.find("dot")
  static let selenium = Program.python(importing: ["selenium"])
  static let hasBrowser =
    selenium != nil && access("/usr/bin/chromium", X_OK) == 0 && access("/usr/bin/chromedriver", X_OK) == 0

  static func graph(_ example: String, _ arguments: String...) throws -> Program.Output {
    try FleetRepository.program.run(["graph", Repository.path(example)] + arguments)
  }

  static let examples = [
    "porter-pair", "porter-silver", "patroni", "clustermesh-five", "policies",
  ].map { "examples/\($0)" }

  @Test(.enabled(if: dot != nil, "graphviz is not installed"), arguments: examples)
  func graphvizReadsDOT(_ example: String) throws {
    let text = try Self.graph(example, "--format", "dot").stdout
    let output = try #require(Self.dot).run(["-Tplain"], input: text)
    #expect(output.status == 0, "\(output.errorText)")
    #expect(output.text.contains("edge "))
  }

  @Test(arguments: examples)
  func drawingIsXML(_ example: String) throws {
    let text = try Self.graph(example, "--format", "svg").stdout
    let parser = XMLCheck()
    #expect(parser.isWellFormed(Data(text)), "\(parser.reason)")
    #expect(String(decoding: text, as: UTF8.self).contains("<path class=\"line "))
  }

  @Test(
    .enabled(if: ActionTests.schemas != nil, ".venv/bin/check-jsonschema is not installed"),
    arguments: examples)
  func jsonKeepsToItsSchema(_ example: String) throws {
    let text = try Self.graph(example, "--format", "json").stdout
    let file = NSTemporaryDirectory() + "linkwright-graph-\(UUID().uuidString).json"
    defer { unlink(file) }
    try Data(text).write(to: URL(fileURLWithPath: file))
    try ActionTests.passes(ActionTests.schemas, ["--schemafile", "schemas/graph.json", file])
  }

  /// Statements that Mermaid's flowcharts know, one a line; blocks end.
  @Test(arguments: examples)
  func mermaidIsWellFormed(_ example: String) throws {
    let text = try Self.graph(example).text
    var depth = 0
    let lines = text.split(separator: "\n")
    #expect(lines.first == "flowchart LR")
    for line in lines.dropFirst().map({ $0.drop { $0 == " " } }) {
      if line.hasPrefix("subgraph ") { depth += 1 }
      if line == "end" { depth -= 1 }
      let node = #/p\d+(\(\[".*"\]\)|\[".*"\]|\{\{".*"\}\})/#
      let edge = #/p\d+ -->\|".*"\| p\d+/#
      let other = #/subgraph c\d+(n\d+)?\[".*"\]|end|linkStyle [\d,]+ .*/#
      #expect(
        line.wholeMatch(of: node) != nil || line.wholeMatch(of: edge) != nil
          || line.wholeMatch(of: other) != nil,
        "\(line)")
      // Nothing inside a label ends it.
      #expect(line.count { $0 == "\"" } % 2 == 0 && line.count { $0 == "\"" } <= 2, "\(line)")
    }
    #expect(depth == 0)
  }

  @Test func selectionAndBadInput() throws {
    let one = try Self.graph("examples/patroni", "--namespace", "c6af30-dev", "--format", "json")
    #expect(one.status == 0 && one.text.contains("c6af30-dev/") && !one.text.contains("c6af30-prod/"))
    let unknown = try Self.graph("examples/patroni", "--format", "pdf")
    #expect(unknown.status == 2 && unknown.errorText.contains("'pdf' is no value of --format"))
    let cluster = try Self.graph("examples/patroni", "--cluster", "glod")
    #expect(cluster.status == 2 && cluster.stdout.isEmpty)

    // A fleet with an error is drawn as far as it goes, and says so.
    let fleet = try FleetRepository()
    try fleet.write("connections/broken.yaml", "kind: Connection\n")
    let broken = try fleet.linkwright("graph")
    #expect(
      broken.status == 1 && broken.text.hasPrefix("flowchart LR") && broken.errorText.contains("error[LW"))
  }

  /// The same fleet gives the same bytes, from a directory and from a commit.
  @Test(arguments: ["mermaid", "dot", "svg", "html", "json"])
  func isDeterministic(_ format: String) throws {
    let fleet = try FleetRepository()
    let directory = try fleet.linkwright("graph", "--format", format)
    #expect(directory.status == 0 && directory.stdout.last == UInt8(ascii: "\n"))
    #expect(try fleet.linkwright("graph", "--ref", "HEAD", "--format", format).stdout == directory.stdout)
  }

  /// Text from documents cannot leave its place in the page.
  @Test func textIsEscaped() throws {
    let fleet = try FleetRepository()
    let text = try fleet.read("connections/yourservice.yaml")
    try fleet.write("connections/yourservice.yaml", text + "  owner: '</script><b>\"{{data}}'\n")
    let page = try fleet.linkwright("graph", "--format", "html")
    #expect(page.status == 0, "\(page.errorText)")
    #expect(!page.text.contains("</script><b>") && page.text.contains("\\u003c/script>\\u003cb>"))
    #expect(page.text.components(separatedBy: "id=\"data\">").count == 2)
  }

  // MARK: The page, in a browser

  struct Sight: Decodable {
    let ready: String?
    let seconds: Double
    let rows: Int
    let lines: Int
    let regions: [String]
    let label: String
    let first: [String]
    let second: [String]
    let active: String?
    let trace: String
    let lit: Int
    let hash: String
    let focus: String
    let found: Int
    let count: String
    let nothing: String
    let again: Int
    let pressed: String?
    let chip: String
    let ofVerdict: Int
    let themes: [String]
    let overflow: Bool
    let requests: [String]
    let errors: [String]
  }

  static func look(at page: [UInt8]) throws -> Sight {
    let folder = NSTemporaryDirectory() + "linkwright-chart-\(UUID().uuidString)"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data(page).write(to: URL(fileURLWithPath: folder + "/chart.html"))
    let output = try #require(selenium).run(
      [Repository.path("Tests/Browser/chart.py"), folder + "/chart.html", folder],
      environment: ["PYTHONDONTWRITEBYTECODE": "1"])
    try #require(output.status == 0, "\(output.errorText)")
    for shot in ["light", "selected", "dark", "narrow"] {
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(shot).png"))
      #expect(data.count > 5000, "\(shot).png shows nothing")
    }
    return try JSONDecoder().decode(Sight.self, from: Data(output.stdout))
  }

  static func check(_ sight: Sight, connections: Int) {
    #expect(sight.ready == "true" && sight.errors.isEmpty, "\(sight.errors)")
    #expect(sight.requests.isEmpty, "the page asked the network for \(sight.requests)")
    #expect(sight.rows == connections && sight.again == connections)
    #expect(sight.first.count == 1 && sight.second.count == 1 && sight.first != sight.second)
    #expect(sight.active == "true" && sight.lit > 0)
    #expect(sight.trace.contains(sight.second[0]) && sight.hash.contains("#"))
    #expect(sight.focus == "search" && sight.found > 0 && sight.found < connections)
    #expect(sight.count == "\(sight.found) of \(connections)")
    #expect(sight.nothing.contains("No connection matches"))
    #expect(sight.pressed == "true" && sight.ofVerdict > 0 && sight.chip.contains("\(sight.ofVerdict)"))
    #expect(Set(sight.themes).count == 2)
    #expect(!sight.overflow, "the page scrolls sideways on a narrow screen")
  }

  @Test(.enabled(if: hasBrowser, "chromium, chromedriver or selenium is not installed"))
  func pageWorksInABrowser() throws {
    let page = try Self.graph("examples/patroni", "--format", "html")
    let sight = try Self.look(at: page.stdout)
    Self.check(sight, connections: 6)
    #expect(sight.regions == ["gold", "golddr"] && sight.lines == 12)
    #expect(sight.trace.lowercased().contains("load-balancer"))
    #expect(sight.label.contains("6 connections between 2 clusters: 6 proved"))
  }

  /// Five hundred connections: two megabytes at most, and lines by namespace instead of a thicket.
  @Test(.enabled(if: hasBrowser, "chromium, chromedriver or selenium is not installed"))
  func pageHoldsFiveHundredConnections() throws {
    let folder = NSTemporaryDirectory() + "linkwright-fleet-\(UUID().uuidString)"
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let generator = Program(path: FleetRepository.program.path + "-bench")
    let made = try generator.run(["generate", folder, "500"])
    try #require(made.status == 0, "\(made.errorText)")
    let page = try FleetRepository.program.run(["graph", folder, "--format", "html"])
    #expect(page.status == 0 && page.stdout.count < 2_000_000)
    let sight = try Self.look(at: page.stdout)
    Self.check(sight, connections: 500)
    #expect(sight.lines < 100)
  }
}

/// Whether a text is well-formed XML, by Python's own parser: Foundation's is a package of its own on Linux.
final class XMLCheck {
  private(set) var reason = ""

  func isWellFormed(_ data: Data) -> Bool {
    guard let python = Program.find("python3"),
      let output = try? python.run(
        ["-c", "import sys, xml.dom.minidom; xml.dom.minidom.parseString(sys.stdin.buffer.read())"],
        input: Array(data))
    else { return false }
    reason = output.errorText
    return output.status == 0
  }
}
