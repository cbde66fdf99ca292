package import Diagnostics
package import FleetSpec
import Kubernetes
package import Linker
import YAMLTree

/// Tetrate Service Bridge: east-west gateways between the clusters of a workspace. `form: istio` does the same
/// with Istio alone.
///
/// Source of the rules: Tetrate's documentation and provider, manifests that Tetrate published, and objects as a
/// running control plane made them; for Istio, its code and documentation.
package enum Tetrate: LinkType {
  package static let descriptor = LinkDescriptor(
    key: "tetrate", rules: TetrateRules.all, templates: TetrateTemplates.all,
    observes: [
      ReducedKind(
        group: "", kind: "Service",
        fields: [
          ["status", "loadBalancer", "ingress", "[]", "ip"],
          ["status", "loadBalancer", "ingress", "[]", "hostname"],
        ]),
      ReducedKind(
        group: "networking.istio.io", kind: "ServiceEntry",
        resources: ["se", "serviceentry", "serviceentries"],
        fields: [
          ["spec", "hosts"], ["spec", "location"], ["spec", "resolution"], ["spec", "exportTo"],
          ["spec", "ports"], ["spec", "endpoints"],
        ]),
      ReducedKind(
        group: "networking.istio.io", kind: "WorkloadEntry",
        resources: ["we", "workloadentry", "workloadentries"],
        fields: [["spec", "address"], ["spec", "network"], ["spec", "ports"], ["spec", "labels"]]),
    ],
    perCluster: [
      PerClusterField(["serviceEntryName"], .client), PerClusterField(["workloadEntryName"], .client),
    ], extras: TetrateTemplates.extras)

  package static func bind(_ link: Link, in model: FleetModel) -> LinkBinding {
    var findings: [Diagnostic] = []
    let settings = TetrateSettings(link.section)
    let members = members(of: link, in: model, &findings)
    findings += FormChecks(link: link, settings: settings, members: members, model: model).findings()
    let workspace = workspace(of: settings, in: model, &findings)
    guard !findings.contains(where: { $0.severity == .error }) else { return LinkBinding(nil, findings) }
    return LinkBinding(
      TetrateLink(link: link, settings: settings, bound: members, workspace: workspace), findings)
  }

  package static func check(_ model: FleetModel) -> [Diagnostic] {
    guard model.specification.links.values.contains(where: { $0.type.value == descriptor.key }) else {
      return []
    }
    return HierarchyChecks(model: model).findings() + InstallChecks(model: model).findings()
      + IstioManifestChecks(model: model).findings()
  }

  package static func planTogether(
    _ links: [(link: any BoundLink, connections: [BoundConnection])], in model: FleetModel
  ) -> LinkPlan {
    var plan = LinkPlan()
    var organizations: [String: [TetrateTraffic]] = [:]
    for (link, connections) in links {
      guard let link = link as? TetrateLink, link.settings.form != .istio,
        let organization = link.settings.organization
      else { continue }
      organizations[organization.value, default: []].append(
        TetrateTraffic(link: link, model: model, connections))
    }
    for (name, traffic) in organizations.sorted(by: { $0.key < $1.key }) {
      let unit = OrganizationUnit(name: name, traffic: traffic, model: model)
      plan.findings += ReachabilityChecks(organization: unit).findings()
      plan.units.append(unit)
      let workspaces = Dictionary(grouping: traffic) { traffic in
        "\(traffic.link.settings.tenant?.value ?? "")/\(traffic.link.settings.workspace?.name.value ?? "")"
      }
      for (_, links) in workspaces.sorted(by: { $0.key < $1.key }) {
        plan.units.append(WorkspaceUnit(links))
        plan.findings += WorkspaceChecks(links).findings()
      }
      // Who is told of a Service follows from the connections of the whole organization.
      let edges = unit.effectiveEdges
      for traffic in traffic {
        for key in traffic.services {
          plan.units.append(RemoteServiceUnit(traffic: traffic, service: key, edges: edges))
        }
      }
    }
    return plan
  }

  // MARK: Members

  static func members(
    of link: Link, in model: FleetModel, _ findings: inout [Diagnostic]
  ) -> [TetrateMember] {
    let section = link.section
    var members: [TetrateMember] = []
    let named = section["members"]
    let selector = section["clusterSelector"]
    if let named, let selector {
      findings.append(
        Diagnostic(
          TetrateRules.members, "Link '\(link.name.value)' names and selects its members at once",
          at: selector.range, "selected here", also: [Label(named.range, "named here")],
          help: ["write one of 'members' and 'clusterSelector'"]))
      return []
    }
    if let named {
      for node in named.elements {
        if let cluster = model.clusters[node.text] {
          members.append(TetrateMember(cluster.cluster))
        } else if !model.specification.isInvalid("Cluster", node.text) {
          findings.append(
            Diagnostic(
              LinkerRules.unknownCluster, "there is no Cluster '\(node.text)'", at: node.range,
              "not declared",
              help: [
                didYouMean(node.text, among: model.clusterNames)
                  ?? "the clusters are \(listed(model.clusterNames))"
              ]))
        }
      }
    } else {
      let labels = selector.map { LabelSelector($0) }
      members = model.clusterNames.compactMap { name in
        guard let cluster = model.clusters[name]?.cluster else { return nil }
        let isMember = labels?.matches(cluster.labels) ?? (cluster.node.at("spec", "tetrate") != nil)
        return isMember ? TetrateMember(cluster) : nil
      }
    }
    if findings.isEmpty, members.count < 2 {
      findings.append(
        Diagnostic(
          TetrateRules.members,
          "Link '\(link.name.value)' has \(members.isEmpty ? "no member" : "one member")",
          at: (selector ?? named ?? link.type.node).range, "joins two clusters or more",
          help: [
            selector == nil && named == nil
              ? "add a 'tetrate' section to its Clusters, or name them in 'members'"
              : "the clusters are \(listed(model.clusterNames))"
          ]))
    }
    return members.sorted { $0.cluster < $1.cluster }
  }

  /// The workspace that a link declares or refers to. A reference that no manifest declares is an error: nothing
  /// would be known of its namespaces.
  private static func workspace(
    of settings: TetrateSettings, in model: FleetModel, _ findings: inout [Diagnostic]
  ) -> Workspace? {
    guard settings.form != .istio, let choice = settings.workspace, let organization = settings.organization,
      let tenant = settings.tenant
    else { return nil }
    if let declared = Workspace(settings) { return declared }
    let wanted = WorkspaceID(organization.value, tenant.value, choice.name.value)
    let known = model.clusterNames.flatMap { name in
      model.clusters[name].map { TSBObject.all("Workspace", in: $0) } ?? []
    }.compactMap { Workspace($0.manifest) }
    if let found = known.first(where: { $0.id == wanted }) { return found }
    // Another link of the workspace may declare it.
    let declared = model.specification.links.values.lazy.filter { $0.type.value == descriptor.key }
      .compactMap { Workspace(TetrateSettings($0.section)) }
    if let found = declared.first(where: { $0.id == wanted }) { return found }
    let names = known.filter { $0.id.organization == wanted.organization }.map(\.id.name)
    findings.append(
      Diagnostic(
        TetrateRules.unknownWorkspace, "no Workspace '\(wanted.description)' is declared",
        at: choice.name.node.range, "its namespaces are not known",
        help: [
          didYouMean(choice.name.value, among: names)
            ?? "write 'workspace: {name: \(choice.name.value), namespaces: [\"*/…\"]}', with 'exists: true' if it is kept elsewhere"
        ]))
    return nil
  }
}
