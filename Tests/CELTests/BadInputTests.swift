import Testing

@testable import CEL

/// What is said, and where, of expressions that are wrong.
@Suite struct BadInputTests {
  static let connection = CELRecordType(
    name: "Connection",
    fields: [
      ("name", .string), ("from", .list(.record(endpoint))), ("to", .record(endpoint)),
      ("ports", .list(.int)), ("labels", .map(key: .string, value: .string)), ("owner", .nullable(.string)),
      ("x-note", .string), ("namespace", .string),
    ])
  static let endpoint = CELRecordType(
    name: "Endpoint", fields: [("namespace", .string), ("service", .string), ("port", .int)])

  struct Refusal: Sendable, CustomTestStringConvertible {
    let text: String
    let at: String
    let message: String
    var help: String?
    var testDescription: String { text }
  }

  @Test(arguments: [
    Refusal(text: "", at: "", message: "the expression is empty"),
    Refusal(text: "  // nothing", at: "", message: "the expression is empty"),
    Refusal(text: "(1 + 2", at: "(", message: "'(' is not closed", help: "add ')'"),
    Refusal(text: "[1, 2", at: "[", message: "'[' is not closed"),
    Refusal(text: "{'a': 1", at: "{", message: "'{' is not closed"),
    Refusal(text: "self.name)", at: ")", message: "')' where an operator or the end"),
    Refusal(text: "1 +", at: "", message: "the end of the expression where a value is expected"),
    Refusal(text: "'abc", at: "'abc", message: "this string does not end", help: "closing quote"),
    Refusal(text: "'a\nb'", at: "'a", message: "does not end on its line", help: "three quotes"),
    Refusal(text: "self.name = 'a'", at: "=", message: "'=' is not part of the language", help: "'=='"),
    Refusal(text: "a & b", at: "&", message: "not part of the language", help: "'&&'"),
    Refusal(text: "${self}", at: "$", message: "not part of the language", help: "without '$'"),
    Refusal(text: "'\\q'", at: "\\q", message: "is not an escape", help: "backslash"),
    Refusal(text: "'\\ud800'", at: "\\ud800", message: "not a Unicode code point"),
    Refusal(text: "9223372036854775808", at: "9223372036854775808", message: "beyond the range of int"),
    Refusal(text: "18446744073709551616u", at: "18446744073709551616u", message: "beyond the range"),
    Refusal(text: "1e999", at: "1e999", message: "beyond the range of double"),
    Refusal(text: "12abc", at: "12abc", message: "is not a number"),
    Refusal(text: "for", at: "for", message: "reserved word"),
    Refusal(text: "Pod{name: 'a'}", at: "Pod", message: "objects of a named type", help: "map"),
    Refusal(text: "has(self)", at: "self", message: "has() asks for a field"),
    Refusal(text: "self.ports.all(1, true)", at: "1", message: "simple name"),
    Refusal(text: "self.ports.all(x, x, true)", at: "x", message: "same name"),
    Refusal(text: "slef.name", at: "slef", message: "unknown variable 'slef'", help: "did you mean 'self'?"),
    Refusal(text: "zzzzzz", at: "zzzzzz", message: "unknown variable", help: "the variables are: self"),
    Refusal(
      text: "self.to.namespce", at: "namespce", message: "Endpoint has no field 'namespce'",
      help: "did you mean 'namespace'? (its fields are: namespace, service, port)"),
    Refusal(text: "self.from.exists(f, f.nmespace == 'a')", at: "nmespace", message: "Endpoint has no field"),
    Refusal(text: "has(self.spec)", at: "spec", message: "has no field 'spec'"),
    Refusal(text: "self.name.size", at: "size", message: "a string has no fields"),
    Refusal(
      text: "self.name + 1", at: "+", message: "'+' cannot be applied to string and int", help: "string(…)"),
    Refusal(text: "self.ports + 1", at: "+", message: "list(int) and int"),
    Refusal(text: "1 + 1u", at: "+", message: "int and uint", help: "int(…)"),
    Refusal(text: "self.name == 1", at: "==", message: "string and int", help: "convert"),
    Refusal(text: "self.name == null", at: "==", message: "string and null", help: "has(…)"),
    Refusal(text: "self.name && true", at: "self.name", message: "this is a string where a bool is needed"),
    Refusal(text: "self.name ? 1 : 2", at: "self.name", message: "a bool is needed"),
    Refusal(text: "true ? 1 : 'a'", at: "'a'", message: "different types: int and string", help: "dyn(…)"),
    Refusal(text: "self.ports['a']", at: "'a'", message: "this is a string where an int is needed"),
    Refusal(text: "self.labels[1]", at: "1", message: "the keys of this map are string, not int"),
    Refusal(text: "self['name']", at: "'name'", message: "cannot be indexed", help: "'.'"),
    Refusal(text: "self.name[0]", at: "self.name", message: "a string cannot be indexed"),
    Refusal(text: "self.map(x, x)", at: "self", message: "an object with fields, not a list or map"),
    Refusal(text: "self.name.all(x, true)", at: "self.name", message: "this is a string, not a list or map"),
    Refusal(text: "self.ports.all(p, p)", at: "p", message: "this is an int where a bool is needed"),
    Refusal(
      text: "self.ports.filter(p)", at: "filter", message: "unknown method 'filter'", help: "number of arg"),
    Refusal(
      text: "self.name.startWith('a')", at: "startWith", message: "unknown method", help: "'startsWith'"),
    Refusal(text: "startsWith('a')", at: "startsWith", message: "unknown function", help: "is a method"),
    Refusal(text: "len([1])", at: "len", message: "unknown function", help: "that is 'size' here"),
    Refusal(text: "siez([1])", at: "siez", message: "unknown function 'siez'", help: "'size'"),
    Refusal(
      text: "math.gratest(1)", at: "math.gratest", message: "unknown function", help: "'math.greatest'"),
    Refusal(text: "self.name.startsWith()", at: "startsWith", message: "takes 1 argument, not 0"),
    Refusal(text: "self.name.matches('[')", at: "'['", message: "this regular expression is wrong"),
    Refusal(
      text: "self.from.namespace", at: "namespace", message: "a list(Endpoint) has no fields",
      help: ".map(e, "),
    Refusal(text: "self.from.size", at: "size", message: "has no fields", help: "'size()'"),
    Refusal(text: "self.name.length()", at: "length", message: "unknown method", help: "that is 'size' here"),
    Refusal(
      text: "self.name.contains(1)", at: "contains", message: "string and int",
      help: "string.contains(string)"),
    Refusal(text: "{name: 1}", at: "name", message: "unknown variable 'name'", help: "in quotes"),
    Refusal(text: "self.name and true", at: "and", message: "an operator or the end", help: "'&&'"),
    Refusal(text: "not self.name", at: "self", message: "an operator or the end", help: "'!'"),
    Refusal(text: "{1.5: 'a'}", at: "1.5", message: "a double cannot be a key"),
    Refusal(text: "[?1]", at: "1", message: "this is an int where an optional is needed"),
    Refusal(text: "self.?name + 'x'", at: "+", message: "optional(string) and string", help: "orValue"),
    Refusal(text: "a.`b\u{7}`", at: "\u{7}", message: "a name in backticks"),
  ])
  func refused(_ expected: Refusal) throws {
    let found = issues(expected.text, ["self": .record(Self.connection)])
    let first = try #require(found.first)
    #expect(first.at == expected.at)
    #expect(first.issue.message.contains(expected.message), "\(first.issue.message)")
    if let help = expected.help {
      #expect(first.issue.help?.contains(help) == true, "\(first.issue.help ?? "none")")
    }
    #expect(!first.issue.message.hasSuffix("."))
  }

  @Test func allTypeErrorsAtOnceInTheOrderOfTheText() {
    let text = "self.nme == 'a' && self.prots[0] > 1 && foo(bar)"
    let found = issues(text, ["self": .record(Self.connection)])
    #expect(found.map(\.at) == ["nme", "prots", "foo", "bar"])
  }

  @Test func oneMistakeIsOneFinding() {
    #expect(issues("self.from.map(f, f.port, f.port, 1)", ["self": .record(Self.connection)]).count == 1)
    #expect(
      issues("self.nme.size() + 1 == 2 && self.nme.x.y[0]", ["self": .record(Self.connection)]).count == 2)
  }

  @Test func theResultHasTheTypeThatIsAskedFor() {
    #expect(issues("'a'", expecting: .bool).first?.issue.message == "this is a string where a bool is needed")
    #expect(issues("dyn('a')", expecting: .bool).isEmpty)
  }

  @Test func fieldsThatAreNoIdentifiers() throws {
    let fields: [String: CELType] = ["self": .record(Self.connection)]
    #expect(issues("self.x__dash__note == 'a'", fields).isEmpty)
    #expect(issues("self.`x-note` == 'a'", fields).isEmpty)
    #expect(issues("self.__namespace__ == self.namespace", fields).isEmpty)
    #expect(issues("self.owner == null || self.owner.startsWith('a')", fields).isEmpty)
    let environment = CELEnvironment(variables: fields)
    let expression = try CELExpression.compile("self.x__dash__note", in: environment)
    let bindings = environment.bindings(["self": .object([("x-note", .string("v"))])])
    #expect(try expression.evaluate(bindings).isEqual(to: .string("v")))
    #expect(expression.paths == [["self", "x-note"]])
  }

  @Test func objectsMayHaveMoreFieldsThanAreDeclared() {
    let open = CELRecordType(name: "Open", fields: [("a", .int)], otherFields: .string)
    let types: [String: CELType] = ["x": .record(open)]
    #expect(issues("x.a + 1 == 2 && x.b.startsWith('c')", types).isEmpty)
    #expect(issues("x.b + 1", types).count == 1)
  }

  struct Fault: Sendable, CustomTestStringConvertible {
    let text: String
    let at: String
    let message: String
    var testDescription: String { text }
  }

  @Test(arguments: [
    Fault(text: "1 + 6 / (x - x)", at: "6 / (x - x)", message: "divide by zero"),
    Fault(
      text: "quantity('1e27').divInt(quantity('1n')).sign()", at: "quantity('1e27').divInt(quantity('1n'))",
      message: "overflow"),
    Fault(text: "list[3]", at: "list[3]", message: "index out of range: 3 in a list of 2"),
    Fault(text: "map.missing", at: "missing", message: "no such key: 'missing'"),
    Fault(text: "map['missing\\n']", at: "map['missing\\n']", message: "no such key: 'missing\\u{a}'"),
    Fault(text: "x.field", at: "field", message: "an int has no field 'field'"),
    Fault(text: "x + list", at: "x + list", message: "'+' cannot be applied to int and list"),
    Fault(text: "list.all(e, e)", at: "e", message: "this is an int, not a bool"),
    Fault(text: "x.all(e, true)", at: "x", message: "no elements to visit"),
    Fault(text: "'a'.matches(text)", at: "'a'.matches(text)", message: "regular expression"),
    Fault(text: "unset", at: "unset", message: "the variable 'unset' has no value here"),
  ])
  func failed(_ expected: Fault) throws {
    let types: [String: CELType] = ["x": .dyn, "list": .dyn, "map": .dyn, "text": .dyn, "unset": .dyn]
    let environment = CELEnvironment(variables: types)
    let values: [String: CELValue] = [
      "x": .int(1), "list": .list([.int(1), .int(2)]), "map": .object([("a", .int(1))]), "text": .string("("),
    ]
    let expression = try CELExpression.compile(expected.text, in: environment)
    let error = try #require(throws: CELError.self) { try expression.evaluate(environment.bindings(values)) }
    #expect(excerpt(expected.text, error.range) == expected.at)
    #expect(error.message.contains(expected.message), "\(error.message)")
  }
}
