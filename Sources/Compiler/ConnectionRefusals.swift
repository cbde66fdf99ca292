import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Reachability
import YAMLTree

/// Which errors of rules break a hop of which connections: those whose documents, links and clusters they point at.
struct ConnectionRefusals {
  /// An error with what it is about.
  private struct Concern {
    let refusal: Refusal
    /// Connections that it points at, or whose objects it came from; nil for all of a link.
    let connections: Set<ObjectIdentifier>?
    /// Names of links; nil for all.
    let links: Set<String>?
    /// Names of clusters, those among them in which the error lies.
    let clusters: Set<String>
    let own: Set<String>

    func holds(for crossing: Crossing) -> Bool {
      if let connections {
        guard connections.contains(ObjectIdentifier(crossing.connection)) else { return false }
      }
      if let links { guard links.contains(crossing.connection.link.link.name.value) else { return false } }
      guard !clusters.isEmpty else { return true }
      let ends = [crossing.client.cluster, crossing.target.cluster].compactMap { $0 }
      switch refusal.hop {
      // What stands before the target's pods is the target's.
      case .loadBalancer, .gateway, .service, .targetPort, .ingress, .pod:
        return (own.isEmpty ? clusters : own).contains(crossing.target.cluster)
      // What two clusters have wrong between them concerns no third one.
      case .tunnel where clusters.count > 1: return ends.allSatisfy(clusters.contains)
      default: return ends.contains(where: clusters.contains)
      }
    }
  }

  private let concerns: [Concern]
  /// Errors about manifests that the API server would not take, or that fit nothing.
  private let manifests: [Diagnostic]
  private let model: FleetModel

  /// Linear in the errors times the documents of their files.
  init(_ findings: [Diagnostic], _ model: FleetModel, _ plan: Plan, _ units: [RenderedUnit]) {
    self.model = model
    let rules = Set([CompilerRules.invalidManifest, CompilerRules.detachedEndpoints].map(\.id))
    manifests = findings.filter {
      $0.severity == .error && $0.suppression == nil && rules.contains($0.rule.id)
    }
    let breaking = findings.compactMap { finding in
      LinkerRules.carriedRules.contains(finding.rule.id) ? nil : Refusal(finding).map { ($0, finding) }
    }
    guard !breaking.isEmpty else {
      concerns = []
      return
    }
    let clusters = Self.clustersByFile(model)
    concerns = breaking.compactMap { Self.concern($0, $1, clusters, model, plan, units) }
  }

  /// The clusters whose documents or manifests lie in each file.
  private static func clustersByFile(_ model: FleetModel) -> [String: Set<String>] {
    var clusters: [String: Set<String>] = [:]
    for (name, cluster) in model.clusters {
      for facts in [cluster.declared, cluster.observed] {
        for manifest in facts.objects.values {
          clusters[manifest.node.range.file.path, default: []].insert(name)
        }
      }
    }
    return clusters
  }

  var isEmpty: Bool { concerns.isEmpty && manifests.isEmpty }

  func refusals(of crossing: Crossing) -> [Refusal] {
    concerns.filter { $0.holds(for: crossing) }.map(\.refusal)
      + manifests.compactMap { finding in hop(of: finding, on: crossing).map { Refusal(finding, at: $0) } }
  }

  /// Where a manifest that will not be there is missed; nil where others stand in for it.
  private func hop(of finding: Diagnostic, on crossing: Crossing) -> ConnectionHop? {
    let places = ([finding.primary].compactMap { $0 } + finding.secondary).map(\.range)
    func isMeant(_ manifest: Manifest) -> Bool { Self.isNamed(manifest.node.range, by: places) }
    func areMeant(_ workloads: [Workload]) -> Bool {
      !workloads.isEmpty && workloads.allSatisfy { isMeant($0.manifest) }
    }
    let client = crossing.client
    if let facts = client.cluster.flatMap({ model.clusters[$0]?.declared }),
      areMeant(
        (facts.workloads[client.namespace] ?? []).filter {
          client.podSelector?.matches($0.podLabels) ?? true
        })
    {
      return .client
    }
    if isMeant(crossing.target.service.manifest) { return .service }
    return areMeant(crossing.target.pods) ? .pod : nil
  }

  private static func isNamed(_ document: SourceRange, by places: [SourceRange]) -> Bool {
    places.contains {
      $0.file.path == document.file.path && document.start <= $0.start && $0.end <= document.end
    }
  }

  private static func concern(
    _ refusal: Refusal, _ finding: Diagnostic, _ files: [String: Set<String>], _ model: FleetModel,
    _ plan: Plan, _ units: [RenderedUnit]
  ) -> Concern? {
    let places = ([finding.primary].compactMap { $0 } + finding.secondary).map(\.range)
    func isNamed(_ document: SourceRange) -> Bool { Self.isNamed(document, by: places) }
    func clusters(at places: [SourceRange]) -> Set<String> {
      var names = Set(
        model.clusters.values.filter { Self.isNamed($0.cluster.node.range, by: places) }.map(
          \.cluster.name.value))
      for place in places { names.formUnion(files[place.file.path] ?? []) }
      return names
    }
    let own = clusters(at: [finding.primary?.range].compactMap { $0 })
    let clusters = clusters(at: places)
    let connections = plan.connections.filter { isNamed($0.connection.node.range) }.map(ObjectIdentifier.init)
    let links = Set(plan.links.filter { isNamed($0.link.node.range) }.map(\.link.name.value))
    if !connections.isEmpty {
      return Concern(
        refusal: refusal, connections: Set(connections), links: nil, clusters: clusters, own: own)
    }
    let mark = (finding.rule.id, finding.message)
    let owners = Set(
      units.filter { unit in
        unit.lowered.findings.contains { ($0.rule.id, $0.message) == mark }
      }.flatMap(\.lowered.connections))
    let served = plan.connections.filter { owners.contains($0.id.description) }.map(ObjectIdentifier.init)
    if !served.isEmpty {
      return Concern(refusal: refusal, connections: Set(served), links: nil, clusters: clusters, own: own)
    }
    var carriers: Set<String> = []
    for type in LinkRegistry.types where type.descriptor.rules.contains(where: { $0.id == finding.rule.id }) {
      let key = type.descriptor.key
      for link in plan.links where link.link.type.value == key { carriers.insert(link.link.name.value) }
    }
    guard !links.isEmpty || !clusters.isEmpty, !carriers.isEmpty else { return nil }
    return Concern(
      refusal: refusal, connections: nil, links: links.isEmpty ? carriers : links, clusters: clusters,
      own: own)
  }
}
