import Testing

@testable import CEL

/// What the tables cannot write: line breaks and control characters in literals, and between tokens.
@Suite struct LiteralTests {
  @Test(arguments: ["\n", "\r", "\r\n", "\u{7}", "\u{1}", "\u{7F}", "\t", "é", "🐱", "\u{2028}"])
  func charactersWithinTripleQuotes(_ text: String) throws {
    for quote in ["'''", "\"\"\""] {
      let literal = quote + " " + text + " " + quote
      #expect(try value(literal).isEqual(to: .string(" " + text + " ")))
      #expect(try value("r" + literal).isEqual(to: .string(" " + text + " ")))
      #expect(try value("b" + literal).isEqual(to: .bytes(Array((" " + text + " ").utf8))))
    }
  }

  @Test(arguments: ["\n", "\r", "\r\n"])
  func lineBreaksEndAPlainString(_ text: String) {
    for quote in ["'", "\"", "r'", "b\""] {
      let found = issues(quote + text + String(quote.suffix(1)))
      #expect(found.first?.issue.message == "this string does not end on its line")
    }
  }

  @Test func controlCharactersInPlainStrings() throws {
    let controls = (1...31).filter { $0 != 10 && $0 != 13 }.map { String(UnicodeScalar($0)) }.joined()
    #expect(try value("'" + controls + "'").isEqual(to: .string(controls)))
    #expect(try value("b\"" + controls + "\"").isEqual(to: .bytes(Array(controls.utf8))))
  }

  @Test(arguments: ["\n", "\r", "\r\n", " // comment\n", "// a\r// b\n"])
  func linesBetweenTokens(_ blank: String) throws {
    let tokens = [
      "[", "{", "'a'", ":", "int", "(", "17", ")", "}", ".", "a", "]", "[", "0", "]", "==", "18", "-", "1",
    ]
    #expect(try value(tokens.joined(separator: blank) + blank).isEqual(to: .bool(true)))
  }

  @Test func typesOfLiterals() throws {
    func same(_ text: String, _ expected: CELValue) throws -> Bool {
      let found = try value(text)
      return found.typeName == expected.typeName && found.isEqual(to: expected)
    }
    #expect(try same("0x1F", .int(31)))
    #expect(try same("-0x1f", .int(-31)))
    #expect(try same("0xFFFFFFFFFFFFFFFFu", .uint(.max)))
    #expect(try same("18446744073709551615U", .uint(.max)))
    #expect(try same("-9223372036854775808", .int(.min)))
    #expect(try same("1e3", .double(1000)))
    #expect(try same(".5", .double(0.5)))
    #expect(try same("'\\u00e9\\xe9\\351\\U0001F431\\ud83d\\udc31'", .string("ééé🐱🐱")))
    #expect(try same("b'\\xe9\\351é'", .bytes([0xE9, 0xE9, 0xC3, 0xA9])))
    #expect(try same("br'\\n'", .bytes(Array("\\n".utf8))))
    #expect(!issues("rb'a'").isEmpty && !issues("0XFF").isEmpty)
    #expect(try same("''''a' b'''", .string("'a' b")))
  }

  @Test func stringsAreComparedByCodePoint() throws {
    let variables: [String: CELValue] = ["a": .string("e\u{301}"), "b": .string("\u{e9}")]
    #expect(
      try value("a == b || a in [b] || a in {b: 1} || {a: 1, b: 2}.size() != 2", variables).isEqual(
        to: .bool(false)))
    #expect(
      try value("size(a) == 2 && size(b) == 1 && a < b && a.startsWith('e') && !a.endsWith('e')", variables)
        .isEqual(to: .bool(true)))
  }
}
