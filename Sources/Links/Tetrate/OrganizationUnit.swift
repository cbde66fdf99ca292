import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// What TSB holds once per organization: reachability between networks, and the clusters' networks. All links of
/// the organization share it.
struct OrganizationUnit: PlannedUnit {
  let name: String
  let traffic: [TetrateTraffic]
  let model: FleetModel

  var key: String { "tetrate-organization/\(name)" }

  /// The first link, by name: it gives the form and the config cluster, in which all agree.
  var link: TetrateLink? { traffic.first?.link }

  /// Every cluster of the organization, once.
  var members: [TetrateMember] {
    var members: [String: TetrateMember] = [:]
    for member in traffic.flatMap(\.link.bound) { members[member.cluster] = member }
    return members.sorted { $0.key < $1.key }.map(\.value)
  }

  /// True unless every link leaves the OrganizationSetting to somebody else.
  var isManaged: Bool {
    traffic.contains { traffic in
      if case .unmanaged = traffic.link.settings.reachability { return false }
      return true
    }
  }

  /// What the links' connections need.
  var needed: Set<NetworkEdge> { traffic.reduce(into: []) { $0.formUnion($1.neededEdges) } }

  /// What links say themselves, and what is derived for the others.
  var edges: Set<NetworkEdge> {
    traffic.reduce(into: []) { edges, traffic in
      switch traffic.link.settings.reachability {
      case .declared: edges.formUnion(traffic.neededEdges)
      case .written(let node): edges.formUnion(NetworkReach(node).edges)
      case .unmanaged: break
      }
    }
  }

  /// What holds once the output is applied. Where nobody knows the settings, what the connections need is taken to
  /// be there.
  var effectiveEdges: Set<NetworkEdge> {
    let theirs = existing.map { _, object in
      NetworkReach(object.manifest.node.at("spec", "networkSettings", "networkReachability")).edges
    }
    let known = theirs.reduce(into: Set<NetworkEdge>()) { $0.formUnion($1) }
    if isManaged { return known.union(edges) }
    return theirs.isEmpty ? needed : known
  }

  /// The organization's settings among the manifests.
  var existing: [(cluster: String, object: TSBObject)] {
    model.clusterNames.flatMap { cluster in
      (model.clusters[cluster].map { TSBObject.all("OrganizationSetting", in: $0) } ?? []).filter {
        $0.organization == name && !$0.isTctl
      }.map { (cluster, $0) }
    }
  }

  func lower() -> LoweredUnit {
    let place = link?.link.name.node.range ?? model.fleet.name.node.range
    var lowered = LoweredUnit(connections: [], subject: Label(place, "while emitting this link"))
    guard let link else { return lowered }
    if isManaged, !edges.isEmpty { emitSetting(link, &lowered) }
    for member in members where member.network != nil { emit(member, link, &lowered) }
    return lowered
  }

  private func emitSetting(_ link: TetrateLink, _ lowered: inout LoweredUnit) {
    if let (cluster, object) = existing.first {
      let reach = NetworkReach(object.manifest.node.at("spec", "networkSettings", "networkReachability"))
      if edges.isSubset(of: reach.edges) {
        lowered.satisfied.append(
          Satisfied(cluster: cluster, identity: object.manifest.identity, manifest: object.manifest))
        return
      }
      lowered.emissions.append(
        Emission(
          cluster: cluster, part: .components, template: "tetrate/organization-setting-patch.yaml",
          identity: object.manifest.identity,
          variables: [
            "object": .map([
              "name": .string(object.manifest.name), "namespace": .optional(object.manifest.namespace),
            ]),
            "reachability": Self.value(reach.edges.union(edges)),
          ]))
      return
    }
    let chosen = traffic.compactMap(\.link.settings.organizationSetting).first?.value
    guard
      let name = chosen ?? TetrateNames.name("organizationSetting", link, in: model, &lowered.findings)
    else { return }
    link.add(
      "OrganizationSetting", template: "organization-setting", name: name, tenant: false, workspace: false,
      ["reachability": Self.value(edges)], to: &lowered)
  }

  private static func value(_ edges: Set<NetworkEdge>) -> TemplateValue {
    var map: TemplateFields = [:]
    for (consumer, exporters) in edges.written { map[consumer] = .string(exporters) }
    return .map(map)
  }

  // MARK: Clusters

  private func emit(_ member: TetrateMember, _ link: TetrateLink, _ lowered: inout LoweredUnit) {
    guard let network = member.network else { return }
    for cluster in model.clusterNames {
      guard let facts = model.clusters[cluster],
        let object = TSBObject.all("Cluster", in: facts).first(where: {
          $0.organization == name && $0.manifest.name == member.name.value && !$0.isTctl
        })
      else { continue }
      if object.manifest.node.at("spec", "network")?.text == network.value {
        lowered.satisfied.append(
          Satisfied(cluster: cluster, identity: object.manifest.identity, manifest: object.manifest))
      } else {
        lowered.emissions.append(
          Emission(
            cluster: cluster, part: .components, template: "tetrate/cluster-patch.yaml",
            identity: object.manifest.identity,
            variables: [
              "object": .map([
                "name": .string(object.manifest.name), "namespace": .optional(object.manifest.namespace),
              ]),
              "cluster": .map(["network": .string(network.value)]),
            ]))
      }
      return
    }
    link.add(
      "Cluster", template: "cluster", name: member.name.value, tenant: false, workspace: false,
      [
        "cluster": .map([
          "network": .string(network.value), "tokenTtl": .optional(member.section?["tokenTtl"]?.text),
          "trustDomain": .optional(member.trustDomain?.value),
          "displayName": .optional(member.section?["displayName"]?.text),
          "namespaceScope": member.section?["namespaceScope"].map { .node($0) } ?? .none,
          "labels": member.section?["labels"].map { .node($0) } ?? .none,
        ])
      ], to: &lowered)
  }
}
