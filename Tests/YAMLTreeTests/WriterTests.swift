import Diagnostics
import Foundation
import TestSupport
import Testing
import YAMLTree

/// What the canonical writer writes is the same value to every reader that a cluster's tools use.
@Suite struct WriterTests {
  static let hostile: [String] = {
    var texts = ScalarResolutionTests.corpus
    texts += [
      "", " ", "  ", "\t", "\n", "\n\n", " a", "a ", "a  b", "\ta", "a\t", "a\tb", "a\n", "a\nb", "a\nb\n",
      "a\n\nb",
      "a\nb\n\n", "\na", " a\nb", "a\n b", "a \nb", "a\n b\nc\n", "a\n\tb", "# a\n# b\n", "---\n", "---\na",
      "a\n---\nb",
      "a\n...\nb\n", "- a\n- b\n", "a: b\nc: d\n", "a\rb", "a\r\nb", "\r", "a\u{85}b", "a\u{2028}b",
      "a\u{2029}b",
      "\u{FEFF}", "\u{FEFF}a", "a\u{FEFF}b", "\u{0}", "a\u{1}b", "\u{7F}", "\u{80}", "\u{9F}", "\u{A0}",
      "\u{FFFE}",
      "\u{FFFF}", "\u{FFFD}", "\u{E000}", "\u{D7FF}", "\u{10FFFF}", "🎉", "a 🎉 b\n🎉", "é", "e\u{301}", "日本語",
      "a: b", "a:", ":", ": a", ":a", "a :b", "a : b", "::", "a::b", "a #b", "a#b", "#a", "# a", "-", "- a",
      "-a", "--",
      "---", "--- a", "---a", "...", "... a", "....", "?", "? a", "?a", "!", "!a", "!!str a", "&", "&a", "*",
      "*a", "|",
      "|a", ">", ">-", "%", "%YAML", "%YAML 1.1", "%TAG", "@", "@a", "`", "`a`", "'", "'a'", "''", "\"",
      "\"a\"", "\"\"",
      "a'b", "a\"b", "\\", "a\\nb", "\\x41", "[", "]", "[a]", "{", "}", "{a: b}", "{{ x }}", ",", "a, b",
      "a,b", "[]",
      "{}", "~", "a~", "=", "<<", "a=b", "$", "${x}", "$(x)", "a*b", "a&b", "a|b", "a>b", "a@b", "a%b", "a!b",
      "(a)",
      "a;b", "a/b", "/a/b", "http://a.b/c?d=e#f", "10.0.0.0/8", "1.2.3.4", "1.2.3.4:80", "fe80::1", "::1",
      "::/0",
      "2001:db8::1", "00:11:22:33:44:55", "12:34", "0e1", "1e1e", "1_a", "e1", "0.0", "1.2.3", "v1.2.3",
      "100m", "8Gi",
      "1Ei", "5s", "1h30m", "0777", "0o", "0xg", "65555", "on", "2024-01-01T00:00:00Z",
      "2024-01-01T00:00:00Z ",
      "2024-01-01x", "null ", "true\n", "yes: no", "!!binary", "? ? a", "a\\\nb", "\"\\\"",
      "-----BEGIN CERTIFICATE-----\nabc=\n-----END CERTIFICATE-----\n",
      ".:53 {\n    errors\n    forward . /etc/resolv.conf {\n        max_concurrent 1000\n    }\n}\n",
      String(repeating: "x", count: 999), String(repeating: "x", count: 1030),
      String(repeating: "x y ", count: 600) + "x",
      String(repeating: "\u{1}", count: 400), String(repeating: "日", count: 400),
      String(repeating: "\"", count: 600),
    ]
    var known: Set<[UInt8]> = []
    return texts.filter { known.insert(Array($0.utf8)).inserted }
  }()

  /// The corpus as list items and as values and keys of mappings, at several depths.
  static let document: Value = {
    let strings = hostile.map { Value.string($0) }
    return .mapping([
      ("apiVersion", .string("example.dev/v1")), ("kind", .string("Thing")),
      ("metadata", .mapping([("name", .string("a"))])),
      ("list", .list(strings)), ("keys", .mapping(hostile.map { ($0, .string($0)) })),
      (
        "nested",
        .list(hostile.map { .mapping([($0, .mapping([($0, .list([.string($0), .list([.string($0)])]))]))]) })
      ),
      ("numbers", .list(integers.map { .integer($0) } + floats.map { .float($0) })),
      ("words", .list([.boolean(true), .boolean(false), .null, .list([]), .mapping([])])),
      ("last", .string("a\nb")),
    ])
  }()

  static let integers = [0, 1, -1, 7, 8, 9, 10, 65555, 1 << 31, -(1 << 31), 1 << 53, Int.max, Int.min]
  static let floats = [
    0.5, -0.5, 1.0, -0.0, 1e3, 1e16, 1e20, 1e21, 1e-7, 1.5e300, .leastNonzeroMagnitude, 0.1, 123456.789,
    .greatestFiniteMagnitude,
  ]

  @Test func readsBackHere() throws {
    let parsed = Tree.parse(.init(path: "h.yaml", bytes: Self.document.yaml))
    #expect(summary(parsed.findings) == [])
    #expect(parsed.tree.root.flatMap { Value($0) } == Self.document)
  }

  @Test func isASCIIOrPrintable() {
    let text = String(decoding: Self.document.yaml, as: UTF8.self)
    #expect(!text.unicodeScalars.contains { [0x85, 0x2028, 0x2029, 0xFEFF, 0x0D, 0x7F].contains($0.value) })
    #expect(!text.contains("\t"))
  }

  private static let script = """
    import sys, json
    def load_pyyaml(data):
        import yaml
        return yaml.safe_load(data)
    def load_ruamel(data):
        import ruamel.yaml
        return ruamel.yaml.YAML(typ='safe', pure=True).load(data)
    def tag(v):
        if v is None: return ['null']
        if isinstance(v, bool): return ['boolean', str(v).lower()]
        if isinstance(v, int): return ['integer', str(v)]
        if isinstance(v, float): return ['float', v.hex()]
        if isinstance(v, str): return ['string', v]
        if isinstance(v, list): return ['list'] + [tag(x) for x in v]
        if isinstance(v, dict): return ['mapping'] + [[tag(k), tag(x)] for k, x in v.items()]
        return ['other', repr(v)]
    data = sys.stdin.buffer.read().decode('utf-8')
    json.dump(tag(globals()['load_' + sys.argv[1]](data)), sys.stdout)
    """

  @Test(
    .enabled(
      if: ScalarResolutionTests.python != nil, "no .venv with PyYAML and ruamel.yaml at the repository root"),
    arguments: ["pyyaml", "ruamel"])
  func readsBackInPython(_ reader: String) throws {
    let python = try #require(ScalarResolutionTests.python)
    let output = try python.run(["-c", Self.script, reader], input: Self.document.yaml)
    try #require(output.status == 0, "\(output.errorText.suffix(2000))")
    let result = try JSONSerialization.jsonObject(with: Data(output.stdout))
    compare(Self.document, result, at: reader)
  }

  private func compare(_ value: Value, _ result: Any, at path: String) {
    guard let row = result as? [Any], let kind = row.first as? String else {
      Issue.record("\(path): no row")
      return
    }
    let text = row.count == 2 ? row[1] as? String : nil
    switch value {
    case .null: #expect(kind == "null", "\(path)")
    case .boolean(let value): #expect(kind == "boolean" && text == "\(value)", "\(path)")
    case .integer(let value): #expect(kind == "integer" && text == "\(value)", "\(path)")
    case .float(let value):
      #expect(kind == "float" && text.flatMap { Double($0) } == value, "\(path): \(row)")
    case .string(let value):
      #expect(
        kind == "string" && text?.utf8.elementsEqual(value.utf8) == true,
        "\(path): \(value.debugDescription) became \(row)")
    case .list(let values):
      #expect(kind == "list" && row.count == values.count + 1, "\(path)")
      for (index, (value, item)) in zip(values, row.dropFirst()).enumerated() {
        compare(value, item, at: "\(path)[\(index)]")
      }
    case .mapping(let entries):
      #expect(kind == "mapping" && row.count == entries.count + 1, "\(path)")
      for ((key, value), item) in zip(entries, row.dropFirst()) {
        guard let pair = item as? [Any], pair.count == 2 else { continue }
        compare(.string(key), pair[0], at: "\(path) key")
        compare(value, pair[1], at: "\(path).\(key.prefix(40).debugDescription)")
      }
    }
  }

  @Test(.enabled(if: ScalarResolutionTests.kubectl != nil, "kubectl is not installed"))
  func readsBackInKubectl() throws {
    let kubectl = try #require(ScalarResolutionTests.kubectl)
    let output = try kubectl.run(
      ["annotate", "--local", "-f", "-", "a=b", "-o", "json"], input: Self.document.yaml)
    try #require(output.status == 0, "\(output.errorText)")
    let parsed = Tree.parse(.init(path: "kubectl.json", bytes: output.stdout))
    try #require(parsed.findings.isEmpty, "\(summary(parsed.findings))")
    let root = try #require(parsed.tree.root)
    let mine = try #require(Self.document.tree.root)
    for key in ["list", "keys", "nested", "words", "last"] {
      let (a, b) = (try #require(mine.entry(key)?.value), try #require(root.entry(key)?.value))
      #expect(a.isEqual(to: b), "\(key)")
      guard key == "list" else { continue }
      for (x, y) in zip(a.elements, b.elements) where !x.isEqual(to: y) {
        Issue.record("\(x.text.debugDescription) became \(outline(y))")
      }
    }
    // JSON has one kind of number; kubectl prints whole floats without a point.
    let (a, b) = (try #require(mine["numbers"]), try #require(root["numbers"]))
    for (x, y) in zip(a.elements, b.elements) { #expect(x.number == y.number, "\(x.text)") }
  }

  @Test func look() throws {
    let value = Value.mapping([
      ("apiVersion", .string("v1")),
      ("metadata", .mapping([("name", .string("a-b")), ("labels", .mapping([]))])),
      ("on", .string("off")), ("8080", .integer(8080)), ("text", .string("a\nb\n")),
      ("stripped", .string("a\nb")),
      (
        "list",
        .list([
          .string("x"), .mapping([("a", .integer(1)), ("b", .list([.null, .list([.boolean(true)])]))]),
          .list([]),
        ])
      ),
      ("ratio", .float(1)), ("empty", .string("")),
    ])
    #expect(
      String(decoding: value.yaml, as: UTF8.self) == """
        apiVersion: v1
        metadata:
          name: a-b
          labels: {}
        "on": "off"
        "8080": 8080
        text: |
          a
          b
        stripped: |-
          a
          b
        list:
        - x
        - a: 1
          b:
          - null
          - - true
        - []
        ratio: 1.0
        empty: ""

        """)
  }
}
