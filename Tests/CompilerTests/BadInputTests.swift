import Foundation
import Glibc
import TestSupport
import Testing

/// The real program on broken fleets: a clear finding at its place, exit 1, nothing written, no crash, soon.
@Suite struct BadInputTests {
  /// Files over the base fleet, and what the program must say.
  struct Fault: Sendable, CustomTestStringConvertible {
    let name: String
    let files: [String: [UInt8]]
    let rule: String
    /// `path:line:column`, or the path alone.
    let place: String
    var testDescription: String { name }

    init(_ name: String, _ path: String, _ text: String, _ rule: String, at place: String) {
      self.init(name, [path: Array(text.utf8)], rule, at: place.hasPrefix(":") ? path + place : place)
    }

    init(_ name: String, _ files: [String: [UInt8]], _ rule: String, at place: String) {
      self.name = name
      self.files = files
      self.rule = rule
      self.place = place
    }
  }

  static let connection = "connections/yourservice.yaml"

  /// The base's connection with a line changed; positions stay those of this text.
  static func connection(
    metadata: String = "{name: yourservice, namespace: a1b2c3-dev}",
    to: String = "{clusters: [gold], service: yourservice, ports: [8000]}", also: String = ""
  ) -> String {
    """
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: \(metadata)
    spec:
      from: [{clusters: [golddr]}]
      to: \(to)
      exposure: {acknowledged: span-bc}
      porter: {overrideServicePort: true}
    \(also)

    """
  }

  static let head = "apiVersion: linkwright.dev/v1alpha1\nkind: "

  static let text: [Fault] = [
    Fault("broken YAML", connection, "a: [1, 2\nb: 3\n", "LW1001", at: connection),
    Fault("tabs", connection, "spec:\n\tfrom: []\n", "LW1001", at: ":2:1"),
    Fault(
      "invalid UTF-8", [connection: Array("a: b\nc: \u{E9}".utf8.dropLast(2)) + [0xE9, 0x0A]], "LW1002",
      at: "\(connection):2:4"),
    Fault("UTF-16", [connection: [0xFF, 0xFE, 0x61, 0x00, 0x3A, 0x00]], "LW1002", at: connection),
    Fault("NUL", connection, "a: b\nc: d\u{0}e\n", "LW1003", at: ":2:5"),
    Fault("deep flow", connection, String(repeating: "[", count: 100_000), "LW1005", at: connection),
    Fault(
      "deep flow in a mapping", connection, "a: " + String(repeating: "{a: ", count: 100_000), "LW1005",
      at: connection),
    Fault("deep block", connection, String(repeating: "- ", count: 100_000), "LW1005", at: connection),
    Fault(
      "deep JSON", "workloads/gold/deep.json",
      String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000),
      "LW1005", at: "workloads/gold/deep.json"),
    Fault(
      "alias bomb", connection,
      "a0: &a0 [x]\n"
        + (1...30).map {
          "a\($0): &a\($0) [\(Array(repeating: "*a\($0 - 1)", count: 10).joined(separator: ", "))]\n"
        }.joined(),
      "LW1006", at: connection),
    Fault("endless alias", connection, "a: &a [*a]\n", "LW1006", at: ":1:8"),
    Fault("duplicate key", connection, "kind: Connection\nkind: Connection\n", "LW1004", at: ":2:1"),
    Fault("byte order mark, then a fault", connection, "\u{FEFF}\(head)Lnik\n", "LW1103", at: ":2:7"),
    Fault(
      "CRLF, then a fault", connection,
      connection(to: "{clusters: [gold], service: nothing, ports: [8000]}")
        .replacingOccurrences(of: "\n", with: "\r\n"), "LW1202", at: ":6:35"),
    Fault("empty fleet file", "linkwright.yaml", "", "LW1101", at: "linkwright.yaml"),
    Fault("broken fleet file", "linkwright.yaml", "{", "LW1001", at: "linkwright.yaml"),
  ]

  static let documents: [Fault] = [
    Fault("unknown kind", connection, "\(head)Conection\nmetadata: {name: a}\n", "LW1103", at: ":2:7"),
    Fault("unknown field", connection, connection(also: "  form: []"), "LW1102", at: ":9:3"),
    Fault(
      "wrong type", connection, connection(to: "{clusters: gold, service: yourservice, ports: [8000]}"),
      "LW1102", at: ":6:18"),
    Fault(
      "port as text", connection, connection(to: "{clusters: [gold], service: yourservice, ports: 8000}"),
      "LW1102", at: ":6:55"),
    Fault(
      "missing field", connection, connection(to: "{clusters: [gold], service: yourservice}"), "LW1102",
      at: ":6:7"),
    Fault(
      "duplicate names across files", "connections/zz.yaml", connection(), "LW1104", at: ":3:18"),
    Fault(
      "reference to no cluster", connection,
      connection(to: "{clusters: [bronze], service: yourservice, ports: [8000]}"), "LW1201", at: ":6:19"),
    Fault(
      "reference to no service", connection,
      connection(to: "{clusters: [gold], service: nothing, ports: [8000]}"), "LW1202", at: ":6:35"),
    Fault("reference to no link", connection, connection(also: "  via: nowhere"), "LW1204", at: ":9:8"),
    Fault(
      "a link with two kinds", "links/gold-pair.yaml",
      "\(head)Link\nmetadata: {name: gold-pair}\nspec:\n  porter: {primary: gold}\n  static: {addresses: {gold: 1.2.3.4}}\n",
      "LW1105", at: "links/gold-pair.yaml"),
    Fault("a list as a document", connection, "- a\n- b\n", "LW1111", at: connection),
    Fault("a number as a document", connection, "12\n", "LW1111", at: connection),
    Fault(
      "two dots in a name", connection,
      connection(metadata: "{name: ../../etc/passwd, namespace: a1b2c3-dev}"), "LW1102", at: ":3:18"),
    Fault(
      "two dots as a namespace", connection, connection(metadata: "{name: yourservice, namespace: ..}"),
      "LW1102", at: ":3:42"),
    Fault(
      "a name that is no DNS label", connection,
      connection(metadata: "{name: Your_Service, namespace: a1b2c3-dev}"), "LW1102", at: ":3:18"),
    Fault(
      "a name of 64 characters", connection,
      connection(metadata: "{name: \(String(repeating: "a", count: 64)), namespace: a1b2c3-dev}"), "LW1102",
      at: ":3:18"),
    Fault(
      "a name that YAML takes for a boolean", connection,
      connection(metadata: "{name: on, namespace: a1b2c3-dev}"), "LW1102", at: ":3:18"),
    Fault(
      "output above the fleet", "linkwright.yaml",
      "\(head)Fleet\nmetadata: {name: a}\nspec: {output: {path: ../out}}\n", "LW1102", at: ":4:23"),
    Fault(
      "output at the root of the system", "linkwright.yaml",
      "\(head)Fleet\nmetadata: {name: a}\nspec: {output: {path: /tmp/out}}\n", "LW1102", at: ":4:23"),
    Fault(
      "an output unit above the fleet", "linkwright.yaml",
      "\(head)Fleet\nmetadata: {name: a}\nspec: {output: {units: [{name: u, path: \"rendered/../../{cluster}\"}]}}\n",
      "LW1102", at: ":4:41"),
    Fault(
      "a source above the fleet", "linkwright.yaml",
      "\(head)Fleet\nmetadata: {name: a}\nspec: {sources: {workloads: [\"../{cluster}/**\"]}}\n", "LW1109",
      at: ":4:30"),
    Fault(
      "a baseline above the fleet", "clusters/gold.yaml",
      "\(head)Cluster\nmetadata: {name: gold}\nspec: {network: {baseline: [../../../etc/passwd]}}\n",
      "LW1102", at: ":4:29"),
  ]

  @Test(arguments: text + documents)
  func faultIsFoundAtItsPlace(_ fault: Fault) throws {
    let scratch = try Self.scratch(fault.files)
    let before = try scratch.files()
    let output = try Linkwright.run("build", "--color", "never", scratch.root)
    #expect(output.processorTime < .seconds(60), "too slow")
    #expect(output.status == 1, "status \(output.status)\n\(output.errorText.prefix(2000))")
    #expect(output.errorText.contains("[\(fault.rule)]"), "\(output.errorText.prefix(2000))")
    #expect(output.errorText.contains("--> \(fault.place)"), "\(output.errorText.prefix(2000))")
    #expect(output.errorText.utf8.count < 20_000, "a flood of findings")
    #expect(output.text.isEmpty)
    #expect(try scratch.files() == before, "something was written")
  }

  /// The base fleet with files laid over it, on disk.
  static func scratch(_ files: [String: [UInt8]] = [:]) throws -> ScratchDirectory {
    let scratch = try ScratchDirectory()
    try scratch.write(FixtureFleet(base: "porter-pair").files.merging(files) { $1 })
    return scratch
  }

  /// Builds, expects an exit status, a text on standard error, and that nothing was written.
  @discardableResult
  static func expect(
    _ status: Int32, _ texts: String..., at scratch: ScratchDirectory, writing: Bool = false,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Program.Output {
    let before = try scratch.files()
    let output = try Linkwright.run("build", "--color", "never", scratch.root)
    #expect(output.processorTime < .seconds(60), "too slow", sourceLocation: sourceLocation)
    #expect(output.status == status, "\(output.errorText.prefix(2000))", sourceLocation: sourceLocation)
    for text in texts {
      #expect(
        output.errorText.contains(text), "\(output.errorText.prefix(2000))", sourceLocation: sourceLocation)
    }
    if !writing { #expect(try scratch.files() == before, sourceLocation: sourceLocation) }
    return output
  }

  // MARK: What is odd but right

  @Test func byteOrderMarkAndLineEndsAreAccepted() throws {
    let text = Self.connection().replacingOccurrences(of: "\n", with: "\r\n")
    let scratch = try Self.scratch([Self.connection: [0xEF, 0xBB, 0xBF] + Array(text.utf8)])
    try Self.expect(0, "written:", at: scratch, writing: true)
  }

  @Test func emptyFilesAreNoFault() throws {
    let scratch = try Self.scratch([
      "connections/empty.yaml": [], "workloads/gold/comment.yaml": Array("# nothing\n---\n".utf8),
    ])
    try Self.expect(0, "written:", at: scratch, writing: true)
  }
}
