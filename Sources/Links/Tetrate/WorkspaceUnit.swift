import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// What TSB holds of a workspace: the Workspace, where a link declares it, and its WorkspaceSetting. Several links may carry
/// a workspace's connections, each through a gateway of its own; TSB keeps one setting for all of them.
struct WorkspaceUnit: PlannedUnit {
  /// The workspace's links, by name; the first gives the form and names.
  let links: [TetrateTraffic]

  private var traffic: TetrateTraffic { links[0] }
  private var link: TetrateLink { traffic.link }

  var key: String { "tetrate/\(link.name)/workspace" }

  /// - Parameter links: of one workspace, at least one.
  init(_ links: [TetrateTraffic]) {
    self.links = links.sorted { $0.link.name < $1.link.name }
  }

  func lower() -> LoweredUnit {
    var lowered = LoweredUnit(
      connections: [], subject: Label(link.link.name.node.range, "while emitting this link"))
    emitWorkspace(&lowered)
    emitSetting(&lowered)
    return lowered
  }

  private func emitWorkspace(_ lowered: inout LoweredUnit) {
    // The link that declares it speaks for those that refer to it.
    let choices = links.compactMap(\.link.settings.workspace)
    guard let choice = choices.first(where: { $0.namespaces != nil }) ?? choices.first else { return }
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

  /// What is exposed at one gateway.
  private struct Entry {
    let choice: GatewayChoice
    /// Nil: everything.
    var items: [ExposureItem]?
  }

  /// One entry for each gateway: links that share one are joined.
  private var entries: [Entry] {
    var entries: [Entry] = []
    // An empty list would expose everything.
    for traffic in links where !traffic.gateways.isEmpty && traffic.exposure.items?.isEmpty != true {
      let choice = traffic.link.settings.gateway
      guard
        let known = entries.firstIndex(where: {
          $0.choice.namespace == choice.namespace && $0.choice.labels == choice.labels
        })
      else {
        entries.append(Entry(choice: choice, items: traffic.exposure.items))
        continue
      }
      guard let items = entries[known].items, let more = traffic.exposure.items else {
        entries[known].items = nil
        continue
      }
      entries[known].items =
        items + more.filter { item in !items.contains { $0.labels == item.labels } }
    }
    return entries
  }

  private func emitSetting(_ lowered: inout LoweredUnit) {
    let entries = entries
    guard !entries.isEmpty else { return }
    let existing = WorkspaceSettingView.all(of: link, in: traffic.model).first
    guard
      let name = existing?.manifest.name ?? links.lazy.compactMap(\.link.settings.workspaceSetting).first
        ?? TetrateNames.name("workspaceSetting", link, in: traffic.model, &lowered.findings)
    else { return }
    guard let existing else {
      link.add(
        "WorkspaceSetting", template: "workspace-setting", name: name, tenant: true, workspace: true,
        ["setting": setting(entries.map { value(of: $0) })], to: &lowered)
      return
    }
    if links.allSatisfy({ serves(existing, $0) }) {
      lowered.satisfied.append(
        Satisfied(
          cluster: existing.cluster, identity: existing.manifest.identity, manifest: existing.manifest))
      return
    }
    lowered.emissions.append(
      Emission(
        cluster: existing.cluster, part: .components, template: "tetrate/workspace-setting-patch.yaml",
        identity: existing.manifest.identity,
        variables: [
          "object": .map([
            "name": .string(name), "namespace": .optional(existing.manifest.namespace),
          ]),
          "setting": setting(joined(entries, with: existing)),
        ]))
  }

  /// A patch replaces lists: what the owner wrote stays in it, for other gateways and for these.
  private func joined(_ entries: [Entry], with existing: WorkspaceSettingView) -> [TemplateValue] {
    var gateways: [TemplateValue] = []
    var done: Set<Int> = []
    for entry in existing.entries {
      guard let own = entries.firstIndex(where: { entry.selects($0.choice) }) else {
        gateways.append(.node(entry.node))
        continue
      }
      // TSB wants one entry for a gateway.
      guard done.insert(own).inserted else { continue }
      let theirs = existing.entries.filter { $0.selects(entries[own].choice) }.map(\.exposure)
      gateways.append(value(of: entries[own], with: theirs))
    }
    for (index, entry) in entries.enumerated() where !done.contains(index) {
      gateways.append(value(of: entry))
    }
    return gateways
  }

  private func setting(_ gateways: [TemplateValue]) -> TemplateValue {
    let failover = links.lazy.compactMap(\.link.settings.failover).first
    var setting: TemplateFields = [
      "gateways": .list(gateways), "failoverSettings": failover.map { .node($0) } ?? .none,
    ]
    for field in Self.defaults {
      setting[field] =
        links.lazy.compactMap { $0.link.settings.defaults?[field] }.first.map { .node($0) }
        ?? TemplateValue.none
    }
    return .map(setting)
  }

  /// The fields of `workspaceDefaults`.
  private static let defaults = ["defaultTrafficSetting", "defaultSecuritySetting", "hostsReachability"]

  /// An entry of `defaultEastWestGatewaySettings`, with what an owner's entries for the gateway expose. Items are
  /// alternatives, of which the first that matches counts, and no list exposes everything.
  private func value(of entry: Entry, with theirs: [Exposure] = []) -> TemplateValue {
    var fields: TemplateFields = [
      "workloadSelector": .map([
        "namespace": .string(entry.choice.namespace), "labels": entry.choice.labels.value,
      ])
    ]
    if let items = entry.items, theirs.allSatisfy({ $0.items != nil }) {
      let kept = theirs.flatMap { $0.items ?? [] }
      let added = items.filter { item in !kept.contains { $0.labels == item.labels } }
      fields["exposedServices"] = .list(
        kept.map { item in item.node.map { .node($0) } ?? .map(["serviceLabels": item.labels.value]) }
          + added.map { .map(["serviceLabels": $0.labels.value]) })
    }
    return .map(fields)
  }

  /// True when an existing WorkspaceSetting exposes every target at the link's gateway.
  private func serves(_ existing: WorkspaceSettingView, _ traffic: TetrateTraffic) -> Bool {
    let link = traffic.link
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
