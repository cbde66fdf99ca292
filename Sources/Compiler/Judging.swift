import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Output
import Reachability
import YAMLTree

/// The phase that judges every connection on the fleet as it will be.
struct Judging {
  let judgement: Judgement
  let findings: [Diagnostic]

  /// - Parameter units: all units of the plan, rendered.
  /// - Parameter trees: the sources, in which kustomizations may list what is emitted for them.
  init(
    _ model: FleetModel, _ plan: Plan, _ units: [RenderedUnit], _ options: CompileOptions,
    trees: [String: Tree] = [:]
  ) {
    let mapping = AllCores()
    judgement = Self.judgement(model, plan, units)
    // A unit with an error has emitted nothing, or not what it should: its connections fail for that reason.
    var faulted: Set<String> = []
    // By number: a unit that is copied counts a dozen references.
    for index in units.indices
    where units[index].lowered.findings.containErrors || Self.wantsTakenPlace(units[index].objects, model) {
      faulted.formUnion(units[index].lowered.connections)
    }
    faulted.formUnion(
      Self.faulted(
        plan, plan.findings + units.lazy.flatMap(\.lowered.findings).filter { $0.severity == .error }))
    faulted.formUnion(Self.unreadEnds(model, plan))
    // Of a cluster whose document has errors nobody knows what it is a member of.
    for connection in plan.connections {
      let clusters = connection.clients.compactMap(\.cluster)
      if clusters.contains(where: { model.specification.isInvalid("Cluster", $0) }) {
        faulted.insert(connection.id.description)
      }
    }
    var found = judgement.findings(
      except: faulted, reported: plan.findings + units.flatMap(\.lowered.findings),
      pending: units.flatMap(\.lowered.pending), mapping: mapping)
    if options.isStrict {
      for index in found.indices where found[index].rule.id == JudgementRules.waits.id {
        found[index].severity = .error
      }
    }
    let layout = OutputLayout(model.fleet)
    let patches = judgement.fleet.clusters.values.contains { $0.hasPatches }
    let listed = ListedComponents(patches ? trees : [:])
    findings =
      found
      + judgement.assumedComponents {
        layout.path(Placement($0, .components, $1))
      } isListed: {
        listed.hold($0)
      }
      + PathEvaluation(model.specification.policies, judgement, day: options.sourceDay, mapping: mapping)
      .findings
      // Where a Cluster was left out for its errors the two evaluators do not see the same fleet.
      + (options.isParanoid && !model.specification.hasInvalidClusters
        ? judgement.disputes(mapping: mapping) : [])
  }

  /// The verdicts about a plan's connections, on the fleet as it will be.
  static func judgement(_ model: FleetModel, _ plan: Plan, _ units: [RenderedUnit]) -> Judgement {
    let fragments = units.flatMap(\.fragments).map {
      EmittedFragment(cluster: $0.cluster, name: $0.name, content: $0.content, subject: $0.subject)
    }
    let mapping = AllCores()
    let fleet = JudgedFleet(model, emitted: units.flatMap(\.judged), fragments: fragments, mapping: mapping)
    return Judgement(fleet, links: plan.links, connections: plan.connections, mapping: mapping)
  }

  /// True where an object of the unit has a manifest of somebody else's already: that is reported, and the unit's
  /// object will not be what stands there.
  private static func wantsTakenPlace(_ objects: [RenderedObject], _ model: FleetModel) -> Bool {
    objects.contains {
      $0.part == .manifests && model.clusters[$0.cluster]?.declared.objects[$0.identity] != nil
    }
  }

  /// Connections at whose ends a file of manifests could not be read: what is missing there may be in it.
  private static func unreadEnds(_ model: FleetModel, _ plan: Plan) -> [String] {
    let clusters = model.clusters.filter { !$0.value.declared.unread.isEmpty }
    guard !clusters.isEmpty else { return [] }
    func isUnread(_ cluster: String?, _ namespace: String) -> Bool {
      cluster.flatMap { clusters[$0]?.declared.unread(mayHold: namespace) } != nil
    }
    return plan.connections.filter { connection in
      connection.targets.contains { isUnread($0.cluster, $0.service.key.namespace) }
        || connection.clients.contains { isUnread($0.cluster, $0.namespace) }
    }.map(\.id.description)
  }

  /// Connections that an error names, or whose link has one. Linear in errors and connections.
  private static func faulted(_ plan: Plan, _ findings: [Diagnostic]) -> [String] {
    var ranges: [String: [SourceRange]] = [:]
    for finding in findings where finding.severity == .error {
      for range in [finding.primary?.range].compactMap({ $0 }) + finding.secondary.map(\.range) {
        ranges[range.file.path, default: []].append(range)
      }
    }
    guard !ranges.isEmpty else { return [] }
    func isNamed(in document: SourceRange) -> Bool {
      ranges[document.file.path]?.contains { document.start <= $0.start && $0.end <= document.end } ?? false
    }
    var links: [String: Bool] = [:]
    for link in plan.links { links[link.link.name.value] = isNamed(in: link.link.node.range) }
    return plan.connections.filter { connection in
      links[connection.link.link.name.value] ?? false || isNamed(in: connection.connection.node.range)
    }.map(\.id.description)
  }
}
