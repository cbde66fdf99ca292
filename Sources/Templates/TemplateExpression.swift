import CEL
import Diagnostics
import Expressions
import YAMLTree

/// An expression of a template: CEL, checked against the declared types of the template's variables.
///
/// Nearly all are a variable with fields after it. Those are looked up directly, without the language's machinery;
/// what they mean and what is wrong with them is the same.
final class TemplateExpression: Sendable {
  /// A field that is selected.
  private struct Step: Sendable {
    let name: String
    /// The value may be absent without being missed.
    let isOptional: Bool
  }

  /// An expression that is more than a path.
  private final class General: Sendable {
    let expression: CELExpression
    let environment: CELEnvironment
    let inputs: [(name: String, type: CELType)]

    init(
      _ expression: CELExpression, _ environment: CELEnvironment, _ inputs: [(name: String, type: CELType)]
    ) {
      self.expression = expression
      self.environment = environment
      self.inputs = inputs
    }
  }

  /// The variable of a path, and the fields after it; nothing taken out of an enumeration, since all cores evaluate one
  /// expression and would count its references in turn.
  private let variable: String
  private let steps: [Step]
  /// Nil for a path.
  private let general: General?
  let text: String
  let type: CELType
  /// The scalar of the template that holds it.
  let node: Node

  /// Why an expression has no value, and where in its text.
  struct Fault: Error {
    let range: Range<Int>
    let message: String
    let isBudget: Bool
  }

  /// Parses and checks an expression.
  ///
  /// - Parameter expected: what it has to be; `dyn` for any type.
  /// - Throws: all that is wrong with it.
  init(
    _ text: String, at node: Node, in scope: inout TemplateScope, expecting expected: CELType
  ) throws(CELIssues) {
    self.text = text
    self.node = node
    if let path = Self.path(text, scope.types), expected == .dyn || path.type == expected {
      variable = path.variable
      steps = path.steps
      general = nil
      type = path.type
      return
    }
    variable = ""
    steps = []
    let environment = scope.environment
    let expression = try CELExpression.compile(text, in: environment, expecting: expected)
    let names = Set(expression.paths.compactMap(\.first)).sorted()
    general = General(expression, environment, names.map { ($0, scope.types[$0] ?? .dyn) })
    type = expression.type
  }

  // MARK: Paths

  /// A variable with selected fields, each declared; nil for everything else, and for what is wrong.
  private static func path(
    _ text: String, _ types: [String: CELType]
  ) -> (variable: String, steps: [Step], type: CELType)? {
    let names = text.split(separator: ".", omittingEmptySubsequences: false)
    guard let variable = names.first.map(trimmed), var type = types[variable] else { return nil }
    var steps: [Step] = []
    var isOptional = false
    for name in names.dropFirst() {
      let name = String(name)
      guard CELEnvironment.isVariableName(name) || name == "namespace" else { return nil }
      if case .optional(let inner) = type {
        isOptional = true
        type = inner
      }
      guard case .record(let record) = type, record.declares(name), let field = record.type(of: name) else {
        return nil
      }
      type = field
      if case .optional = type { isOptional = true }
      steps.append(Step(name: name, isOptional: isOptional))
    }
    if isOptional, case .optional = type {} else if isOptional { type = .optional(type) }
    return (variable, steps, type)
  }

  private static func trimmed(_ name: Substring) -> String {
    String(name.drop { $0 == " " })
  }

  // MARK: Places

  /// Where the expression stands in the file.
  var wholeRange: SourceRange { range(0..<text.utf8.count) }

  /// Where a part of it stands.
  func range(_ part: Range<Int>) -> SourceRange { Self.range(part, of: text, in: node) }

  /// Where a part of an expression stands: exact where the scalar is written as it reads, else the whole scalar.
  static func range(_ part: Range<Int>, of source: String, in node: Node) -> SourceRange {
    let file = node.tree.file
    let whole = node.range
    let bytes = file.bytes
    guard whole.end <= bytes.count, !source.isEmpty else { return whole }
    func find(_ needle: [UInt8]) -> Int? {
      guard needle.count <= whole.end - whole.start else { return nil }
      return (whole.start...whole.end - needle.count).first {
        bytes[$0..<$0 + needle.count].elementsEqual(needle)
      }
    }
    let text = Array(source.utf8)
    guard
      let start = find(Array("${".utf8) + text + Array("}".utf8)).map({ $0 + 2 }) ?? find(text)
    else { return whole }
    return SourceRange(file: file, start: start + part.lowerBound, end: start + part.upperBound)
  }

  // MARK: Evaluation

  /// The value under these variables. Linear in the path; other expressions spend of the budget.
  func evaluate(_ variables: TemplateVariables, budget: inout Int) throws(Fault) -> TemplateValue {
    guard let general else { return try follow(variables) }
    var bindings = general.environment.bindings()
    for (name, type) in general.inputs {
      guard let value = variables[name] else { continue }
      bindings[name] = value.celValue(type)
    }
    let value: CELValue
    do {
      value = try general.expression.evaluate(bindings, steps: &budget)
    } catch {
      guard error.kind != .budget else {
        let message =
          "the template needs more than \(RenderingLimits.steps) steps, the most that is allowed"
        throw Fault(range: 0..<text.utf8.count, message: message, isBudget: true)
      }
      throw Fault(range: error.range, message: error.message, isBudget: false)
    }
    do {
      return try TemplateValue(value)
    } catch {
      throw Fault(range: 0..<text.utf8.count, message: error.message, isBudget: false)
    }
  }

  private func follow(_ variables: TemplateVariables) throws(Fault) -> TemplateValue {
    guard var value = variables[variable] else {
      throw Fault(
        range: 0..<text.utf8.count, message: "the variable '\(variable)' has no value here", isBudget: false)
    }
    for step in steps {
      if case .none = value { return .none }
      if let next = value.field(step.name) {
        value = next
      } else if step.isOptional {
        return .none
      } else {
        throw Fault(range: 0..<text.utf8.count, message: "no such key: '\(step.name)'", isBudget: false)
      }
    }
    return value
  }
}

/// The variables that a place in a template may use, with their types: the template's own and those of the loops
/// around it.
struct TemplateScope {
  private(set) var types: [String: CELType]
  private var outer: [(name: String, type: CELType?)] = []
  /// Made only where an expression needs more than a look-up.
  private var cached: CELEnvironment?

  init(types: [String: CELType]) { self.types = types }

  /// Enters a loop; its variable hides others of its name.
  mutating func push(_ name: String, _ type: CELType) {
    outer.append((name, types[name]))
    types[name] = type
    cached = nil
  }

  mutating func pop() {
    guard let (name, type) = outer.popLast() else { return }
    types[name] = type
    cached = nil
  }

  var environment: CELEnvironment {
    mutating get {
      if let cached { return cached }
      let made = CELEnvironment(variables: types)
      cached = made
      return made
    }
  }
}

/// The variables of one evaluation: layers, the nearest last, and above them those of loops.
struct TemplateVariables {
  let layers: [TemplateFields]
  var loops: [(name: String, value: TemplateValue)] = []

  subscript(name: String) -> TemplateValue? {
    for loop in loops.reversed() where loop.name == name { return loop.value }
    for layer in layers.reversed() {
      if let value = layer[name] { return value }
    }
    return nil
  }
}
