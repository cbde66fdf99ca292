import CEL
import Diagnostics
import Expressions
import FleetSpec
import YAMLTree

/// One policy over one subject.
struct Judgement {
  private let policy: CompiledPolicy
  private let subject: Subject
  private let shared: [String: CELValue]
  /// Variables that could not be evaluated, with the reason.
  private var failedVariables: [String: (CELError, CompiledPolicy.Variable)] = [:]

  init(
    _ policy: CompiledPolicy, _ subject: Subject, _ clusters: CELValue, _ documents: [String: CELValue],
    _ fleet: CELValue
  ) {
    self.policy = policy
    self.subject = subject
    var shared: [String: CELValue] = [
      "clusters": clusters, "fleet": fleet, "oldObject": .null, "request": subject.request,
    ]
    if let cluster = subject.cluster { shared["cluster"] = documents[cluster] ?? .null }
    self.shared = shared
  }

  /// What does not hold. Linear in the rules; a failing one is evaluated again for each element of its lists.
  mutating func breaches() -> [PolicyBreach] {
    let bindings = bindings([:])
    failedVariables = bindings.failed
    if let condition = policy.condition {
      switch evaluate(condition.expression, bindings.values) {
      case .success(.bool(true)): break
      case .success(.bool(false)): return []
      case .success(let value):
        let error = Self.noBool(value, condition.expression)
        return [unevaluated(nil, error, condition.places.range(error.range), condition.expression)]
      case .failure(let error):
        return [unevaluated(nil, error, condition.places.range(error.range), condition.expression)]
      }
    }
    return policy.rules.compactMap { breach($0, bindings.values) }
  }

  private func breach(_ rule: CompiledPolicy.Rule, _ bindings: CELBindings) -> PolicyBreach? {
    var failure: (CELError, CompiledPolicy.Part)?
    for part in rule.parts {
      switch evaluate(part.expression, bindings) {
      case .success(.bool(true)): continue
      case .success(.bool(false)): return broken(rule, part, bindings)
      case .success(let value):
        if failure == nil { failure = (Self.noBool(value, part.expression), part) }
      case .failure(let error): if failure == nil { failure = (error, part) }
      }
    }
    return failure.map { error, part in
      let whole = rule.parts.count == 1
      return unevaluated(
        rule.rule, error, whole ? rule.places.range(error.range) : part.place, part.expression)
    }
  }

  /// What is said of a rule or condition whose value is neither true nor false: an API server takes that for an error.
  private static func noBool(_ value: CELValue, _ expression: CELExpression) -> CELError {
    CELError(
      kind: .failure, message: "it yields a value of type \(value.typeName), where a bool is needed",
      range: 0..<expression.text.utf8.count)
  }

  private func broken(
    _ rule: CompiledPolicy.Rule, _ part: CompiledPolicy.Part, _ bindings: CELBindings
  ) -> PolicyBreach {
    var culprit = Culprit(subject) { chosen in
      guard case .success(.bool(let value)) = evaluate(part.expression, self.bindings(chosen).values) else {
        return nil
      }
      return value
    }
    let blame = culprit.find(paths(of: part.expression))
    var message = rule.rule.message
    if let expression = rule.message, case .success(.string(let text)) = evaluate(expression, bindings),
      text.isUsableMessage
    {
      message = text
    }
    let label = blame.missing.map { "has no '\($0)'" } ?? (blame.isExact ? "this breaks the rule" : "")
    return PolicyBreach(
      policy: policy.number, rule: rule.rule.name?.value, severity: rule.rule.severity,
      message: message ?? standardMessage(rule.rule),
      subject: subject.description,
      node: blame.node, label: label, expression: part.place,
      help: [
        blame.missing.map { "add '\($0)', or except this in the policy, with a reason" }
          ?? "change it, or except it in the policy, with a reason"
      ],
      notes: [origin(rule.rule)], isEvaluated: true)
  }

  private func unevaluated(
    _ rule: Policy.Rule?, _ error: CELError, _ place: SourceRange, _ expression: CELExpression
  ) -> PolicyBreach {
    var message = error.message
    var range = place
    // A variable that failed is why, not its name.
    for path in expression.paths where path.first == "variables" && path.count > 1 {
      if let (cause, variable) = failedVariables[path[1]] {
        message = cause.message
        range = variable.places.range(cause.range)
      }
    }
    var culprit = Culprit(subject) { _ in nil }
    let blame = culprit.find(paths(of: expression))
    return PolicyBreach(
      policy: policy.number, rule: rule?.name?.value, severity: .error,
      message: "policy '\(policy.policy.name.value)' cannot be judged for \(subject.description): \(message)",
      subject: subject.description, node: blame.node,
      label: blame.missing.map { "has no '\($0)'" } ?? "", expression: range,
      help: [help(error)], notes: rule.map { [origin($0)] } ?? [],
      isEvaluated: false)
  }

  private func help(_ error: CELError) -> String {
    error.message == "no such key: 'userInfo'"
      ? "a repository does not tell who asks: guard it with has(request.userInfo), or leave the rule to the cluster"
      : "in the policy, ask for fields that may be absent with has(…), or with '.?' and orValue(…)"
  }

  /// What is said of a rule without a message. Rules must be told apart: an API server shows their expressions.
  private func standardMessage(_ rule: Policy.Rule) -> String {
    let name = policy.policy.name.value
    if let rule = rule.name?.value { return "rule '\(rule)' of policy '\(name)' does not allow this" }
    guard policy.policy.rules.count > 1 else { return "policy '\(name)' does not allow this" }
    return "policy '\(name)' does not allow this: failed expression: \(rule.expression.value.shortened)"
  }

  private func origin(_ rule: Policy.Rule) -> String {
    var title = "policy '\(policy.policy.name.value)'"
    if let name = rule.name?.value {
      title = "rule '\(name)' of " + title
    } else if policy.policy.rules.count > 1 {
      title = "rule \(rule.expression.value.shortened) of " + title
    }
    return "\(title) judged \(subject.description)"
  }

  /// The paths that an expression reads, those of the variables it uses included.
  private func paths(of expression: CELExpression) -> [[String]] {
    var paths: [[String]] = []
    var seen: Set<String> = []
    func add(_ expression: CELExpression) {
      for path in expression.paths {
        guard path.first == "variables", path.count > 1 else {
          paths.append(path)
          continue
        }
        guard seen.insert(path[1]).inserted else { continue }
        if let variable = policy.variables.first(where: { $0.name == path[1] }) { add(variable.expression) }
      }
    }
    add(expression)
    return paths
  }

  // MARK: Evaluation

  private func evaluate(_ expression: CELExpression, _ bindings: CELBindings) -> Result<CELValue, CELError> {
    do throws(CELError) {
      return .success(try expression.evaluate(bindings))
    } catch {
      return .failure(error)
    }
  }

  /// The values of all variables, with some lists of the subject narrowed.
  private func bindings(
    _ chosen: [Int: Int]
  ) -> (values: CELBindings, failed: [String: (CELError, CompiledPolicy.Variable)]) {
    let view = subject.view(chosen)
    var values = shared
    values["self"] = view.value(subject.own)
    values["object"] = view.value(subject.document)
    var failed: [String: (CELError, CompiledPolicy.Variable)] = [:]
    var fields: [(String, CELValue)] = []
    for variable in policy.variables {
      values["variables"] = .object(fields)
      do throws(CELError) {
        // Each variable was checked in an environment of its own, which ends before it.
        fields.append(
          (variable.name, try variable.expression.evaluate(variable.environment.bindings(values))))
      } catch {
        failed[variable.name] = (error, variable)
      }
    }
    values["variables"] = .object(fields)
    return (policy.environment.bindings(values), failed)
  }
}

extension String {
  /// An expression on one line, its beginning where it is long.
  var shortened: String {
    let words = split(whereSeparator: \.isWhitespace).joined(separator: " ")
    return words.count > 80 ? words.prefix(77) + "..." : words
  }

  /// True for what an API server shows of a messageExpression: not empty, not blank, one line. Else it shows `message`.
  var isUsableMessage: Bool { !contains(where: \.isNewline) && contains { !$0.isWhitespace } }
}
