import Diagnostics
import TestSupport
import Testing
import YAMLTree

/// Each case marks where a node begins (1️⃣) and ends (2️⃣).
@Suite struct PositionTests {
  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let path: String
    let source: String
    var document = 0

    init(_ name: String, _ path: String, _ source: String, document: Int = 0) {
      (testDescription, self.path, self.source, self.document) = (name, path, source, document)
    }
  }

  static let cases: [Case] = [
    Case("block key", "a.b@", "a:\n  1️⃣b2️⃣: c\n"),
    Case("block value", "a.b", "a:\n  b: 1️⃣c2️⃣  # comment\n"),
    Case("value without a final newline", "a", "a: 1️⃣b2️⃣"),
    Case("plain with spaces", "a", "a: 1️⃣b c  d2️⃣   \nb: 1\n"),
    Case("multi-line plain", "a", "a: 1️⃣b\n  c\n\n  d2️⃣\ne: f\n"),
    Case("single quoted", "a", "a: 1️⃣'it''s'2️⃣ # x\n"),
    Case("double quoted", "a", "a: 1️⃣\"x\\ty\"2️⃣\n"),
    Case("multi-line quoted", "a", "a: 1️⃣\"x\n  y \\\n  z\"2️⃣\nb: 1\n"),
    Case("quoted key", "x y@", "1️⃣\"x y\"2️⃣: 1\n"),
    Case("quoted with trailing space", "a", "a: 1️⃣'b '2️⃣\n"),
    Case("empty quoted", "a", "a: 1️⃣''2️⃣\n"),
    Case("literal", "a", "a: 1️⃣|\n  x\n  y2️⃣\nb: 1\n"),
    Case("literal with blank lines after", "a", "a: 1️⃣|+\n  x\n  y2️⃣\n\n\nb: 1\n"),
    Case("literal at the end", "a", "a: 1️⃣|-\n  x\n  y2️⃣"),
    Case("literal before a comment", "a", "a: 1️⃣|\n  x2️⃣\n# comment\nb: 1\n"),
    Case("folded", "a", "a: 1️⃣>\n  x\n  y2️⃣\n"),
    Case("folded in a list", "[0]", "- 1️⃣>-\n  x\n  y2️⃣\n- z\n"),
    Case("flow list", "a", "a: 1️⃣[1, 2]2️⃣ # x\n"),
    Case("flow mapping", "a", "a: 1️⃣{b: 1}2️⃣\n"),
    Case("empty flow list", "a", "a: 1️⃣[]2️⃣\n"),
    Case("flow over lines", "a", "a: 1️⃣{\n  b: 1,\n  c: [2]\n}2️⃣\nd: 1\n"),
    Case("value in flow", "a.b", "a: {b: 1️⃣x y2️⃣, c: 1}\n"),
    Case("key in flow", "a.c@", "a: {b: x, 1️⃣c2️⃣: 1}\n"),
    Case("item in flow", "a[1]", "a: [x, 1️⃣y2️⃣]\n"),
    Case("single pair in flow", "a[0]", "a: [1️⃣b: c2️⃣, d]\n"),
    Case("JSON-like key in flow", "a.b", "a: {\"b\":1️⃣12️⃣}\n"),
    Case("block mapping ends at its last value", "a", "a:\n  1️⃣b: 1\n  c: x2️⃣\n\n# comment\nd: 1\n"),
    Case("block list ends at its last value", "a", "a:\n  1️⃣- x\n  - y2️⃣ # comment\n\nd: 1\n"),
    Case("list not indented", "a", "a:\n1️⃣- x\n- y2️⃣\nd: 1\n"),
    Case("mapping in a list", "[0]", "- 1️⃣a: 1\n  b: 22️⃣\n- c: 1\n"),
    Case("list in a list", "[0]", "- 1️⃣- a\n  - b2️⃣\n- c\n"),
    Case("nested ends together", "a", "a:\n  1️⃣b:\n    c:\n    - d: e2️⃣\n"),
    Case("mapping that ends with a literal", "a", "a:\n  1️⃣b: |\n    x2️⃣\n\nc: 1\n"),
    Case("anchored scalar", "a", "a: &x 1️⃣b2️⃣\n"),
    Case("anchored and tagged", "a", "a: &x !!str 1️⃣\"b\"2️⃣\n"),
    Case("tagged and anchored", "a", "a: !!str &x 1️⃣b2️⃣\n"),
    Case("verbatim tag", "a", "a: !<tag:yaml.org,2002:str> 1️⃣b2️⃣\n"),
    Case("anchored mapping", "a", "a: &x\n  1️⃣b: c2️⃣\nd: 1\n"),
    Case("anchored with a comment", "a", "a: &x # why\n  1️⃣b: c2️⃣\nd: 1\n"),
    Case("anchored list", "a", "a: &x\n1️⃣- b2️⃣\n"),
    Case("anchored flow", "a", "a: &x 1️⃣{b: c}2️⃣\n"),
    Case("anchored literal", "a", "a: &x 1️⃣|\n  b2️⃣\nc: 1\n"),
    Case("anchored key", "b@", "&x 1️⃣b2️⃣: c\n"),
    Case("alias shows its target", "b.c", "a: &x {c: 1️⃣12️⃣}\nb: *x\n"),
    Case("merged value shows where it was written", "b.c", "a: &x {c: 1️⃣12️⃣}\nb: {<<: *x}\n"),
    Case("merged key shows where it was written", "b.c@", "a: &x {1️⃣c2️⃣: 1}\nb: {<<: *x}\n"),
    Case("mapping with a merge ends at its own end", "b", "a: &x {c: 1}\nb:\n  1️⃣d: 1\n  <<: *x2️⃣\ne: 1\n"),
    Case("second document", "a", "b: 1\n---\na: 1️⃣c2️⃣\n", document: 1),
    Case("third document after markers", "a", "--- 1\n...\n---\n--- {a: 1️⃣c2️⃣}\n", document: 2),
    Case("document after a directive", "a", "%YAML 1.1\n---\na: 1️⃣c2️⃣\n"),
    Case("text beyond ASCII before", "b", "a: grüße 🎉 日本\nb: 1️⃣c2️⃣\n"),
    Case("text beyond ASCII inside", "a", "a: 1️⃣grüße 🎉2️⃣ # ü\nb: 1\n"),
    Case("text beyond ASCII in the line", "a.c", "a: {b: 日本, c: 1️⃣é2️⃣}\n"),
    Case("quoted beyond ASCII", "ü@", "1️⃣\"ü\"2️⃣: 1\n"),
    Case("comment beyond ASCII", "a", "# ünïcödé 🎉\na: 1️⃣b2️⃣\n"),
    Case("byte order mark", "a", "\u{FEFF}a: 1️⃣b2️⃣\n"),
    Case("byte order mark, first key", "a@", "\u{FEFF}1️⃣a2️⃣: b\n"),
    Case("byte order mark and JSON", "a", "\u{FEFF}{\"a\": 1️⃣\"b\"2️⃣}\n"),
    Case("CRLF", "b", "a: 1\r\nb: 1️⃣c2️⃣\r\nd: 1\r\n"),
    Case("CRLF and literal", "a", "a: 1️⃣|\r\n  x\r\n  y2️⃣\r\nb: 1\r\n"),
    Case("CRLF and block mapping", "a", "a:\r\n  1️⃣b: 1\r\n  c: 22️⃣\r\nd: 1\r\n"),
    Case("CR alone", "b", "a: 1\rb: 1️⃣c2️⃣\r"),
    Case("U+2028 in quotes before", "b", "a: \"x\u{2028}y\"\nb: 1️⃣c2️⃣\n"),
    Case("U+2028 in a comment", "b", "a: 1 # x\u{2028}\nb: 1️⃣c2️⃣\n"),
    Case("U+0085 in quotes", "a", "a: 1️⃣\"x\u{85}y\"2️⃣\nb: c\n"),
    Case("empty value is shown at its key", "a", "1️⃣a2️⃣:\nb: 1\n"),
    Case("empty value at the end", "b", "a: 1\n1️⃣b2️⃣:\n"),
    Case("empty value in flow", "a.b", "a: {1️⃣b2️⃣: , c: 1}\n"),
    Case("no value in flow", "a.b", "a: {1️⃣b2️⃣, c: 1}\n"),
    Case("empty item", "[0]", "-1️⃣2️⃣\n- x\n"),
    Case("anchored empty value", "a", "1️⃣a2️⃣: &x\nb: 1\n"),
    Case("tilde", "a", "a: 1️⃣~2️⃣\n"),
    Case("explicit key", "a@", "? 1️⃣a2️⃣\n: b\n"),
    Case("explicit value", "a", "? a\n: 1️⃣b2️⃣\n"),
    Case("root scalar", "", "1️⃣abc2️⃣\n"),
    Case("root mapping", "", "# x\n\n1️⃣a: 12️⃣\n\n"),
    Case("JSON value", "a.b", "{\"a\": {\"b\": 1️⃣-12.5e32️⃣}}\n"),
    Case("JSON string with escapes", "a", "{\"x\": \"\\u00e9\", \"a\": 1️⃣\"\\\"\\\\n\"2️⃣}\n"),
    Case("JSON key", "a.b@", "{\"a\":\n\t{1️⃣\"b\"2️⃣: true}}\n"),
    Case("JSON object", "a", "{\"a\": 1️⃣{\"b\": [1, 2]}2️⃣ }\n"),
    Case("JSON array", "a.b", "{\"a\": {\"b\": 1️⃣[1, 2]2️⃣}}\n"),
    Case("JSON documents", "a", "{\"a\": 1}\n{\"a\": 1️⃣22️⃣}\n", document: 1),
  ]

  @Test(arguments: cases) func range(_ example: Case) throws {
    let marked = MarkedSource(example.source)
    let parsed = Tree.parse(marked.file)
    #expect(summary(parsed.findings) == [])
    try #require(parsed.tree.documents.indices.contains(example.document))
    let node = try #require(find(example.path, in: parsed.tree.documents[example.document]))
    #expect(node.range.start..<node.range.end == marked.range(1, 2))
    #expect(node.range.file === marked.file)
  }

  @Test func linesAndColumns() throws {
    let text = "# ü\na: 日本語\u{2028}\nlist:\n  - é: \"🎉\"\r\n    zz: 1\n"
    let root = try #require(parse(text).tree.root)
    let value = try #require(find("list[0].é", in: root))
    #expect(value.range.startPosition == SourceFile.Position(line: 4, column: 8))
    #expect(value.range.endPosition == SourceFile.Position(line: 4, column: 11))
    let last = try #require(find("list[0].zz@", in: root))
    #expect(last.range.startPosition == SourceFile.Position(line: 5, column: 5))
  }

  @Test func byteOrderMarkHasNoColumn() throws {
    let root = try #require(parse("\u{FEFF}ab: c\n").tree.root)
    let key = try #require(root.key("ab"))
    #expect(key.range.startPosition == SourceFile.Position(line: 1, column: 1))
    #expect(root["ab"]?.range.startPosition == SourceFile.Position(line: 1, column: 5))
  }

  /// Every node lies inside its parent, and siblings stand in order: in each position case.
  @Test(arguments: cases) func rangesNest(_ example: Case) {
    for root in Tree.parse(MarkedSource(example.source).file).tree.documents { checkNesting(root) }
  }

  private func checkNesting(_ node: Node) {
    var last = node.range.start
    for child in Array(node.elements)
      + node.entries.filter({ !$0.key.isMerged }).flatMap({ [$0.key, $0.value] })
    {
      // An alias shows its target, which stands elsewhere.
      guard child.range.start >= node.range.start else { continue }
      #expect(child.range.end <= node.range.end)
      if child.range.start > last { last = child.range.start }
      checkNesting(child)
    }
  }
}
