import TestSupport
import Testing

@testable import Patterns

/// Time and size stay bounded where a backtracking matcher would not end.
@Suite struct PatternBoundsTests {
  @Test(
    arguments: [
      "(a*)*b", "(a|a)*b", "^(a|a)*$", "^(a+)+$", "(a|aa)+$", "^(([a-z])+.)+[A-Z]([a-z])+$",
      "(.*)(.*)(.*)(.*)[^a]b",
      "(?:a?){30}a{30}b", "^(?:a{0,20}){0,20}b",
    ])
  func hostileOnLongText(source: String) throws {
    let text = String(repeating: "a", count: 100_000) + "!"
    var limits = PatternLimits.standard
    limits.automatonEntries = 0
    let patterns = [
      try Pattern(source, dialect: .ecma262), try Pattern(source, dialect: .ecma262, limits: limits),
    ]
    let time = ProcessorTime.measure {
      for pattern in patterns { #expect(!pattern.matches(text)) }
    }
    #expect(time < .seconds(300))
  }

  @Test func largeCounts() throws {
    let thousand = String(repeating: "x", count: 1000)
    for source in ["^x{1000}$", "^x{0,1000}$", "^.{1,1000}$", "^(?:x{10}){100}$", "^x{500,}$"] {
      let pattern = try Pattern(source, dialect: .re2)
      #expect(pattern.matches(thousand), "\(source)")
      #expect(pattern.matches(thousand + "x") == (source == "^x{500,}$"), "\(source)")
    }
  }

  /// An automaton with 2^20 states is given up, and the simulation answers.
  @Test func automatonIsBounded() throws {
    let pattern = try Pattern("a[ab]{20}$", dialect: .re2)
    #expect(!pattern.hasAutomaton)
    #expect(pattern.matches("bb" + "a" + String(repeating: "b", count: 20)))
    #expect(!pattern.matches("bb" + "a" + String(repeating: "b", count: 19)))
  }

  /// What schemas say most keeps the fast path.
  @Test(arguments: [
    "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", "^[0-9a-f]{6}-(dev|test)$", "^.{1,253}$", #"^\p{L}+$"#,
    #"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\.)*[a-z]{2,63}$"#, #"^\d{1,3}(\.\d{1,3}){3}$"#,
  ])
  func hasAutomaton(source: String) throws {
    #expect(try Pattern(source, dialect: .ecma262).hasAutomaton)
  }

  /// Whatever is written compiles or is refused at a place within it; nothing traps.
  @Test func soupOfSyntax() {
    let seed = SeededGenerator.seed()
    print("TEST_SEED=\(seed)")
    var random = SeededGenerator(seed: seed)
    let pieces = [
      "a", "é", "😀", "(", "(", ")", ")", "[", "]", "^", "$", "*", "+", "?", "{", "}", "{2}", "{1,3}", "{0,}",
      ",", "-", "\\",
      "|", ".", "(?", "(?:", "(?i)", "(?i:", "(?<n>", "(?P<m>", "\\p", "\\p{L", "}", "\\d", "\\W", "\\b",
      "\\x4", "\\u00",
      "\\uD83D", "\\u{", "\\Q", "\\E", "[:", ":]", "alpha", "1", "0", "\\0", "\\c", ":", "=", "!", "<", ">",
      "&", "\n",
    ]
    var compiled = 0
    for _ in 0..<20_000 {
      let count = Int.random(in: 1...8, using: &random)
      let source = (0..<count).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
      for dialect in [Pattern.Dialect.ecma262, .re2] {
        do throws(PatternError) {
          let pattern = try Pattern(source, dialect: dialect)
          compiled += 1
          for text in ["", "a", "é😀a\n1", "a:=alpha"] {
            let found = pattern.firstMatch(in: Array(text.utf8), from: 0)
            #expect(pattern.matches(text) == (found != nil), "seed \(seed): \(source.debugDescription)")
          }
        } catch {
          let isWithin = (0..<source.utf8.count).contains(error.offset)
          #expect(isWithin && !error.message.isEmpty, "seed \(seed): \(source.debugDescription): \(error)")
        }
      }
    }
    #expect(compiled > 4000)
  }

  /// The same value in many tasks at once.
  @Test func sharedByTasks() async throws {
    let pattern = try Pattern("^[0-9a-f]{6}-(dev|test)$", dialect: .ecma262)
    let total = await withTaskGroup(of: Int.self) { group in
      for task in 0..<4 {
        group.addTask {
          (0..<10_000).count { pattern.matches($0 % 2 == 0 ? "abc12\(task)-test" : "abc12\(task)-prod") }
        }
      }
      return await group.reduce(0, +)
    }
    #expect(total == 20_000)
  }
}
