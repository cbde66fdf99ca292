import Diagnostics
import TestSupport
import Testing
import YAMLTree

@testable import Review

/// Fields by their path, lists by what Kubernetes means by them.
@Suite struct FieldComparisonTests {
  static func node(_ text: String) throws -> Node {
    let parsed = Tree.parse(SourceFile(path: "test.yaml", bytes: Array(text.utf8)))
    #expect(!parsed.findings.containErrors, "\(parsed.findings)")
    return try #require(parsed.tree.root)
  }

  private func changes(_ before: String, _ after: String, hidesValues: Bool = false) throws -> [String] {
    FieldComparison.changes(from: try Self.node(before), to: try Self.node(after), hidesValues: hidesValues)
      .map { change in
        "\(change.kind.rawValue) \(change.path) \(change.before ?? "-") \(change.after ?? "-")"
      }
  }

  /// Long lists take their time once: items are found by what they hold, and what is left is not compared in pairs.
  @Test func longListsAreQuick() throws {
    func peers(_ start: Int) -> String {
      "to: ["
        + (start..<start + 4000).map { "{ipBlock: {cidr: 10.\($0 / 250).\($0 % 250).0/24}}" }.joined(
          separator: ", ")
        + "]"
    }
    let time = try ProcessorTime.measure {
      let all = try changes(peers(0), peers(4000))
      let few = try changes(peers(0), peers(10))
      #expect(all.count == 8000 && few.count == 20, "\(all.count) \(few.count)")
    }
    #expect(time < .seconds(60))
    #expect(try changes("a: [{b: 1, c: 2}, {b: 2}]", "a: [{b: 2}, {c: 2, b: 1}]") == [])
  }

  @Test func scalarsAndMappings() throws {
    #expect(try changes("{a: 1, b: {c: x}}", "{b: {c: x}, a: 1}") == [])
    #expect(try changes("{a: 1, b: 2}", "{a: 0x1, b: 3}") == ["changed b 2 3"])
    #expect(try changes("{a: 1}", "{a: '1'}") == ["changed a 1 \"1\""])
    #expect(try changes("{a: {b.c/d: 1}}", "{a: {}}") == [#"removed a["b.c/d"] 1 -"#])
    #expect(try changes("{a: {b: 1}}", "{a: [b]}") == ["changed a {b: 1} [b]"])
  }

  @Test(arguments: [
    // Ports by name, or by number and protocol where they have none; the order says nothing.
    (
      "ports: [{name: http, port: 80}, {name: https, port: 443}]",
      "ports: [{name: https, port: 443}, {name: http, port: 8080}]",
      ["changed ports[name=http].port 80 8080"]
    ),
    (
      "ports: [{port: 80, protocol: TCP}, {port: 53, protocol: UDP}]",
      "ports: [{port: 53, protocol: UDP}, {port: 80}]",
      ["removed ports[port=80/TCP].protocol TCP -"]
    ),
    ("ports: [{port: 80}]", "ports: [{port: 80, name: http}]", ["added ports[port=80/TCP].name - http"]),
    // Containers by name.
    (
      "containers: [{name: a, image: x}, {name: b, image: y}]", "containers: [{name: b, image: z}]",
      [
        "removed containers[name=a] {name: a, image: x} -",
        "changed containers[name=b].image y z",
      ]
    ),
    // Peers and networks are sets.
    (
      "from: [{ipBlock: {cidr: 10.0.0.0/8}}, {podSelector: {}}]",
      "from: [{podSelector: {}}, {ipBlock: {cidr: 10.0.0.0/8}}, {ipBlock: {cidr: 0.0.0.0/0}}]",
      ["added from[] - {ipBlock: {cidr: 0.0.0.0/0}}"]
    ),
    ("except: [10.0.0.0/8, 10.1.0.0/16]", "except: [10.1.0.0/16]", ["removed except[] 10.0.0.0/8 -"]),
    // A rule that keeps its peers is the same rule.
    (
      "ingress: [{from: [{podSelector: {}}], ports: [{port: 80}]}]",
      "ingress: [{from: [{podSelector: {}}], ports: [{port: 81}]}]",
      [
        "removed ingress[0].ports[port=80/TCP] {port: 80} -",
        "added ingress[0].ports[port=81/TCP] - {port: 81}",
      ]
    ),
    // Addresses of Endpoints and slices are sets, too.
    (
      "subsets: [{addresses: [{ip: 10.0.0.1}, {ip: 10.0.0.2}]}]",
      "subsets: [{addresses: [{ip: 10.0.0.2}, {ip: 10.0.0.3}]}]",
      [
        "removed subsets[0].addresses[ip=10.0.0.1] {ip: 10.0.0.1} -",
        "added subsets[0].addresses[ip=10.0.0.3] - {ip: 10.0.0.3}",
      ]
    ),
    // Arguments have an order; of other lists of scalars nobody knows.
    ("command: [a, b]", "command: [b, a]", ["changed command[0] a b", "changed command[1] b a"]),
    ("zones: [a, b]", "zones: [b, a]", ["reordered zones [a, b] [b, a]"]),
    ("zones: [a, a, b]", "zones: [a, b]", ["removed zones[] a -"]),
  ])
  func lists(_ before: String, _ after: String, _ expected: [String]) throws {
    #expect(try changes(before, after) == expected)
    #expect(try changes(before, before) == [])
    #expect(try changes(after, before).count == expected.count)
  }

  @Test func valuesOfSecretsStayHidden() throws {
    #expect(
      try changes(
        "{kind: Secret, data: {a: c2VjcmV0}}", "{kind: Secret, data: {a: b3RoZXI=, b: bmV3}}",
        hidesValues: true)
        == ["changed data.a - -", "added data.b - -"])
  }

  @Test func longValuesAreCut() throws {
    let long = String(repeating: "x", count: 10_000)
    let change = try #require(
      FieldComparison.changes(from: try Self.node("a: 1"), to: try Self.node("a: \(long)")).first)
    #expect(change.after?.count == InlineText.limit)
  }

  @Test func longListsTakeNoQuadraticTime() throws {
    let old = (0..<5000).map { "10.\($0 / 256).\($0 % 256).0/24" }
    let new = old.reversed() + ["192.168.0.0/24"]
    let before = "l: [\(old.joined(separator: ", "))]"
    let after = "l: [\(new.joined(separator: ", "))]"
    #expect(try changes(before, after) == ["added l[] - 192.168.0.0/24"])
  }

  @Test func textsByLine() {
    func changes(_ before: String, _ after: String) -> [String] {
      TextComparison.changes(from: Array(before.utf8), to: Array(after.utf8)).map {
        "\($0.kind.rawValue) \($0.before ?? "-") \($0.after ?? "-")"
      }
    }
    #expect(changes("a\nb\nc\n", "a\nx\nc\n") == ["removed b -", "added - x"])
    #expect(changes("a\nb\n", "b\na\n") == ["reordered - -"])
    #expect(changes("a\0b", "a\0c") == ["changed 3 bytes 3 bytes"])
  }
}
