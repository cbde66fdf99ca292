import Corefile
import Diagnostics
import TestSupport
import Testing

/// The block in a Corefile: at the end, in the place of an earlier one, or refused.
@Suite struct MergeTests {
  static let block = """
    ### BEGIN CROSS CLUSTER CONNECTIVITY
    xcc.test {
        forward . 1.2.3.4
        reload
    }
    ### END CROSS CLUSTER CONNECTIVITY

    """

  // MARK: The cases of the original project (pkg/dnsconfig/corefile_patcher_test.go)

  static let original = ".:53 {\n    original_zone_content\n}"

  @Test func appendsABlock() {
    #expect(merged(Self.original) == Self.original + "\n" + Self.block)
  }

  @Test func doesNotAppendASecondBlock() {
    let once = Self.original + "\n" + Self.block
    #expect(merged(once) == once)
  }

  /// The project's job moves the block to the end; here it keeps its place, and the zone behind it its own.
  @Test func replacesAnotherZone() {
    let old = Self.original + "\n" + Self.block.replacing("xcc.test", with: "xcc-different.test")
    let other = "other-zone.foobar {\n    forward . 1.2.3.5\n    reload\n}"
    #expect(merged(old + other) == Self.original + "\n" + Self.block + other)
  }

  /// The project's job removes the empty line before the block as well; here every byte outside it stays.
  @Test func replacesAnotherAddress() {
    let old = Self.original + "\n\n" + Self.block.replacing("1.2.3.4", with: "42.42.42.42")
    #expect(merged(old) == Self.original + "\n\n" + Self.block)
  }

  // MARK: Beyond them

  /// A block at the very start, which the project's job does not recognise.
  @Test func replacesABlockAtTheStart() {
    let rest = "\n.:53 {\n    errors\n}\n"
    #expect(merged(Self.block.replacing("1.2.3.4", with: "5.6.7.8") + rest) == Self.block + rest)
  }

  @Test func withoutMarksTheFormOfTheSeedIsKept() {
    let unmarked = "xcc.test {\n    forward . 1.2.3.4\n    reload\n}\n"
    #expect(merged(Self.original + "\n", isMarked: false) == Self.original + "\n" + unmarked)
    let older = "# mine\nxcc.test. {\n  reload\n  forward . 9.9.9.9:53\n}  # kept\n" + Self.original
    let newer = "# mine\n" + unmarked.dropLast() + "  # kept\n" + Self.original
    #expect(merged(older, isMarked: false) == newer)
    #expect(merged(newer, isMarked: false) == newer)
  }

  @Test func anUnmarkedBlockGetsItsMarks() {
    let old = "xcc.test {\n    forward . 1.2.3.4\n    reload\n}\n" + Self.original
    #expect(merged(old) == Self.block + Self.original)
  }

  /// A block that forwards to the DNS server is the link's own, however its address is written.
  @Test(arguments: ["1.2.3.4", "1.2.3.4:53", "dns://1.2.3.4", "9.9.9.9", "dns://9.9.9.9:53"])
  func aBlockForTheZonesServerIsReplaced(_ server: String) {
    let old = "xcc.test {\n    forward . \(server)\n}\n" + Self.original
    #expect(merged(old) == Self.block + Self.original)
  }

  @Test func aFileThatServesItsClusterOrMight() {
    for text in [
      ".:53 {\n}\n", "cluster.local {\n}\n", "local {\n}\n", "import a.server\n", "{$ZONE} {\n}\n",
    ] {
      #expect(corefile(text).covers("cluster.local"), "\(text)")
    }
    for text in ["", "# later\n", "xcc.test {\n}\n", "svc.cluster.local {\n}\n"] {
      #expect(!corefile(text).covers("cluster.local"), "\(text)")
    }
  }

  @Test func everythingElseStays() {
    let text =
      "# head\r\n\r\n  .:53   {\r\n\terrors\t# why\r\n  }\r\n\r\n"
    let block = Self.block.replacing("\n", with: "\r\n")
    #expect(merged(text) == text + block)
    #expect(merged(text + block + "# tail") == text + block + "# tail")
  }

  @Test func theBlockListensWhereTheClusterAsks() {
    let text = ".:5353 {\n    errors\n}\n"
    #expect(merged(text, isMarked: false) == text + "xcc.test:5353 {\n    forward . 1.2.3.4\n    reload\n}\n")
    #expect(
      merged(".:53 {\n    errors\n}\nxcc.test:8053 {\n    whoami\n}\n")?.contains("\nxcc.test {") == true)
  }

  @Test func anEmptyCorefileGetsTheBlock() {
    #expect(merged("") == Self.block)
  }

  // MARK: Refusals

  static let refusals: [(text: String, finding: String)] = [
    ("xcc.test {\n    forward . 1.2.3.4\n    cache 30\n}\n", "LW4109 1:1"),
    ("xcc.test {\n    forward . 1.2.3.4 5.6.7.8\n}\n", "LW4109 1:1"),
    ("xcc.test {\n    forward . 1.2.3.4 {\n        force_tcp\n    }\n}\n", "LW4109 1:1"),
    (".:53 {\n    errors\n}\na.test XCC.Test.:53 {\n    whoami\n}\n", "LW4109 4:8"),
    ("(x) {\n    forward . 1.2.3.4\n}\nxcc.test {\n    import y\n    forward . 1.2.3.4\n}\n", "LW4109 4:1"),
    (".:53\nerrors\n", "LW4106 1:1"),
    (block + "\n" + block, "LW4102 9:1"),
    (block + block.replacing("xcc.test", with: "old.test"), "LW4107 7:1"),
    ("### BEGIN CROSS CLUSTER CONNECTIVITY\n.:53 {\n    errors\n}\n", "LW4107 1:1"),
    (".:53 {\n    errors\n}\n### END CROSS CLUSTER CONNECTIVITY\n", "LW4107 4:1"),
    (
      ".:53 {\n### BEGIN CROSS CLUSTER CONNECTIVITY\n    errors\n### END CROSS CLUSTER CONNECTIVITY\n}\n",
      "LW4107 2:1"
    ),
    (
      "### BEGIN CROSS CLUSTER CONNECTIVITY\nxcc.test {\n    whoami\n}\na.test {\n    whoami\n}\n### END CROSS CLUSTER CONNECTIVITY\n",
      "LW4107 5:1"
    ),
    (
      "### BEGIN CROSS CLUSTER CONNECTIVITY\nimport a.server\n### END CROSS CLUSTER CONNECTIVITY\n",
      "LW4107 2:8"
    ),
    (
      "### END CROSS CLUSTER CONNECTIVITY\n### BEGIN CROSS CLUSTER CONNECTIVITY\n",
      "LW4107 2:1"
    ),
    (block + "xcc.test {\n    whoami\n}\n", "LW4102 7:1"),
    (block.replacing("xcc.test", with: "old.test") + "xcc.test {\n    whoami\n}\n", "LW4109 7:1"),
    ("xcc.test {\n    forward . 10.53.0.53\n}\n", "LW4109 1:1"),
    ("xcc.test {\n    forward . dns://[fd00::53]:53\n    reload\n}\n", "LW4109 1:1"),
  ]

  @Test(arguments: refusals.indices)
  func refusalIsFoundAtItsPlace(_ index: Int) {
    let refusal = Self.refusals[index]
    let found = findings(refusal.text)
    #expect(found.contains { $0.hasPrefix(refusal.finding) }, "\(refusal.text)\n\(found)")
    #expect(merged(refusal.text) == nil)
  }

  @Test(arguments: [
    (".:53 {\n    errors\n}\nclusters.xcc.test {\n    whoami\n}\n", "LW4110 4:1"),
    (".:53 {\n    errors\n}\n{$ZONE}:53 {\n    whoami\n}\n", "LW4111 4:1"),
    (block.replacing("    reload", with: "    cache 5"), "LW4108 4:5"),
  ])
  func warningLetsTheBlockIn(_ text: String, _ finding: String) {
    #expect(findings(text).contains { $0.hasPrefix(finding) }, "\(findings(text))")
    #expect(merged(text)?.contains(Self.block) == true)
  }

  /// The words of a mark in a quoted text, or behind other text, are no mark.
  @Test func onlyCommentsAreMarks() {
    let text = ".:53 {\n    log \"\n### BEGIN CROSS CLUSTER CONNECTIVITY\n\"\n}\n"
    #expect(merged(text) == text + Self.block)
  }
}
