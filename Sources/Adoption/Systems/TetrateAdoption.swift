import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// Objects of Tetrate Service Bridge, in the form that they are kept in: as Kubernetes objects, or as files for tctl.
enum TetrateAdoption: SystemAdoption {
  static func infer(_ input: AdoptionInput, into inference: inout Inference) {
    let objects = input.clusters.flatMap { cluster in
      cluster.objects.compactMap { TetrateObject($0, of: cluster.name) }
    }
    var organizations: [String: TetrateOrganization] = [:]
    var taken = Taken()
    for setting in objects where setting.isBase && setting.kind == "WorkspaceSetting" {
      guard let organization = setting.organization, let tenant = setting.tenant,
        let workspace = setting.workspace
      else {
        inference.leave(
          setting.manifest, of: setting.cluster,
          because: "it does not say of which organization, tenant and workspace it is")
        taken.insert(setting.manifest, setting.cluster)
        continue
      }
      let known = organizations[organization] ?? TetrateOrganization(organization, objects, input)
      organizations[organization] = known
      let found = objects.first {
        $0.isBase && $0.kind == "Workspace" && $0.manifest.name == workspace && $0.tenant == tenant
          && $0.organization == organization
      }
      let adoption = TetrateWorkspaceAdoption(
        input: input, setting: setting, workspace: found, organization: known, tenant: tenant)
      adoption.infer(into: &inference, &taken)
    }
    for (_, organization) in organizations.sorted(by: { $0.key < $1.key }) {
      organization.leaveOthers(&inference, &taken)
    }
    for object in objects where !taken.contains(object.manifest, object.cluster) {
      inference.leave(
        object.manifest, of: object.cluster,
        because: object.isBase && ["Workspace", "Cluster", "OrganizationSetting"].contains(object.kind)
          ? "no WorkspaceSetting of it that names an east-west gateway is among the manifests"
          : "Linkwright writes no \(object.kind) of group \(object.manifest.identity.group)", isGap: false)
    }
    for cluster in input.clusters {
      for manifest in cluster.objects where Self.isInternal(manifest) {
        inference.leave(
          manifest, of: cluster.name,
          because:
            "TSB's own programs write objects of group \(manifest.identity.group): give adopt the TSB objects that they are made from",
          isGap: false)
      }
      for gateway in TetrateGateway.all(in: cluster) where !taken.contains(gateway.manifest, cluster.name) {
        inference.leave(
          gateway.manifest, of: cluster.name, because: "no WorkspaceSetting uses it as an east-west gateway",
          isGap: false)
      }
    }
  }

  /// True for what XCP makes of TSB's objects; other tools than TSB write such objects by hand, at their own risk.
  static func isInternal(_ manifest: Manifest) -> Bool {
    ["xcp.tetrate.io", "install.xcp.tetrate.io"].contains(manifest.identity.group)
  }

  /// Objects of which something was said.
  struct Taken {
    private var keys: Set<String> = []

    private static func key(_ manifest: Manifest, _ cluster: String) -> String {
      "\(cluster) \(manifest.identity.group) \(manifest.identity.description) \(manifest.nameNode.range.file.path) \(manifest.nameNode.range.start)"
    }

    mutating func insert(_ manifest: Manifest, _ cluster: String) { keys.insert(Self.key(manifest, cluster)) }
    func contains(_ manifest: Manifest, _ cluster: String) -> Bool {
      keys.contains(Self.key(manifest, cluster))
    }
  }
}

/// What all workspaces of an organization share: its clusters' networks, and which of them reach which.
struct TetrateOrganization: Sendable {
  let name: String
  /// The organization's settings; an organization has one.
  let setting: TetrateObject?
  /// TSB's Cluster objects, by name.
  private(set) var clusters: [String: TetrateObject] = [:]
  private let input: AdoptionInput

  init(_ name: String, _ objects: [TetrateObject], _ input: AdoptionInput) {
    self.name = name
    self.input = input
    let own = objects.filter { $0.isBase && $0.organization == name }
    setting = own.first { $0.kind == "OrganizationSetting" }
    for object in own where object.kind == "Cluster" {
      if clusters[object.manifest.name] == nil { clusters[object.manifest.name] = object }
    }
  }

  func network(_ cluster: String) -> String? { clusters[cluster]?.spec?["network"]?.string }

  /// Consumer networks with the networks that they reach, as the settings say; nil where nobody says.
  var reachability: [(consumer: String, exporters: [String])]? {
    setting?.spec?.at("networkSettings", "networkReachability").map { node in
      node.entries.map { key, value in
        (
          key.text,
          value.text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        )
      }
    }
  }

  /// True where nothing that is known keeps a cluster from the Services of another.
  func permits(_ consumer: String, _ exporter: String) -> Bool {
    guard let from = network(consumer), let to = network(exporter), from != to, let reachability else {
      return true
    }
    return reachability.contains { $0.consumer == from && $0.exporters.contains(to) }
  }

  /// Takes over what stands beside a workspace's setting: the organization's, and its clusters'.
  func take(
    beside setting: TetrateObject, members: [String], _ inference: inout Inference,
    _ taken: inout TetrateAdoption.Taken
  ) {
    for member in members {
      guard let object = clusters[member], !taken.contains(object.manifest, object.cluster) else { continue }
      taken.insert(object.manifest, object.cluster)
      describe(object, member, &inference)
      takeCluster(object, beside: setting, &inference)
    }
    guard let own = self.setting, !taken.contains(own.manifest, own.cluster) else { return }
    taken.insert(own.manifest, own.cluster)
    if let reason = reasonToKeepSetting(beside: setting) {
      inference.leave(own.manifest, of: own.cluster, because: reason)
    } else {
      inference.takenOver.append(
        TakenOver(cluster: own.cluster, manifest: own.manifest, role: .leads, connection: ""))
    }
  }

  /// What keeps the OrganizationSetting with its owner; nil where a Link gives just the same.
  func reasonToKeepSetting(beside setting: TetrateObject) -> String? {
    guard let own = self.setting else { return "it is not among the manifests" }
    guard own.isTctl == setting.isTctl else { return "it is kept in the other of TSB's forms" }
    if let field = UnsaidField.first(in: own.spec, besides: ["networkSettings.networkReachability"]) {
      return "spec.\(field) has no place in a Link"
    }
    guard let reachability, !reachability.isEmpty else { return "it says nothing of networks" }
    let known = Set(clusters.values.compactMap { $0.spec?["network"]?.string })
    for entry in reachability {
      for network in [entry.consumer] + entry.exporters where !known.contains(network) {
        return
          "no Cluster among the manifests has network '\(network)', of which its spec.networkSettings.networkReachability speaks"
      }
    }
    let strangers = clusters.filter { input[$0.key] == nil }.keys.sorted()
    if let stranger = strangers.first {
      return "it speaks of \(stranger) too, whose manifests were not given: --cluster \(stranger)=…"
    }
    return Self.place(of: own, beside: setting)
  }

  /// Why an object cannot be written where it stands; nil where it can. A Link has one config namespace.
  static func place(of object: TetrateObject, beside setting: TetrateObject) -> String? {
    guard object.isTctl == setting.isTctl else { return "it is kept in the other of TSB's forms" }
    if object.cluster != setting.cluster { return "it stands in another cluster than the WorkspaceSetting" }
    guard !object.isTctl, object.manifest.namespace != setting.manifest.namespace else { return nil }
    return "it stands in another namespace than the WorkspaceSetting, and a Link has one config namespace"
  }

  private func describe(_ object: TetrateObject, _ member: String, _ inference: inout Inference) {
    let section = SpecMap([
      "network": object.spec?["network"].map { .text($0.text) },
      "trustDomain": object.spec?["trustDomain"].map { .text($0.text) },
      "tokenTtl": object.spec?["tokenTtl"].map { .text($0.text) },
      "displayName": object.spec?["displayName"].map { .text($0.text) },
      "labels": object.spec?["labels"].map { SpecValue($0) },
      "namespaceScope": object.spec?["namespaceScope"].map { SpecValue($0) },
    ])
    if !section.isEmpty { inference.describe(member, "tetrate", .map(section)) }
  }

  private func takeCluster(
    _ object: TetrateObject, beside setting: TetrateObject, _ inference: inout Inference
  ) {
    guard object.spec?["network"]?.string != nil else {
      inference.leave(
        object.manifest, of: object.cluster,
        because: "it names no network: Linkwright has nothing to say of it",
        isGap: false)
      return
    }
    let said = [
      "network", "trustDomain", "tokenTtl", "displayName", "namespaceScope.scope",
      "namespaceScope.exceptions", "labels",
    ]
    let field = UnsaidField.first(in: object.spec, besides: said)
    // Files for tctl are written anew: what they leave out is shown as a difference.
    if let reason = Self.place(of: object, beside: setting)
      ?? (object.isTctl ? nil : field.map { "spec.\($0) has no place in a Cluster document" })
    {
      inference.leave(object.manifest, of: object.cluster, because: reason)
    } else {
      inference.takenOver.append(
        TakenOver(cluster: object.cluster, manifest: object.manifest, role: .leads, connection: ""))
    }
  }

  /// Cluster objects of clusters that were not given.
  func leaveOthers(_ inference: inout Inference, _ taken: inout TetrateAdoption.Taken) {
    for (name, object) in clusters.sorted(by: { $0.key < $1.key })
    where !taken.contains(object.manifest, object.cluster) {
      taken.insert(object.manifest, object.cluster)
      inference.leave(
        object.manifest, of: object.cluster,
        because: input[name] == nil
          ? "the manifests of \(name) were not given: --cluster \(name)=…"
          : "\(name) is no member of a workspace with an east-west gateway", isGap: input[name] == nil)
    }
  }
}
