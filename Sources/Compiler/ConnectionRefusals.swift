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

  /// Those about single connections.
  private var concernsOf: [ObjectIdentifier: [Concern]] = [:]
  /// Those about links as a whole.
  private var others: [Concern] = []
  /// Errors about manifests that the API server would not take, or that fit nothing.
  private let manifests: ManifestErrors
  private let model: FleetModel

  /// Linear in the errors, and in the connections of their files.
  init(_ findings: [Diagnostic], _ model: FleetModel, _ plan: Plan, _ units: [RenderedUnit]) {
    self.model = model
    let rules = Set([CompilerRules.invalidManifest, CompilerRules.detachedEndpoints].map(\.id))
    manifests = ManifestErrors(
      findings.filter {
        $0.severity == .error && $0.suppression == nil && rules.contains($0.rule.id)
      })
    let breaking = findings.compactMap { finding in
      LinkerRules.carriedRules.contains(finding.rule.id) ? nil : Refusal(finding).map { ($0, finding) }
    }
    guard !breaking.isEmpty else { return }
    let lookup = Lookup(model, plan, units)
    for (refusal, finding) in breaking {
      guard let concern = Self.concern(refusal, finding, lookup, model, plan) else { continue }
      guard let connections = concern.connections else {
        others.append(concern)
        continue
      }
      for connection in connections { concernsOf[connection, default: []].append(concern) }
    }
  }

  /// What errors are looked up in, made once for all of them.
  private struct Lookup {
    /// The clusters whose manifests lie in each file.
    var clusters: [String: Set<String>] = [:]
    var connectionsByFile: [String: [BoundConnection]] = [:]
    var connectionsByID: [String: [ObjectIdentifier]] = [:]
    /// The connections of the units that an error came from, by what it says.
    var owners: [Mark: Set<String>] = [:]

    struct Mark: Hashable {
      let rule: String
      let message: String

      init(_ finding: Diagnostic) { (rule, message) = (finding.rule.id, finding.message) }
    }

    init(_ model: FleetModel, _ plan: Plan, _ units: [RenderedUnit]) {
      for (name, cluster) in model.clusters {
        for facts in [cluster.declared, cluster.observed] {
          for manifest in facts.objects.values {
            clusters[manifest.node.range.file.path, default: []].insert(name)
          }
        }
      }
      for connection in plan.connections {
        connectionsByFile[connection.connection.node.range.file.path, default: []].append(connection)
        connectionsByID[connection.id.description, default: []].append(ObjectIdentifier(connection))
      }
      for unit in units {
        for finding in unit.lowered.findings where finding.severity == .error && finding.rule.hop != nil {
          owners[Mark(finding), default: []].formUnion(unit.lowered.connections)
        }
      }
    }
  }

  var isEmpty: Bool { concernsOf.isEmpty && others.isEmpty && manifests.isEmpty }

  func refusals(of crossing: Crossing) -> [Refusal] {
    ((concernsOf[ObjectIdentifier(crossing.connection)] ?? []) + others).filter { $0.holds(for: crossing) }
      .map(
        \.refusal) + missedManifests(on: crossing)
  }

  /// Where manifests that will not be there are missed: all workloads of an end, since others would stand in for one.
  private func missedManifests(on crossing: Crossing) -> [Refusal] {
    guard !manifests.isEmpty else { return [] }
    func missed(_ workloads: [Workload]) -> Diagnostic? {
      let errors = workloads.map { manifests.first(in: $0.manifest) }
      return errors.allSatisfy { $0 != nil } ? errors.first ?? nil : nil
    }
    let client = crossing.client
    let clients = client.cluster.flatMap { model.clusters[$0]?.declared.workloads[client.namespace] } ?? []
    return [
      (missed(clients.filter { client.podSelector?.matches($0.podLabels) ?? true }), ConnectionHop.client),
      (manifests.first(in: crossing.target.service.manifest), .service),
      (missed(crossing.target.pods), .pod),
    ].compactMap { finding, hop in finding.map { Refusal($0, at: hop) } }
  }

  private static func isNamed(_ document: SourceRange, by places: [SourceRange]) -> Bool {
    places.contains {
      $0.file.path == document.file.path && document.start <= $0.start && $0.end <= document.end
    }
  }

  private static func concern(
    _ refusal: Refusal, _ finding: Diagnostic, _ lookup: Lookup, _ model: FleetModel, _ plan: Plan
  ) -> Concern? {
    let places = ([finding.primary].compactMap { $0 } + finding.secondary).map(\.range)
    func isNamed(_ document: SourceRange) -> Bool { Self.isNamed(document, by: places) }
    func clusters(at places: [SourceRange]) -> Set<String> {
      var names = Set(
        model.clusters.values.filter { Self.isNamed($0.cluster.node.range, by: places) }.map(
          \.cluster.name.value))
      for place in places { names.formUnion(lookup.clusters[place.file.path] ?? []) }
      return names
    }
    let own = clusters(at: [finding.primary?.range].compactMap { $0 })
    let clusters = clusters(at: places)
    let connections = Set(places.map(\.file.path)).flatMap { lookup.connectionsByFile[$0] ?? [] }.filter {
      isNamed($0.connection.node.range)
    }.map(ObjectIdentifier.init)
    let links = Set(plan.links.filter { isNamed($0.link.node.range) }.map(\.link.name.value))
    if !connections.isEmpty {
      return Concern(
        refusal: refusal, connections: Set(connections), links: nil, clusters: clusters, own: own)
    }
    let served = (lookup.owners[Lookup.Mark(finding)] ?? []).flatMap { lookup.connectionsByID[$0] ?? [] }
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

/// Errors by where they lie.
private struct ManifestErrors {
  private var places: [String: [(start: Int, end: Int, finding: Diagnostic)]] = [:]

  init(_ findings: [Diagnostic]) {
    for finding in findings {
      for range in ([finding.primary].compactMap { $0 } + finding.secondary).map(\.range) {
        places[range.file.path, default: []].append((range.start, range.end, finding))
      }
    }
    for path in places.keys { places[path]?.sort { $0.start < $1.start } }
  }

  var isEmpty: Bool { places.isEmpty }

  /// The first error in a manifest. Logarithmic in the errors of its file.
  func first(in manifest: Manifest) -> Diagnostic? {
    let document = manifest.node.range
    guard let places = places[document.file.path] else { return nil }
    var (low, high) = (0, places.count)
    while low < high {
      let middle = (low + high) / 2
      if places[middle].start < document.start { low = middle + 1 } else { high = middle }
    }
    while low < places.count, places[low].start <= document.end {
      if places[low].end <= document.end { return places[low].finding }
      low += 1
    }
    return nil
  }
}
