import CEL
import Diagnostics
import Expressions
import FleetSpec

/// The rules of one policy for one kind, checked against that kind's types.
struct CompiledPolicy: Sendable {
  /// A part of a rule that must hold by itself.
  struct Part: Sendable {
    let expression: CELExpression
    let place: SourceRange
  }

  struct Rule: Sendable {
    let rule: Policy.Rule
    let parts: [Part]
    let message: CELExpression?
    let places: ScalarPlaces
  }

  struct Variable: Sendable {
    let name: String
    let environment: CELEnvironment
    let expression: CELExpression
    let places: ScalarPlaces
  }

  let policy: Policy
  /// The policy's number among all.
  let number: Int
  let group: String?
  let kind: String
  let environment: CELEnvironment
  let condition: (expression: CELExpression, places: ScalarPlaces)?
  let variables: [Variable]
  let rules: [Rule]
}
