import CEL
import Diagnostics
import Expressions
import FleetSpec
import YAMLTree

/// Compiles the expressions of one policy for all kinds that it judges, side by side.
///
/// An API server compiles a rule with an `object` of any type, and tells in `status.typeChecking` what does not fit one
/// of the matched kinds. Here what fits no kind is an error: such a rule would never find anything. What fits some kinds
/// and not others is a warning, and judged as the API server does; what a guard such as `object.kind == 'Pod'`, or a
/// `has(…)`, keeps from being read is not even that.
struct PolicyCompilation {
  /// One kind.
  private struct Scope {
    let kind: Policy.KindReference
    /// The types of the variables of expressions.
    let typed: [String: CELType]
    /// The same with objects of any type.
    let open: [String: CELType]
    var known: [[String]: CELValue]
    var fields: [(String, CELType)] = []
    var variables: [CompiledPolicy.Variable] = []
    /// Variables that are wrong; what uses them is not judged.
    var broken: Set<String> = []
    /// True when the condition is wrong, or never holds for the kind.
    var isOut = false
    let isSpec: Bool

    /// - Parameter isBlind: nothing is known of the object, as when a server compiles the expression.
    func environment(isOpen: Bool = false, isBlind: Bool = false) -> CELEnvironment {
      var names = isOpen ? open : typed
      names["variables"] = .record(CELRecordType(name: "variables", fields: fields))
      return CELEnvironment(variables: names, known: isBlind ? [:] : known, isAdmission: !isSpec)
    }
  }

  private struct Compiled {
    let expression: CELExpression
    let environment: CELEnvironment
    let places: ScalarPlaces
  }

  private let policy: Policy
  private let number: Int
  private var scopes: [Scope]
  private(set) var findings: [Diagnostic] = []

  init(_ policy: Policy, number: Int, _ types: PolicyTypes) {
    self.policy = policy
    self.number = number
    scopes = policy.kinds.map { kind in
      let isSpec = kind.group == nil && PolicyTypes.specKinds.contains(kind.kind)
      var names: [String: CELType] = [
        "clusters": .map(key: .string, value: types.document("Cluster")),
        "fleet": types.document("Fleet"), "oldObject": .dyn, "request": AdmissionRequest.type,
      ]
      if !isSpec { names["cluster"] = types.document("Cluster") }
      let open = names.merging(["self": .dyn, "object": .dyn]) { $1 }
      let object = isSpec ? types.document(kind.kind) : types.object(kind: kind.kind, group: kind.group)
      names["self"] = isSpec ? types.ownPart(kind.kind) : object
      names["object"] = object
      var known = AdmissionRequest.known(kind.kind, group: kind.group)
      known[["object", "kind"]] = .string(kind.kind)
      if !isSpec { known[["self", "kind"]] = .string(kind.kind) }
      return Scope(kind: kind, typed: names, open: open, known: known, isSpec: isSpec)
    }
  }

  /// Checks all expressions, the policy's variables first. What is wrong with them is in `findings`.
  mutating func run() -> [CompiledPolicy] {
    for variable in policy.variables { declare(variable) }
    let conditions = policy.condition.map { compile($0, .bool) }
    for (index, condition) in (conditions ?? []).enumerated() {
      if condition == nil { scopes[index].isOut = true }
      if case .bool(false)? = condition?.expression.known { scopes[index].isOut = true }
    }
    var rules = [[CompiledPolicy.Rule]](repeating: [], count: scopes.count)
    for rule in policy.rules {
      let wholes = compile(rule.expression, .bool)
      let messages = rule.messageExpression.map { compile($0, .string) }
      for (index, whole) in wholes.enumerated() {
        guard let whole else { continue }
        let parts = parts(rule.expression.value, whole, in: scopes[index])
        rules[index].append(
          CompiledPolicy.Rule(
            rule: rule,
            parts: parts
              ?? [CompiledPolicy.Part(expression: whole.expression, place: rule.expression.node.range)],
            message: messages?[index]?.expression, places: whole.places))
      }
    }
    return scopes.indices.map { index in
      let scope = scopes[index]
      return CompiledPolicy(
        policy: policy, number: number, group: scope.kind.group, kind: scope.kind.kind,
        environment: scope.environment(),
        condition: conditions?[index].map { ($0.expression, $0.places) },
        variables: scope.variables, rules: scope.isOut ? [] : rules[index])
    }
  }

  private mutating func declare(_ variable: Policy.Variable) {
    let name = variable.name.value
    for (index, compiled) in compile(variable.expression, .dyn).enumerated() {
      guard let compiled else {
        scopes[index].broken.insert(name)
        scopes[index].fields.append((name, .dyn))
        continue
      }
      scopes[index].fields.append((name, compiled.expression.type))
      scopes[index].known[["variables", name]] = compiled.expression.known
      scopes[index].variables.append(
        CompiledPolicy.Variable(
          name: name, environment: compiled.environment, expression: compiled.expression,
          places: compiled.places))
    }
  }

  // MARK: One expression

  private typealias Attempt = Result<CELExpression, CELIssues>

  private static func attempt(_ text: String, _ environment: CELEnvironment, _ type: CELType) -> Attempt {
    do throws(CELIssues) {
      return .success(try CELExpression.compile(text, in: environment, expecting: type))
    } catch {
      return .failure(error)
    }
  }

  /// The expression for each kind; nil where it is wrong, where the policy does not concern the kind, and where it uses a
  /// variable that is wrong.
  private mutating func compile(_ expression: Located<String>, _ type: CELType) -> [Compiled?] {
    let places = ScalarPlaces(expression.node)
    let attempts = scopes.map { scope in
      scope.isOut ? nil : Self.attempt(expression.value, scope.environment(), type)
    }
    return scopes.indices.map { index -> Compiled? in
      guard let attempt = attempts[index] else { return nil }
      switch attempt {
      case .success(let made):
        // What is never reached is checked once more without its types: a server compiles it all the same.
        if !made.unreachable.isEmpty,
          case .failure(let error) = Self.attempt(
            expression.value, scopes[index].environment(isOpen: true, isBlind: true), type)
        {
          report(error.issues, places, in: scopes[index])
          return nil
        }
        return accepted(made, scopes[index].environment(), places, index)
      case .failure(let error):
        let issues = error.issues.filter { issue in !fits(issue, anyOf: attempts) }
        guard issues.isEmpty else {
          report(issues, places, in: scopes[index])
          return nil
        }
        let environment = scopes[index].environment(isOpen: true)
        switch Self.attempt(expression.value, environment, type) {
        case .success(let made):
          warn(error.issues.filter { !$0.isAbsence }, places, in: scopes[index])
          return accepted(made, environment, places, index)
        case .failure(let error):
          report(error.issues, places, in: scopes[index])
          return nil
        }
      }
    }
  }

  /// True when some kind has nothing against the place, and reads it.
  private func fits(_ issue: CELIssue, anyOf attempts: [Attempt?]) -> Bool {
    attempts.contains { attempt in
      switch attempt {
      case nil: false
      case .success(let made): !made.unreachable.contains { $0.range == issue.range }
      case .failure(let error): !(error.issues + error.unreachable).contains { $0.range == issue.range }
      }
    }
  }

  private func accepted(
    _ made: CELExpression, _ environment: CELEnvironment, _ places: ScalarPlaces, _ index: Int
  ) -> Compiled? {
    let uses = made.paths.contains { path in
      path.count > 1 && path[0] == "variables" && scopes[index].broken.contains(path[1])
    }
    return uses ? nil : Compiled(expression: made, environment: environment, places: places)
  }

  /// The parts that `&&` joins: all must be true, so each may be blamed by itself.
  private func parts(_ text: String, _ whole: Compiled, in scope: Scope) -> [CompiledPolicy.Part]? {
    let ranges = CELExpression.conjuncts(of: text)
    guard ranges.count > 1 else { return nil }
    var parts: [CompiledPolicy.Part] = []
    let bytes = Array(text.utf8)
    for range in ranges {
      let part = String(decoding: bytes[range], as: UTF8.self)
      let made =
        (try? CELExpression.compile(part, in: whole.environment, expecting: .bool))
        ?? (try? CELExpression.compile(part, in: scope.environment(isOpen: true), expecting: .bool))
      guard let made else { return nil }
      parts.append(CompiledPolicy.Part(expression: made, place: whole.places.range(range)))
    }
    return parts
  }

  // MARK: Findings

  private mutating func report(_ issues: [CELIssue], _ places: ScalarPlaces, in scope: Scope) {
    findings += issues.map { issue in
      Diagnostic(
        PolicyRules.invalidExpression, issue.message, at: places.range(issue.range), "in this expression",
        help: (help(issue) ?? issue.help).map { [$0] } ?? [], notes: note(scope))
    }
  }

  private mutating func warn(_ issues: [CELIssue], _ places: ScalarPlaces, in scope: Scope) {
    findings += issues.map { issue in
      Diagnostic(
        PolicyRules.partialExpression, issue.message, at: places.range(issue.range),
        "fits other kinds of the policy",
        help: [
          "guard it with \"object.kind == '…'\" or has(…), or give \(scope.kind.kind) a policy of its own"
        ],
        notes: note(scope))
    }
  }

  private func note(_ scope: Scope) -> [String] {
    policy.kinds.count > 1 ? ["where it judges objects of kind \(scope.kind.kind)"] : []
  }

  /// What rules for admission find in a cluster and not here, and what to write instead.
  private func help(_ issue: CELIssue) -> String? {
    switch issue.message {
    case "unknown variable 'params'":
      "there are no parameter objects: write the values as one of the policy's variables"
    case "unknown variable 'namespaceObject'":
      "what stands in a cluster's Namespace is not at hand: use object.metadata.namespace, or match.namespaces"
    case "unknown variable 'authorizer'":
      "a repository does not tell who may do what: leave out what asks for permissions"
    default:
      policy.variables.contains { issue.message == "variables has no field '\($0.name.value)'" }
        ? "a variable may use those that stand before it, not itself or later ones" : nil
    }
  }
}
