import Corefile
import TestSupport
import Testing

/// Corefiles of every shape: merging twice is merging once, and nothing outside the block changes.
@Suite struct PropertyTests {
  @Test func mergingTwiceIsMergingOnce() throws {
    let seed = SeededGenerator.seed()
    var generator = SeededGenerator(seed: seed)
    var merges = 0
    for round in 0..<2000 {
      let marked = Bool.random(using: &generator)
      let text = RandomCorefile(&generator).text
      guard let once = merged(text, isMarked: marked) else { continue }
      merges += 1
      let what: Comment = "TEST_SEED=\(seed), round \(round):\n\(text)"
      #expect(merged(once, isMarked: marked) == once, what)
      // Another address: only the block changes, and back again.
      let other = try #require(merged(once, upstream: "9.8.7.6", isMarked: marked), what)
      #expect(other.replacing("9.8.7.6", with: "1.2.3.4") == once, what)
      #expect(merged(other, isMarked: marked) == once, what)
      // What stood there before stands there still, in front of the block.
      let needsLineEnd = !text.isEmpty && text.utf8.last != UInt8(ascii: "\n")
      let kept = text + (needsLineEnd ? (text.contains("\r\n") ? "\r\n" : "\n") : "")
      #expect(once.utf8.starts(with: kept.utf8), what)
      #expect(corefile(once).blocks.count == corefile(text).blocks.count + 1, what)
    }
    #expect(merges > 500, "TEST_SEED=\(seed): only \(merges) texts could be merged")
  }

  /// Any bytes at all: no trap, no hang, and a finding where nothing is written.
  @Test func anyBytesAreReadOrRefused() {
    let seed = SeededGenerator.seed()
    var generator = SeededGenerator(seed: seed)
    let pieces = [
      "{", "}", "\"", "\\", "#", "\n", " ", "import", "(a)", "a.test", ".:53", ",", "forward", "reload",
      "{$X}", "\r",
      "### BEGIN CROSS CLUSTER CONNECTIVITY", "### END CROSS CLUSTER CONNECTIVITY", "\u{E9}", "xcc.test",
      "{%Y%}",
    ]
    for _ in 0..<3000 {
      let count = Int.random(in: 0...30, using: &generator)
      let text = (0..<count).map { _ in
        (pieces.randomElement(using: &generator) ?? "") + (Bool.random(using: &generator) ? " " : "\n")
      }.joined()
      if merged(text) == nil { #expect(!findings(text).isEmpty, "TEST_SEED=\(seed):\n\(text)") }
    }
  }

  /// A file of 10,000 lines takes milliseconds, here and where the tests are not optimised a hundred.
  @Test func tenThousandLines() {
    var text = ""
    for zone in 0..<1250 {
      text +=
        "zone\(zone).test {\n    errors\n    cache 30\n    forward . 10.0.0.1 10.0.0.2\n    # a comment\n    loop\n    reload\n}\n"
    }
    var result: String?
    let time = ProcessorTime.measure { result = merged(text) }
    #expect(result?.utf8.count == text.utf8.count + MergeTests.block.utf8.count)
    #expect(time < .seconds(30), "\(time)")
  }
}

/// A Corefile that CoreDNS could have been given.
struct RandomCorefile {
  private(set) var text = ""

  init(_ generator: inout SeededGenerator) {
    let lineEnd = Int.random(in: 0..<6, using: &generator) == 0 ? "\r\n" : "\n"
    var lines: [String] = []
    let zones = [
      ".:53", "a.test", "b.test c.test:1053", "example.org,", "in-addr.arpa", "10.0.0.0/8", "tls://d.test",
    ]
    let plugins = [
      "errors", "log", "cache 30", "forward . /etc/resolv.conf", "reload 10s",
      "hosts {\n   1.2.3.4 \"x {\"\n}",
      "template IN A {\n  answer \"{{ .Name }} 60 IN A 1.2.3.4\"\n}",
      "kubernetes cluster.local {\n  ttl 30\n}", "import common",
      "import custom/*.override", "# } {", "",
    ]
    if Bool.random(using: &generator) { lines += ["(common) {", "  loadbalance", "}"] }
    for zone in zones.shuffled(using: &generator).prefix(Int.random(in: 0...4, using: &generator)) {
      if Bool.random(using: &generator) { lines.append("# \(zone) \"") }
      if zone.hasSuffix(",") { lines += [zone, "e.test {"] } else { lines.append("\(zone)  {") }
      for _ in 0..<Int.random(in: 0...4, using: &generator) {
        lines += (plugins.randomElement(using: &generator) ?? "").split(
          separator: "\n", omittingEmptySubsequences: false
        ).map { "\t\($0)" }
      }
      lines.append("}")
      if Bool.random(using: &generator) { lines.append("") }
    }
    text = lines.joined(separator: lineEnd)
    for _ in 0..<Int.random(in: 0...2, using: &generator) { text += lineEnd }
  }
}
