import TestSupport
import Testing

@testable import CEL

/// Bounds: nothing hangs, nothing exhausts the stack or the memory.
@Suite struct LimitTests {
  /// A million numbers that take no memory.
  struct Numbers: CELList {
    let count: Int
    func element(at index: Int) -> CELValue { .int(Int64(index)) }
  }

  /// An object that contains itself.
  struct Cycle: CELObject {
    let count = 1
    var keys: [CELValue] { [.string("self")] }
    func field(named name: String) -> CELValue? { name == "self" ? .map(self) : nil }
  }

  private func error(_ text: String, _ variables: [String: CELValue] = [:]) -> CELError? {
    do {
      _ = try value(text, variables)
      return nil
    } catch {
      return error as? CELError
    }
  }

  @Test(arguments: ["numbers.all(x, x >= 0)", "numbers.map(x, x)", "numbers.exists(x, x / 0 == 1)"])
  func aMillionElementsAreTooMany(_ text: String) throws {
    let error = try #require(self.error(text, ["numbers": .list(Numbers(count: 1_000_001))]))
    #expect(error.kind == .budget)
    #expect(error.message == "the evaluation needs more than 1000000 steps, the most that is allowed")
  }

  /// The same with a smaller budget, for everything that visits elements.
  @Test(arguments: [
    "numbers.exists(x, x < 0)", "numbers.filter(x, true)", "numbers.exists_one(x, x == 1)",
    "numbers.all(x, x < 0 || x / 0 == 1)", "numbers.transformMap(i, x, x)", "numbers.sortBy(x, -x)",
    "false && numbers.all(x, true) || numbers.all(x, true)", "numbers == numbers.map(x, x)", "-1 in numbers",
    "lists.range(10000000)", "numbers + numbers", "numbers.distinct()", "sets.contains(numbers, numbers)",
    "numbers.indexOf(-1)", "numbers.sum()", "numbers.max()", "numbers.isSorted()", "numbers.reverse()",
    "numbers.sort()", "numbers.flatten(1)", "math.greatest(numbers)", "'%s'.format([numbers])",
    "[1,2,3,4,5,6,7,8,9,10].map(a, [1,2,3,4,5,6,7,8,9,10].map(b, [1,2,3,4,5,6,7,8,9,10].map(c, a + b + c)))",
  ])
  func everyVisitIsCounted(_ text: String) throws {
    var limits = CELLimits()
    limits.steps = 1000
    let environment = CELEnvironment(variables: ["numbers": .dyn], limits: limits)
    let expression = try CELExpression.compile(text, in: environment)
    let bindings = environment.bindings(["numbers": .list(Numbers(count: 1001))])
    let error = try #require(throws: CELError.self) { try expression.evaluate(bindings) }
    #expect(error.kind == .budget)
  }

  @Test(arguments: [
    "cel.bind(a, 'aaaaaaaaaa', cel.bind(b, a.replace('a', a), cel.bind(c, b.replace('a', b), cel.bind(d, c.replace('a', c), d.replace('a', d)))))",
    "lists.range(40).map(x, 'a').join(lists.range(100000).map(x, 'aaaaaaaaaa').join('aaaaaaaaaaaaaaaa'))",
    "cel.bind(a, lists.range(40000).map(y, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa').join(), '%s'.format([[1, 2, 3].map(x, [1, 2, 3, 4].map(x, a))]))",
  ])
  func textsDoNotExplode(_ text: String) {
    #expect(error(text)?.kind == .budget)
  }

  /// Lists that hold the one before twice: 2^60 elements in 60 lists.
  @Test(arguments: ["l60 == l60", "[l60].flatten(100).size()", "'%s'.format([l60])", "l60", "l60 in [l60]"])
  func sharedListsDoNotExplode(_ end: String) {
    var text = end
    for level in (1...60).reversed() {
      text = "cel.bind(l\(level), [dyn(l\(level - 1)), l\(level - 1)], \(text))"
    }
    #expect(error("cel.bind(l0, [1], \(text))")?.kind == .budget)
  }

  @Test func cyclesOfTheHost() {
    let cycle = CELValue.map(Cycle())
    #expect(error("c == d", ["c": cycle, "d": cycle])?.message == "this value is nested too deeply")
    #expect(error("'%s'.format([c])", ["c": cycle])?.message == "this value is nested too deeply")
  }

  @Test func aBudgetOfOnesOwn() throws {
    var limits = CELLimits()
    limits.steps = 10
    #expect(throws: CELError.self) { try value("[1,2,3,4,5,6,7,8,9,10,11].map(x, x)", limits: limits) }
    #expect(try value("[1,2,3].map(x, x)", limits: limits).isEqual(to: .list([.int(1), .int(2), .int(3)])))
  }

  @Test(arguments: [
    ("(", ")"), ("[", "]"), ("{1: ", "}"), ("-(", ")"), ("size(", ")"), ("true ? 1 : ", ""), ("", ".a"),
    ("", "[0]"),
    ("1 + ", ""), ("[1].map(x, ", ")"), ("cel.bind(x, 1, ", ")"), ("has(", ".a)"), ("!(", ")"), ("[?", "]"),
  ])
  func deepNesting(_ open: String, _ close: String) {
    for depth in [30, 240, 260, 20000] {
      let text = String(repeating: open, count: depth) + "x" + String(repeating: close, count: depth)
      let found = issues(text, ["x": .dyn])
      if depth > 250 {
        #expect(found.count == 1)
        let message = found.first?.issue.message ?? ""
        #expect(
          message.contains("more than 250 levels deep") || message.contains("bytes long")
            || message.contains("is expected") || message.contains("asks for a field"), "\(message)")
      } else if depth == 30 {
        #expect(!found.contains { $0.issue.message.contains("levels deep") })
      }
    }
  }

  @Test func longChainsOfLogicAreFlat() throws {
    for (symbol, isTrue) in [("&&", true), ("||", false)] {
      let text = Array(repeating: "x", count: 15_000).joined(separator: " \(symbol) ")
      #expect(try value(text, ["x": .bool(isTrue)]).isEqual(to: .bool(isTrue)))
    }
    let mixed = "x && (x && x) && x || x && x || (x || x)"
    #expect(try value(mixed, ["x": .bool(true)]).isEqual(to: .bool(true)))
    #expect(CELExpression.conjuncts(of: "a && (b && c) && d").count == 3)
    let signs = String(repeating: "!", count: 50000) + "x"
    #expect(try value(signs, ["x": .bool(true)]).isEqual(to: .bool(true)))
  }

  /// Compiling a regular expression that is made while evaluating is work like any other; so is matching a large one.
  @Test(
    arguments: [
      "lists.range(20000).all(i, !'a'.matches('a{500}' + string(i)))",
      "lists.range(20000).all(i, !'a'.matches('\\\\pL{50}' + string(i)))",
      "lists.range(20000).all(i, 'a'.find('a{500}' + string(i)) == '')",
      "lists.range(20000).all(i, 'a'.findAll('a{500}' + string(i)).size() == 0)",
      "lists.range(1000).map(i, 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa').join().matches('(a?){' + '1000}b')",
    ])
  func patternsMadeWhileEvaluating(_ text: String) {
    let time = ProcessorTime.measure { #expect(error(text)?.kind == .budget) }
    #expect(time < .seconds(200))
  }

  /// Few patterns and many texts: each is compiled once.
  @Test func equalPatternsAreCompiledOnce() throws {
    let text = "lists.range(5000).all(i, !'a'.matches('a{400}' + string(i % 3)))"
    #expect(try value(text).isEqual(to: .bool(true)))
  }

  @Test func thousandsOfLiteralPatterns() throws {
    let time = try ProcessorTime.measure {
      let equal = Array(repeating: "'a'.matches('a{500}')", count: 4000).joined(separator: " || ")
      let ofEqual = try value(equal)
      #expect(ofEqual.isEqual(to: .bool(false)))
      let different = (0..<3000).map { "'a'.matches('a{500}\($0)')" }.joined(separator: " || ")
      let found = issues(different)
      #expect(found.first?.issue.message.contains("too large together") == true)
      let ofSome = try value((0..<60).map { "'a'.matches('a{500}\($0)')" }.joined(separator: " || "))
      #expect(ofSome.isEqual(to: .bool(false)))
    }
    #expect(time < .seconds(200))
  }

  @Test func longTexts() {
    let found = issues("'" + String(repeating: "a", count: 100_000) + "'")
    #expect(found.first?.issue.message == "the expression is 100002 bytes long; 100000 are allowed")
  }

  @Test func theDeepestExpressionEvaluates() throws {
    let depth = 248
    let text = String(repeating: "[1].map(x, ", count: 124) + "1" + String(repeating: ")", count: 124)
    _ = try value(text)
    _ = try value(String(repeating: "-(", count: depth) + "1" + String(repeating: ")", count: depth))
    _ = try value("1" + String(repeating: " + 1", count: depth))
    _ = try value(String(repeating: "(", count: depth) + "1" + String(repeating: ")", count: depth))
  }
}
