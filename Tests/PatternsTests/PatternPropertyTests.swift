import TestSupport
import Testing

@testable import Patterns

/// Random small patterns against a matcher that backtracks naively.
@Suite struct PatternPropertyTests {
  indirect enum Tree: Sendable {
    case literal(Character)
    case any
    case oneOf(String, negated: Bool)
    case start, end, boundary, notBoundary
    case empty
    case sequence(Tree, Tree)
    case choice(Tree, Tree)
    case repeated(Tree, Int, Int?, lazy: Bool)

    var isNullable: Bool {
      switch self {
      case .literal, .any, .oneOf: false
      case .start, .end, .boundary, .notBoundary, .empty: true
      case .sequence(let first, let second): first.isNullable && second.isNullable
      case .choice(let first, let second): first.isNullable || second.isNullable
      case .repeated(let body, let minimum, _, _): minimum == 0 || body.isNullable
      }
    }

    var hasNullableLoop: Bool {
      switch self {
      case .sequence(let first, let second), .choice(let first, let second):
        first.hasNullableLoop || second.hasNullableLoop
      case .repeated(let body, _, _, _): body.isNullable || body.hasNullableLoop
      default: false
      }
    }

    var source: String {
      switch self {
      case .literal(let character): String(character)
      case .any: "."
      case .oneOf(let members, let negated): negated ? "[^\(members)]" : "[\(members)]"
      case .start: "^"
      case .end: "$"
      case .boundary: "\\b"
      case .notBoundary: "\\B"
      case .empty: "(?:)"
      case .sequence(let first, let second): first.source + second.source
      case .choice(let first, let second): "(\(first.source)|\(second.source))"
      case .repeated(let body, let minimum, let maximum, let lazy):
        "(?:\(body.source)){\(minimum),\(maximum.map(String.init) ?? "")}\(lazy ? "?" : "")"
      }
    }
  }

  /// Matches as Perl does: tries alternatives in order, and ends a loop at an empty round.
  struct Backtracker {
    let text: [Character]
    var budget = 50_000

    mutating func match(_ tree: Tree, _ at: Int, _ next: (inout Self, Int) -> Int?) -> Int? {
      budget -= 1
      if budget < 0 { return nil }
      switch tree {
      case .literal(let character):
        return at < text.count && text[at] == character ? next(&self, at + 1) : nil
      case .any: return at < text.count && text[at] != "\n" ? next(&self, at + 1) : nil
      case .oneOf(let members, let negated):
        return at < text.count && members.contains(text[at]) != negated ? next(&self, at + 1) : nil
      case .start: return at == 0 ? next(&self, at) : nil
      case .end: return at == text.count ? next(&self, at) : nil
      case .boundary: return isBoundary(at) ? next(&self, at) : nil
      case .notBoundary: return isBoundary(at) ? nil : next(&self, at)
      case .empty: return next(&self, at)
      case .sequence(let first, let second):
        return match(first, at) { $0.match(second, $1, next) }
      case .choice(let first, let second):
        return match(first, at, next) ?? match(second, at, next)
      case .repeated(let body, let minimum, let maximum, let lazy):
        return loop(body, minimum, maximum, lazy, at, next)
      }
    }

    private mutating func loop(
      _ body: Tree, _ minimum: Int, _ maximum: Int?, _ lazy: Bool, _ at: Int,
      _ next: (inout Self, Int) -> Int?
    ) -> Int? {
      func again(_ matcher: inout Self) -> Int? {
        if maximum == 0 { return nil }
        return matcher.match(body, at) { matcher, end in
          if end == at, minimum <= 1 { return next(&matcher, end) }
          return matcher.loop(body, max(0, minimum - 1), maximum.map { $0 - 1 }, lazy, end, next)
        }
      }
      if minimum > 0 { return again(&self) }
      return lazy ? next(&self, at) ?? again(&self) : again(&self) ?? next(&self, at)
    }

    private func isBoundary(_ at: Int) -> Bool {
      func isWord(_ index: Int) -> Bool {
        text.indices.contains(index) && text[index].isASCII && text[index].isLetter
      }
      return isWord(at - 1) != isWord(at)
    }
  }

  static let alphabet: [Character] = ["a", "b", "é", "\n"]

  static func tree(_ depth: Int, _ random: inout some RandomNumberGenerator) -> Tree {
    switch Int.random(in: 0..<(depth == 0 ? 10 : 22), using: &random) {
    case 0...3: return .literal(alphabet[Int.random(in: 0..<3, using: &random)])
    case 4: return .any
    case 5:
      return .oneOf(
        ["a", "ab", "é", "bé"].randomElement(using: &random) ?? "a", negated: .random(using: &random))
    case 6: return [.start, .end].randomElement(using: &random) ?? .start
    case 7: return [.boundary, .notBoundary].randomElement(using: &random) ?? .boundary
    case 8: return .empty
    case 9: return .literal("a")
    case 10...14: return .sequence(tree(depth - 1, &random), tree(depth - 1, &random))
    case 15...17: return .choice(tree(depth - 1, &random), tree(depth - 1, &random))
    default:
      let minimum = Int.random(in: 0...2, using: &random)
      let maximum = Bool.random(using: &random) ? nil : minimum + Int.random(in: 0...2, using: &random)
      return .repeated(tree(depth - 1, &random), minimum, maximum, lazy: .random(using: &random))
    }
  }

  @Test func agreesWithBacktracking() throws {
    let seed = SeededGenerator.seed()
    print("TEST_SEED=\(seed)")
    try check(seed: seed, rounds: 3000)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func agreesWithBacktracking(seed: UInt64) throws {
    try check(seed: seed, rounds: 1000)
  }

  private func check(seed: UInt64, rounds: Int) throws {
    var random = SeededGenerator(seed: seed)
    var limits = PatternLimits.standard
    limits.automatonEntries = 0
    var compared = 0
    for _ in 0..<rounds {
      let tree = Self.tree(4, &random)
      let source = tree.source
      let pattern = try Pattern(source, dialect: .re2)
      let simulated = try Pattern(source, dialect: .re2, limits: limits)
      for _ in 0..<8 {
        let count = Int.random(in: 0...7, using: &random)
        let text = (0..<count).map { _ in Self.alphabet.randomElement(using: &random) ?? "a" }
        var matcher = Backtracker(text: text)
        var expected: Range<Int>?
        for start in 0...text.count where expected == nil {
          expected = matcher.match(tree, start) { $1 }.map { start..<$0 }
        }
        if matcher.budget < 0 { continue }
        compared += 1
        let string = String(text)
        let bytes = expected.map {
          String(text[..<$0.lowerBound]).utf8.count..<String(text[..<$0.upperBound]).utf8.count
        }
        let context: Comment = "seed \(seed): \(source) on \(string.debugDescription)"
        #expect(pattern.matches(string) == (expected != nil), context)
        #expect(simulated.matches(string) == (expected != nil), context)
        let found = pattern.firstMatch(in: Array(string.utf8), from: 0)
        #expect(found?.lowerBound == bytes?.lowerBound, context)
        // RE2 and Go part from Perl where a loop's body can be empty; there the end is not compared.
        if !tree.hasNullableLoop { #expect(found == bytes, context) }
      }
    }
    #expect(compared > rounds * 6)
  }
}
