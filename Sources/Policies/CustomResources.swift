import CEL
package import Diagnostics
import Expressions
package import JSONSchema
import Kubernetes
package import YAMLTree

/// The CustomResourceDefinitions of a fleet: schemas for objects of kinds that Linkwright has none for, and the
/// rules of `x-kubernetes-validations` in them.
///
/// An API server judges an object by its CRD when it is applied; here that happens before. Rules that compare with
/// the object's former state (`oldSelf`) are checked, and left to the API server, which alone knows it.
package struct CustomResources: Sendable {
  private struct Version: Sendable {
    let apiVersion: String
    let kind: String
    let isServed: Bool
    let isNamespaced: Bool
    let schema: CompiledSchema
    /// The schema as it is written.
    let source: Node
    /// Rules by the node of their entry.
    let rules: [Int: DefinitionRules.Rule]
  }

  private var versions: [Version] = []
  package private(set) var findings: [Diagnostic] = []

  package init() {}

  /// The kinds that a definition serves.
  package var kinds: [String] { versions.map(\.kind) }

  package var isEmpty: Bool { versions.isEmpty }

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
      if let version = document["apiVersion"], version.text != "apiextensions.k8s.io/v1" {
        findings.append(
          Diagnostic(
            CustomResourceRules.unusableDefinition,
            "no API server serves a CustomResourceDefinition as '\(version.text)'", at: version.range,
            "not apiextensions.k8s.io/v1",
            help: ["write the definition as the cluster prints it: 'kubectl get crd NAME -o yaml'"]))
        continue
      }
      let isNamespaced = document.at("spec", "scope")?.text != "Cluster"
      for version in document.at("spec", "versions")?.elements.map({ $0 }) ?? [] {
        guard let name = version["name"]?.string,
          let schema = version.at("schema", "openAPIV3Schema")
        else { continue }
        add(
          schema, apiVersion: "\(group)/\(name)", kind: kind.text,
          isServed: version["served"]?.boolean != false, isNamespaced: isNamespaced, registry)
      }
    }
  }

  private mutating func add(
    _ schema: Node, apiVersion: String, kind: String, isServed: Bool, isNamespaced: Bool,
    _ registry: SchemaRegistry
  ) {
    let uri = "https://linkwright.dev/schemas/crds/\(apiVersion)/\(kind)"
    do throws(SchemaCompilationError) {
      let compiled = try CompiledSchema.compile(
        root: schema, at: uri, registry: registry, options: KubernetesSchemas.options)
      let types = SchemaTypes(registry, KubernetesSchemas.options, isStructural: true)
      var reading = DefinitionRules(uri, types)
      reading.collect(schema, kind, as: types.objectType(of: schema, at: uri, named: kind))
      findings += reading.findings
      versions.append(
        Version(
          apiVersion: apiVersion, kind: kind, isServed: isServed, isNamespaced: isNamespaced,
          schema: compiled, source: schema, rules: reading.rules))
    } catch {
      findings += error.faults.map { fault in
        Diagnostic(
          CustomResourceRules.unusableDefinition, "the schema of \(kind) cannot be used: \(fault.message)",
          at: fault.node.range, "in this schema",
          help: ["correct the definition, or take it out of schemas/crds/"])
      }
    }
  }

  // MARK: Judging

  /// The schema for an object; nil where no definition serves its version and kind.
  package func schema(for object: Node) -> CompiledSchema? { version(of: object)?.schema }

  private func version(of object: Node) -> Version? {
    guard !versions.isEmpty, let kind = object["kind"]?.string, let apiVersion = object["apiVersion"]?.string
    else { return nil }
    return versions.first { $0.kind == kind && $0.apiVersion == apiVersion && $0.isServed }
  }

  /// The versions that the definition of a kind serves; nil where there is no definition. Linear in the definitions.
  package func servedVersions(group: String, kind: String) -> [String]? {
    let own = versions.filter { $0.kind == kind && ObjectIdentity.group(of: $0.apiVersion) == group }
    return own.isEmpty ? nil : own.filter(\.isServed).map(\.apiVersion)
  }

  /// True for kinds whose definition says that their objects belong to no namespace.
  package func isClusterScoped(group: String, kind: String) -> Bool {
    versions.contains {
      $0.kind == kind && !$0.isNamespaced && ObjectIdentity.group(of: $0.apiVersion) == group
    }
  }

  /// A rule of a CRD that an object breaks.
  package struct Breach: Sendable {
    /// The value that the rule speaks about, or the one that it blames.
    package let node: Node
    package let message: String
    package let rule: SourceRange
    /// What tells the breach from others: `spec.ports[0] breaks the rule self < 3`.
    package let note: String
  }

  /// The rules of its CRD that an object breaks, in the order of the schema. Linear in the object times the rules.
  package func breaches(of object: Node) -> [Breach] {
    guard let version = version(of: object), !version.rules.isEmpty else { return [] }
    var breaches: [Breach] = []
    judge(object, by: version.source, at: object, [], version, &breaches)
    return breaches
  }

  /// Judges a value and what is in it.
  ///
  /// - Parameter place: the value, or where it is a default the object that lacks it.
  private func judge(
    _ value: Node, by schema: Node, at place: Node, _ path: [PathStep], _ version: Version,
    _ breaches: inout [Breach]
  ) {
    guard schema.kind == .mapping, !value.isNull else { return }
    for entry in schema["x-kubernetes-validations"]?.elements ?? Elements.none {
      guard let rule = version.rules[entry.index],
        let breach = rule.breach(of: value, by: schema, at: place, path)
      else { continue }
      breaches.append(breach)
    }
    switch value.kind {
    case .mapping:
      let properties = schema["properties"]
      for (key, property) in properties?.entries.map({ ($0.key.text, $0.value) }) ?? [] {
        guard let inner = value.property(key, by: schema) else { continue }
        let isDefault = value[key].map { $0.isNull && !inner.isNull } ?? true
        judge(inner, by: property, at: isDefault ? place : inner, path + [.key(key)], version, &breaches)
      }
      guard let others = schema["additionalProperties"], others.kind == .mapping else { return }
      for (key, inner) in value.entries where properties?[key.text] == nil {
        judge(inner, by: others, at: inner, path + [.key(key.text)], version, &breaches)
      }
    case .sequence:
      guard let items = schema["items"] else { return }
      for (index, inner) in value.elements.enumerated() {
        judge(inner, by: items, at: inner, path + [.index(index)], version, &breaches)
      }
    default: return
    }
  }
}
