import Diagnostics
import TestSupport
import Testing
import YAMLTree

/// Properties over random trees and random damage; `TEST_SEED` repeats a run.
@Suite struct RoundTripTests {
  @Test func writtenTreesReadBack() throws {
    let seed = SeededGenerator.seed()
    var random = SeededGenerator(seed: seed)
    for round in 0..<1500 {
      let value = Value.random(depth: 5, using: &random)
      let bytes = value.yaml
      let parsed = Tree.parse(SourceFile(path: "r.yaml", bytes: bytes))
      let text = String(decoding: bytes, as: UTF8.self)
      try #require(
        parsed.findings.isEmpty, "seed \(seed) round \(round): \(summary(parsed.findings))\n\(text)")
      let back = parsed.tree.root.flatMap { Value($0) }
      try #require(back == value, "seed \(seed) round \(round)\n\(text)")
      let root = try #require(parsed.tree.root)
      // Writing again gives the same bytes, and equal trees are equal.
      try #require(YAMLWriter.write(root) == bytes, "seed \(seed) round \(round)\n\(text)")
      try #require(root.isEqual(to: try #require(value.tree.root)), "seed \(seed) round \(round)\n\(text)")
    }
  }

  @Test func keyOrderIsCanonical() throws {
    let root = try #require(parse("b: 1\nkind: K\na: {z: 1, kind: x}\nc: 2\n").tree.root)
    let text = String(decoding: YAMLWriter.write(root) { $0 == textHash("kind") ? 0 : 1 }, as: UTF8.self)
    #expect(text == "kind: K\na:\n  kind: x\n  z: 1\nb: 1\nc: 2\n")
  }

  static let seeds = [
    "a: &x {b: 1, c: [d, 'e', \"f\\n\"]}\nb: {<<: *x, q: 2}\n---\nc: |\n  x\n  y\n# c\nd: >-\n  z\n",
    "apiVersion: v1\r\nkind: List\r\nitems:\r\n- metadata:\r\n    name: ü\r\n  spec: !!str 5\r\n",
    "{\"a\": [1, 2.5, \"\\u00e9\\ud83d\\ude00\", null, true], \"b\": {\"c\": {}}}\n",
    "\u{FEFF}? a\n: - b\n  - ? [c]\n    : d\nk: {{ x }}\n%YAML 1.1\n--- \"日本 \\\n  x\"\n...\n",
    "on: y\n0x1f: 012\n~: 1_0\nx: 2001-12-14\n? |\n  k\n: <<\n*x : 1\n",
  ]

  /// No damage to a file traps, takes long, or gives a range outside of it.
  @Test(arguments: seeds) func damagedFilesNeverTrap(_ text: String) {
    let seed = SeededGenerator.seed()
    print("damage seed \(seed)")
    var random = SeededGenerator(seed: seed)
    let inserted =
      Array("\t :-?[]{}#&*!|>'\"%@`,\\\n\r<=~0x\0\u{FEFF}\u{2028}ü".utf8) + [0xC3, 0xFF, 0xED, 0xF0]
    for _ in 0..<3000 {
      var bytes = Array(text.utf8)
      for _ in 0...Int.random(in: 0..<4, using: &random) where !bytes.isEmpty {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes.remove(at: place)
        case 1: bytes[place] = inserted[Int.random(in: 0..<inserted.count, using: &random)]
        case 2: bytes[place] = UInt8.random(in: 0...255, using: &random)
        case 3: bytes.removeSubrange(place...)
        default: bytes.insert(inserted[Int.random(in: 0..<inserted.count, using: &random)], at: place)
        }
      }
      check(bytes, seed)
    }
  }

  private func check(_ bytes: [UInt8], _ seed: UInt64) {
    let parsed = Tree.parse(SourceFile(path: "d.yaml", bytes: bytes))
    var ranges = parsed.findings.flatMap { $0.secondary.map(\.range) + ($0.primary.map { [$0.range] } ?? []) }
    for root in parsed.tree.documents {
      walk(root) { ranges.append($0.range) }
      _ = YAMLWriter.write(root)
      #expect(root.isEqual(to: root) || hasNaN(root), "seed \(seed): \(bytes)")
    }
    for range in ranges {
      #expect(
        range.start >= 0 && range.start <= range.end && range.end <= bytes.count + 1, "seed \(seed): \(bytes)"
      )
      _ = (range.startPosition, range.endPosition)
    }
  }

  private func walk(_ node: Node, _ visit: (Node) -> Void) {
    visit(node)
    for element in node.elements { walk(element, visit) }
    for (key, value) in node.entries {
      visit(key)
      walk(value, visit)
    }
  }

  private func hasNaN(_ node: Node) -> Bool {
    var found = false
    walk(node) { if $0.number?.isNaN == true { found = true } }
    return found
  }
}
