import Testing

@testable import Patterns

/// What is refused, where, and in which words.
@Suite struct PatternErrorTests {
  @Test(arguments: [
    ("a(?=b)", 1, "a lookahead (?=…) needs backtracking"),
    ("(?!b)", 0, "a lookahead (?!…) needs backtracking"),
    ("é(?<=b)", 2, "a lookbehind (?<=…) needs backtracking"),
    ("(?<!b)", 0, "a lookbehind (?<!…) needs backtracking"),
    (#"(a)\1"#, 3, #"a backreference \1 needs backtracking"#),
    (#"(?<n>a)\k<n>"#, 7, "needs backtracking"),
    ("(?>a)", 0, "an atomic group"),
    ("(?i)a", 0, "write (?i:…)"),
    ("(?m:a)", 0, "starts no group that is known"),
    ("(?P<n>a)", 0, "(?<name>…)"),
    ("(?#c)", 0, "comments"),
    ("ab)", 2, "closes no group"),
    ("a(b", 1, "never closed"),
    ("a[b", 1, "never closed"),
    ("a[z-a]", 2, "the range z-a has its greater character first"),
    ("*a", 0, "* has nothing before it to repeat"),
    ("a|+", 2, "+ has nothing before it"),
    ("({2})", 1, "{2} has nothing before it"),
    ("a**", 2, "* repeats what * already repeats"),
    ("a{2}{3}", 4, "{3} repeats what {2} already repeats"),
    ("a*?+", 3, "+ repeats what *? already repeats"),
    ("^*", 1, "repeats a condition"),
    ("a{1001}", 1, "repeats more than 1000 times"),
    ("a{0,99999999999999999999}", 1, "repeats more than 1000 times"),
    ("a{3,2}", 1, "{3,2} has its smaller count last"),
    ("a\\", 1, "ends in a single"),
    (#"a\Z"#, 1, "write $ for the end"),
    (#"\A"#, 0, "write ^ for the start"),
    (#"\a"#, 0, #"\a means nothing in ECMA-262"#),
    (#"[\B]"#, 1, #"\B means nothing"#),
    (#"\c1"#, 0, "needs a letter"),
    (#"\x4"#, 0, "two hexadecimal digits"),
    (#"\u12"#, 0, "four hexadecimal digits"),
    (#"\u{110000}"#, 0, "beyond the last character"),
    (#"\u{}"#, 0, "hexadecimal digits only"),
    (#"\01"#, 0, "no octal"),
    (#"\p{Nothing}"#, 0, "no character property Nothing is known"),
    (#"\pL"#, 0, "needs a property in braces"),
    (#"\p{L"#, 0, "never closed by }"),
    ("(?<a>x)(?<a>y)", 7, "two groups are named a"),
    ("(?<1>x)", 0, "the name of this group"),
    ("(?<a", 0, "the name of this group"),
    ("(?", 0, "starts no group"),
  ])
  func refusedInECMA(pattern: String, offset: Int, message: String) {
    expectRefusal(pattern, .ecma262, offset: offset, message: message)
  }

  @Test(arguments: [
    ("a(?=b)", 1, "a lookahead (?=…) needs backtracking"),
    ("(?P<n>a)(?P=n)", 8, "a backreference (?P=…) needs backtracking"),
    (#"(a)\1"#, 3, "needs backtracking"),
    (#"\8"#, 0, "needs backtracking"),
    (#"a\C"#, 1, "can split a character"),
    (#"\Z"#, 0, #"write \z"#),
    (#"\u0041"#, 0, #"\u means nothing in RE2"#),
    (#"\é"#, 0, "means nothing in RE2"),
    (#"\E"#, 0, "has no \\Q"),
    (#"[\b]"#, 1, #"\b means nothing in RE2"#),
    (#"[a-\d]"#, 1, "ends in a class"),
    ("[[:nope:]]", 1, "no class [:nope:] is known"),
    (#"\p{Letter}"#, 0, "no character property Letter"),
    ("[]", 0, "never closed"),
    ("(?z)", 0, "starts no group that is known"),
    ("(?i-)", 0, "starts no group that is known"),
    ("(?i", 0, "starts no group that is known"),
    ("x{1001}", 1, "repeats more than 1000 times"),
    ("(?:x{50}){50}", 4, "repeat more than 1000 times together"),
    (#"\x{}"#, 0, "hexadecimal digits only"),
    (#"\Q*"# + #"\E**"#, 6, "already repeats"),
  ])
  func refusedInRE2(pattern: String, offset: Int, message: String) {
    expectRefusal(pattern, .re2, offset: offset, message: message)
  }

  @Test func tooDeep() {
    let deep = String(repeating: "(", count: 250) + "a" + String(repeating: ")", count: 250)
    #expect(throws: Never.self) { try Pattern(deep, dialect: .re2) }
    expectRefusal("(" + deep + ")", .re2, offset: 250, message: "nest deeper than 250")
    expectRefusal(String(repeating: "(", count: 1_000_000), .re2, offset: 250, message: "nest deeper")
  }

  @Test func tooLarge() {
    expectRefusal("((a{100}){100}){100}", .ecma262, offset: 3, message: "too large")
    // Nothing but visits to empty nodes.
    expectRefusal("(((){1000}){1000}){1000}", .ecma262, offset: 4, message: "too large")
    expectRefusal("a" + #"\p{L}{1000}"#, .ecma262, offset: 6, message: "too large")
    expectRefusal(String(repeating: "a", count: 300_000), .re2, offset: 200_000, message: "too large")
    expectRefusal(String(repeating: #"\pL"#, count: 50_000), .re2, offset: nil, message: "too large")
  }

  private func expectRefusal(
    _ source: String, _ dialect: Pattern.Dialect, offset: Int?, message: String
  ) {
    do throws(PatternError) {
      _ = try Pattern(source, dialect: dialect)
      Issue.record("\(source.prefix(60)) should be refused")
    } catch {
      if let offset { #expect(error.offset == offset, "\(source.prefix(60)): \(error)") }
      #expect(error.message.contains(message), "\(source.prefix(60)): \(error)")
    }
  }
}
