import Diagnostics
import JSONSchema
import Kubernetes
import Linker
import Policies
import Templates
import YAMLTree

/// One object: a template rendered with its variables, and what the result must be. A finding points at the place
/// in the template, and at the source of a value that was taken over whole.
struct ObjectRendering {
  let template: Template
  /// Where a used-up budget is noted.
  let exhaustion: TemplateExhaustion
  let layers: [TemplateFields]
  /// The object in messages: `NetworkPolicy shop/allow in gold`.
  var what: String
  /// The connection that is served.
  let subject: Label

  /// The object's root; nil when the template's `$if` is false, or after a finding.
  func render(_ findings: inout [Diagnostic]) -> Node? {
    do {
      return try template.render(layers, exhaustion)?.root
    } catch {
      findings.append(error.finding(for: what))
      return nil
    }
  }

  // MARK: Places

  /// The place in the template that made a node.
  func place(_ node: Node?) -> SourceRange {
    template.node(forOrigin: node?.origin ?? 0)?.range ?? SourceRange(wholeFile: template.tree.file)
  }

  /// Where a value was taken from. Renders the object once more.
  private func sources(of node: Node?) -> [Label] {
    guard let node, let source = template.trace(layers).source(of: node) else { return [] }
    return [Label(source.range, "the value comes from here")]
  }

  // MARK: Checks

  /// The result must be the object that the plan speaks of.
  func checkIdentity(
    _ root: Node, _ wanted: ObjectIdentity, _ schemas: KubernetesSchemas, _ findings: inout [Diagnostic]
  ) {
    let version = root["apiVersion"]
    let fields: [(String, Node?, String?)] = [
      ("kind", root["kind"], wanted.kind), ("metadata.name", root.at("metadata", "name"), wanted.name),
      ("metadata.namespace", root.at("metadata", "namespace"), wanted.namespace),
    ]
    var wrong = fields.filter { _, node, value in value.map { node?.hasText($0) != true } ?? (node != nil) }
    if ObjectIdentity.group(of: version?.text ?? "") != wanted.group {
      let versions = schemas.sources(kind: wanted.kind, group: wanted.group).map(\.apiVersion)
      wrong.append(("apiVersion", version, versions.last ?? wanted.group))
    }
    for (field, node, value) in wrong {
      findings.append(
        Diagnostic(
          CompilerRules.wrongIdentity,
          "the template yields \(field) '\(node?.text ?? "")' where \(what) must have '\(value ?? "")'",
          at: place(node), "in this template", also: sources(of: node),
          help: ["take names from the variables; change naming in names.yaml"]))
    }
  }

  /// The result must say what other parts of the output rest on.
  func checkSettled(_ root: Node, _ fields: [SettledField], _ findings: inout [Diagnostic]) {
    for field in fields {
      let node = field.path.reduce(Optional(root)) { $0?[$1] }
      let parent = field.path.dropLast().reduce(root) { $0[$1] ?? $0 }
      guard (node?.text ?? field.absent) != field.text else { continue }
      findings.append(
        Diagnostic(
          CompilerRules.wrongIdentity,
          "the template yields \(node.map { "\(field.path.joined(separator: ".")) '\($0.text)'" } ?? "no \(field.path.joined(separator: "."))") where \(what) must have '\(field.text)'",
          at: place(node ?? parent), "in this template", also: sources(of: node),
          help: [field.help]))
    }
  }

  /// The result must be what the API server takes.
  func checkSchema(_ root: Node, _ schemas: KubernetesSchemas, _ findings: inout [Diagnostic]) {
    guard let schema = schemas.schema(for: root) else { return }
    for violation in schema.validate(root) {
      let finding = violation.diagnostic(CompilerRules.invalidObject, root: what)
      findings.append(
        invalid(finding.message, violation.node, help(finding, at: violation.node), "of \(what)"))
    }
  }

  /// An object that no API server takes. The fleet's own template is to blame for what it makes of its values; a
  /// built-in one is no file of the repository, and what it makes of them is right: so the value is.
  private func invalid(_ message: String, _ node: Node, _ help: [String], _ note: String) -> Diagnostic {
    let sources = sources(of: node)
    guard template.level == .builtIn else {
      return Diagnostic(
        CompilerRules.invalidObject, message, at: place(node), "in this template",
        also: sources + [subject], help: help, notes: [note])
    }
    return Diagnostic(
      CompilerRules.invalidObject, message, at: sources.first ?? subject,
      also: (sources.isEmpty ? [] : [subject]) + [Label(place(node), "in the built-in template")], help: help,
      notes: [note])
  }

  /// The result's version must be one under which an API server takes the kind; else nothing would be checked.
  func checkVersion(
    _ root: Node, _ schemas: KubernetesSchemas, _ definitions: CustomResources,
    _ findings: inout [Diagnostic]
  ) {
    // The common case costs a look-up.
    if definitions.isEmpty, schemas.schema(for: root) != nil { return }
    guard let kind = root["kind"]?.string, let version = root["apiVersion"]?.string else { return }
    let group = ObjectIdentity.group(of: version)
    let served = definitions.isEmpty ? nil : definitions.servedVersions(group: group, kind: kind)
    if definitions.isClusterScoped(group: group, kind: kind), let namespace = root.at("metadata", "namespace")
    {
      refuse(
        "\(kind) is a kind of cluster scope, by its CustomResourceDefinition, and belongs to no namespace",
        namespace, "correct spec.scope of the definition, or leave the object to whoever runs the cluster",
        &findings)
    }
    if served == nil, schemas.schema(for: root) != nil { return }
    let known = served ?? schemas.sources(kind: kind, group: group).map(\.apiVersion)
    guard !known.contains(version) else { return }
    let place = root["apiVersion"] ?? root
    if known.isEmpty, served != nil {
      refuse(
        "no version of \(kind) is served, by its CustomResourceDefinition", place,
        "set 'served: true' in the definition, or take the object out", &findings)
    } else if !known.isEmpty {
      refuse(
        "no API server takes \(kind) as '\(version)'", place, "write 'apiVersion: \(known[known.count - 1])'",
        &findings)
    } else if let wanted = ServedVersions.wanted(apiVersion: version, kind: kind) {
      refuse(
        "no API server takes \(kind) as '\(version)'", place, "write 'apiVersion: \(wanted)'", &findings)
    } else if version == "v1", kind == "List" {
      refuse(
        "a List is no object of its own", root["kind"] ?? root, "add each of its items as a template",
        &findings)
    }
  }

  private func refuse(_ message: String, _ node: Node, _ help: String, _ findings: inout [Diagnostic]) {
    findings.append(
      invalid(message, node, [help], "of \(what)"))
  }

  /// Quotes around an expression change nothing: its value keeps its type.
  private func help(_ finding: Diagnostic, at node: Node) -> [String] {
    guard finding.help.first?.hasPrefix("quote it") == true,
      let written = template.node(forOrigin: node.origin)?.text, written.contains("${")
    else { return finding.help }
    return ["make a text of it: ${string(…)}"]
  }

  /// The result must be what the fleet's CustomResourceDefinitions take.
  func checkCustomResource(_ root: Node, _ definitions: CustomResources, _ findings: inout [Diagnostic]) {
    for violation in definitions.schema(for: root)?.validate(root) ?? [] {
      let finding = violation.diagnostic(CompilerRules.invalidObject, root: what)
      findings.append(
        invalid(
          finding.message, violation.node, finding.help, "of \(what), by its CustomResourceDefinition"))
    }
    for breach in definitions.breaches(of: root) {
      findings.append(
        Diagnostic(
          CustomResourceRules.brokenValidation, "\(what): \(breach.message)", at: subject,
          also: [Label(place(breach.node), "this value")] + sources(of: breach.node)
            + [Label(breach.rule, "does not hold")],
          help: ["change what the value comes from: the connection, its Service, or the template"],
          notes: [breach.note]))
    }
  }

  /// The result must say where it comes from.
  func checkAnnotations(
    _ root: Node, _ context: UnitRendering.Context, _ findings: inout [Diagnostic]
  ) {
    let parts: [(String, TemplateFields)] = [
      ("annotations", context.annotations), ("labels", UnitRendering.Context.labels),
    ]
    for (name, wanted) in parts {
      let present = root["metadata"]?[name]
      for case (let key, .string(let value)) in wanted
      where present?[key]?.text != value {
        findings.append(
          Diagnostic(
            TemplateRules.unannotated,
            "the template yields no \(name == "labels" ? "label" : "annotation") \(key) as every object has it",
            at: place(present ?? root["metadata"] ?? root), "in this template",
            help: ["write '\(name): ${common.\(name)}', or '\(name): {$merge: common.\(name), …}'"],
            notes: ["of \(what)"]))
        return
      }
    }
  }

  /// Secrets are never emitted. What the program brings takes none from the specification, so only a fleet's own
  /// templates are looked at; the place is the file without its
  /// text, since a line of it could show the key.
  func checkSecrets(_ root: Node, _ findings: inout [Diagnostic]) {
    guard template.level != .builtIn, Self.holdsKey(root) else { return }
    findings.append(
      Diagnostic(
        CompilerRules.privateKey, "the template puts a private key into \(what)",
        at: Label(SourceRange(wholeFile: SourceFile(path: template.tree.file.path, bytes: []))),
        also: [subject],
        help: ["refer to a Secret by its name; whoever can read the output could read the key"]))
  }

  /// A key in PEM, or the same in Base64 as Secrets hold it. Linear in the texts.
  private static func holdsKey(_ node: Node) -> Bool {
    switch node.kind {
    case .mapping: node.entries.contains { holdsKey(text: $0.text) || holdsKey($1) }
    case .sequence: node.elements.contains { holdsKey($0) }
    case .string: holdsKey(text: node.text)
    default: false
    }
  }

  private static func holdsKey(text: String) -> Bool {
    // The header of a key alone has 27 bytes; what is shorter is not worth decoding.
    guard text.utf8.count >= 27 else { return false }
    if text.contains("PRIVATE KEY-----") { return true }
    guard let bytes = Base64.decode(text) else { return false }
    return String(decoding: bytes, as: UTF8.self).contains("PRIVATE KEY-----")
  }

  /// The identity of an added object; nil after a finding.
  func extraIdentity(
    _ root: Node, in namespace: String, _ findings: inout [Diagnostic]
  ) -> ObjectIdentity? {
    func fault(_ message: String, _ node: Node?, _ help: String) -> ObjectIdentity? {
      findings.append(
        Diagnostic(
          TemplateRules.extraObject, message, at: place(node), "in this template", also: sources(of: node),
          help: [help], notes: ["while rendering it for \(what)"]))
      return nil
    }
    guard let version = root["apiVersion"]?.string, let kind = root["kind"]?.string, !kind.isEmpty else {
      return fault("the template yields no apiVersion and kind", nil, "every object has both")
    }
    let group = ObjectIdentity.group(of: version)
    if ServedVersions.isClusterScoped(group: group, kind: kind) {
      return fault(
        "a \(kind) belongs to no namespace, and what a template adds does", root["kind"],
        "leave it to whoever runs the cluster")
    }
    let metadata = root["metadata"]
    guard let name = metadata?["name"]?.string else {
      return fault(
        "the template yields no metadata.name", metadata, "compose a name that is unique in its namespace")
    }
    if let wrong = Naming.fault(in: name) {
      return fault(
        "'\(name)' cannot be a name: \(wrong)", metadata?["name"],
        "change what the template makes of its variables")
    }
    let given = metadata?["namespace"]
    guard given?.string == namespace else {
      let words = given.map { "metadata.namespace '\($0.text)'" } ?? "no metadata.namespace"
      return fault(
        "the template yields \(words), and may add to '\(namespace)' only", given ?? metadata,
        "write 'namespace: ${place.namespace}'")
    }
    return ObjectIdentity(apiVersion: version, kind: kind, namespace: namespace, name: name)
  }
}
