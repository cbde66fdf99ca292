import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// What TSB holds of a link's workspace: the Workspace, where the link declares it, and its WorkspaceSetting.
struct WorkspaceUnit: PlannedUnit {
  let traffic: TetrateTraffic

  private var link: TetrateLink { traffic.link }

  var key: String { "tetrate/\(link.name)/workspace" }

  func lower() -> LoweredUnit {
    var lowered = LoweredUnit(
      connections: [], subject: Label(link.link.name.node.range, "while emitting this link"))
    emitWorkspace(&lowered)
    emitSetting(&lowered)
    return lowered
  }

  private func emitWorkspace(_ lowered: inout LoweredUnit) {
    guard let choice = link.settings.workspace else { return }
    guard let namespaces = choice.namespaces, !choice.exists else {
      if let manifest = link.workspace?.manifest {
        lowered.satisfied.append(
          Satisfied(cluster: link.configCluster, identity: manifest.identity, manifest: manifest))
      }
      return
    }
    let node = choice.node
    if let (cluster, manifest) = existing(choice, namespaces) {
      lowered.satisfied.append(
        Satisfied(cluster: cluster, identity: manifest.identity, manifest: manifest))
      return
    }
    link.add(
      "Workspace", template: "workspace", name: choice.name.value, tenant: true, workspace: false,
      [
        "workspace": .map([
          "namespaces": .list(namespaces.map { .string($0.value) }),
          "displayName": .optional(node["displayName"]?.text),
          "description": .optional(node["description"]?.text),
          "privileged": Self.optional(node["privileged"]?.boolean),
          "deletionProtectionEnabled": Self.optional(node["deletionProtectionEnabled"]?.boolean),
          "securityDomain": .optional(node["securityDomain"]?.text),
          "isolationBoundary": .optional(node["isolationBoundary"]?.text),
        ])
      ], to: &lowered)
  }

  private static let passedFields = [
    "displayName", "description", "privileged", "deletionProtectionEnabled", "securityDomain",
    "isolationBoundary",
  ]

  private static func optional(_ value: Bool?) -> TemplateValue { value.map { .boolean($0) } ?? .none }

  /// The Workspace's manifest, where it says just what the link says. Files for tctl are no part of any cluster.
  private func existing(
    _ choice: WorkspaceChoice, _ namespaces: [Located<String>]
  ) -> (cluster: String, manifest: Manifest)? {
    for name in traffic.model.clusterNames {
      guard let cluster = traffic.model.clusters[name] else { continue }
      for object in TSBObject.all("Workspace", in: cluster)
      where !object.isTctl && object.manifest.name == choice.name.value
        && object.organization == link.settings.organization?.value
        && object.tenant == link.settings.tenant?.value
      {
        let spec = object.manifest.node["spec"]
        let names = spec?.at("namespaceSelector", "names")?.elements.map(\.text) ?? []
        let isSame =
          Set(names) == Set(namespaces.map(\.value))
          && Self.passedFields.allSatisfy {
            choice.node[$0] == nil || spec?[$0]?.text == choice.node[$0]?.text
          }
        return isSame ? (name, object.manifest) : nil
      }
    }
    return nil
  }

  private func emitSetting(_ lowered: inout LoweredUnit) {
    // An empty list would expose everything.
    guard !traffic.gateways.isEmpty, traffic.exposure.items?.isEmpty != true else { return }
    let settings = link.settings
    let existing = WorkspaceSettingView.all(of: link, in: traffic.model).first
    guard
      let name = existing?.manifest.name ?? settings.workspaceSetting
        ?? TetrateNames.name("workspaceSetting", link, in: traffic.model, &lowered.findings)
    else { return }
    guard let existing else {
      link.add(
        "WorkspaceSetting", template: "workspace-setting", name: name, tenant: true, workspace: true,
        ["setting": setting([entry()])], to: &lowered)
      return
    }
    if serves(existing) {
      lowered.satisfied.append(
        Satisfied(
          cluster: existing.cluster, identity: existing.manifest.identity, manifest: existing.manifest))
      return
    }
    // A patch replaces lists: what the owner wrote stays in it, for other gateways and for this one.
    var gateways = existing.entries.map { TemplateValue.node($0.node) }
    let theirs = existing.entries.indices.filter { existing.entries[$0].selects(settings.gateway) }
    if let first = theirs.first {
      gateways[first] = entry(with: theirs.map { existing.entries[$0].exposure })
      // TSB wants one entry for a gateway.
      for index in theirs.dropFirst().reversed() { gateways.remove(at: index) }
    } else {
      gateways.append(entry())
    }
    lowered.emissions.append(
      Emission(
        cluster: existing.cluster, part: .components, template: "tetrate/workspace-setting-patch.yaml",
        identity: existing.manifest.identity,
        variables: [
          "object": .map([
            "name": .string(name), "namespace": .optional(existing.manifest.namespace),
          ]),
          "setting": setting(gateways),
        ]))
  }

  private func setting(_ gateways: [TemplateValue]) -> TemplateValue {
    var setting: TemplateFields = [
      "gateways": .list(gateways), "failoverSettings": link.settings.failover.map { .node($0) } ?? .none,
    ]
    for field in Self.defaults {
      setting[field] = link.settings.defaults?[field].map { .node($0) } ?? TemplateValue.none
    }
    return .map(setting)
  }

  /// The fields of `workspaceDefaults`.
  private static let defaults = ["defaultTrafficSetting", "defaultSecuritySetting", "hostsReachability"]

  /// The link's own entry of `defaultEastWestGatewaySettings`, with what an owner's entries for the gateway expose.
  /// Items are alternatives, of which the first that matches counts, and no list exposes everything.
  private func entry(with theirs: [Exposure] = []) -> TemplateValue {
    let choice = link.settings.gateway
    var entry: TemplateFields = [
      "workloadSelector": .map(["namespace": .string(choice.namespace), "labels": choice.labels.value])
    ]
    if let items = traffic.exposure.items, theirs.allSatisfy({ $0.items != nil }) {
      let kept = theirs.flatMap { $0.items ?? [] }
      let added = items.filter { item in !kept.contains { $0.labels == item.labels } }
      entry["exposedServices"] = .list(
        kept.map { item in item.node.map { .node($0) } ?? .map(["serviceLabels": item.labels.value]) }
          + added.map { .map(["serviceLabels": $0.labels.value]) })
    }
    return .map(entry)
  }

  /// True when an existing WorkspaceSetting exposes every target at the link's gateway.
  private func serves(_ existing: WorkspaceSettingView) -> Bool {
    if let failover = link.settings.failover {
      guard let theirs = existing.manifest.node.at("spec", "failoverSettings"), theirs.isEqual(to: failover)
      else { return false }
    }
    for (key, value) in link.settings.defaults?.entries.map({ $0 }) ?? [] {
      guard let theirs = existing.manifest.node["spec"]?[key.text], theirs.isEqual(to: value) else {
        return false
      }
    }
    guard let entry = existing.entries.first(where: { $0.selects(link.settings.gateway) }) else {
      return false
    }
    return traffic.connections.allSatisfy { connection in
      connection.targets.allSatisfy { entry.exposure.exposes($0.service) }
    }
  }
}

/// A WorkspaceSetting as a manifest declares it.
struct WorkspaceSettingView: Sendable {
  struct Entry: Sendable {
    let node: Node
    let selector: Node?
    let exposure: Exposure

    init(_ node: Node) {
      self.node = node
      selector = node["workloadSelector"]
      let items = node["exposedServices"]?.elements.map {
        ExposureItem(labels: Labels($0["serviceLabels"]), node: $0)
      }
      exposure = Exposure(items: items?.isEmpty == true ? nil : items)
    }

    var namespace: String? { selector?["namespace"]?.text }
    var labels: Labels { Labels(selector?["labels"]) }

    func selects(_ choice: GatewayChoice) -> Bool {
      namespace == choice.namespace && labels == choice.labels
    }
  }

  let cluster: String
  let manifest: Manifest
  let object: TSBObject
  let entries: [Entry]

  /// Every WorkspaceSetting of the fleet's manifests, ordered by cluster.
  static func all(in model: FleetModel) -> [WorkspaceSettingView] {
    model.clusterNames.flatMap { name -> [WorkspaceSettingView] in
      guard let cluster = model.clusters[name] else { return [] }
      return TSBObject.all("WorkspaceSetting", in: cluster).map { object in
        WorkspaceSettingView(
          cluster: name, manifest: object.manifest, object: object,
          entries: object.manifest.node.at("spec", "defaultEastWestGatewaySettings")?.elements.map {
            Entry($0)
          } ?? [])
      }
    }
  }

  /// The settings of a link's workspace, as Kubernetes objects.
  static func all(of link: TetrateLink, in model: FleetModel) -> [WorkspaceSettingView] {
    all(in: model).filter { view in
      !view.object.isTctl && view.object.organization == link.settings.organization?.value
        && view.object.tenant == link.settings.tenant?.value
        && view.object.workspace == link.settings.workspace?.name.value
    }
  }
}
