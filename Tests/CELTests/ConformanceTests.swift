import Testing

@testable import CEL

/// The cases of the public CEL specification.
@Suite struct ConformanceTests {
  @Test func tablesAreReadable() {
    for table in [ConformanceTable.specification, ConformanceTable.libraries] {
      #expect(table.malformed.isEmpty)
      #expect(table.skipped.allSatisfy { $0.reason.count > 10 })
    }
    #expect(ConformanceTable.specification.cases.count > 1000)
    #expect(ConformanceTable.libraries.cases.count > 100)
  }

  @Test(arguments: Set(ConformanceTable.specification.cases.map(\.file)).sorted())
  func specification(_ file: String) throws {
    for example in ConformanceTable.specification.cases where example.file == file { try check(example) }
  }

  @Test(arguments: Set(ConformanceTable.libraries.cases.map(\.file)).sorted())
  func libraries(_ file: String) throws {
    for example in ConformanceTable.libraries.cases where example.file == file { try check(example) }
  }

  private func check(_ example: ConformanceCase) throws {
    let empty = CELEnvironment(variables: [:])
    var types: [String: CELType] = [:]
    var values: [String: CELValue] = [:]
    for variable in example.variables {
      types[variable.name] = type(named: variable.type)
      values[variable.name] = try evaluate(variable.value, empty, [:])
    }
    let function = CELFunction("fn", [.string, .int], returns: .string) {
      (_: [CELValue]) throws(CELFunctionError) -> CELValue in .string("")
    }
    let environment = CELEnvironment(variables: types, functions: [function], container: example.container)
    let expression: CELExpression
    do throws(CELIssues) {
      expression = try CELExpression.compile(example.expression, in: environment)
    } catch {
      if case .refusal = example.expectation { return }
      Issue.record("\(example): refused: \(error.issues.map(\.message))")
      return
    }
    let result = Result { () throws(CELError) -> CELValue in
      try expression.evaluate(environment.bindings(values))
    }
    switch (example.expectation, result) {
    case (.value(let text), .success(let value)):
      let expected = try evaluate(text, empty, [:])
      #expect(same(value, expected), "\(example): got \(value)")
    case (.failure(let text), .failure(let error)):
      #expect(error.message.contains(text), "\(example): got \(error.message)")
    case (.type(let text), _): #expect(expression.type.description == text, "\(example)")
    case (.refusal, _): Issue.record("\(example): not refused")
    case (.value, .failure(let error)): Issue.record("\(example): failed: \(error.message)")
    case (.failure, .success(let value)): Issue.record("\(example): got \(value)")
    }
  }

  private func evaluate(
    _ text: String, _ environment: CELEnvironment, _ values: [String: CELValue]
  ) throws -> CELValue {
    try CELExpression.compile(text, in: environment).evaluate(environment.bindings(values))
  }
}

/// The same type and value, unlike the language's own equality: 1 is not 1.0, and -0.0 is not 0.0.
func same(_ a: CELValue, _ b: CELValue) -> Bool {
  switch (a, b) {
  case (.double(let a), .double(let b)): a.bitPattern == b.bitPattern
  case (.list(let a), .list(let b)):
    a.count == b.count && zip(a.elements, b.elements).allSatisfy { same($0, $1) }
  case (.map(let a), .map(let b)):
    a.count == b.count
      && a.keys.allSatisfy { key in
        guard let mine = a.value(forKey: key), let theirs = b.value(forKey: key) else { return false }
        return same(mine, theirs)
      }
  default: a.typeName == b.typeName && a.isEqual(to: b)
  }
}
