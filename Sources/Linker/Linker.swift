package import Diagnostics
import FleetSpec
import Kubernetes
package import Parallel

/// Every name bound, and the work cut into units.
package struct Plan: Sendable {
  package let links: [any BoundLink]
  package let connections: [BoundConnection]
  package let units: [any PlannedUnit]
  /// The link of each unit, in the same order.
  package let owners: [UnitOwner]
  package let findings: [Diagnostic]

  /// True where connections are left out because a Service or a port of theirs is not there, or leads to nothing.
  package var lacksTargets: Bool {
    let rules = LinkerRules.targetRules
    return findings.contains { $0.severity == .error && rules.contains($0.rule.id) }
  }
}

/// The link that a unit belongs to.
package struct UnitOwner: Sendable {
  /// Empty for what several links share.
  package let link: String
  /// The key of its type: `porter`.
  package let type: String
}

/// Binds names and plans units. One pass over the links, one over the connections, one over the links
/// again; linear in the connections.
package enum Linker {
  /// - Parameters:
  ///   - mapping: how connections are bound, each of them on its own.
  ///   - assumesTargets: true for a plan by which connections are judged, not one that is written: Services and ports
  ///     that are not there are taken as if they were, with their fault.
  package static func link(
    _ model: FleetModel, types: [any LinkType.Type], mapping: some ParallelMapping = OneCore(),
    assumesTargets: Bool = false
  ) -> Plan {
    var findings: [Diagnostic] = []
    var links: [String: any BoundLink] = [:]
    for type in types { findings += type.check(model) }
    for (name, link) in model.specification.links.sorted(by: { $0.key < $1.key }) {
      guard let type = types.first(where: { $0.descriptor.key == link.type.value }) else { continue }
      let binding = type.bind(link, in: model)
      findings += binding.findings
      if let bound = binding.link { links[name] = bound }
    }
    let binder = ConnectionBinder(
      model: model, links: links,
      overrides: OverrideBinding(
        model: model,
        fields: Dictionary(types.map { ($0.descriptor.key, $0.descriptor.perCluster) }) { first, _ in first }),
      assumesTargets: assumesTargets)
    findings += binder.findings
    let bound = mapping.map(model.specification.connections, piece: 64) { connection in
      var binder = binder.withoutFindings
      let connections = binder.bind(connection)
      return (connections: connections, findings: binder.findings)
    }
    var connections: [BoundConnection] = []
    connections.reserveCapacity(bound.count)
    for bound in bound {
      connections += bound.connections
      findings += bound.findings
    }
    findings += UnusedDocuments.findings(model, links, connections)
    findings += ClientNamespaces(connections, in: model).findings(model)
    var units: [any PlannedUnit] = []
    var owners: [UnitOwner] = []
    func add(_ plan: LinkPlan, _ owner: UnitOwner) {
      units += plan.units
      owners += Array(repeating: owner, count: plan.units.count)
      findings += plan.findings
    }
    let byLink = Dictionary(grouping: connections) { $0.link.link.name.value }
    for (name, link) in links.sorted(by: { $0.key < $1.key }) {
      let plan = link.plan(byLink[name] ?? [], in: model)
      add(plan, UnitOwner(link: name, type: link.link.type.value))
    }
    for type in types {
      let own = links.sorted { $0.key < $1.key }.filter { $0.value.link.type.value == type.descriptor.key }
      guard !own.isEmpty else { continue }
      let plan = type.planTogether(own.map { ($0.value, byLink[$0.key] ?? []) }, in: model)
      // What several links share is none's: the fleet's templates make it.
      add(plan, UnitOwner(link: own.count == 1 ? own[0].key : "", type: type.descriptor.key))
    }
    return Plan(
      links: links.sorted { $0.key < $1.key }.map(\.value), connections: connections, units: units,
      owners: owners,
      findings: findings)
  }
}
