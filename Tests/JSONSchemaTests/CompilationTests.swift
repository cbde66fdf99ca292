import Diagnostics
import Testing
import YAMLTree

@testable import JSONSchema

/// What compiling refuses, and what it survives.
@Suite struct CompilationTests {
  @Test(arguments: [
    ("{$ref: '#/definitions/a'}", ["1:8 '$ref' leads to '#/definitions/a', but nothing is there"]),
    (
      "{$ref: 'http://example.com/a#'}",
      ["1:8 '$ref' leads to 'http://example.com/a', which is not among the known schemas"]
    ),
    ("{$ref: '#name'}", ["1:8 '$ref' leads to '#name', but no schema has that '$id'"]),
    ("{$ref: '#'}", ["1:1 the schema refers to itself without end"]),
    (
      "{allOf: [{$ref: '#/definitions/a'}], definitions: {a: {anyOf: [{$ref: '#'}]}}}",
      ["1:1 the schema refers to itself without end"]
    ),
    ("{type: int}", ["1:8 'int' is not a type"]),
    ("{properties: {a: 5}}", ["1:18 a schema must be a mapping, true or false, but this is an integer"]),
    ("{minLength: -1}", ["1:13 'minLength' must be a count"]),
    ("{minimum: a}", ["1:11 'minimum' must be a number"]),
    ("{enum: a}", ["1:8 'enum' must be a list of values"]),
    ("{required: a}", ["1:12 'required' must be a list of names"]),
    ("{anyOf: []}", ["1:9 'anyOf' must be a list of schemas"]),
    ("{type: int, minimum: a}", ["1:8 'int' is not a type", "1:22 'minimum' must be a number"]),
  ])
  func faults(text: String, expected: [String]) throws {
    let error = #expect(throws: SchemaCompilationError.self) { try compiled(text) }
    let found = error?.faults.map { fault in
      let place = fault.node.range.startPosition
      return "\(place.line):\(place.column) \(fault.message)"
    }
    #expect(found == expected)
  }

  @Test func patternsThatNeedBacktracking() throws {
    let error = #expect(throws: SchemaCompilationError.self) { try compiled(#"{pattern: '(?=a)b'}"#) }
    #expect(error?.faults.first?.message.hasPrefix("the pattern cannot be used: ") == true)
    #expect(error?.faults.first?.node.range.start == 10)
  }

  @Test func deepInPlaceNestingIsRefused() throws {
    var text = "{}"
    for _ in 0..<60 { text = "{allOf: [\(text)]}" }
    #expect(try compiled(text).isValid(parsed("1")))
    var links = "{$ref: '#/definitions/a0', definitions: {"
    for number in 0..<500 { links += "a\(number): {$ref: '#/definitions/a\(number + 1)'}, " }
    links += "a500: {}}}"
    #expect(throws: SchemaCompilationError.self) { try compiled(links) }
  }

  @Test func recursionOverDataIsFine() throws {
    let schema = try compiled("{type: object, additionalProperties: {$ref: '#'}}")
    var text = "{}"
    for _ in 0..<100 { text = "{a: \(text)}" }
    #expect(schema.isValid(try parsed(text)))
    #expect(!schema.isValid(try parsed("{a: {b: 1}}")))
  }

  /// Two ways at each of 60 levels: 2⁶⁰ combinations are given up, with a message.
  @Test func tooManyCombinationsEnd() throws {
    let schema = try compiled(
      "{anyOf: [{properties: {a: {$ref: '#'}}, required: [a]}, {properties: {a: {$ref: '#'}}, required: [a]}]}"
    )
    var text = "1.5"
    for _ in 0..<60 { text = "{a: \(text)}" }
    var bad = "{}"
    for _ in 0..<60 { bad = "{a: \(bad)}" }
    #expect(schema.isValid(try parsed(text)))
    let messages = schema.validate(try parsed(bad)).map { ViolationText($0).message }
    #expect(messages.last == "the document cannot be checked: the schema tries too many combinations")
  }

  @Test func moreThan64RequiredNames() throws {
    let names = (0..<100).map { "n\($0)" }
    let schema = try compiled("{required: [\(names.joined(separator: ", "))]}")
    let all = names.map { "\($0): 1" }
    #expect(schema.isValid(try parsed("{\(all.joined(separator: ", "))}")))
    for missing in [0, 63, 64, 99] {
      var some = all
      some.remove(at: missing)
      let messages = schema.validate(try parsed("{\(some.joined(separator: ", "))}"))
        .map { ViolationText($0).message }
      #expect(messages == ["missing required field 'n\(missing)'"])
    }
  }

  @Test func longListsOfUniqueItems() throws {
    let schema = try compiled("{uniqueItems: true}")
    let items = (0..<2000).map { "{a: \($0), b: [\($0)]}" }
    #expect(schema.isValid(try parsed("[\(items.joined(separator: ", "))]")))
    let twice = (items + ["{b: [7.0], a: 7}"]).joined(separator: ", ")
    #expect(!schema.isValid(try parsed("[\(twice)]")))
    #expect(schema.validate(try parsed("[\(twice)]")).map(\.path.rendered) == ["[2000]"])
  }

  @Test(arguments: [
    ("1.0", "1", false, false), ("1e3", "1000", false, false), ("0.1", "0.10", false, false),
    ("-2", "1", true, false), ("1", "-2", false, true), ("1e400", "2e400", true, false),
    ("0.0001", "0.001", true, false), ("-1.5", "-1.25", true, false), ("0", "-0.0", false, false),
    ("123456789012345678901234567890", "123456789012345678901234567891", true, false),
  ])
  func exactComparison(a: String, b: String, isLess: Bool, isGreater: Bool) throws {
    let x = try #require(ExactNumber(text: a.utf8))
    let y = try #require(ExactNumber(text: b.utf8))
    #expect((x < y) == isLess)
    #expect((y < x) == isGreater)
  }

  @Test(arguments: [
    ("1e308", "0.123456789", false), ("1e308", "0.5", true), ("0.3", "0.1", true), ("1", "3", false),
    ("9007199254740993", "3", true), ("9007199254740993", "2", false), ("1e-9", "1e-10", true),
    ("1e-10", "1e-9", false), ("100", "0.01", true), ("0", "7", true),
  ])
  func exactMultiples(value: String, divisor: String, isMultiple: Bool) throws {
    let x = try #require(ExactNumber(text: value.utf8))
    let y = try #require(ExactNumber(text: divisor.utf8))
    #expect(x.isMultiple(of: y) == isMultiple)
  }

  @Test(arguments: [
    ("http://a/b/c/d;p?q", "../g", "http://a/b/g"), ("http://a/b/c/d;p?q", "./g/.", "http://a/b/c/g/"),
    ("http://a/b/c/d;p?q", "/g", "http://a/g"), ("http://a/b/c/d;p?q", "//g", "http://g"),
    ("http://a/b/c/d;p?q", "?y", "http://a/b/c/d;p?y"), ("http://a/b/c/d;p?q", "", "http://a/b/c/d;p?q"),
    ("http://a/b/c/d;p?q", "../../../g", "http://a/g"), ("http://a/b/c/d;p?q", "g:h", "g:h"),
    ("http://a", "g", "http://a/g"), ("urn:uuid:1", "#/a", "urn:uuid:1"), ("", "a/b", "a/b"),
  ])
  func referencesResolve(base: String, reference: String, expected: String) {
    #expect(URIReference(base).resolving(URIReference(reference)).withoutFragment == expected)
  }
}
