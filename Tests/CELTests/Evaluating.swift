@testable import CEL

/// The value of an expression with these variables, all of type `dyn`.
func value(_ text: String, _ variables: [String: CELValue] = [:], limits: CELLimits = .standard) throws
  -> CELValue
{
  let environment = CELEnvironment(variables: variables.mapValues { _ in .dyn }, limits: limits)
  return try CELExpression.compile(text, in: environment).evaluate(environment.bindings(variables))
}

/// What is wrong with an expression, with the text that each issue points at.
func issues(
  _ text: String, _ variables: [String: CELType] = [:], expecting: CELType = .dyn,
  limits: CELLimits = .standard
) -> [(at: String, issue: CELIssue)] {
  do throws(CELIssues) {
    _ = try CELExpression.compile(
      text, in: CELEnvironment(variables: variables, limits: limits), expecting: expecting)
    return []
  } catch {
    return error.issues.map { (excerpt(text, $0.range), $0) }
  }
}

/// The part of a text at a range of bytes.
func excerpt(_ text: String, _ range: Range<Int>) -> String {
  let bytes = Array(text.utf8)
  guard range.upperBound <= bytes.count else { return "<beyond the text>" }
  return String(decoding: bytes[range], as: UTF8.self)
}

/// A value from what JSON would hold.
func object(_ any: Any?) -> CELValue {
  switch any {
  case let value as Bool: .bool(value)
  case let value as Int: .int(Int64(value))
  case let value as Double: .double(value)
  case let value as String: .string(value)
  case let value as [Any]: .list(value.map { object($0) })
  case let value as [String: Any]:
    .object(value.sorted { $0.key < $1.key }.map { ($0.key, object($0.value)) })
  default: .null
  }
}
