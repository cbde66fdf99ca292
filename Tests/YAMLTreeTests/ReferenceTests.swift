import Diagnostics
import Foundation
import TestSupport
import Testing
import YAMLTree

/// Anchors, aliases and merge keys.
@Suite struct ReferenceTests {
  @Test(arguments: [
    ("a: &x 1\nb: *x\n", "{a: 1, b: 1}"),
    ("a: &x [1, {c: d}]\nb: [*x, *x]\n", "{a: [1, {c: \"d\"}], b: [[1, {c: \"d\"}], [1, {c: \"d\"}]]}"),
    ("a: &x 1\nb: *x\nc: &x 2\nd: *x\n", "{a: 1, b: 1, c: 2, d: 2}"),
    ("a: &x 1\nb: &x *x\n", "-"),
    ("&k a: 1\nb: *k\n", "{a: 1, b: \"a\"}"),
    ("a: &k b\nx: {*k : 1}\n", "{a: \"b\", x: {b: 1}}"),
    ("a: &e\nb: *e\n", "{a: null, b: null}"),
    ("a: &x \"q\\tr\"\nb: *x\n", "{a: \"q\tr\", b: \"q\tr\"}"),
    ("a: &x {b: &y [1]}\nc: *y\nd: *x\n", "{a: {b: [1]}, c: [1], d: {b: [1]}}"),
  ]) func aliases(_ text: String, _ expected: String) {
    let parsed = parse(text)
    #expect(outline(parsed.tree.root) == expected)
    #expect(parsed.findings.isEmpty == (expected != "-"))
  }

  static let merges: [(String, String)] = [
    ("a: &x {p: 1, q: 2}\nb: {<<: *x}\n", "{p: 1, q: 2}"),
    ("a: &x {p: 1, q: 2}\nb: {<<: *x, p: 3}\n", "{p: 3, q: 2}"),
    ("a: &x {p: 1}\nc: &y {p: 2, q: 2}\nb: {<<: [*x, *y]}\n", "{p: 1, q: 2}"),
    ("a: &x {p: 1}\nc: &y {p: 2, q: 2}\nb: {<<: [*y, *x], q: 9}\n", "{q: 9, p: 2}"),
    ("a: &x {p: 1}\nc: &y {<<: *x, q: 2}\nb: {<<: *y, r: 3}\n", "{r: 3, q: 2, p: 1}"),
    ("b: {<<: {p: 1}, q: 2}\n", "{q: 2, p: 1}"),
    ("b: {<<: [{p: 1}, {p: 2, q: 2}]}\n", "{p: 1, q: 2}"),
    ("v: &v {z: 1}\na: &x {p: *v}\nb: {<<: *x, r: *v}\n", "{r: {z: 1}, p: {z: 1}}"),
    ("a: &x {p: {deep: [1, 2]}}\nb:\n  <<: *x\n  q: 1\n", "{q: 1, p: {deep: [1, 2]}}"),
    ("a: &x {}\nb: {<<: *x, q: 1}\n", "{q: 1}"),
    ("a: &x {\"p\\tq\": 1}\nb: {<<: *x, \"p\\tq\": 2}\n", "{p\tq: 2}"),
    ("k: &k p\na: &x {*k : 1}\nb: {<<: *x, r: 1}\n", "{r: 1, p: 1}"),
    ("k: &k p\na: &x {p: 1}\nb: {<<: *x, *k : 2}\n", "{p: 2}"),
    ("b: {\"<<\": 1}\n", "{<<: 1}"),
    ("b: [<<, \"<<\"]\n", "[\"<<\", \"<<\"]"),
  ]

  @Test(arguments: merges) func mergeKeys(_ text: String, _ expected: String) {
    let parsed = parse(text)
    #expect(summary(parsed.findings) == [])
    #expect(outline(parsed.tree.root?["b"]) == expected)
    #expect(
      parsed.tree.root?["b"]?.count
        == parsed.tree.root?["b"].map { Array($0.entries).count + Array($0.elements).count })
  }

  @Test(.enabled(if: ScalarResolutionTests.kubectl != nil, "kubectl is not installed"), arguments: merges)
  func mergeKeysAsKubectlReads(_ text: String, _ expected: String) throws {
    let kubectl = try #require(ScalarResolutionTests.kubectl)
    // `b` stands last in each text, and is quoted nowhere: kubectl keeps the name.
    let whole = "apiVersion: example.dev/v1\nkind: Thing\nmetadata: {name: a}\n" + text
    let output = try kubectl.run(
      ["annotate", "--local", "-f", "-", "a=b", "-o", "json"], input: Array(whole.utf8))
    try #require(output.status == 0, "\(output.errorText)")
    let theirs = try #require(Tree.parse(text: output.text, path: "kubectl.json").tree.root?["b"])
    #expect(try #require(parse(whole).tree.root?["b"]).isEqual(to: theirs))
  }

  @Test func mergedEntriesAreMarked() throws {
    let root = try #require(parse("a: &x {p: 1}\nb: {<<: *x, q: 2}\n").tree.root)
    #expect(root["b"]?.entries.map { "\($0.key.text) \($0.key.isMerged)" } == ["q false", "p true"])
    #expect(root["a"]?.entries.map(\.key.isMerged) == [false])
  }

  @Test func mergeAfterAKey() {
    let source = MarkedSource("x: &x {p: 1, q: 2}\nb: {3️⃣p4️⃣: 5, 1️⃣<<2️⃣: *x}\n")
    let parsed = Tree.parse(source.file)
    #expect(summary(parsed.findings) == ["LW1012 \(source.range(1, 2))"])
    #expect(parsed.findings.first?.severity == .warning)
    #expect(parsed.findings.first?.secondary.first?.range.start == source.offset(3))
    #expect(outline(parsed.tree.root?["b"]) == "{p: 5, q: 2}")
    // The same value, a key after the merge, and a key that the merge does not bring are no fault.
    #expect(parse("x: &x {p: 1}\nb: {p: 1, <<: *x}\n").findings.isEmpty)
    #expect(parse("x: &x {p: 1}\nb: {<<: *x, p: 2}\n").findings.isEmpty)
    #expect(parse("x: &x {p: 1}\nb: {q: 2, <<: *x}\n").findings.isEmpty)
  }

  static let bad: [(String, String)] = [
    ("a: 1️⃣*x2️⃣\n", "LW1008"),
    ("1️⃣*x2️⃣ : 1\n", "LW1008"),
    ("a: &x 1\n---\nb: 1️⃣*x2️⃣\n", "LW1008"),
    ("a: &x [1️⃣*x2️⃣]\n", "LW1006"),
    ("a: &x {b: {c: 1️⃣*x2️⃣}}\n", "LW1006"),
    ("a: &x {<<: 1️⃣*x2️⃣}\n", "LW1006"),
    ("a: {<<: 1️⃣52️⃣}\n", "LW1008"),
    ("a: {1️⃣<<2️⃣: }\n", "LW1008"),
    ("a: {<<: 1️⃣text2️⃣}\n", "LW1008"),
    ("x: &x 1\na: {<<: 1️⃣*x2️⃣}\n", "LW1008"),
    ("a: {<<: [{b: 1}, 1️⃣12️⃣]}\n", "LW1008"),
    ("l: &l [{p: 1}, {q: 2}]\nb: {<<: 1️⃣*l2️⃣}\n", "LW1008"),
    ("x: &x [1]\na: {1️⃣*x2️⃣ : 1}\n", "LW1009"),
    ("x: &x {p: 1}\nb: {<<: *x, 1️⃣<<2️⃣: *x}\n", "LW1004"),
  ]

  @Test(arguments: bad) func findings(_ text: String, _ rule: String) {
    let source = MarkedSource(text)
    #expect(summary(Tree.parse(source.file).findings) == ["\(rule) \(source.range(1, 2))"])
  }

  @Test func unknownAnchorSuggests() {
    #expect(parse("a: &labels {b: 1}\nc: *lables\n").findings.first?.help == ["did you mean 'labels'?"])
  }

  @Test func aliasBomb() {
    var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...12 {
      text +=
        "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
        + "]\n"
    }
    var parsed: Tree.Parsed?
    let time = ProcessorTime.measure { parsed = parse(text) }
    #expect(parsed?.findings.map(\.rule.id) == ["LW1006"])
    #expect(parsed?.tree.documents.isEmpty == true)
    #expect(time < .seconds(10))
  }

  @Test func mergeBomb() {
    var text = "base: &base {" + (0..<2000).map { "k\($0): 1" }.joined(separator: ", ") + "}\nlist:\n"
    for _ in 0..<20000 { text += "- {<<: *base}\n" }
    var limits = TreeLimits()
    limits.expandedNodes = 100_000
    let parsed = parse(text, limits: limits)
    #expect(parsed.findings.map(\.rule.id) == ["LW1006"])
    #expect(parsed.tree.documents.isEmpty)
  }

  /// Each alias is shallow, but written out they nest without bound: readers recurse.
  @Test func aliasesCountTowardsDepth() {
    var text = "a0: &a0 [x]\n"
    for level in 1...300 { text += "a\(level): &a\(level) [*a\(level - 1)]\n" }
    let parsed = parse(text)
    #expect(parsed.findings.first?.rule.id == "LW1005")
    #expect(parsed.tree.documents.isEmpty)
    var merged = "a0: &a0 {k: x}\n"
    for level in 1...300 { merged += "a\(level): &a\(level) {<<: {k: *a\(level - 1)}}\n" }
    #expect(parse(merged).findings.first?.rule.id == "LW1005")
  }

  /// A document that is dropped leaves its nodes' numbers to the next one, and must not leave their sizes: here each
  /// node that an alias of the second document names stands where a scalar stood in the first.
  @Test(arguments: [(12, 9), (300, 1)])
  func aliasesOfADroppedDocumentAreForgotten(_ levels: Int, _ width: Int) {
    var second = ""
    var targets: Set<Int> = []
    var next = 1
    for level in 0..<levels {
      let element = level == 0 ? "x" : "*l\(level - 1)"
      second +=
        "a\(level): &l\(level) [" + Array(repeating: element, count: width).joined(separator: ",") + "]\n"
      targets.insert(next + 1)
      next += 2 + width
    }
    var first = ""
    for number in 1...next { first += targets.contains(number) ? "- &a\(number) s\n" : "- s\n" }
    for number in targets.sorted() { first += "- *a\(number)\n" }
    let parsed = parse(first + "- *nope\n---\n" + second)
    #expect(parsed.findings.map(\.rule.id).contains { $0 == "LW1006" || $0 == "LW1005" })
    #expect(parsed.tree.documents.isEmpty)
  }

  @Test func manyAliasesAreFine() {
    var text = "base: &base {a: 1, b: [1, 2]}\nlist:\n"
    for _ in 0..<50000 { text += "- *base\n" }
    let parsed = parse(text)
    #expect(parsed.findings.isEmpty)
    #expect(parsed.tree.root?["list"]?.count == 50000)
  }
}
