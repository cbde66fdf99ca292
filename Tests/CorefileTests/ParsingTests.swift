import Corefile
import Diagnostics
import TestSupport
import Testing
import YAMLTree

/// Corefiles as CoreDNS reads them, and those that it refuses.
@Suite struct ParsingTests {
  @Test func blocksWithPluginsAndBodies() throws {
    let document = corefile(
      """
      # a comment with { braces } and "a quote
      .:53 example.test:1053, tls://secure.test {
          errors # to the end of the line
          kubernetes cluster.local in-addr.arpa {
              pods insecure
          }
          forward . "/etc/resolv.conf" 9.9.9.9
      }
      """)
    #expect(document.findings.isEmpty)
    let block = try #require(document.blocks.first)
    #expect(document.blocks.count == 1)
    #expect(block.keys.map(\.text) == [".:53", "example.test:1053", "tls://secure.test"])
    #expect(block.addresses.map(\.port) == [53, 1053, 853])
    #expect(block.addresses.map(\.zone) == ["", "example.test", "secure.test"])
    #expect(block.plugins.map(\.name.text) == ["errors", "kubernetes", "forward"])
    #expect(block.plugins[2].arguments.map(\.text) == [".", "/etc/resolv.conf", "9.9.9.9"])
    #expect(block.plugins.map(\.hasBody) == [false, true, false])
    #expect(document.clusterDomains.map(\.text) == ["cluster.local"])
  }

  /// A line of zones ends where no comma does; what follows belongs to the one block of the file, as in CoreDNS.
  @Test func oneBlockWithoutBraces() throws {
    let document = corefile("a.test\nb.test {\n    whoami\n}\nlog\n")
    #expect(document.findings.isEmpty)
    let block = try #require(document.blocks.first)
    #expect(document.blocks.count == 1 && !block.hasBraces)
    #expect(block.plugins.map(\.name.text) == ["b.test", "log"])
  }

  @Test func commaContinuesTheLine() throws {
    let document = corefile("a.test,\nb.test {\n    whoami\n}\n")
    #expect(document.blocks.first?.keys.map(\.text) == ["a.test", "b.test"])
    #expect(document.blocks.first?.plugins.map(\.name.text) == ["whoami"])
  }

  @Test func snippetsAreInserted() throws {
    let document = corefile(
      """
      (common) {
          errors
          cache 30
      }
      .:53 {
          import common
          forward . 9.9.9.9
      }
      """)
    #expect(document.findings.isEmpty)
    #expect(document.blocks.map { $0.plugins.map(\.name.text) } == [["errors", "cache", "forward"]])
  }

  @Test func snippetsMayHoldWholeBlocks() {
    let document = corefile("(stub) {\nxcc.test {\n    whoami\n}\n}\nimport stub\n.:53 {\n    errors\n}\n")
    #expect(document.findings.isEmpty)
    #expect(document.blocks.flatMap { $0.keys.map(\.text) } == ["xcc.test", ".:53"])
    #expect(merged("(stub) {\nxcc.test {\n    whoami\n}\n}\nimport stub\n") == nil)
  }

  @Test func filesAreNotSeen() {
    let document = corefile("import custom/*.server\n.:53 {\n    import custom/*.override\n    errors\n}\n")
    #expect(document.findings.isEmpty)
    #expect(document.imports.map(\.pattern.text) == ["custom/*.server", "custom/*.override"])
    #expect(document.imports.map(\.isTopLevel) == [true, false])
  }

  @Test func quotesAndEscapes() {
    let document = corefile(
      ".:53 {\n    template IN A {\n        answer \"{{ .Name }} \\\"x\\\" }\n\"\n    }\n    log\n}\n")
    #expect(document.findings.isEmpty)
    #expect(document.blocks.first?.plugins.map(\.name.text) == ["template", "log"])
  }

  @Test(arguments: [
    ("XCC.test.", "xcc.test", 53), ("dns://xcc.test:1053", "xcc.test", 1053), (".", "", 53),
    ("10.1.0.0/16", "1.10.in-addr.arpa", 53),
    ("10.0.0.0/8:5353", "10.in-addr.arpa", 5353), ("https://xcc.test", "xcc.test", 443),
    ("10.0.0.0/20", "10.0.0.0/20", 53), ("in-addr.arpa", "in-addr.arpa", 53),
  ])
  func keysAreZones(_ key: String, _ zone: String, _ port: Int) {
    let address = ZoneAddress(key)
    #expect(address.zone == zone && address.port == port)
  }

  // MARK: What cannot be read

  static let faults: [(text: String, line: Int, message: String)] = [
    (".:53 {\n    errors\n", 1, "the block of .:53 is never closed"),
    (".:53 {\n    errors\n}\n}\n", 4, "'}' closes nothing"),
    (".:53{\n    errors\n}\n", 1, "'.:53{' is one word to CoreDNS"),
    (".:53 { errors }\n", 1, "'}' stands on the line of errors"),
    (".:53 {\n    log \"open\n}\n", 2, "a quoted text is never closed"),
    (".:53 {\n    {\n    }\n}\n", 2, "'{' stands where a plugin is expected"),
    ("{\n    errors\n}\n", 1, "a block has no zone"),
    ("a.test, {\n    errors\n}\n", 1, "another zone is expected after the comma"),
    ("a.test,", 1, "another zone is expected after the comma"),
    (".:53 {\n    import\n}\n", 2, "'import' names nothing"),
    (".:53 {\n    import a b\n}\n", 2, "'import' takes one argument"),
    ("(a)\n.:53 {\n    errors\n}\n", 1, "snippet (a) has no '{'"),
    ("(a) {\n    errors\n", 1, "snippet (a) is never closed"),
    ("(a) {\n}\n(a) {\n}\n", 3, "snippet (a) is declared twice"),
    ("(a) {\n    import a\n}\n.:53 {\n    import a\n}\n", 2, "snippet (a) imports itself"),
    (".:53 {\n    errors#log\n}\n", 2, "a '#' stands inside a word"),
    (".:53 {\n    forward . 1.1.1.1 {\n        max_fails 3\n}\n", 1, "the block of .:53 is never closed"),
    ("# only this\n.:53\nerrors\n}\n", 4, "'}' closes nothing"),
  ]

  @Test(arguments: faults.indices)
  func faultIsFoundAtItsLine(_ index: Int) throws {
    let fault = Self.faults[index]
    let document = corefile(fault.text)
    let finding = try #require(document.findings.first, "\(fault.text)")
    #expect(finding.rule.id == "LW4101" && finding.severity == .error)
    #expect(finding.message == "the Corefile cannot be read: \(fault.message)")
    #expect(finding.primary?.range.startPosition.line == fault.line, "\(fault.text)")
    #expect(!finding.help.isEmpty && document.blocks.isEmpty)
    #expect(merged(fault.text) == nil, "nothing is written into what cannot be read")
  }

  @Test func importsDoNotExplode() {
    var text = "(s0) {\n    errors\n}\n"
    for level in 1...40 {
      text += "(s\(level)) {\n    import s\(level - 1)\n    import s\(level - 1)\n}\n"
    }
    text += ".:53 {\n    import s40\n}\n"
    #expect(findings(text).contains { $0.contains("imported more than 1000 times") })
  }

  // MARK: What CoreDNS refuses

  @Test(arguments: [
    ("a.test {\n    whoami\n}\nb.test A.TEST.:53 {\n    whoami\n}\n", "LW4102 4:8"),
    (".:53 {\n    forward .\n}\n", "LW4103 2:5"),
    (".:53 {\n    forward . 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n}\n", "LW4103 2:5"),
    (".:53 {\n    reload 1s\n}\n", "LW4104 2:12"), (".:53 {\n    reload 30s 500ms\n}\n", "LW4104 2:16"),
    (".:53 {\n    reload soon\n}\n", "LW4104 2:12"), (".:53 {\n    reload 3s 1s 1s\n}\n", "LW4104 2:18"),
    (".:53 {\n    reload\n    reload\n}\n", "LW4105 3:5"),
  ])
  func refusalIsFoundAtItsPlace(_ text: String, _ expected: String) {
    #expect(findings(text).contains { $0.hasPrefix(expected) }, "\(findings(text))")
  }

  @Test(arguments: [
    ".:53 {\n    reload 2s\n}\n", ".:53 {\n    reload 30s 0\n}\n", ".:53 {\n    reload 1m30s 10s\n}\n",
    ".:53 {\n    reload {$INTERVAL}\n}\n", "a.test {\n    view x {\n    }\n}\na.test {\n    whoami\n}\n",
    "a.test:53 {\n    whoami\n}\na.test:1053 {\n    whoami\n}\n", "", "\n\n", "# nothing\n",
    "\u{FEFF}.:53 {\n}\n",
    ".:53 {\r\n    errors\r\n}\r\n", ".:53 {\u{A0}\n\terrors\n}",
  ])
  func acceptedAsItIs(_ text: String) {
    #expect(corefile(text).findings.isEmpty, "\(corefile(text).findings.map(\.message))")
  }

  // MARK: Places

  @Test func linesOfABlockScalarAreFound() throws {
    let source = MarkedSource(
      "data:\n  Corefile: |\n    .:53 {\n\n        errors\n        1️⃣reload 1s2️⃣\n    }\n", path: "cm.yaml")
    let node = try #require(Tree.parse(source.file).tree.root?.at("data", "Corefile"))
    let document = CorefileDocument(CorefileText(node))
    let range = try #require(document.findings.first?.primary?.range)
    #expect(range.file.path == "cm.yaml")
    #expect(range.start == source.offset(1) + "reload ".utf8.count && range.end == source.offset(2))
  }

  @Test func aQuotedScalarIsShownWhole() throws {
    let tree = Tree.parse(text: "Corefile: \".:53 {\\n    reload 1s\\n}\\n\"\n", path: "cm.yaml").tree
    let node = try #require(tree.root?["Corefile"])
    let finding = try #require(CorefileDocument(CorefileText(node)).findings.first)
    #expect(finding.primary?.text == "line 2 of the Corefile")
    #expect(finding.primary?.range == node.range)
  }
}
