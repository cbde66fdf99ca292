import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Output
import Snapshot
import YAMLTree

/// What concerns the output as a whole: consumers, owners, pending facts.
struct BackEnd {
  private let fleet: Fleet
  private let record: OutputRecord
  private let options: CompileOptions
  private(set) var pending: [Pending] = []
  private(set) var satisfied: [Satisfied] = []
  private(set) var remarks: [(remark: Remark, connections: [String])] = []
  private var pendingSubjects: [Label] = []

  init(fleet: Fleet, record: OutputRecord, options: CompileOptions) {
    self.fleet = fleet
    self.record = record
    self.options = options
  }

  mutating func add(_ unit: LoweredUnit) {
    pending += unit.pending
    pendingSubjects += Array(repeating: unit.subject, count: unit.pending.count)
    satisfied += unit.satisfied
    remarks += unit.remarks.map { ($0, $0.connections.isEmpty ? unit.connections : $0.connections) }
  }

  func findings(_ output: OutputTree, _ objects: [RenderedObject], _ model: FleetModel) -> [Diagnostic] {
    pendingFindings(output, model) + brokenInventories() + ownerFindings(objects, model)
      + consumerFindings(objects) + tenantFindings(objects, model)
  }

  // MARK: Pending

  /// One finding per cluster and namespace, with the command that supplies all its facts.
  private func pendingFindings(_ output: OutputTree, _ model: FleetModel) -> [Diagnostic] {
    var groups: [String: [Int]] = [:]
    for (index, item) in pending.enumerated() {
      groups["\(item.cluster) \(item.namespace)", default: []].append(index)
    }
    let owners = Owners(model.specification.connections)
    var findings: [Diagnostic] = []
    for (_, indices) in groups.sorted(by: { $0.key < $1.key }) {
      guard let first = indices.first else { continue }
      let item = pending[first]
      let facts = Set(indices.map { pending[$0].fact }).sorted()
      let context = model.clusters[item.cluster]?.cluster.context ?? item.cluster
      let resources = Set(indices.flatMap { pending[$0].resources.split(separator: ",").map(String.init) })
        .sorted()
      let tool = model.clusters[item.cluster]?.cluster.distribution == .openshift ? "oc" : "kubectl"
      var finding = Diagnostic(
        CompilerRules.pending,
        "left out until \(item.namespace) in \(item.cluster) is observed: \(listed(facts))",
        at: pendingSubjects[first].range,
        facts.count == 1 ? "waits for it" : "waits for one of \(facts.count) facts",
        help: [
          "\(tool) --context \(context.shellWord) -n \(item.namespace) get \(resources.joined(separator: ",")) -o yaml | linkwright observe --cluster \(item.cluster) -f -"
        ])
      if options.isStrict { finding.severity = .error }
      finding.owner = owners.owner(of: pendingSubjects[first].range, in: item.namespace)
      findings.append(finding)
    }
    return findings + removals(output)
  }

  /// What is to be observed may come with this very change: then its part that provides goes first.
  private static func mends(_ item: Pending) -> [String] {
    [
      "restore the observation of \(item.cluster), or agree with --prune-pending",
      "where this change brings what is to be observed, 'commit --stages --until provide --prune-pending' writes that first: observe it, then commit the rest",
    ]
  }

  /// Objects on record that would go only because a fact went missing.
  private func removals(_ output: OutputTree) -> [Diagnostic] {
    guard !options.prunesPending, !record.owned.isEmpty, !pending.isEmpty else { return [] }
    let layout = OutputLayout(fleet)
    let present = Set(output.files.lazy.filter { $0.unit != nil }.map(\.path))
    var findings: [Diagnostic] = []
    for (item, subject) in zip(pending, pendingSubjects) {
      findings += item.losses.map { loss in
        Diagnostic(
          OutputRules.pendingRemoval, "\(loss) would go because \(item.fact) is not observed any more",
          at: subject.range, subject.text,
          help: Self.mends(item))
      }
      let paths =
        item.objects.map { layout.path($0) }
        + item.fragments.map { "\(layout.fragmentRoot(cluster: item.cluster))/\($0)" }
      let lost = paths.first { record.owned[$0] != nil && !present.contains($0) }
      guard let path = lost else { continue }
      findings.append(
        Diagnostic(
          OutputRules.pendingRemoval,
          "\(path) would be removed because \(item.fact) is not observed any more",
          at: subject.range, "its connection",
          help: Self.mends(item)))
    }
    return findings
  }

  private func brokenInventories() -> [Diagnostic] {
    record.broken.map { path in
      Diagnostic(
        OutputRules.brokenInventory, "\(path) is no inventory",
        at: Label(SourceRange(wholeFile: SourceFile(path: path, bytes: []))),
        help: ["restore it with 'git checkout -- \(path)', or remove it together with the files beside it"])
    }
  }

  // MARK: Owners and consumers

  private func ownerFindings(_ objects: [RenderedObject], _ model: FleetModel) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for object in objects where object.part == .manifests {
      findings += ownerFinding(object.identity, object.cluster, object.subject, model).map { [$0] } ?? []
    }
    // What is left out until something is observed will want its place as well.
    var seen: Set<String> = []
    for (item, subject) in zip(pending, pendingSubjects) {
      for place in item.objects where place.part == .manifests {
        guard let finding = ownerFinding(place.identity, place.cluster, subject, model),
          seen.insert("\(place.cluster) \(place.identity.description)").inserted
        else { continue }
        findings.append(finding)
      }
    }
    return findings
  }

  private func ownerFinding(
    _ identity: ObjectIdentity, _ cluster: String, _ subject: Label, _ model: FleetModel
  ) -> Diagnostic? {
    guard let cluster = model.clusters[cluster] else { return nil }
    if let owner = cluster.declared.objects[identity] {
      return Diagnostic(
        OutputRules.ownedElsewhere, "\(identity.description) has a manifest of its own in \(cluster.name)",
        at: owner.nameNode.range, "does not do what the connection needs", also: [subject],
        help: ["remove the manifest and let Linkwright emit the object, or give the emitted one another name"]
      )
    }
    guard identity.namespace != nil,
      let owner = cluster.baseline?.first(where: { policy in
        let own = policy.manifest.identity
        return own.name == identity.name && own.kind == identity.kind && own.group == identity.group
      })
    else { return nil }
    return Diagnostic(
      OutputRules.ownedElsewhere,
      "\(identity.description) would take the place of the platform's own \(identity.kind) in every namespace of \(cluster.name)",
      at: owner.manifest.nameNode.range, "the platform writes it, and writes it again", also: [subject],
      help: ["give the emitted one another name"])
  }

  private func consumerFindings(_ objects: [RenderedObject]) -> [Diagnostic] {
    guard let consumer = fleet.consumer else { return [] }
    var findings: [Diagnostic] = []
    var kinds: [String: [RenderedObject]] = [:]
    for object in objects where object.part == .manifests {
      kinds[object.identity.kind, default: []].append(object)
    }
    for forbidden in consumer.forbiddenKinds {
      guard let first = kinds[forbidden.value]?.first else { continue }
      findings.append(
        Diagnostic(
          OutputRules.forbiddenKind,
          "\(first.identity.description) would be emitted, and the consumer refuses its kind",
          at: forbidden.node.range, "refused", also: [first.subject],
          help: ["ask for the kind to be allowed, or do without what emits it"]))
    }
    for kind in consumer.excludedKinds.sorted() {
      guard let emitted = kinds[kind], let first = emitted.first else { continue }
      let isDefault = consumer.declaredExclusions == nil
      findings.append(
        Diagnostic(
          OutputRules.excludedKind,
          "\(emitted.count) \(emitted.count == 1 ? "object" : "objects") of kind \(kind) will not be applied",
          at: consumer.node.range,
          isDefault
            ? "Argo CD 3 excludes Endpoints and EndpointSlice by default" : "excludedKinds lists \(kind)",
          also: [first.subject],
          help: [
            "take \(kind) out of resource.exclusions in the ConfigMap argocd-cm, and say so here with 'excludedKinds: []'; or apply these objects by other means"
          ]))
    }
    return findings
  }

  // MARK: Tenants

  /// Objects that a tenant of a shared cluster may not write, one finding for each kind and namespace.
  private func tenantFindings(_ objects: [RenderedObject], _ model: FleetModel) -> [Diagnostic] {
    let tenants = model.clusters.compactMapValues(\.cluster.tenant)
    guard !tenants.isEmpty else { return [] }
    var findings: [Diagnostic] = []
    var seen: Set<String> = []
    for object in objects where object.part == .manifests {
      guard let tenant = tenants[object.cluster] else { continue }
      let (kind, namespace) = (object.identity.kind, object.identity.namespace)
      let isAllowed = tenant.allows(kind: kind, namespace: namespace)
      guard !isAllowed || !tenant.holds(namespace: namespace),
        seen.insert("\(object.cluster) \(kind) \(namespace ?? "")").inserted
      else { continue }
      findings.append(
        Diagnostic(
          OutputRules.beyondTenancy,
          isAllowed
            ? "\(object.identity.description) in \(object.cluster) lies outside the tenant's namespaces"
            : "\(object.identity.description) in \(object.cluster) is of a kind that a tenant may not write",
          at: (isAllowed ? tenant.node["namespaces"] ?? tenant.node : tenant.node).range,
          isAllowed ? "not among these" : "its limits", also: [object.subject],
          help: [
            isAllowed
              ? "add \(namespace ?? "it") if it is yours, or leave the cluster out of the connection"
              : "ask for the kind and list it in 'allowedKinds', or do without what emits it"
          ]))
    }
    return findings
  }
}
