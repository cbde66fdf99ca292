import Testing

@testable import Patterns

/// What a pattern matches in the dialect of JSON Schema.
@Suite struct ECMAPatternTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var pattern: String
    var accepted: [String]
    var refused: [String]
    var testDescription: String { pattern }

    init(_ pattern: String, _ accepted: [String], not refused: [String]) {
      self.pattern = pattern
      self.accepted = accepted
      self.refused = refused
    }
  }

  static let cases: [Case] = [
    Case("", ["", "a"], not: []),
    Case("b", ["abc", "b"], not: ["", "ac"]),
    Case(
      "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", ["a", "a-b", "api-7"], not: ["", "-a", "a-", "A", "a\n", "a_b"]),
    Case("^[0-9a-f]{6}-(dev|test)$", ["abc123-dev", "000000-test"], not: ["abc123-prod", "abc12-dev"]),
    Case("^(?:a|ab)(?:c|bcd)$", ["ac", "abc", "abcd", "abbcd"], not: ["a", "abd"]),
    Case("a|^b|c$", ["xa", "bx", "xc"], not: ["xb", "cx", ""]),
    Case("^foo$", ["foo"], not: ["foo\n", "\nfoo", "foo\nfoo"]),
    Case(#"^\t\cJ\cj\x41\u0042\u{1F600}\uD83D\uDE00$"#, ["\t\n\nAB😀😀"], not: ["\t\n\nAB😀"]),
    Case(#"^\d$"#, ["7"], not: ["߀", "a"]),
    Case(#"^\D$"#, ["߀", "a"], not: ["7", "ab"]),
    Case(#"^\w\W$"#, ["_é", "a-"], not: ["éa", "aa"]),
    Case(
      #"^\s$"#, [" ", "\t", "\u{B}", "\u{FEFF}", "\u{A0}", "\n", "\u{2029}", "\u{2003}"],
      not: ["\u{1}", "\u{200B}"]),
    Case(#"^\S$"#, ["\u{1}", "é"], not: ["\u{FEFF}", "\u{2029}"]),
    Case("^.$", ["a", "é", "😀", "\u{85}"], not: ["", "\n", "\r", "\u{2028}", "\u{2029}", "ab"]),
    Case("^[^]$", ["\n", "a", "😀"], not: ["", "ab"]),
    Case("[]", [], not: ["", "a", "]"]),
    Case("^[^a-c]$", ["d", "\n", "é"], not: ["a", "c", ""]),
    Case("^🐲*$", ["", "🐲", "🐲🐲"], not: ["🐉", "🐲a"]),
    Case(#"\bword\b"#, ["a word.", "word"], not: ["sword", "words", "word_"]),
    Case(#"^a\Bb$"#, ["ab"], not: ["a"]),
    Case(#"^[\b]$"#, ["\u{8}"], not: ["b"]),
    Case(#"^\/a\-b\_c\@\.\"\%$"#, [#"/a-b_c@."%"#], not: ["a"]),
    Case(#"^[\w-.]+$"#, ["a-b.c"], not: ["a b", ""]),
    Case(#"^[a-\d]$"#, ["a", "-", "5"], not: ["b"]),
    Case("^{a}{,2}$", ["{a}{,2}"], not: ["aa"]),
    Case("^a]}$", ["a]}"], not: ["a"]),
    Case("^a{2}b{1,2}c{0,}$", ["aab", "aabbcc"], not: ["ab", "aabbb"]),
    Case("^(?<year>[0-9]{4})-(?<month>[0-9]{2})$", ["2026-08"], not: ["2026-8"]),
    Case("^(?i:straße)-x$", ["STRAẞE-x", "straße-x"], not: ["straße-X"]),
    Case("^(?s:.)$", ["\n"], not: [""]),
    Case(#"^\p{Letter}+$"#, ["aéЖ字"], not: ["a1", ""]),
    Case(#"^\p{digit}+$"#, ["42", "߀߁"], not: ["a"]),
    Case(#"^\p{Script=Greek}\p{Lu}\P{L}$"#, ["αA1"], not: ["aA1", "αa1", "αAa"]),
    Case(#"^[\p{gc=Nd}\p{Alphabetic}]+$"#, ["a1字"], not: ["-"]),
    Case(#"^\0$"#, ["\0"], not: ["0"]),
    Case("^(|a)+$", ["", "aaa"], not: ["b"]),
    Case("^[\\uD800-\\uDFFF]$", [], not: ["😀", "a"]),
    Case("(^a)*b$", ["ab", "b", "xb"], not: ["a"]),
    Case("a^", [], not: ["a", "aa"]),
    Case("$^", [""], not: ["a"]),
  ]

  @Test(arguments: cases)
  func matches(_ example: Case) throws {
    try expectMatches(example.pattern, .ecma262, accepted: example.accepted, refused: example.refused)
  }
}

/// Checks a pattern both as an automaton and as a simulation.
func expectMatches(
  _ source: String, _ dialect: Pattern.Dialect, accepted: [String], refused: [String]
) throws {
  let standard = try Pattern(source, dialect: dialect)
  var limits = PatternLimits.standard
  limits.automatonEntries = 0
  let simulated = try Pattern(source, dialect: dialect, limits: limits)
  #expect(standard.hasAutomaton, "\(source) should have an automaton")
  #expect(!simulated.hasAutomaton)
  for text in accepted {
    #expect(standard.matches(text), "\(source) should match \(text.debugDescription)")
    #expect(simulated.matches(text), "\(source), simulated, should match \(text.debugDescription)")
    #expect(standard.firstMatch(in: Array(text.utf8), from: 0) != nil)
  }
  for text in refused {
    #expect(!standard.matches(text), "\(source) should not match \(text.debugDescription)")
    #expect(!simulated.matches(text), "\(source), simulated, should not match \(text.debugDescription)")
    #expect(standard.firstMatch(in: Array(text.utf8), from: 0) == nil)
  }
}
