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
    /// Names of clusters.
    let clusters: Set<String>

    func holds(for crossing: Crossing) -> Bool {
      if let connections {
        guard connections.contains(ObjectIdentifier(crossing.connection)) else { return false }
      }
      if let links { guard links.contains(crossing.connection.link.link.name.value) else { return false } }
      let ends = [crossing.client.cluster, crossing.target.cluster].compactMap { $0 }
      let own = ends.filter(clusters.contains)
      // What two clusters have wrong between them concerns no third one.
      return clusters.isEmpty || (clusters.count > 1 ? own.count == ends.count : !own.isEmpty)
    }
  }

  private let concerns: [Concern]

  /// Linear in the errors times the documents of their files.
  init(_ findings: [Diagnostic], _ model: FleetModel, _ plan: Plan, _ units: [RenderedUnit]) {
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

  var isEmpty: Bool { concerns.isEmpty }

  func refusals(of crossing: Crossing) -> [Refusal] {
    concerns.filter { $0.holds(for: crossing) }.map(\.refusal)
  }

  private static func concern(
    _ refusal: Refusal, _ finding: Diagnostic, _ files: [String: Set<String>], _ model: FleetModel,
    _ plan: Plan, _ units: [RenderedUnit]
  ) -> Concern? {
    let places = ([finding.primary].compactMap { $0 } + finding.secondary).map(\.range)
    func isNamed(_ document: SourceRange) -> Bool {
      places.contains {
        $0.file.path == document.file.path && document.start <= $0.start && $0.end <= document.end
      }
    }
    var clusters = Set(
      model.clusters.values.filter { isNamed($0.cluster.node.range) }.map(\.cluster.name.value))
    for place in places { clusters.formUnion(files[place.file.path] ?? []) }
    let connections = plan.connections.filter { isNamed($0.connection.node.range) }.map(ObjectIdentifier.init)
    let links = Set(plan.links.filter { isNamed($0.link.node.range) }.map(\.link.name.value))
    if !connections.isEmpty {
      return Concern(refusal: refusal, connections: Set(connections), links: nil, clusters: clusters)
    }
    let mark = (finding.rule.id, finding.message)
    let owners = Set(
      units.filter { unit in
        unit.lowered.findings.contains { ($0.rule.id, $0.message) == mark }
      }.flatMap(\.lowered.connections))
    let served = plan.connections.filter { owners.contains($0.id.description) }.map(ObjectIdentifier.init)
    if !served.isEmpty {
      return Concern(refusal: refusal, connections: Set(served), links: nil, clusters: clusters)
    }
    var carriers: Set<String> = []
    for type in LinkRegistry.types where type.descriptor.rules.contains(where: { $0.id == finding.rule.id }) {
      let key = type.descriptor.key
      for link in plan.links where link.link.type.value == key { carriers.insert(link.link.name.value) }
    }
    guard !links.isEmpty || !clusters.isEmpty, !carriers.isEmpty else { return nil }
    return Concern(
      refusal: refusal, connections: nil, links: links.isEmpty ? carriers : links, clusters: clusters)
  }
}
