import Patterns

/// Regular expressions of expressions: RE2's syntax, in linear time.
///
/// What is a literal is compiled once, and gets an automaton as far as the expression's share goes (`Literals`). What an
/// evaluation makes is compiled when it is met, without an automaton, and its size is charged: whoever makes a new
/// pattern for each of 20,000 elements runs out of steps.
enum RegularExpression {
  /// Steps for compiling a pattern of so many instructions: as long, roughly, as other steps take.
  static func cost(ofCompiling size: Int) -> Int { 16 + size >> 1 }

  static func compile(_ source: String) throws(Failure) -> Pattern {
    do throws(PatternError) {
      return try Pattern(source, dialect: .re2, usesAutomaton: false)
    } catch {
      throw Failure("this regular expression is wrong: \(error.message)")
    }
  }

  /// The regular expressions that stand in an expression, each compiled once.
  struct Literals {
    private(set) var patterns: [String: Pattern] = [:]
    private var size = 0
    /// The most that those of one expression may come to together: some tenths of a second.
    static let largest = 1_000_000
    /// Up to here they get an automaton when they are first used: a tenth of a second, at worst.
    static let largestWithAutomaton = 4_000

    mutating func pattern(_ source: String) throws(PatternError) -> Pattern {
      if let known = patterns[source] { return known }
      var pattern = try Pattern(source, dialect: .re2)
      size += pattern.size
      guard size <= Self.largest else {
        throw PatternError(
          offset: 0,
          message: "the regular expressions of this expression are too large together; use smaller counts")
      }
      if size > Self.largestWithAutomaton { pattern = pattern.simulated() }
      patterns[source] = pattern
      return pattern
    }
  }
}

extension Frame {
  /// Whether a pattern matches anywhere in a text, within the budget.
  mutating func matches(_ pattern: Pattern, _ text: String) throws(Failure) -> Bool {
    var work = remainingWork
    let isMatch = pattern.matches(text, work: &work)
    try spend(downTo: work)
    return isMatch ?? false
  }

  /// The first match from a byte on, within the budget.
  mutating func firstMatch(
    _ pattern: Pattern, in text: [UInt8], from: Int
  ) throws(Failure) -> Range<Int>? {
    var work = remainingWork
    let match = pattern.firstMatch(in: text, from: from, work: &work).match
    try spend(downTo: work)
    return match
  }

  /// Sixteen visits to instructions of a pattern take about as long as a step.
  private var remainingWork: Int { min(remainingSteps, Int.max >> 8) << 4 }

  private mutating func spend(downTo work: Int) throws(Failure) {
    try charge(work < 0 ? remainingSteps + 1 : (remainingWork - work) >> 4)
  }
}

extension FunctionTable {
  /// `matches` of the language, `find` and `findAll` of Kubernetes.
  mutating func addPatterns() {
    let matches: BinaryBody = { (text: CELValue, source: CELValue, frame: inout Frame) throws(Failure) in
      guard case .string(let text) = text, case .string(let source) = source else { return nil }
      let pattern = try frame.pattern(source)
      return .bool(try frame.matches(pattern, text))
    }
    function("matches", [([.string, .string], .bool)], .binary(matches))
    method("matches", [([.string, .string], .bool)], .binary(matches))
    method(
      "find", [([.string, .string], .string)],
      .binary { (text: CELValue, source: CELValue, frame: inout Frame) throws(Failure) in
        guard case .string(let text) = text, case .string(let source) = source else { return nil }
        let found = try findAll(source, in: text, limit: 1, &frame)
        return found.first ?? .string("")
      })
    method(
      "findAll", [([.string, .string], .list(.string))],
      .binary { (text: CELValue, source: CELValue, frame: inout Frame) throws(Failure) in
        guard case .string(let text) = text, case .string(let source) = source else { return nil }
        return .list(try findAll(source, in: text, limit: Int.max, &frame))
      })
    method(
      "findAll", [([.string, .string, .int], .list(.string))],
      .arguments { (arguments: [CELValue], frame: inout Frame) throws(Failure) in
        guard case .string(let text) = arguments[0], case .string(let source) = arguments[1],
          case .int(let limit) = arguments[2]
        else { return nil }
        return .list(try findAll(source, in: text, limit: limit < 0 ? Int.max : Int(limit), &frame))
      })
  }
}

/// The matches from left to right that do not overlap, as Go finds them: an empty match right after a match is
/// not one.
private func findAll(
  _ source: String, in text: String, limit: Int, _ frame: inout Frame
) throws(Failure) -> [CELValue] {
  let pattern = try frame.pattern(source)
  let bytes = Array(text.utf8)
  var found: [CELValue] = []
  var position = 0
  var previousEnd = -1
  while found.count < limit, position <= bytes.count {
    try frame.charge(1)
    guard let match = try frame.firstMatch(pattern, in: bytes, from: position) else { break }
    if match.isEmpty {
      if match.lowerBound != previousEnd { found.append(.string("")) }
      position = match.lowerBound + 1
      while position < bytes.count, bytes[position] & 0xC0 == 0x80 { position += 1 }
    } else {
      found.append(.string(String(decoding: bytes[match], as: UTF8.self)))
      previousEnd = match.upperBound
      position = match.upperBound
    }
  }
  return found
}
