import Patterns

/// An expression that was checked, to be evaluated any number of times, by any number of tasks at once.
///
/// The language is that of https://github.com/google/cel-spec (`doc/langdef.md`) with the extension libraries for
/// optionals, strings, lists, sets, math, two-variable comprehensions, bindings and encoders, and Kubernetes'
/// libraries except `authorizer`. Left out, with an error that says so: objects of named types
/// (`Type{field: value}`), and time zones by name, whose rules differ between machines.
///
/// Evaluating needs a stack of 1 MiB for the deepest expression that the standard limits allow.
package struct CELExpression: Sendable {
  /// The expression as it was written.
  package let text: String
  /// The type of its value, `dyn` where that is only known when it is evaluated.
  package let type: CELType
  /// The longest paths of variables and fields that it reads by name (`["self", "to", "namespace"]`), in the
  /// order of the text, so that a host can point at the values that decided.
  package let paths: [[String]]
  /// What would be wrong in parts that are never reached, by the environment's known values.
  package let unreachable: [CELIssue]
  /// The value, where the environment's known values decide it.
  package let known: CELValue?
  private let code: Code
  private let localCount: Int
  private let variableCount: Int
  private let steps: Int
  private let patterns: [String: Pattern]

  /// Parses and checks an expression against an environment.
  ///
  /// - Parameter expected: what the value has to be; `dyn` accepts all.
  /// - Throws: everything that is wrong with it: the first syntax error, or all errors of names and types.
  package static func compile(
    _ text: String, in environment: CELEnvironment, expecting expected: CELType = .dyn
  ) throws(CELIssues) -> CELExpression {
    let syntax: Syntax
    do throws(SyntaxError) {
      syntax = try Parser.parse(text, limits: environment.limits)
    } catch {
      throw CELIssues(issues: [error.issue])
    }
    var checker = Checker(environment)
    let checked = checker.check(syntax)
    checker.require(checked, expected, syntax.range)
    guard checker.issues.isEmpty else {
      throw CELIssues(
        issues: checker.issues.sorted { $0.range.lowerBound < $1.range.lowerBound },
        unreachable: checker.unreachable)
    }
    return CELExpression(
      text: text, type: checker.inference.settled(checked.type), paths: checker.maximalPaths,
      unreachable: checker.unreachable, known: checker.known(checked, since: 0), code: checked.code,
      localCount: checker.localCount, variableCount: environment.names.count,
      steps: environment.limits.steps, patterns: checker.patterns.patterns)
  }

  /// The parts that an expression joins with `&&` at its top, as byte ranges of its text; the whole where there
  /// is nothing to part. Each can be compiled on its own.
  package static func conjuncts(of text: String, limits: CELLimits = .standard) -> [Range<Int>] {
    guard let syntax = try? Parser.parse(text, limits: limits), case .and(let parts) = syntax.form else {
      return [0..<text.utf8.count]
    }
    return parts.map(\.range)
  }

  /// The expression's value. The bindings are those of the environment it was compiled in.
  package func evaluate(_ bindings: CELBindings) throws(CELError) -> CELValue {
    var budget = steps
    return try evaluate(bindings, steps: &budget)
  }

  /// The expression's value, within a budget that several evaluations share: what is spent is taken off it. One
  /// evaluation never spends more than the limits of its environment allow.
  package func evaluate(_ bindings: CELBindings, steps budget: inout Int) throws(CELError) -> CELValue {
    guard bindings.values.count == variableCount else {
      throw CELError(
        kind: .failure, message: "the values belong to another environment", range: 0..<text.utf8.count)
    }
    let allowed = min(steps, max(0, budget))
    var frame = Frame(variables: bindings.values, localCount: localCount, budget: allowed, patterns: patterns)
    defer { budget -= allowed - frame.remainingSteps }
    let value = try code(&frame)
    do throws(Failure) {
      try value.chargeSize(&frame, 0)
    } catch {
      throw error.at(0..<text.utf8.count)
    }
    return value
  }
}

extension CELValue {
  /// Spends a step for each element of the lists and maps that the expression made: they may hold the same list
  /// many times over, and a host that writes them out would write each.
  fileprivate func chargeSize(_ frame: inout Frame, _ depth: Int) throws(Failure) {
    switch self {
    case .list(let list as CELArray):
      try frame.charge(list.count)
      let inner = try deeper(depth)
      for value in list.values { try value.chargeSize(&frame, inner) }
    case .map(let map as CELDictionary):
      try frame.charge(map.count)
      let inner = try deeper(depth)
      for value in map.values { try value.chargeSize(&frame, inner) }
    case .optional(let value?): try value.chargeSize(&frame, try deeper(depth))
    default: break
    }
  }
}
