import Testing

@testable import Patterns

/// What a pattern matches in the dialect of RE2, and where.
@Suite struct RE2PatternTests {
  static let cases: [ECMAPatternTests.Case] = [
    .init("foobar", ["foobar", "a foobar"], not: ["hubba", ""]),
    .init("(?i)foo(?-i)bar", ["FOObar", "foobar"], not: ["fooBAR"]),
    .init("(?i:a)b", ["Ab"], not: ["AB"]),
    .init("(a(?i)b)c", ["aBc"], not: ["aBC", "Abc"]),
    .init("(?i)^[k]ſ$", ["Ks", "kS", "\u{212A}ſ"], not: ["k"]),
    .init("(?i)^[^k]$", ["a"], not: ["k", "K", "\u{212A}"]),
    .init("(?i)^σ$", ["σ", "ς", "Σ"], not: ["s"]),
    .init("(?i)^ﬅ$", ["ﬆ"], not: ["st"]),
    .init("(?i)^i$", ["i", "I"], not: ["ı", "İ"]),
    .init("(?i)^ᾀ$", ["ᾀ", "ᾈ"], not: ["ἀ"]),
    .init(#"(?i)^\p{Lu}$"#, ["a", "A"], not: ["1"]),
    .init("(?m)^b$", ["a\nb\nc", "b"], not: ["ab", "b\r"]),
    .init(#"(?m)\Ab\z"#, ["b"], not: ["a\nb", "b\n"]),
    .init("(?s)^a.b$", ["a\nb"], not: ["ab"]),
    .init("^a.b$", ["a\rb", "a\u{2028}b"], not: ["a\nb"]),
    .init("(?ims-U)^A$", ["x\na\ny"], not: ["xa"]),
    .init("^(?P<a>x)(?<b>y)$", ["xy"], not: ["x"]),
    .init(#"^\Qa.b*\E$"#, ["a.b*"], not: ["a.b", "axbb"]),
    .init(#"^\Qab\E*$"#, ["a", "abb"], not: ["abab"]),
    .init(#"^x\Q\Ey\Q[$"#, [], not: ["xy["]),
    .init(#"^x\Q\Ey\Q["#, ["xy["], not: ["xy"]),
    .init(#"^[[:alpha:]]+[[:^digit:][:space:]]$"#, ["ab-", "a\t"], not: ["a1", "é-"]),
    .init(#"^[[:word:]-]+$"#, ["a_-9"], not: ["é"]),
    .init("^[[:]$", [":", "["], not: ["a"]),
    .init(#"^\pL\p{Lu}\PN\p{^Lu}\p{Han}\p{Cyrillic}\p{Any}$"#, ["aBca字Ж!"], not: ["aBcA字Ж!", "aB1a字Ж!"]),
    .init("^[]a]+$", ["]a"], not: ["b"]),
    .init("^[^]a]$", ["b"], not: ["]", "a"]),
    .init("^[a-]$", ["-", "a"], not: ["b"]),
    .init(#"^\x41\x{1F600}\101\a\f\v\0$"#, ["A😀A\u{7}\u{C}\u{B}\0"], not: ["A"]),
    .init(#"^\s$"#, [" ", "\n", "\u{C}"], not: ["\u{B}", "\u{A0}"]),
    .init("^*a", ["a", "ba"], not: ["b"]),
    .init("(?:^|,)a(?:,|$)", ["a", "b,a,c", "b,a"], not: ["ba", "ab"]),
    .init(#"\B"#, ["ab", "", "é"], not: ["aéb", "a"]),
    .init("a{,2}", ["a{,2}"], not: ["aa"]),
    .init("^(a+)+$", ["aaaa"], not: ["aaaab"]),
    .init("[^\u{0}-\u{10FFFF}]", [], not: ["a", ""]),
  ]

  @Test(arguments: cases)
  func matches(_ example: ECMAPatternTests.Case) throws {
    try expectMatches(example.pattern, .re2, accepted: example.accepted, refused: example.refused)
  }

  @Test(arguments: [
    ("a+", "baaab", 0, 1..<4),
    ("a+", "baaab", 2, 2..<4),
    ("a+?", "baaab", 0, 1..<2),
    ("(?U)a+", "baaab", 0, 1..<2),
    ("(?U)a+?", "baaab", 0, 1..<4),
    ("a|ab", "ab", 0, 0..<1),
    ("ab|a", "ab", 0, 0..<2),
    ("x*", "baaab", 0, 0..<0),
    ("b$", "bab", 0, 2..<3),
    (#"\b"#, "é ab", 0, 3..<3),
    ("", "é", 1, 2..<2),
    ("é", "aéb", 0, 1..<3),
    ("a{2,3}", "aaaa", 0, 0..<3),
    ("a{2,3}?", "aaaa", 0, 0..<2),
    ("(|a)*", "aa", 0, 0..<0),
    ("(|a)+", "aa", 0, 0..<0),
    ("(?:a*)*", "aab", 0, 0..<2),
    (#"[a-z]+\.example"#, "see api.example now", 0, 4..<15),
  ])
  func firstMatch(pattern: String, text: String, from: Int, range: Range<Int>) throws {
    #expect(try Pattern(pattern, dialect: .re2).firstMatch(in: Array(text.utf8), from: from) == range)
  }

  @Test(arguments: [("^a", "aa", 1), ("a", "aa", 2), ("a", "aa", 3), ("a", "aa", -1), (#"\bb"#, "ab", 1)])
  func noMatchFrom(pattern: String, text: String, from: Int) throws {
    #expect(try Pattern(pattern, dialect: .re2).firstMatch(in: Array(text.utf8), from: from) == nil)
  }

  /// Text that is not UTF-8 matches as far as it is, and never traps.
  @Test func invalidText() throws {
    let pattern = try Pattern("^.$", dialect: .re2)
    let byteStrings: [[UInt8]] = [
      [0xFF], [0xC3], [0xC3, 0x28], [0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xC0, 0x80],
    ]
    for bytes in byteStrings {
      #expect(!bytes.withUnsafeBufferPointer { pattern.matches($0) }, "\(bytes)")
      #expect(pattern.firstMatch(in: bytes, from: 0) == nil)
    }
    #expect(try Pattern("b", dialect: .re2).firstMatch(in: [0xFF, 0x80, 0x62], from: 0) == 2..<3)
  }

  /// Every character is in the set of its general category and in no other, whatever the length of its encoding.
  @Test func everyScalarOnce() throws {
    let names: [(Unicode.GeneralCategory, String)] = [
      (.uppercaseLetter, "Lu"), (.lowercaseLetter, "Ll"), (.titlecaseLetter, "Lt"), (.modifierLetter, "Lm"),
      (.otherLetter, "Lo"), (.nonspacingMark, "Mn"), (.decimalNumber, "Nd"), (.otherPunctuation, "Po"),
      (.otherSymbol, "So"), (.privateUse, "Co"), (.unassigned, "Cn"), (.format, "Cf"),
    ]
    let patterns = try names.map { try Pattern("^\\p{\($0.1)}$", dialect: .ecma262) }
    var wrong: [UInt32] = []
    for value: UInt32 in 0...0x10FFFF {
      guard let scalar = Unicode.Scalar(value) else { continue }
      // The unassigned and private planes by sample.
      if value >= 0x40000, value % 251 != 0, value & 0xFFFF < 0xFFF0, value & 0xFFFF > 0x10 { continue }
      let category = scalar.properties.generalCategory
      let text = String(scalar)
      for (name, pattern) in zip(names, patterns) where pattern.matches(text) != (name.0 == category) {
        wrong.append(value)
      }
    }
    #expect(wrong.isEmpty, "\(wrong.prefix(10))")
  }
}
