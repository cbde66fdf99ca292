import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// TSB's objects in the fleet as a whole: who owns which namespace, which cluster pushes, what stands twice.
struct HierarchyChecks {
  let model: FleetModel
  private let links: [(link: Link, settings: TetrateSettings)]
  /// TSB's objects among the manifests, by cluster, ordered.
  private let objects: [(cluster: String, object: TSBObject)]
  private let workspaces: [Workspace]

  init(model: FleetModel) {
    self.model = model
    links = model.specification.links.sorted { $0.key < $1.key }.map(\.value).filter {
      $0.type.value == "tetrate"
    }.map { ($0, TetrateSettings($0.section)) }.filter { $0.1.form != .istio }
    objects = model.clusterNames.flatMap { name -> [(cluster: String, object: TSBObject)] in
      (model.clusters[name]?.declared.objects.values.compactMap { TSBObject($0) } ?? []).map { (name, $0) }
    }.sorted {
      ($0.cluster, $0.object.manifest.kind, $0.object.manifest.name)
        < ($1.cluster, $1.object.manifest.kind, $1.object.manifest.name)
    }
    workspaces =
      links.compactMap { Workspace($0.settings) } + objects.compactMap { Workspace($0.object.manifest) }
  }

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    checkWorkspaces(&findings)
    checkLinks(&findings)
    checkPushers(&findings)
    checkForms(&findings)
    checkPlaces(&findings)
    checkParents(&findings)
    findings += ClusterObjectChecks(model: model, objects: objects, links: links).findings()
    findings += SettingChecks(model: model, links: links).findings()
    return findings
  }

  // MARK: Workspaces

  private func checkWorkspaces(_ findings: inout [Diagnostic]) {
    let names = Set(model.clusters.values.map { TetrateMember($0.cluster).name.value })
    for workspace in workspaces {
      for node in workspace.refused {
        findings.append(
          Diagnostic(
            TetrateRules.workspacePattern, "'\(node.text)' is no namespace selector of a workspace",
            at: node.range, "refused by TSB",
            help: ["write 'cluster/namespace', with '*' for every cluster or at the end of a namespace"]))
      }
      for owned in workspace.owned {
        guard let cluster = owned.pattern.cluster, !names.contains(cluster) else { continue }
        var finding = Diagnostic(
          TetrateRules.workspacePattern, "no cluster is named '\(cluster)' in TSB", at: owned.node.range,
          "selects nothing",
          help: [didYouMean(cluster, among: names) ?? "the clusters are \(listed(names.sorted()))"])
        // Somebody else's workspace may speak of clusters that this fleet does not know.
        if workspace.manifest != nil { finding.severity = .warning }
        findings.append(finding)
      }
    }
    for (index, workspace) in workspaces.enumerated() {
      for earlier in workspaces[..<index]
      where earlier.id != workspace.id && earlier.id.organization == workspace.id.organization {
        reportOverlap(workspace, earlier, &findings)
      }
    }
  }

  private func reportOverlap(_ workspace: Workspace, _ earlier: Workspace, _ findings: inout [Diagnostic]) {
    for owned in workspace.owned {
      guard let other = earlier.owned.first(where: { $0.pattern.overlaps(owned.pattern) }) else { continue }
      findings.append(
        Diagnostic(
          TetrateRules.workspaceOverlap,
          "workspaces '\(earlier.id.description)' and '\(workspace.id.description)' own the same namespaces",
          at: owned.node.range, "'\(owned.node.text)'",
          also: [Label(other.node.range, "'\(other.node.text)'")],
          help: ["a namespace belongs to one workspace: narrow one of the selectors"]))
    }
  }

  // MARK: Links

  private func checkLinks(_ findings: inout [Diagnostic]) {
    var byWorkspace: [WorkspaceID: [(link: Link, gateway: GatewayChoice)]] = [:]
    var byOrganization: [String: (Link, TetrateSettings)] = [:]
    var settingNames: [String: Located<String>] = [:]
    for (link, settings) in links {
      guard let organization = settings.organization else { continue }
      if let tenant = settings.tenant, let workspace = settings.workspace {
        let id = WorkspaceID(organization.value, tenant.value, workspace.name.value)
        let gateway = settings.gateway
        let twin = byWorkspace[id]?.first {
          $0.gateway.name != nil && $0.gateway.name == gateway.name
            && $0.gateway.namespace == gateway.namespace
        }
        if let twin {
          findings.append(
            Diagnostic(
              TetrateRules.workspaceTwice,
              "links '\(twin.link.name.value)' and '\(link.name.value)' of workspace '\(id.description)' install one gateway, \(gateway.namespace)/\(gateway.name ?? "")",
              at: gateway.place.range, "the second", also: [Label(twin.gateway.place.range, "the first")],
              help: [
                "give each link a gateway of its own, or join the links; one that exists is selected with 'workloadSelector'"
              ]))
        }
        byWorkspace[id, default: []].append((link, gateway))
      }
      if let (first, theirs) = byOrganization[organization.value] {
        checkPair(link, settings, first, theirs, &findings)
      } else {
        byOrganization[organization.value] = (link, settings)
      }
      if let name = settings.organizationSetting {
        if let first = settingNames[organization.value], first.value != name.value {
          findings.append(
            Diagnostic(
              TetrateRules.organizationSettingTwice,
              "organization '\(organization.value)' would have two OrganizationSettings", at: name.node.range,
              "'\(name.value)'", also: [Label(first.node.range, "'\(first.value)'")],
              help: ["an organization has one: write the same name in every link"]))
        } else {
          settingNames[organization.value] = name
        }
      }
    }
  }

  private func checkPair(
    _ link: Link, _ settings: TetrateSettings, _ first: Link, _ theirs: TetrateSettings,
    _ findings: inout [Diagnostic]
  ) {
    let organization = settings.organization?.value ?? ""
    if settings.form != theirs.form {
      findings.append(
        Diagnostic(
          TetrateRules.twoConfigClusters,
          "the objects of organization '\(organization)' would be pushed by GitOps and by tctl",
          at: settings.formNode.range, settings.form.rawValue,
          also: [Label(theirs.formNode.range, theirs.form.rawValue)],
          help: ["choose one form for all links of an organization"]))
    } else if let mine = settings.configCluster, let other = theirs.configCluster, mine.value != other.value {
      findings.append(
        Diagnostic(
          TetrateRules.twoConfigClusters,
          "organization '\(organization)' would be configured from '\(other.value)' and from '\(mine.value)'",
          at: mine.node.range, "the second config cluster", also: [Label(other.node.range, "the first")],
          help: ["name one config cluster in all links of an organization: two overwrite each other"]))
    }
  }

  // MARK: Who pushes

  /// Control planes whose GitOps is enabled.
  private var pushers: [(cluster: String, node: Node, manifest: Manifest)] {
    model.clusterNames.flatMap { name in
      (model.clusters[name]?.declared.objects.values.filter {
        $0.identity.group == InstallGateway.group && ["ControlPlane", "ManagementPlane"].contains($0.kind)
      } ?? []).sorted { ($0.kind, $0.name) < ($1.kind, $1.name) }.compactMap { manifest in
        guard let node = manifest.node.at("spec", "components", "gitops", "enabled"), node.boolean == true
        else {
          return nil
        }
        return (name, node, manifest)
      }
    }
  }

  private func checkPushers(_ findings: inout [Diagnostic]) {
    let pushers = pushers
    // In one cluster the control plane wins over the management plane.
    if let first = pushers.first {
      for other in pushers.dropFirst() where other.cluster != first.cluster {
        findings.append(
          Diagnostic(
            TetrateRules.twoConfigClusters,
            "GitOps is enabled in '\(first.cluster)' and in '\(other.cluster)'",
            at: other.node.range, "the second", also: [Label(first.node.range, "the first")],
            help: ["enable it in one cluster: two overwrite each other's objects in TSB"]))
      }
    }
    guard let first = pushers.first else { return }
    for (_, settings) in links where settings.form == .gitops {
      guard let cluster = settings.configCluster, model.clusters[cluster.value] != nil,
        !pushers.contains(where: { $0.cluster == cluster.value })
      else { continue }
      findings.append(
        Diagnostic(
          TetrateRules.twoConfigClusters, "GitOps is not enabled in config cluster '\(cluster.value)'",
          at: cluster.node.range, "nothing would be pushed",
          also: [Label(first.node.range, "enabled in \(first.cluster)")],
          help: ["write 'configCluster: \(first.cluster)', or enable GitOps in \(cluster.value) instead"]))
    }
  }

  // MARK: Forms and places

  private func checkForms(_ findings: inout [Diagnostic]) {
    for name in model.clusterNames {
      let strangers = model.clusters[name]?.declared.objects.values.filter {
        $0.identity.group == "settings.tetrate.io"
      }
      for manifest in (strangers ?? []).sorted(by: { $0.name < $1.name }) {
        findings.append(
          Diagnostic(
            TetrateRules.wrongForm, "TSB has no group settings.tetrate.io",
            at: (manifest.node["apiVersion"] ?? manifest.nameNode).range, "from a page that was wrong",
            help: [
              "write group \(TSBObject.group), and the hierarchy as annotations \(TSBObject.annotationPrefix)…"
            ]))
      }
    }
    for (_, object) in objects {
      let manifest = object.manifest
      if object.isTctl {
        // A link that writes such files is compared with them: they are the state of TSB, not of the cluster.
        guard !links.contains(where: { $0.settings.form == .tctl }) else { continue }
        findings.append(
          Diagnostic(
            TetrateRules.wrongForm, "this \(manifest.kind) is written for tctl, not for a cluster",
            at: (manifest.node["apiVersion"] ?? manifest.nameNode).range, "the API server does not know it",
            help: [
              "for GitOps write group \(TSBObject.group) and the hierarchy as annotations \(TSBObject.annotationPrefix)…; for tctl move the file out of the workloads"
            ]))
        continue
      }
      let wanted: [(String, String?)] =
        switch manifest.kind {
        case "Organization": []
        case "OrganizationSetting", "Cluster", "Tenant": [("organization", object.organization)]
        case "TenantSetting", "Workspace":
          [("organization", object.organization), ("tenant", object.tenant)]
        default:
          [
            ("organization", object.organization), ("tenant", object.tenant), ("workspace", object.workspace),
          ]
        }
      let missing = wanted.filter { $0.1 == nil }.map { TSBObject.annotationPrefix + $0.0 }
      guard !missing.isEmpty, Self.isKnown(manifest.kind) else { continue }
      findings.append(
        Diagnostic(
          TetrateRules.wrongForm, "\(manifest.identity.description) has no annotation \(listed(missing))",
          at: (manifest.node.at("metadata", "annotations") ?? manifest.nameNode).range,
          "its place in TSB is not known", help: ["add the annotation"]))
    }
  }

  private static func isKnown(_ kind: String) -> Bool {
    ["OrganizationSetting", "Cluster", "Tenant", "TenantSetting", "Workspace", "WorkspaceSetting", "Group"]
      .contains(kind)
  }

  private func checkPlaces(_ findings: inout [Diagnostic]) {
    guard let config = links.first(where: { $0.settings.form == .gitops })?.settings.configCluster else {
      return
    }
    for (cluster, object) in objects where cluster != config.value && !object.isTctl {
      findings.append(
        Diagnostic(
          TetrateRules.objectElsewhere,
          "\(object.manifest.identity.description) stands in '\(cluster)', which is not the config cluster",
          at: object.manifest.nameNode.range, "not pushed to TSB, or pushed twice",
          also: [Label(config.node.range, "the config cluster")],
          help: ["move it to the workloads of \(config.value)"]))
    }
    for name in model.clusterNames {
      for manifest in Self.reserved(in: model.clusters[name]) {
        findings.append(
          Diagnostic(
            TetrateRules.reservedName, "\(manifest.identity.description) has a name that XCP uses itself",
            at: manifest.nameNode.range, "would be changed or removed by XCP",
            help: ["keep out of namespace xcp-multicluster, and of names with global-gwinternal- or ewgen-"]))
      }
    }
  }

  private static func reserved(in cluster: ClusterModel?) -> [Manifest] {
    let kinds = ["ServiceEntry", "WorkloadEntry", "DestinationRule", "VirtualService", "Gateway", "Sidecar"]
    let manifests = cluster?.declared.objects.values.filter { manifest in
      manifest.identity.group == "networking.istio.io" && kinds.contains(manifest.kind)
        && (manifest.namespace == "xcp-multicluster" || manifest.name.hasPrefix("global-gwinternal-")
          || manifest.name.hasPrefix("ewgen-"))
    }
    return (manifests ?? []).sorted { $0.identity.description < $1.identity.description }
  }

  // MARK: Parents

  private func checkParents(_ findings: inout [Diagnostic]) {
    let tenants = objects.filter { $0.object.manifest.kind == "Tenant" }
    for (_, settings) in links {
      guard let tenant = settings.tenant, let organization = settings.organization else { continue }
      let own = tenants.filter { $0.object.organization == organization.value }.map(\.object.manifest.name)
      guard !own.isEmpty, !own.contains(tenant.value) else { continue }
      findings.append(unknown("Tenant", tenant.value, at: tenant.node, known: own))
    }
    let known = Dictionary(grouping: workspaces) { "\($0.id.organization)/\($0.id.tenant)" }
    for (_, object) in objects {
      guard let workspace = object.workspace, let organization = object.organization,
        let tenant = object.tenant, let own = known["\(organization)/\(tenant)"],
        !own.contains(where: { $0.id.name == workspace })
      else { continue }
      let node =
        object.manifest.node.at("metadata", "annotations")?[TSBObject.annotationPrefix + "workspace"]
        ?? object.manifest.nameNode
      findings.append(unknown("Workspace", workspace, at: node, known: own.map(\.id.name)))
    }
  }

  private func unknown(_ kind: String, _ name: String, at node: Node, known: [String]) -> Diagnostic {
    Diagnostic(
      TetrateRules.unknownParent, "no \(kind) '\(name)' is declared", at: node.range, "not declared",
      help: [
        didYouMean(name, among: known) ?? "the declared ones are \(listed(Set(known).sorted()))"
      ])
  }
}

extension ClusterObjectChecks {
  /// SPIFFE's specification, 2.1.
  static func isTrustDomain(_ text: String) -> Bool {
    1...255 ~= text.utf8.count
      && text.utf8.allSatisfy { byte in
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."),
          UInt8(ascii: "-"), UInt8(ascii: "_"):
          true
        default: false
        }
      }
  }
}

/// OrganizationSettings and WorkspaceSettings among the manifests.
struct SettingChecks {
  let model: FleetModel
  let links: [(link: Link, settings: TetrateSettings)]

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    checkOrganizationSettings(&findings)
    let views = WorkspaceSettingView.all(in: model).filter { !$0.object.isTctl }
    var byWorkspace: [String: WorkspaceSettingView] = [:]
    var bySelector: [String: (workspace: String, node: Node)] = [:]
    for view in views {
      let workspace = [view.object.organization, view.object.tenant, view.object.workspace].map { $0 ?? "" }
        .joined(separator: "/")
      if let first = byWorkspace[workspace] {
        findings.append(
          Diagnostic(
            TetrateRules.workspaceSettingTwice, "workspace '\(workspace)' has two WorkspaceSettings",
            at: view.manifest.nameNode.range, "the second",
            also: [Label(first.manifest.nameNode.range, "the first")], help: ["join them into one"]))
      } else {
        byWorkspace[workspace] = view
      }
      var own: [String: Node] = [:]
      for entry in view.entries {
        check(entry, view, &findings)
        guard let selector = entry.selector, let namespace = entry.namespace else { continue }
        let key = "\(namespace) \(entry.labels.description)"
        if let first = own.updateValue(selector, forKey: key) {
          findings.append(
            Diagnostic(
              TetrateRules.selectorTwice, "two entries select the same gateway", at: selector.range, "again",
              also: [Label(first.range, "first here")], help: ["join their exposedServices in one entry"]))
        } else if let other = bySelector[key], other.workspace != workspace {
          findings.append(shared(selector, other.node, other.workspace))
        } else {
          bySelector[key] = (workspace, selector)
        }
      }
    }
    for (link, settings) in links {
      guard let workspace = settings.workspace, let organization = settings.organization,
        let tenant = settings.tenant
      else { continue }
      let id = WorkspaceID(organization.value, tenant.value, workspace.name.value).description
      let key = "\(settings.gateway.namespace) \(settings.gateway.labels.description)"
      if let other = bySelector[key], other.workspace != id {
        findings.append(shared(settings.gateway.place, other.node, other.workspace))
      } else {
        bySelector[key] = (id, link.name.node)
      }
    }
    return findings
  }

  private func shared(_ node: Node, _ first: Node, _ workspace: String) -> Diagnostic {
    Diagnostic(
      TetrateRules.sharedGateway, "workspace '\(workspace)' uses the same gateway", at: node.range,
      "shared with another workspace", also: [Label(first.range, "of \(workspace)")],
      help: ["give each workspace a gateway of its own if one must not load the other's"])
  }

  private func check(
    _ entry: WorkspaceSettingView.Entry, _ view: WorkspaceSettingView, _ findings: inout [Diagnostic]
  ) {
    let labels = entry.selector?["labels"]
    let missing = [
      ("namespace", (entry.namespace ?? "").isEmpty), ("labels", (labels?.count ?? 0) == 0),
    ].filter(\.1).map(\.0)
    if !missing.isEmpty {
      findings.append(
        Diagnostic(
          TetrateRules.selectorIncomplete, "the workloadSelector has no \(listed(missing))",
          at: (entry.selector ?? entry.node).range, "selects no gateway",
          help: ["add \(listed(missing.map { "'\($0)'" }))"]))
    }
    findings += LabelValues.findings(labels, of: "a workloadSelector")
    guard let exposed = entry.node["exposedServices"] else { return }
    for item in exposed.elements {
      guard let labels = item["serviceLabels"], labels.count > 0 else {
        findings.append(
          Diagnostic(
            TetrateRules.labelsEmpty, "an item of exposedServices has no serviceLabels", at: item.range,
            "refused by TSB", help: ["add at least one label, or remove the item"]))
        continue
      }
      findings += LabelValues.findings(labels, of: "serviceLabels")
    }
  }

  private func checkOrganizationSettings(_ findings: inout [Diagnostic]) {
    var first: [String: Manifest] = [:]
    for name in model.clusterNames {
      for object in model.clusters[name].map({ TSBObject.all("OrganizationSetting", in: $0) }) ?? [] {
        guard let organization = object.organization, !object.isTctl else { continue }
        guard let earlier = first.updateValue(object.manifest, forKey: organization) else { continue }
        findings.append(
          Diagnostic(
            TetrateRules.organizationSettingTwice,
            "organization '\(organization)' has two OrganizationSettings",
            at: object.manifest.nameNode.range, "the second",
            also: [Label(earlier.nameNode.range, "the first")], help: ["join them into one"]))
      }
    }
  }
}
