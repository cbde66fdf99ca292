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
  /// The model's: taken out of it once, not for each object.
  private let templates: TemplateSet
  let policies: PolicySet
  let customResources: CustomResources

  init(resources: Resources, model: FleetModel, policies: PolicySet, customResources: CustomResources) {
    self.resources = resources
    self.model = model
    templates = model.templates
    self.policies = policies
    self.customResources = customResources
  }

  /// What all objects of a unit have in common.
  struct Context {
    let owner: UnitOwner
    /// Labels and annotations.
    let own: TemplateFields
    /// The same for patches: they have no labels, since the object stays its owner's.
    let patched: TemplateFields
    let annotations: TemplateFields

    static let labels: TemplateFields = ["app.kubernetes.io/managed-by": .string("linkwright")]

    init(_ lowered: LoweredUnit, _ owner: UnitOwner) {
      self.owner = owner
      var annotations: TemplateFields = [
        "config.kubernetes.io/origin": .string("path: \(lowered.subject.range.file.path)\n")
      ]
      // What serves a link as a whole names its file only.
      if !lowered.connections.isEmpty {
        annotations["linkwright.dev/connection"] = .string(lowered.connections.joined(separator: ","))
      }
      self.annotations = annotations
      own = ["common": .map(["labels": .map(Self.labels), "annotations": .map(annotations)])]
      patched = ["common": .map(["labels": .none, "annotations": .map(annotations)])]
    }

    /// The common values of one object of its own. Linkwright's labels stand, whatever the author's are.
    func own(with labels: [String: String]) -> TemplateFields {
      guard !labels.isEmpty else { return own }
      let all = TemplateFields(labels.lazy.map { ($0, .string($1)) }).merging(Self.labels)
      return ["common": .map(["labels": .map(all), "annotations": .map(annotations)])]
    }
  }

  /// Renders all units of a plan, on all cores. Where a template uses up its budget, once more in their order:
  /// so what is said, and of which object, does not depend on the cores.
  func render(_ plan: Plan, _ memo: UnitMemo?) -> [RenderedUnit] {
    let work = Array(zip(plan.units, plan.owners))
    let units = parallelMap(work, piece: 32) { unit, owner in
      memo?.rendered(unit) { render(unit, of: owner) } ?? render(unit, of: owner)
    }
    guard templates.exhaustion.wasMet else { return units }
    templates.exhaustion.reset()
    return work.map { render($0, of: $1) }
  }

  func render(_ unit: any PlannedUnit, of owner: UnitOwner) -> RenderedUnit {
    var rendered = RenderedUnit(key: unit.key, lowered: unit.lower())
    let context = Context(rendered.lowered, owner)
    rendered.objects.reserveCapacity(rendered.lowered.emissions.count)
    for emission in rendered.lowered.emissions { render(emission, context, &rendered) }
    for fragment in rendered.lowered.fragments { render(fragment, context, &rendered) }
    for occasion in rendered.lowered.occasions { renderExtras(occasion, context, &rendered) }
    // Findings, pending facts and bytes go on; what they were made from would double the memory.
    rendered.lowered.emissions = []
    rendered.lowered.fragments = []
    rendered.lowered.occasions = []
    rendered.lowered.variables = [:]
    return rendered
  }

  // MARK: Objects

  private func render(_ emission: Emission, _ context: Context, _ rendered: inout RenderedUnit) {
    let what = "\(emission.identity.description) in \(emission.cluster)"
    guard
      let template = template(emission.template, emission.connections, context, for: what, &rendered.lowered)
    else { return }
    let rendering = ObjectRendering(
      template: template, exhaustion: templates.exhaustion,
      layers: [
        emission.part == .components ? context.patched : context.own(with: emission.labels),
        rendered.lowered.variables, emission.variables,
      ], what: what, subject: rendered.lowered.subject)
    guard let root = rendering.render(&rendered.lowered.findings) else { return }
    let before = rendered.lowered.findings.count
    rendering.checkIdentity(
      root, emission.identity, resources.objectSchemas, &rendered.lowered.findings)
    if template.level != .builtIn {
      rendering.checkSettled(root, emission.settled, &rendered.lowered.findings)
    }
    // What controllers are expected to make they make in their own version, old ones too.
    if emission.part == .manifests {
      rendering.checkVersion(
        root, resources.objectSchemas, customResources, &rendered.lowered.findings)
    }
    if emission.part != .components {
      rendering.checkSchema(root, resources.objectSchemas, &rendered.lowered.findings)
    }
    // What the program brings is held to this by its tests.
    if emission.part == .manifests, template.level != .builtIn {
      rendering.checkAnnotations(root, context, &rendered.lowered.findings)
    }
    rendering.checkSecrets(root, &rendered.lowered.findings)
    guard rendered.lowered.findings.count == before else { return }
    take(root, emission.identity, emission.cluster, emission.part, rendering, &rendered)
  }

  /// Takes a rendered object into the output, after what policies and CustomResourceDefinitions say of it.
  private func take(
    _ root: Node, _ identity: ObjectIdentity, _ cluster: String, _ part: OutputPart,
    _ rendering: ObjectRendering, _ rendered: inout RenderedUnit
  ) {
    if part != .components {
      rendering.checkCustomResource(root, customResources, &rendered.lowered.findings)
    }
    if part == .manifests, policies.judgesObjects(identity) {
      for breach in policies.judge(root, identity, cluster: cluster) {
        rendered.breaches.append(breach)
        rendered.lowered.findings.append(
          breach.finding(at: rendered.lowered.subject, template: rendering.place(breach.node)))
      }
    }
    rendered.objects.append(
      RenderedObject(
        cluster: cluster, part: part, identity: identity,
        content: YAMLWriter.write(root, rank: KeyOrder.rank), unit: rendered.key,
        subject: rendered.lowered.subject, template: rendering.template))
    // What controllers are expected to make is what the emitter believes: the judge derives it anew.
    if part != .expected, SystemRegistry.kinds.contains(identity.kind), let manifest = Manifest(root) {
      rendered.judged.append(
        EmittedObject(
          cluster: cluster, manifest: manifest, isPatch: part == .components,
          subject: rendered.lowered.subject, connections: rendered.lowered.connections,
          template: rendering.template.level == .builtIn ? nil : rendering.template.tree))
    }
  }

  /// The objects that the fleet's own templates add.
  private func renderExtras(_ occasion: Occasion, _ context: Context, _ rendered: inout RenderedUnit) {
    guard let folder = LinkRegistry.folders[context.owner.type] else { return }
    let connections = occasion.connections ?? rendered.lowered.connections
    let use = TemplateUse(link: context.owner.link, connections: connections)
    for template in templates.extras(folder, for: use) where template.scope == occasion.scope {
      let place: TemplateFields = [
        "place": .map(["cluster": .string(occasion.cluster), "namespace": .string(occasion.namespace)]),
        "connections": .list(connections.map { .string($0) }),
      ]
      var rendering = ObjectRendering(
        template: template, exhaustion: templates.exhaustion,
        layers: [context.own, rendered.lowered.variables, place, occasion.variables],
        what: "\(occasion.namespace) in \(occasion.cluster)", subject: rendered.lowered.subject)
      let before = rendered.lowered.findings.count
      guard let root = rendering.render(&rendered.lowered.findings),
        let identity = rendering.extraIdentity(root, in: occasion.namespace, &rendered.lowered.findings)
      else { continue }
      rendering.what = "\(identity.description) in \(occasion.cluster)"
      rendering.checkVersion(
        root, resources.objectSchemas, customResources, &rendered.lowered.findings)
      rendering.checkSchema(root, resources.objectSchemas, &rendered.lowered.findings)
      rendering.checkAnnotations(root, context, &rendered.lowered.findings)
      rendering.checkSecrets(root, &rendered.lowered.findings)
      guard rendered.lowered.findings.count == before else { continue }
      take(root, identity, occasion.cluster, .manifests, rendering, &rendered)
    }
  }

  // MARK: Fragments

  /// Renders a fragment once for all its clusters; the copies share their bytes.
  private func render(_ fragment: Fragment, _ context: Context, _ rendered: inout RenderedUnit) {
    switch fragment.content {
    case .bytes(let content):
      rendered.fragments += RenderedFragment.copies(
        of: content, for: fragment, unit: rendered.key, subject: rendered.lowered.subject)
    case .template(let path, let variables):
      let what = "the fragment \(fragment.name)"
      guard let template = template(path, nil, context, for: what, &rendered.lowered) else { return }
      let rendering = ObjectRendering(
        template: template, exhaustion: templates.exhaustion,
        layers: [context.own, rendered.lowered.variables, variables], what: what,
        subject: rendered.lowered.subject)
      guard let root = rendering.render(&rendered.lowered.findings) else { return }
      let before = rendered.lowered.findings.count
      rendering.checkSecrets(root, &rendered.lowered.findings)
      guard rendered.lowered.findings.count == before else { return }
      rendered.fragments += RenderedFragment.copies(
        of: YAMLWriter.write(root, rank: KeyOrder.rank), for: fragment, unit: rendered.key,
        subject: rendered.lowered.subject, template: template)
    }
  }

  /// The template for an object of some of the unit's connections, all of them where `connections` is nil.
  private func template(
    _ path: String, _ connections: [String]?, _ context: Context, for what: String,
    _ lowered: inout LoweredUnit
  ) -> Template? {
    do {
      let use = TemplateUse(link: context.owner.link, connections: connections ?? lowered.connections)
      if let template = try templates.template(path, for: use) { return template }
      lowered.findings.append(
        Diagnostic(
          TemplateRules.unknownTemplate, "there is no template '\(path)'", at: lowered.subject,
          help: ["mend the file under templates/ that replaces it"]))
    } catch {
      lowered.findings.append(error.finding(for: what))
    }
    return nil
  }
}
