import Patterns

/// The state of one evaluation.
struct Frame {
  let variables: [CELValue?]
  /// Comprehension variables by slot.
  var locals: [CELValue]
  private(set) var remainingSteps: Int
  private let budget: Int
  /// Regular expressions that are literals.
  private let patterns: [String: Pattern]
  /// Those that this evaluation made, and their size together.
  private var made: [String: Pattern] = [:]
  private var madeSize = 0

  init(variables: [CELValue?], localCount: Int, budget: Int, patterns: [String: Pattern] = [:]) {
    self.variables = variables
    self.patterns = patterns
    locals = localCount == 0 ? [] : [CELValue](repeating: .null, count: localCount)
    remainingSteps = budget
    self.budget = budget
  }

  /// Spends steps.
  mutating func charge(_ steps: Int) throws(Failure) {
    let (rest, overflow) = remainingSteps.subtractingReportingOverflow(steps)
    remainingSteps = rest
    if rest < 0 || overflow || steps < 0 {
      remainingSteps = 0
      throw Failure(
        kind: .budget, "the evaluation needs more than \(budget) steps, the most that is allowed")
    }
  }

  /// Spends what reading or making so many bytes costs.
  mutating func charge(bytes: Int) throws(Failure) {
    try charge(bytes >> 4)
  }

  /// A compiled regular expression.
  mutating func pattern(_ source: String) throws(Failure) -> Pattern {
    if let known = patterns[source] ?? made[source] { return known }
    try charge(bytes: source.utf8.count)
    let pattern = try RegularExpression.compile(source)
    try charge(RegularExpression.cost(ofCompiling: pattern.size))
    // What was made is kept within bounds of memory: where all differ, keeping them is of no use.
    if madeSize > 100_000 {
      made.removeAll()
      madeSize = 0
    }
    made[source] = pattern
    madeSize += pattern.size
    return pattern
  }
}

/// A part of an expression, ready to be evaluated any number of times.
typealias Code = @Sendable (inout Frame) throws(CELError) -> CELValue
