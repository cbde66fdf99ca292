import Diagnostics
import JSONSchema
import Kubernetes
import Linker
import Output
import Policies
import Reachability
import Templates
import YAMLTree

/// A unit with its objects as bytes.
struct RenderedUnit: Sendable {
  let key: String
  var lowered: LoweredUnit
  var objects: [RenderedObject] = []
  var fragments: [RenderedFragment] = []
  /// What policies say of the objects.
  var breaches: [PolicyBreach] = []
  /// Trees of the objects that the judge looks at.
  var judged: [EmittedObject] = []
}

/// Renders units one by one: template, identity, schema, text. The trees are dropped with each object.
struct UnitRendering: Sendable {
  let resources: Resources
  let model: FleetModel
  let policies: PolicySet
  let customResources: CustomResources

  func render(_ unit: any PlannedUnit) -> RenderedUnit {
    var rendered = RenderedUnit(key: unit.key, lowered: unit.lower())
    let own = common(rendered.lowered, labels: ["app.kubernetes.io/managed-by": .string("linkwright")])
    let patched = common(rendered.lowered, labels: nil)
    rendered.objects.reserveCapacity(rendered.lowered.emissions.count)
    for emission in rendered.lowered.emissions {
      render(emission, emission.part == .components ? patched : own, &rendered)
    }
    for fragment in rendered.lowered.fragments { render(fragment, own, &rendered) }
    // Findings, pending facts and bytes go on; what they were made from would double the memory.
    rendered.lowered.emissions = []
    rendered.lowered.fragments = []
    rendered.lowered.variables = [:]
    return rendered
  }

  /// Labels and annotations that every object carries. A patch has no labels: the object stays its owner's.
  private func common(_ lowered: LoweredUnit, labels: [String: TemplateValue]?) -> [String: TemplateValue] {
    var annotations: [String: TemplateValue] = [
      "config.kubernetes.io/origin": .string("path: \(lowered.subject.range.file.path)\n")
    ]
    // What serves a link as a whole names its file only.
    if !lowered.connections.isEmpty {
      annotations["linkwright.dev/connection"] = .string(lowered.connections.joined(separator: ","))
    }
    return [
      "common": .map([
        "labels": labels.map { .map($0) } ?? .none,
        "annotations": .map(annotations),
      ])
    ]
  }

  private func render(_ emission: Emission, _ common: [String: TemplateValue], _ rendered: inout RenderedUnit)
  {
    guard let template = model.templates[emission.template] else {
      rendered.lowered.findings.append(
        Diagnostic(
          TemplateRules.unknownTemplate, "there is no template '\(emission.template)'",
          at: rendered.lowered.subject))
      return
    }
    let what = "\(emission.identity.description) in \(emission.cluster)"
    let tree: Tree
    do {
      guard
        let made = try template.render(
          [common, rendered.lowered.variables, emission.variables])
      else { return }
      tree = made
    } catch {
      rendered.lowered.findings.append(error.finding(for: what))
      return
    }
    guard let root = tree.root else { return }
    let before = rendered.lowered.findings.count
    checkIdentity(root, emission, template, what, &rendered.lowered.findings)
    checkSchema(root, emission, template, what, &rendered.lowered)
    guard rendered.lowered.findings.count == before else { return }
    judge(root, emission, template, &rendered)
    rendered.objects.append(
      RenderedObject(
        cluster: emission.cluster, part: emission.part, identity: emission.identity,
        content: YAMLWriter.write(root, rank: KeyOrder.rank), unit: rendered.key,
        subject: rendered.lowered.subject))
    // What controllers are expected to make is what the emitter believes: the judge derives it anew.
    if emission.part != .expected, SystemRegistry.kinds.contains(emission.identity.kind),
      let manifest = Manifest(root)
    {
      rendered.judged.append(
        EmittedObject(
          cluster: emission.cluster, manifest: manifest, isPatch: emission.part == .components,
          subject: rendered.lowered.subject, connections: rendered.lowered.connections))
    }
  }

  /// Renders a fragment once for all its clusters; the copies share their bytes.
  private func render(_ fragment: Fragment, _ common: [String: TemplateValue], _ rendered: inout RenderedUnit)
  {
    let path: String
    let variables: [String: TemplateValue]
    switch fragment.content {
    case .bytes(let content):
      rendered.fragments += RenderedFragment.copies(
        of: content, for: fragment, unit: rendered.key, subject: rendered.lowered.subject)
      return
    case .template(let template, let own): (path, variables) = (template, own)
    }
    guard let template = model.templates[path] else {
      rendered.lowered.findings.append(
        Diagnostic(
          TemplateRules.unknownTemplate, "there is no template '\(path)'", at: rendered.lowered.subject))
      return
    }
    do {
      let tree = try template.render(
        [common, rendered.lowered.variables, variables])
      guard let root = tree?.root else { return }
      let content = YAMLWriter.write(root, rank: KeyOrder.rank)
      rendered.fragments += RenderedFragment.copies(
        of: content, for: fragment, unit: rendered.key, subject: rendered.lowered.subject)
    } catch {
      rendered.lowered.findings.append(error.finding(for: "the fragment \(fragment.name)"))
    }
  }

  private func checkIdentity(
    _ root: Node, _ emission: Emission, _ template: Template, _ what: String, _ findings: inout [Diagnostic]
  ) {
    let wanted = emission.identity
    let group = ObjectIdentity.group(of: root["apiVersion"]?.text ?? "")
    let fields: [(String, Node?, String?)] = [
      ("kind", root["kind"], wanted.kind), ("metadata.name", root.at("metadata", "name"), wanted.name),
      ("metadata.namespace", root.at("metadata", "namespace"), wanted.namespace),
    ]
    var wrong = fields.filter { $0.1?.text != $0.2 }
    if group != wanted.group { wrong.append(("apiVersion", root["apiVersion"], wanted.group)) }
    for (field, node, value) in wrong {
      let place = template.node(forOrigin: node?.origin ?? 0)
      findings.append(
        Diagnostic(
          CompilerRules.wrongIdentity,
          "the template yields \(field) '\(node?.text ?? "")' where \(what) must have '\(value ?? "")'",
          at: place?.range ?? SourceRange(wholeFile: template.tree.file), "in this template",
          help: ["take names from the variables; change naming in names.yaml"]))
    }
  }

  /// Policies and CustomResourceDefinitions of the fleet over one object.
  private func judge(
    _ root: Node, _ emission: Emission, _ template: Template, _ rendered: inout RenderedUnit
  ) {
    guard emission.part != .components else { return }
    let subject = rendered.lowered.subject
    let what = "\(emission.identity.description) in \(emission.cluster)"
    for violation in customResources.schema(for: root)?.validate(root) ?? [] {
      let finding = violation.diagnostic(CompilerRules.invalidObject, root: what)
      rendered.lowered.findings.append(
        Diagnostic(
          CompilerRules.invalidObject, finding.message,
          at: place(of: violation.node, template), "in this template", also: [subject], help: finding.help,
          notes: ["of \(what), by its CustomResourceDefinition"]))
    }
    for breach in customResources.breaches(of: root) {
      rendered.lowered.findings.append(
        Diagnostic(
          CustomResourceRules.brokenValidation, "\(what): \(breach.message)", at: subject,
          also: [Label(place(of: breach.node, template), "this value"), Label(breach.rule, "does not hold")],
          help: ["change what the value comes from: the connection, its Service, or the template"]))
    }
    guard emission.part == .manifests, policies.judgesObjects(emission.identity) else { return }
    for breach in policies.judge(root, emission.identity, cluster: emission.cluster) {
      rendered.breaches.append(breach)
      rendered.lowered.findings.append(
        breach.finding(at: subject, template: place(of: breach.node, template)))
    }
  }

  /// The place in a template that a node of its object comes from.
  private func place(of node: Node, _ template: Template) -> SourceRange {
    template.node(forOrigin: node.origin)?.range ?? SourceRange(wholeFile: template.tree.file)
  }

  private func checkSchema(
    _ root: Node, _ emission: Emission, _ template: Template, _ what: String, _ lowered: inout LoweredUnit
  ) {
    guard emission.part != .components, let schema = resources.objectSchemas.schema(for: root) else { return }
    for violation in schema.validate(root) {
      let finding = violation.diagnostic(CompilerRules.invalidObject, root: what)
      let place = template.node(forOrigin: violation.node.origin)
      lowered.findings.append(
        Diagnostic(
          CompilerRules.invalidObject, finding.message,
          at: place?.range ?? SourceRange(wholeFile: template.tree.file), "in this template",
          also: [lowered.subject], help: finding.help, notes: ["of \(what)"]))
    }
  }
}
