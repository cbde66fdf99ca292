import CEL
package import Diagnostics
import Expressions
package import JSONSchema
package import YAMLTree

/// The CustomResourceDefinitions of a fleet: schemas for objects of kinds that Linkwright has none for, and the
/// rules of `x-kubernetes-validations` in them.
///
/// An API server judges an object by its CRD when it is applied; here that happens before. Rules that compare with
/// the object's former state (`oldSelf`) are left to the API server, which alone knows it.
package struct CustomResources: Sendable {
  private struct Version: Sendable {
    let apiVersion: String
    let kind: String
    let schema: CompiledSchema
    let rules: [Int: Rule]
  }

  /// A rule of the schema, by the node of its entry.
  private struct Rule: Sendable {
    let expression: CELExpression
    let message: CELExpression?
    let environment: CELEnvironment
    let places: ScalarPlaces?
  }

  private var versions: [Version] = []
  package private(set) var findings: [Diagnostic] = []

  package init() {}

  /// The kinds that a definition serves.
  package var kinds: [String] { versions.map(\.kind) }

  /// Reads the definitions of a file; documents of other kinds are not looked at.
  ///
  /// - Parameter registry: the documents with Kubernetes' shared definitions.
  package mutating func add(_ tree: Tree, _ registry: SchemaRegistry) {
    for document in tree.documents where document["kind"]?.string == "CustomResourceDefinition" {
      guard let group = document.at("spec", "group")?.string, let kind = document.at("spec", "names", "kind")
      else {
        findings.append(
          Diagnostic(
            CustomResourceRules.unusableDefinition, "a CustomResourceDefinition names its group and kind",
            at: (document["spec"] ?? document).range, "no spec.group, or no spec.names.kind",
            help: ["write the definition as the cluster prints it: 'kubectl get crd NAME -o yaml'"]))
        continue
      }
      for version in document.at("spec", "versions")?.elements.map({ $0 }) ?? [] {
        guard let name = version["name"]?.string,
          let schema = version.at("schema", "openAPIV3Schema")
        else { continue }
        add(schema, apiVersion: "\(group)/\(name)", kind: kind.text, registry)
      }
    }
  }

  private mutating func add(
    _ schema: Node, apiVersion: String, kind: String, _ registry: SchemaRegistry
  ) {
    let uri = "https://linkwright.dev/schemas/crds/\(apiVersion)/\(kind)"
    do throws(SchemaCompilationError) {
      let compiled = try CompiledSchema.compile(
        root: schema, at: uri, registry: registry, options: KubernetesSchemas.options)
      var rules: [Int: Rule] = [:]
      let types = SchemaTypes(registry, KubernetesSchemas.options)
      collect(schema, kind, uri, types, &rules, as: types.objectType(of: schema, at: uri, named: kind))
      versions.append(Version(apiVersion: apiVersion, kind: kind, schema: compiled, rules: rules))
    } catch {
      findings += error.faults.map { fault in
        Diagnostic(
          CustomResourceRules.unusableDefinition, "the schema of \(kind) cannot be used: \(fault.message)",
          at: fault.node.range, "in this schema",
          help: ["correct the definition, or take it out of schemas/crds/"])
      }
    }
  }

  /// Checks the rules of a schema and of those inside it, each with the type of the value that it speaks about.
  private mutating func collect(
    _ schema: Node, _ name: String, _ uri: String, _ types: SchemaTypes, _ rules: inout [Int: Rule],
    as type: CELType? = nil
  ) {
    guard schema.kind == .mapping else { return }
    for entry in schema["x-kubernetes-validations"]?.elements.map({ $0 }) ?? [] {
      guard let rule = entry["rule"], rule.kind == .string, !rule.text.contains("oldSelf") else { continue }
      let environment = CELEnvironment(variables: [
        "self": type ?? types.type(of: schema, at: uri, named: name)
      ])
      if let expression = compile(rule, environment, .bool) {
        rules[entry.index] = Rule(
          expression: expression,
          message: entry["messageExpression"].flatMap { compile($0, environment, .string) },
          environment: environment, places: ScalarPlaces(rule))
      }
    }
    for (key, value) in schema["properties"]?.entries.map({ $0 }) ?? [] {
      collect(value, "\(name).\(key.text)", uri, types, &rules)
    }
    if let items = schema["items"] { collect(items, name + "[]", uri, types, &rules) }
    if let others = schema["additionalProperties"] { collect(others, name + ".*", uri, types, &rules) }
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

  // MARK: Judging

  /// The schema for an object; nil where no definition serves its version and kind.
  package func schema(for object: Node) -> CompiledSchema? { version(of: object)?.schema }

  private func version(of object: Node) -> Version? {
    guard !versions.isEmpty, let kind = object["kind"]?.string, let apiVersion = object["apiVersion"]?.string
    else { return nil }
    return versions.first { $0.kind == kind && $0.apiVersion == apiVersion }
  }

  /// A rule of a CRD that an object breaks.
  package struct Breach: Sendable {
    /// The value that the rule speaks about.
    package let node: Node
    package let message: String
    package let rule: SourceRange
  }

  /// The rules of its CRD that an object breaks, in the order of the schema.
  package func breaches(of object: Node) -> [Breach] {
    guard let version = version(of: object), !version.rules.isEmpty else { return [] }
    let sites = version.schema.validationRuleSites(in: object).sorted {
      ($0.rule.node.index, $0.node.index) < ($1.rule.node.index, $1.node.index)
    }
    return sites.compactMap { site in
      guard let rule = version.rules[site.rule.node.index] else { return nil }
      let bindings = rule.environment.bindings(["self": site.node.value()])
      var message = site.rule.message ?? "the rule \(site.rule.rule) does not hold"
      do throws(CELError) {
        if case .bool(true) = try rule.expression.evaluate(bindings) { return nil }
        if let text = rule.message, case .string(let said)? = try? text.evaluate(bindings) { message = said }
      } catch {
        message = "the rule \(site.rule.rule) cannot be judged: \(error.message)"
      }
      return Breach(
        node: site.node, message: message,
        rule: (site.rule.node["rule"] ?? site.rule.node).range)
    }
  }
}
