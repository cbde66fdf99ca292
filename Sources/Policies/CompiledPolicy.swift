import CEL
import Diagnostics
import Expressions
import FleetSpec
import YAMLTree

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

  /// Checks all expressions. What is wrong with them is in `findings`, once for all kinds where it is the same.
  init(
    _ policy: Policy, number: Int, kind: Policy.KindReference, _ types: PolicyTypes,
    _ findings: inout [Diagnostic]
  ) {
    self.policy = policy
    self.number = number
    self.kind = kind.kind
    group = kind.group
    let isSpec = kind.group == nil && PolicyTypes.specKinds.contains(kind.kind)
    var names: [String: CELType] = [
      "clusters": .map(key: .string, value: types.document("Cluster")),
      "fleet": types.document("Fleet"), "oldObject": .dyn, "request": .dyn,
    ]
    if isSpec {
      names["self"] = types.ownPart(kind.kind)
      names["object"] = types.document(kind.kind)
    } else {
      let object = types.object(kind: kind.kind, group: kind.group)
      names["self"] = object
      names["object"] = object
      names["cluster"] = types.document("Cluster")
    }
    let kinds = policy.kinds.count > 1 ? kind.kind : nil
    var variables: [Variable] = []
    var fields: [(String, CELType)] = []
    for variable in policy.variables {
      let environment = Self.environment(names, fields)
      guard let made = Self.compile(variable.expression, environment, .dyn, kinds, &findings) else {
        fields.append((variable.name.value, .dyn))
        continue
      }
      fields.append((variable.name.value, made.expression.type))
      variables.append(
        Variable(
          name: variable.name.value, environment: environment, expression: made.expression,
          places: made.places))
    }
    let environment = Self.environment(names, fields)
    self.environment = environment
    self.variables = variables
    condition = policy.condition.flatMap { Self.compile($0, environment, .bool, kinds, &findings) }
    rules = policy.rules.compactMap { rule in
      guard let whole = Self.compile(rule.expression, environment, .bool, kinds, &findings) else {
        return nil
      }
      let message = rule.messageExpression.flatMap {
        Self.compile($0, environment, .string, kinds, &findings)?.expression
      }
      let parts = Self.parts(rule.expression.value, whole.places, environment)
      return Rule(
        rule: rule,
        parts: parts ?? [Part(expression: whole.expression, place: rule.expression.node.range)],
        message: message, places: whole.places)
    }
  }

  private static func environment(
    _ names: [String: CELType], _ variables: [(String, CELType)]
  ) -> CELEnvironment {
    var names = names
    names["variables"] = .record(CELRecordType(name: "variables", fields: variables))
    return CELEnvironment(variables: names)
  }

  /// The parts that `&&` joins: all must be true, so each may be blamed by itself.
  private static func parts(
    _ text: String, _ places: ScalarPlaces, _ environment: CELEnvironment
  ) -> [Part]? {
    let ranges = CELExpression.conjuncts(of: text)
    guard ranges.count > 1 else { return nil }
    var parts: [Part] = []
    let bytes = Array(text.utf8)
    for range in ranges {
      let part = String(decoding: bytes[range], as: UTF8.self)
      guard let expression = try? CELExpression.compile(part, in: environment, expecting: .bool) else {
        return nil
      }
      parts.append(Part(expression: expression, place: places.range(range)))
    }
    return parts
  }

  /// What rules for admission find in a cluster and not here, and what to write instead.
  private static func absent(_ message: String) -> String? {
    switch message {
    case "unknown variable 'params'":
      "there are no parameter objects: write the values as one of the policy's variables"
    case "unknown variable 'namespaceObject'":
      "what stands in a cluster's Namespace is not at hand: use object.metadata.namespace, or match.namespaces"
    case "unknown variable 'authorizer'":
      "a repository does not tell who may do what: leave out what asks for permissions"
    default: nil
    }
  }

  private static func compile(
    _ expression: Located<String>, _ environment: CELEnvironment, _ type: CELType, _ kind: String?,
    _ findings: inout [Diagnostic]
  ) -> (expression: CELExpression, places: ScalarPlaces)? {
    let places = ScalarPlaces(expression.node)
    do {
      return (try CELExpression.compile(expression.value, in: environment, expecting: type), places)
    } catch {
      findings += error.issues.map { issue in
        Diagnostic(
          PolicyRules.invalidExpression, issue.message, at: places.range(issue.range), "in this expression",
          help: (absent(issue.message) ?? issue.help).map { [$0] } ?? [],
          notes: kind.map { ["where it judges objects of kind \($0)"] } ?? [])
      }
      return nil
    }
  }
}
