import TestSupport
import Testing

@testable import CEL

/// Expressions made at random: whatever they are, they are refused, fail or have a value.
@Suite struct RobustnessTests {
  private static let environment: CELEnvironment = {
    var limits = CELLimits()
    limits.steps = 20_000
    return CELEnvironment(
      variables: ["self": .record(exampleRecord), "x": .dyn, "n": .int, "s": .string, "l": .list(.dyn)],
      limits: limits)
  }()

  private static let bindings = environment.bindings([
    "self": .object([("single_int64", .int(5)), ("repeated_int64", .list([.int(1), .int(-1)]))]),
    "x": .object([("a", .list([.null, .double(.nan), .uint(UInt64.max)]))]), "n": .int(Int64.min),
    "s": .string("a\u{301}🐱"),
    "l": .list([.int(Int64.min), .string(""), .double(-.infinity), .bytes([0xFF])]),
  ])

  private func run(_ text: String) {
    do throws(CELIssues) {
      let expression = try CELExpression.compile(text, in: Self.environment)
      do throws(CELError) {
        _ = try expression.evaluate(Self.bindings)
      } catch {
        #expect(error.range.upperBound <= text.utf8.count, "\(text)")
      }
    } catch {
      #expect(!error.issues.isEmpty)
      for issue in error.issues {
        #expect(issue.range.upperBound <= text.utf8.count, "\(text)")
        #expect(!issue.message.isEmpty)
      }
    }
  }

  @Test func randomBytes() {
    let seed = SeededGenerator.seed()
    print("CEL RobustnessTests.randomBytes seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<3000 {
      let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      run(String(decoding: bytes, as: UTF8.self))
    }
  }

  /// Tokens in random order reach further than bytes do.
  @Test func randomTokens() {
    let tokens = [
      "self", "x", "n", "s", "l", ".", ".?", "[", "]", "[?", "(", ")", "{", "}", ",", ":", "?", "+", "-", "*",
      "/",
      "%", "==", "!=", "<", "<=", ">", ">=", "&&", "||", "!", "in", "0", "1", "-9223372036854775808", "5u",
      "1.5",
      "'a'", "''", "b'\\xff'", "null", "true", "has(", "size(", "all(e, ", "exists(e, ", "map(e, ", "e", "a",
      "single_int64", "repeated_int64", "optional.of(", "orValue(", "timestamp(", "duration(", "int(",
      "uint(",
      "double(", "string(", "matches('a*')", "replace('', s)", "split('')", "substring(1)", "format([1])",
      "math.abs(", "lists.range(", "quantity('1')", "ip('::1')", "cidr('::/0')", ".add(", ".sub(", "sort()",
      "type(",
    ]
    let seed = SeededGenerator.seed()
    print("CEL RobustnessTests.randomTokens seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    for _ in 0..<6000 {
      let count = Int.random(in: 1...12, using: &generator)
      let chosen = (0..<count).map { _ in tokens.randomElement(using: &generator) ?? "x" }
      run(chosen.joined(separator: Bool.random(using: &generator) ? " " : ""))
    }
  }

  /// The specification's cases with a few bytes changed.
  @Test func damagedCases() {
    let cases = ConformanceTable.specification.cases + ConformanceTable.libraries.cases
    let seed = SeededGenerator.seed()
    print("CEL RobustnessTests.damagedCases seed \(seed)")
    var generator = SeededGenerator(seed: seed)
    for example in cases {
      var bytes = Array(example.expression.utf8)
      for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
        let index = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0...2, using: &generator) {
        case 0: bytes.remove(at: index)
        case 1: bytes[index] = UInt8.random(in: 0x20...0x7E, using: &generator)
        default: bytes.insert(bytes[Int.random(in: 0..<bytes.count, using: &generator)], at: index)
        }
      }
      run(String(decoding: bytes, as: UTF8.self))
    }
  }
}
