import Patterns

/// The state of one evaluation.
struct Frame {
  let variables: [CELValue?]
  /// Comprehension variables by slot.
  var locals: [CELValue]
  private(set) var remainingSteps: Int
  private let budget: Int
  /// Regular expressions: those that are literals, and others once they are compiled.
  private var patterns: [String: Pattern]

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
    if let known = patterns[source] { return known }
    try charge(16 + source.utf8.count)
    let pattern = try RegularExpression.compile(source)
    patterns[source] = pattern
    return pattern
  }
}

/// A part of an expression, ready to be evaluated any number of times.
typealias Code = @Sendable (inout Frame) throws(CELError) -> CELValue
