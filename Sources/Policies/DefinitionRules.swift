import CEL
import Diagnostics
import Expressions
import JSONSchema
import Kubernetes
import YAMLTree

/// The rules of one version of a CustomResourceDefinition, read and checked as an API server does when the definition is
/// applied (k8s.io/apiextensions-apiserver `pkg/apis/apiextensions/validation`).
struct DefinitionRules {
  /// A rule of the schema.
  struct Rule: Sendable {
    let expression: CELExpression
    let message: CELExpression?
    let environment: CELEnvironment
    let entry: Node
    /// The place below the value that the definition blames, as keys.
    let blamed: [String]
  }

  private let uri: String
  private let types: SchemaTypes
  private(set) var rules: [Int: Rule] = [:]
  private(set) var findings: [Diagnostic] = []

  init(_ uri: String, _ types: SchemaTypes) {
    self.uri = uri
    self.types = types
  }

  /// Checks the rules of a schema and of those inside it, each with the type of the value that it speaks about.
  ///
  /// - Parameter isCorrelatable: false below lists whose elements have no identity, where no former state can be found.
  mutating func collect(
    _ schema: Node, _ name: String, as type: CELType? = nil, isCorrelatable: Bool = true
  ) {
    guard schema.kind == .mapping else { return }
    if let list = schema["x-kubernetes-validations"] {
      if list.kind != .sequence { refuse("x-kubernetes-validations is a list of rules", at: list) }
      for entry in list.elements {
        read(entry, schema, type ?? types.type(of: schema, at: uri, named: name), isCorrelatable)
      }
    }
    for word in ["allOf", "anyOf", "oneOf"] {
      for branch in schema[word]?.elements ?? Elements.none {
        guard let list = branch["x-kubernetes-validations"] else { continue }
        refuse("rules cannot stand below \(word): an API server refuses them there", at: list)
      }
    }
    for (key, value) in schema["properties"]?.entries.map({ $0 }) ?? [] {
      collect(value, "\(name).\(key.text)", isCorrelatable: isCorrelatable)
    }
    if let items = schema["items"] {
      let isKeyed = schema["x-kubernetes-list-type"]?.string == "map"
      collect(items, name + "[]", isCorrelatable: isCorrelatable && isKeyed)
    }
    if let others = schema["additionalProperties"] {
      collect(others, name + ".*", isCorrelatable: isCorrelatable)
    }
  }

  private static let fields = [
    "rule", "message", "messageExpression", "reason", "fieldPath", "optionalOldSelf",
  ]
  private static let reasons = [
    "FieldValueInvalid", "FieldValueForbidden", "FieldValueRequired", "FieldValueDuplicate",
  ]

  private mutating func read(_ entry: Node, _ schema: Node, _ type: CELType, _ isCorrelatable: Bool) {
    for (key, _) in entry.entries where !Self.fields.contains(key.text) {
      refuse(
        "a rule has no field '\(key.text)'", at: key,
        help: didYouMean(key.text, among: Self.fields) ?? "its fields are: \(listed(Self.fields))")
    }
    if let reason = entry["reason"], !Self.reasons.contains(reason.text) {
      refuse(
        "'\(reason.text)' is no reason", at: reason, help: "the reasons are: \(listed(Self.reasons))")
    }
    guard let rule = entry["rule"], rule.kind == .string else {
      refuse("a rule has an expression", at: entry, help: "write it as 'rule'")
      return
    }
    let isOptional = entry["optionalOldSelf"]?.boolean == true
    let environment = CELEnvironment(variables: [
      "self": type, "oldSelf": isOptional ? .optional(type) : type,
    ])
    guard let expression = compile(rule, environment, .bool) else { return }
    let message = entry["messageExpression"].flatMap { compile($0, environment, .string) }
    let blamed = fieldPath(entry, schema)
    if expression.paths.contains(where: { $0.first == "oldSelf" }) {
      if !isCorrelatable {
        refuse(
          "'oldSelf' cannot be used here: elements of this list cannot be told from each other",
          at: rule, help: "only lists with 'x-kubernetes-list-type: map' have elements with a former state")
      }
      // Of a creation nothing is known but that there was nothing before.
      guard isOptional else { return }
    }
    rules[entry.index] = Rule(
      expression: expression, message: message, environment: environment, entry: entry, blamed: blamed)
  }

  /// The keys of `fieldPath` (`.spec.a['x-y']`), which must be fields of the schema.
  private mutating func fieldPath(_ entry: Node, _ schema: Node) -> [String] {
    guard let path = entry["fieldPath"] else { return [] }
    guard let keys = Self.keys(of: path.text) else {
      refuse("'\(path.text)' is no field path", at: path, help: "write it as in .a.b or .a['x-y']")
      return []
    }
    var place = schema
    for key in keys {
      guard let next = place["properties"]?[key] ?? place["additionalProperties"], next.kind == .mapping
      else {
        let fields = place["properties"]?.entries.map { $0.key.text } ?? []
        refuse(
          "the schema has no field '\(key)' here", at: path,
          help: didYouMean(key, among: fields)
            ?? (fields.isEmpty ? "leave out fieldPath" : "the fields are: \(listed(fields))"))
        return []
      }
      place = next
    }
    return keys
  }

  static func keys(of path: String) -> [String]? {
    var keys: [String] = []
    var rest = Substring(path)
    while let first = rest.first {
      if first == "." {
        rest.removeFirst()
        let key = rest.prefix { $0 != "." && $0 != "[" }
        guard !key.isEmpty else { return nil }
        keys.append(String(key))
        rest = rest.dropFirst(key.count)
      } else {
        guard rest.hasPrefix("['"), let end = rest.firstRange(of: "']") else { return nil }
        keys.append(String(rest[rest.index(rest.startIndex, offsetBy: 2)..<end.lowerBound]))
        rest = rest[end.upperBound...]
      }
    }
    return keys.isEmpty ? nil : keys
  }

  private mutating func refuse(_ message: String, at node: Node, help: String? = nil) {
    findings.append(
      Diagnostic(
        CustomResourceRules.unusableDefinition, message, at: node.range, "in this rule",
        help: [help ?? "correct the definition, or take it out of schemas/crds/"]))
  }

  private mutating func compile(
    _ node: Node, _ environment: CELEnvironment, _ type: CELType
  ) -> CELExpression? {
    do {
      return try CELExpression.compile(node.text, in: environment, expecting: type)
    } catch {
      let places = ScalarPlaces(node)
      findings += error.issues.map { issue in
        Diagnostic(
          CustomResourceRules.unusableDefinition, issue.message, at: places.range(issue.range),
          "in this rule", help: [issue.help ?? "correct the definition, or take it out of schemas/crds/"])
      }
      return nil
    }
  }
}

extension DefinitionRules.Rule {
  /// What is wrong with a value, nil when the rule holds.
  func breach(
    of value: Node, by schema: Node, at place: Node, _ path: [PathStep]
  ) -> CustomResources.Breach? {
    let bindings = environment.bindings(["self": value.value(by: schema), "oldSelf": .optional(nil)])
    let text = entry["rule"]?.text ?? ""
    var words = entry["message"]?.string ?? "the rule \(text) does not hold"
    do throws(CELError) {
      if case .bool(true) = try expression.evaluate(bindings) { return nil }
      if let message, case .string(let said)? = try? message.evaluate(bindings), said.isUsableMessage {
        words = said
      }
    } catch {
      words = "the rule \(text) cannot be judged: \(error.message)"
    }
    var node = place
    for key in blamed {
      guard let next = node[key] else { break }
      node = next
    }
    let what = path.isEmpty ? "the object" : path.rendered
    return CustomResources.Breach(
      node: node, message: words, rule: (entry["rule"] ?? entry).range,
      note: "\(what) breaks the rule \(text.shortened)")
  }
}
