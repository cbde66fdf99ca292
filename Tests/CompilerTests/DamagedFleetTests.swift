import Compiler
import Diagnostics
import Foundation
import TestSupport
import Testing

/// Fleets with random damage: never a crash, and never a refusal without a reason.
@Suite struct DamagedFleetTests {
  static let values = [
    "null", "[]", "{}", "-1", "0", "65536", "99999999999999999999999", "\"\"", "..", "true", "1.5", "'*'",
    "[[]]", "{a: {}}",
    "[null]", "{null: null}", "&a [*a]", "2001:db8::1", "256.0.0.1", "é", "\"\\0\"", "10.0.0.0/99", "a/b",
    "~",
    String(repeating: "x", count: 300), "|\n      text", "!!int x",
  ]

  @Test(arguments: GoldenCase.all)
  func damageIsReportedOrHarmless(_ example: GoldenCase) throws {
    let seed = SeededGenerator.seed()
    // A crash would take a message at the end with it.
    print("\(example.name): TEST_SEED=\(seed)")
    var generator = SeededGenerator(seed: seed)
    let fleet = try example.fleet()
    for _ in 0..<40 {
      let damaged = fleet.damaged(&generator)
      let compilation = try damaged.compile()
      let hasErrors = compilation.findings.containErrors
      #expect(compilation.failed == false || hasErrors, "TEST_SEED=\(seed)")
      for finding in compilation.findings {
        guard let range = finding.primary?.range else { continue }
        #expect(range.end <= range.file.bytes.count, "\(finding.rule.id), TEST_SEED=\(seed)")
      }
      // Every report can be written, whatever the places are.
      for format in ReportFormat.allCases {
        let text = format.render(
          compilation.findings, rules: RuleCatalogue.all,
          options: ReportFormat.Options(version: Compiler.version))
        #expect(text.isEmpty == false || compilation.findings.isEmpty, "TEST_SEED=\(seed)")
      }
    }
  }
}

extension FixtureFleet {
  /// The fleet with one to three places of its files changed.
  func damaged(_ generator: inout SeededGenerator) -> FixtureFleet {
    var damaged = files
    let paths = files.keys.filter { !$0.hasSuffix(".lock") }.sorted()
    for _ in 0..<Int.random(in: 1...3, using: &generator) {
      guard let path = paths.randomElement(using: &generator), var bytes = damaged[path], !bytes.isEmpty
      else { continue }
      switch Int.random(in: 0..<6, using: &generator) {
      case 0: bytes.removeSubrange(0..<Int.random(in: 0..<bytes.count, using: &generator))
      case 1: bytes.removeLast(Int.random(in: 0..<bytes.count, using: &generator))
      case 2:
        bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(
          in: 0...255, using: &generator)
      case 3:
        var lines = bytes.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        let index = Int.random(in: 0..<lines.count, using: &generator)
        if Bool.random(using: &generator) {
          lines.remove(at: index)
        } else {
          lines.insert(lines[index], at: index)
        }
        bytes = Array(lines.joined(separator: [0x0A]))
      default: bytes = Self.replaceValue(in: bytes, &generator)
      }
      damaged[path] = bytes
    }
    return FixtureFleet(damaged)
  }

  /// Puts another value after one of the `: `.
  private static func replaceValue(in bytes: [UInt8], _ generator: inout SeededGenerator) -> [UInt8] {
    var text = String(decoding: bytes, as: UTF8.self)
    let places = text.ranges(of: ": ")
    guard let place = places.randomElement(using: &generator),
      let value = DamagedFleetTests.values.randomElement(using: &generator)
    else { return bytes }
    let end = text[place.upperBound...].firstIndex { ",}]\n".contains($0) } ?? text.endIndex
    text.replaceSubrange(place.upperBound..<end, with: value)
    return Array(text.utf8)
  }
}
