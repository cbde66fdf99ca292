import Diagnostics
import TestSupport
import Testing
import YAMLTree

@Suite struct BadInputTests {
  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let source: String
    let findings: [String]

    /// Each rule is found between the marks 1️⃣2️⃣, then 3️⃣4️⃣, and so on.
    init(_ name: String, _ source: String, _ findings: String...) {
      (testDescription, self.source, self.findings) = (name, source, findings)
    }
  }

  static let cases: [Case] = [
    Case("duplicate", "a: 1\nb: 2\n1️⃣a2️⃣: 3\n", "LW1004"),
    Case("duplicate, nested", "x:\n  a: 1\n  1️⃣a2️⃣: 3\n", "LW1004"),
    Case("duplicate, flow", "x: {a: 1, 1️⃣a2️⃣: 3}\n", "LW1004"),
    Case("duplicate, quoted", "x: {a: 1, 1️⃣\"a\"2️⃣: 3}\n", "LW1004"),
    Case("duplicate, escaped", "x: {\"a\": 1, 1️⃣\"\\x61\"2️⃣: 3}\n", "LW1004"),
    Case("duplicate, thrice", "a: 1\n1️⃣a2️⃣: 2\n3️⃣a4️⃣: 3\n", "LW1004", "LW1004"),
    Case("duplicate in JSON", "{\"a\": 1, 1️⃣\"a\"2️⃣: 2}\n", "LW1004"),
    Case("duplicate in each document", "a: 1\n1️⃣a2️⃣: 2\n---\nb: 1\n3️⃣b4️⃣: 2\n", "LW1004", "LW1004"),
    Case("duplicate by alias", "x: &x a\nz: {a: 1, 1️⃣*x2️⃣ : 2}\n", "LW1004"),
    Case("boolean key", "1️⃣on2️⃣: 1\n", "LW1010"),
    Case("boolean key in flow", "a: {1️⃣y2️⃣: 1, 3️⃣No4️⃣: 2, true1: 1}\n", "LW1010", "LW1010"),
    Case("null key", "a: {1️⃣null2️⃣: 1}\n", "LW1010"),
    Case("tilde key", "1️⃣~2️⃣: 1\n", "LW1010"),
    Case("empty key", "a:\n  ?1️⃣2️⃣\n  : 1\n", "LW1010"),
    Case("hexadecimal key", "1️⃣0x1f2️⃣: 1\n", "LW1010"),
    Case("octal key", "1️⃣0102️⃣: 1\n", "LW1010"),
    Case("float key", "a: {1.5: x, 1️⃣1.102️⃣: y}\n", "LW1010"),
    Case("unknown tag", "a: !vault 1️⃣secret2️⃣\n", "LW1011"),
    Case("unknown tags, all of them", "a: !x 1️⃣b2️⃣\nc: !y 3️⃣d4️⃣\n", "LW1011", "LW1011"),
    Case("tag that does not fit", "a: !!int 1️⃣abc2️⃣\n", "LW1011"),
    Case("binary tag", "a: !!binary 1️⃣aGVsbG8=2️⃣\n", "LW1011"),
    Case("unknown tag on a mapping", "a: !x 1️⃣{2️⃣b: 1}\n", "LW1011"),
    Case("sequence tag on a mapping", "a: !!seq 1️⃣{2️⃣b: 1}\n", "LW1011"),
    Case("placeholder", "a: 1️⃣{{ x }}2️⃣\n", "LW1009"),
    Case("placeholder in flow", "a: {b: 1️⃣{{ x }}2️⃣, c: 1}\n", "LW1009"),
    Case("placeholders, all of them", "a: 1️⃣{{ x }}2️⃣\nb: 3️⃣{{y}}4️⃣\n", "LW1009", "LW1009"),
    Case("list as a key", "? 1️⃣[a, b]2️⃣\n: 1\n", "LW1009"),
    Case("block list as a key", "? 1️⃣- a\n  - b2️⃣\n: 1\n", "LW1009"),
    Case("tab indents", "a:\n1️⃣\t2️⃣b: 1\n", "LW1001"),
    Case("tab before a value", "a: b\n  1️⃣\t2️⃣c: 1\n".replacing("a: b", with: "a:"), "LW1001"),
    Case("NUL", "a: b1️⃣\0 2️⃣c\n".replacing(" 2️⃣", with: "2️⃣"), "LW1003"),
    Case("control characters", "a: 1️⃣\u{1}2️⃣\nb: 3️⃣\u{7F}4️⃣\n", "LW1003", "LW1003"),
    Case("C1 control character", "a: ü1️⃣\u{9B}2️⃣\n", "LW1003"),
    Case("byte order mark inside", "a: 1️⃣\u{FEFF}2️⃣b\n", "LW1003"),
    Case("noncharacter", "a: 1️⃣\u{FFFE}2️⃣b\n", "LW1003"),
    Case("unclosed bracket", "a: [1, 2\n1️⃣b2️⃣: 1\n".replacing("1️⃣b2️⃣:", with: "b1️⃣:2️⃣"), "LW1001"),
    Case("value with colon", "a: b1️⃣:2️⃣ c\n", "LW1001"),
    Case("wrong indentation", "a:\n  b: 1\n 1️⃣c2️⃣: 2\n", "LW1001"),
    Case("no colon", "a: 1\nb\n1️⃣c2️⃣: 1\n", "LW1001"),
    Case("bad start", "a: 1️⃣@2️⃣b\n", "LW1001"),
    Case("backquote", "a: 1️⃣`2️⃣b`\n", "LW1001"),
    Case("percent", "a: 1️⃣%2️⃣b\n", "LW1001"),
    Case("bad escape", "a: \"x1️⃣\\2️⃣q\"\n", "LW1001"),
    Case("beyond ASCII before", "ü: 日本\nb: ü1️⃣:2️⃣ c\n", "LW1001"),
    Case("syntax error in a later document", "a: 1\n---\nb: x1️⃣:2️⃣ y\n", "LW1001"),
    Case(
      "errors in several documents", "a: x1️⃣:2️⃣ y\n---\nb: 1\nb: 2\n".replacing("\nb: 2", with: "\n3️⃣b4️⃣: 2"),
      "LW1001",
      "LW1004"),
    Case("two broken documents", "a: 1️⃣@2️⃣\n---\nb: 3️⃣@4️⃣\n---\nc: 1\n", "LW1001", "LW1001"),
    Case("document marker in a broken text", "a: [\n1️⃣-2️⃣--\nb: 1\n", "LW1001"),
    Case("empty", ""),
    Case("only comments", "# a\n\n  # b\n"),
    Case("only a marker", "---\n"),
    Case("only white space", "  \n\n \n"),
    Case("merged keys are no duplicates", "x: &x {a: 1}\nz: {<<: *x, a: 1}\n"),
    Case("integer keys", "8080: a\n-1: b\n0: c\n1.5: d\n"),
    Case("equal keys in different mappings", "a: {k: 1}\nb: {k: 1}\n"),
    Case(
      "standard tags",
      "a: !!str 5\nb: !!int \"5\"\nc: !!map {}\nd: !!seq []\ne: ! x\nf: !!float 3\ng: !!null ~\n"),
    Case("JSON with characters that YAML lacks", "{\"a\": \"\u{7F}\u{FEFF}\"}\n"),
    Case("tab inside a value", "a: b\tc\n"),
  ]

  @Test(arguments: cases) func findings(_ example: Case) {
    let source = MarkedSource(example.source)
    let expected = example.findings.enumerated().map { index, rule in
      "\(rule) \(source.range(2 * index + 1, 2 * index + 2))"
    }
    let parsed = Tree.parse(source.file)
    #expect(summary(parsed.findings) == expected)
    for finding in parsed.findings {
      #expect(!finding.message.hasSuffix("."))
      #expect(!finding.help.isEmpty, "\(finding.message): nothing would mend it")
    }
  }

  @Test func documentsAroundABrokenOne() {
    let parsed = parse("a: 1\n---\nb: [\n---\nc: *x\n---\nd: !x y\n---\ne: 5\n")
    #expect(parsed.tree.documents.map { outline($0) } == ["{a: 1}", "{e: 5}"])
    #expect(parsed.findings.map(\.rule.id) == ["LW1001", "LW1008", "LW1011"])
  }

  @Test func placeholdersAreNamedInSyntaxErrors() {
    #expect(
      parse("a:\n  {{- if x }}\n  b: 1\n").findings.first?.help.first?.contains("render the template") == true
    )
  }

  @Test(arguments: [0, 1, 15, 16, 17, 40, 1000]) func duplicatesAmongManyKeys(_ count: Int) {
    let keys = (0..<count).map { "k\($0): 1\n" }.joined()
    let parsed = parse(keys + "last: 1\nlast: 2\n" + keys)
    #expect(parsed.findings.count == min(count + 1, 1000))
    #expect(parsed.findings.allSatisfy { $0.rule.id == "LW1004" && $0.secondary.count == 1 })
    let starts = parsed.findings.compactMap { $0.primary?.range.start }
    #expect(starts == starts.sorted())
    for finding in parsed.findings {
      let (second, first) = (finding.primary?.range, finding.secondary.first?.range)
      #expect(
        second.map { $0.file.bytes[$0.start..<$0.end] } == first.map { $0.file.bytes[$0.start..<$0.end] })
    }
  }

  @Test func findingsAreBounded() {
    let parsed = parse(String(repeating: "a: @\n---\n", count: 5000))
    #expect(parsed.findings.count == 1000)
    #expect(parsed.findings.last?.notes.last?.contains("nothing after this place was read") == true)
  }

  @Test(
    arguments: [
      ([0x61, 0x3A, 0x20, 0xE9, 0x0A], 3, "Latin-1"), ([0x61, 0xC3], 1, "cut short"),
      ([0xC0, 0x80], 0, "overlong"), ([0xED, 0xA0, 0x80], 0, "surrogate"),
      ([0xF4, 0x90, 0x80, 0x80], 0, "too large"),
      ([0xF8, 0x88, 0x80, 0x80, 0x80], 0, "five bytes"), ([0xE2, 0x82], 0, "cut short"), ([0x80], 0, "stray"),
    ] as [([UInt8], Int, String)]) func invalidUTF8(_ bytes: [UInt8], _ place: Int, _ why: String)
  {
    let parsed = Tree.parse(SourceFile(path: "a.yaml", bytes: bytes))
    #expect(summary(parsed.findings) == ["LW1002 \(place)..<\(place + 1)"])
    #expect(parsed.tree.documents.isEmpty)
  }

  @Test func utf16() {
    for bom in [[0xFF, 0xFE], [0xFE, 0xFF]] as [[UInt8]] {
      let parsed = Tree.parse(SourceFile(path: "a.yaml", bytes: bom + [0x61, 0, 0x3A, 0]))
      #expect(summary(parsed.findings) == ["LW1002 0..<0"])
    }
  }

  @Test(arguments: ["[", "{a: ", "- ", "? ", "[{a: ", "{\"a\":", "&a [", "{{ "])
  func hundredThousandDeep(_ opening: String) {
    let text = String(repeating: opening, count: 100_000)
    for text in [text, "a: " + text, "\"k\": 1\n---\n" + text] {
      var parsed: Tree.Parsed?
      let time = ProcessorTime.measure { parsed = parse(text) }
      #expect(parsed?.findings.isEmpty == false)
      #expect(parsed?.findings.allSatisfy { ["LW1005", "LW1001", "LW1009"].contains($0.rule.id) } == true)
      #expect(time < .seconds(10), "\(opening) took \(time)")
    }
  }

  @Test func depthByIndentation() {
    var text = ""
    for level in 0..<2000 { text += String(repeating: " ", count: level) + "a:\n" }
    #expect(parse(text).findings.map(\.rule.id) == ["LW1005"])
  }

  @Test func depthAtTheLimit() {
    func nested(_ depth: Int) -> String {
      String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
    }
    #expect(parse(nested(128)).findings.isEmpty)
    #expect(summary(parse(nested(129)).findings) == ["LW1005 128..<129"])
    #expect(parse("x: " + nested(127)).findings.isEmpty)
    #expect(summary(parse("x: " + nested(128)).findings) == ["LW1005 130..<131"])
  }

  @Test func documentsAfterADeepOneAreRead() {
    let parsed = parse("a: " + String(repeating: "[", count: 500) + "\n---\nb: 1\n")
    #expect(parsed.findings.map(\.rule.id) == ["LW1005"])
    #expect(parsed.tree.documents.map { outline($0) } == ["{b: 1}"])
  }

  @Test func tooLarge() {
    var limits = TreeLimits()
    limits.bytes = 10
    #expect(summary(parse("a: 45678\n\n", limits: limits).findings) == [])
    #expect(summary(parse("a: 45678\n\n\n", limits: limits).findings) == ["LW1007 0..<0"])
    limits = TreeLimits()
    limits.nodes = 100
    let list = String(repeating: "- a\n", count: 99)
    #expect(parse(list, limits: limits).findings.isEmpty)
    #expect(parse(list + "- b\n", limits: limits).findings.map(\.rule.id) == ["LW1007"])
    let array = "[" + Array(repeating: "1", count: 100).joined(separator: ",") + "]"
    #expect(parse(array, limits: limits).findings.map(\.rule.id) == ["LW1007"])
  }

  @Test func hugeScalars() {
    let long = String(repeating: "x", count: 3_000_000)
    for text in [
      "a: \(long)\n", "a: \"\(long)\"\n", "a: |\n  \(long)\n", "{\"a\": \"\(long)\"}",
      "? \(long)\n: \(long)\n",
    ] {
      let parsed = parse(text)
      #expect(parsed.findings.isEmpty)
      #expect(parsed.tree.root?.entries.map { $0.value.text.utf8.count >= 3_000_000 } == [true])
    }
    // A simple key may have 1,024 characters.
    #expect(parse("\(long): 1\n").findings.map(\.rule.id) == ["LW1001"])
  }
}
