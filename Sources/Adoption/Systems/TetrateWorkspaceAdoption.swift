import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// One WorkspaceSetting with the gateways that it names: a Link for each, and Connections to what they expose.
struct TetrateWorkspaceAdoption {
  let input: AdoptionInput
  let setting: TetrateObject
  let workspace: TetrateObject?
  let organization: TetrateOrganization
  let tenant: String

  private var entries: [Node] {
    setting.spec?["defaultEastWestGatewaySettings"]?.elements.map { $0 } ?? []
  }

  func infer(into inference: inout Inference, _ taken: inout TetrateAdoption.Taken) {
    taken.insert(setting.manifest, setting.cluster)
    func leave(_ reason: String, isGap: Bool = true) {
      inference.leave(setting.manifest, of: setting.cluster, because: reason, isGap: isGap)
    }
    guard !entries.isEmpty else { return leave("it names no east-west gateway", isGap: false) }
    guard let workspace else {
      return leave("its Workspace '\(setting.workspace ?? "")' is not among the manifests: give it too")
    }
    // A workspace has one setting, and one link that keeps it.
    guard entries.count == 1 else {
      return leave(
        "it names \(entries.count) gateways, and a Link has one: spec.defaultEastWestGatewaySettings[1] has no place in it"
      )
    }
    let namespaces = TetrateNamespaces(workspace.spec?.at("namespaceSelector", "names"))
    var isTaken = false
    for entry in entries {
      let gateway = TetrateGatewayEntry(entry, input: input)
      if let reason = gateway.fault {
        leave("\(reason)")
        return
      }
      guard !gateway.installed.isEmpty else {
        leave(
          "no gateway of install.tetrate.io \(gateway.description) is among the manifests: give those of every cluster"
        )
        return
      }
      let members = members(namespaces, gateway)
      guard members.count > 1 else {
        leave(
          "only \(listed(members.isEmpty ? ["no cluster"] : members)) of those given belongs to its workspace"
        )
        return
      }
      adopt(gateway, workspace, namespaces, members, &inference, &taken)
      isTaken = true
    }
    guard isTaken else { return }
    taken.insert(workspace.manifest, workspace.cluster)
    takeWorkspace(workspace, &inference)
    if !setting.isTctl, let reason = reasonToKeepSetting {
      leave(reason)
    } else {
      inference.takenOver.append(
        TakenOver(cluster: setting.cluster, manifest: setting.manifest, role: .leads, connection: ""))
    }
  }

  // MARK: Members

  private func members(_ namespaces: TetrateNamespaces, _ gateway: TetrateGatewayEntry) -> [String] {
    input.clusters.filter { cluster in
      if organization.clusters[cluster.name] != nil || gateway.installed[cluster.name] != nil { return true }
      return cluster.services.keys.contains { namespaces.own($0.namespace, in: cluster.name) }
        || cluster.workloads.keys.contains { namespaces.own($0, in: cluster.name) }
    }.map(\.name)
  }

  // MARK: Documents

  private func adopt(
    _ gateway: TetrateGatewayEntry, _ workspace: TetrateObject, _ namespaces: TetrateNamespaces,
    _ members: [String], _ inference: inout Inference, _ taken: inout TetrateAdoption.Taken
  ) {
    organization.take(beside: setting, members: members, &inference, &taken)
    let exposed = exposed(gateway, namespaces)
    let name = linkName
    let before = inference.connections.count
    addConnections(exposed, over: name, members, &inference)
    let exporters = Set(
      exposed.flatMap { $0.value.map(\.cluster) }.filter { exporter in
        members.contains { $0 != exporter && organization.permits($0, exporter) }
      })
    let (gatewaySection, replaced) = gateway.section(in: exporters)
    for (cluster, install) in gateway.installed.sorted(by: { $0.key < $1.key })
    where !taken.contains(install.manifest, cluster) {
      taken.insert(install.manifest, cluster)
      if replaced.contains(cluster) {
        inference.takenOver.append(
          TakenOver(cluster: cluster, manifest: install.manifest, role: .leads, connection: ""))
      } else {
        inference.leave(
          install.manifest, of: cluster,
          because: exporters.contains(cluster)
            ? install.section(selecting: gateway.labels).reason.isEmpty
              ? "the gateways of the clusters differ, and a Link describes one"
              : install.section(
                selecting: gateway.labels
              ).reason : "no connection leads through it", isGap: false)
      }
    }
    let flows = inference.connections[before...].isEmpty ? [] : flows(exposed, members)
    inference.links.append(link(name, gateway, gatewaySection, workspace, members, flows))
  }

  /// Steps between clusters that the connections take.
  private func flows(
    _ exposed: [NamespacedName: [(cluster: String, service: Service)]], _ members: [String]
  ) -> Set<[String]> {
    var flows: Set<[String]> = []
    for exporter in Set(exposed.values.flatMap { $0.map(\.cluster) }) {
      for consumer in members where consumer != exporter && organization.permits(consumer, exporter) {
        guard let from = organization.network(consumer), let to = organization.network(exporter), from != to
        else { continue }
        flows.insert([from, to])
      }
    }
    return flows
  }

  private var linkName: String {
    Self.documentName(setting.workspace ?? "workspace")
  }

  private static func documentName(_ text: String) -> String {
    let name = text.lowercased().map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" }
    return String(name.drop { $0 == "-" })
  }

  private func link(
    _ name: String, _ gateway: TetrateGatewayEntry, _ gatewaySection: SpecMap, _ workspace: TetrateObject,
    _ members: [String], _ flows: Set<[String]>
  ) -> LinkCandidate {
    var section = SpecMap()
    section.add("form", .text(setting.isTctl ? "tctl" : "gitops"))
    section.add("members", .texts(members))
    section.add("organization", .text(organization.name))
    section.add("tenant", .text(tenant))
    section.add("workspace", workspaceSection(workspace))
    if setting.manifest.name != "\(setting.workspace ?? "")-setting" {
      section.add("workspaceSetting", .text(setting.manifest.name), remark: "the live object's name")
    }
    if let own = organization.setting, own.manifest.name != "\(organization.name)-settings" {
      section.add("organizationSetting", .text(own.manifest.name), remark: "the live object's name")
    }
    section.add("configCluster", .text(setting.cluster))
    if let namespace = setting.manifest.namespace, !setting.isTctl, namespace != gateway.namespace {
      section.add("configNamespace", .text(namespace))
    }
    section.add("gateway", .map(gatewaySection))
    section.add("exposedServices", gateway.exposure)
    if !setting.isTctl || reasonToKeepSetting == nil,
      let failover = setting.spec?["failoverSettings"], failoverField == nil
    {
      section.add("failoverSettings", SpecValue(failover))
    }
    let defaults = SpecMap(
      Self.defaults.compactMap { key in
        setting.spec?[key].map { SpecMap.Entry(key, SpecValue($0)) }
      })
    if setting.isTctl || reasonToKeepSetting == nil, !defaults.isEmpty {
      section.add("workspaceDefaults", .map(defaults), comment: ["Passed on as they are."])
    }
    addReachability(flows, &section)
    let (organizationName, tenantName, workspaceName) = (
      organization.name, tenant, setting.workspace ?? ""
    )
    return LinkCandidate(
      name: name, type: "tetrate", section: section, anchor: nil,
      matches: { section in
        section["organization"]?.text == organizationName && section["tenant"]?.text == tenantName
          && (section["workspace"]?["name"] ?? section["workspace"])?.text == workspaceName
      })
  }

  private func addReachability(_ flows: Set<[String]>, _ section: inout SpecMap) {
    if let reason = organization.reasonToKeepSetting(beside: setting) {
      section.add(
        "reachability", .text("unmanaged"),
        remark: organization.setting == nil ? "no OrganizationSetting is among the manifests" : reason)
      return
    }
    let written = organization.reachability ?? []
    let edges = Set(written.flatMap { each in each.exporters.map { [each.consumer, $0] } })
    if edges == flows {
      section.add("reachability", .text("declared"), remark: "what the connections need is what is there")
    } else {
      section.add(
        "reachability",
        .map(SpecMap(written.map { SpecMap.Entry($0.consumer, .texts($0.exporters)) })),
        comment: ["More, or less, than the connections need; 'declared' would write just that."])
    }
  }

  // MARK: Objects

  /// Fields of a WorkspaceSetting that a Link passes on.
  private static let defaults = ["defaultTrafficSetting", "defaultSecuritySetting", "hostsReachability"]

  private static let workspaceFields = [
    "namespaceSelector.names", "displayName", "description", "privileged", "deletionProtectionEnabled",
    "securityDomain", "isolationBoundary",
  ]

  /// What keeps the Workspace with its owner.
  private func reasonToKeep(_ workspace: TetrateObject) -> String? {
    if let field = UnsaidField.first(in: workspace.spec, besides: Self.workspaceFields), !setting.isTctl {
      return "spec.\(field) has no place in a Link"
    }
    let clusters = workspace.spec?.at("namespaceSelector", "names")?.elements.compactMap {
      $0.text.split(separator: "/").first.map(String.init)
    }
    if let stranger = clusters?.first(where: { $0 != "*" && input[$0] == nil }), !setting.isTctl {
      return "it owns namespaces of \(stranger), whose manifests were not given: --cluster \(stranger)=…"
    }
    return TetrateOrganization.place(of: workspace, beside: setting)
  }

  private func workspaceSection(_ workspace: TetrateObject) -> SpecValue {
    guard reasonToKeep(workspace) == nil else { return .text(workspace.manifest.name) }
    var map = SpecMap(["name": .text(workspace.manifest.name)])
    map.add("namespaces", workspace.spec?.at("namespaceSelector", "names").map { SpecValue($0) })
    for key in Self.workspaceFields.dropFirst() {
      map.add(key, workspace.spec?[key].map { SpecValue($0) })
    }
    return .map(map)
  }

  private func takeWorkspace(_ workspace: TetrateObject, _ inference: inout Inference) {
    if let reason = reasonToKeep(workspace) {
      inference.leave(workspace.manifest, of: workspace.cluster, because: reason)
    } else {
      inference.takenOver.append(
        TakenOver(cluster: workspace.cluster, manifest: workspace.manifest, role: .leads, connection: ""))
    }
  }

  private var failoverField: String? {
    UnsaidField.first(
      in: setting.spec?["failoverSettings"],
      besides: ["topologyChoice", "failoverPriority", "regionalFailover", "automaticLoadBalancing"])
  }

  /// What keeps the WorkspaceSetting with its owner; the gateways' own entries are looked at before.
  private var reasonToKeepSetting: String? {
    if entries.count > 1 {
      return
        "it names \(entries.count) gateways, and a Link writes a setting with one: each has its Link, which builds on it"
    }
    let field =
      UnsaidField.first(
        in: setting.spec, besides: ["defaultEastWestGatewaySettings", "failoverSettings"] + Self.defaults)
      ?? failoverField.map { "failoverSettings.\($0)" }
      ?? UnsaidField.first(in: entries[0], besides: ["workloadSelector", "exposedServices"]).map {
        "defaultEastWestGatewaySettings[0].\($0)"
      }
    return field.map { "spec.\($0) has no place in a Link" }
  }

  // MARK: Connections

  /// The Services that clusters with the gateway expose, by name.
  private func exposed(
    _ gateway: TetrateGatewayEntry, _ namespaces: TetrateNamespaces
  ) -> [NamespacedName: [(cluster: String, service: Service)]] {
    var result: [NamespacedName: [(cluster: String, service: Service)]] = [:]
    for cluster in input.clusters where gateway.installed[cluster.name] != nil {
      let gateways = Set(TetrateGateway.all(in: cluster).map { NamespacedName($0.namespace, $0.name) })
      for (key, service) in cluster.services.sorted(by: { $0.key < $1.key })
      where namespaces.own(key.namespace, in: cluster.name) && gateway.exposes(service)
        && !service.selector.isEmpty && !gateways.contains(key)
        && service.ports.contains(where: { $0.transport == .tcp })
      {
        result[key, default: []].append((cluster.name, service))
      }
    }
    return result
  }

  /// What Connections have in common that are written as one.
  private struct Shape: Hashable {
    let namespace: String
    let consumers: [String]
    let exporters: [String]
    let ports: [Int]
    let runtimeLabels: [String]
  }

  private func addConnections(
    _ exposed: [NamespacedName: [(cluster: String, service: Service)]], over link: String,
    _ members: [String], _ inference: inout Inference
  ) {
    var byShape: [Shape: [(key: NamespacedName, cluster: String)]] = [:]
    for (key, holders) in exposed.sorted(by: { $0.key < $1.key }) {
      let exporters = holders.map(\.cluster)
      let consumers = members.filter { member in
        exporters.contains { $0 != member && organization.permits(member, $0) }
      }
      guard !consumers.isEmpty, let cluster = input[holders[0].cluster] else { continue }
      let runtime = cluster.pods(of: holders[0].service).runtimeLabels
      let shape = Shape(
        namespace: key.namespace, consumers: consumers, exporters: exporters,
        ports: holders[0].service.ports.filter { $0.transport == .tcp }.map(\.number),
        runtimeLabels: runtime.map { "\($0.key)=\($0.value)" })
      byShape[shape, default: []].append((key, holders[0].cluster))
    }
    for (shape, services) in byShape.sorted(by: { $0.value[0].key < $1.value[0].key }) {
      add(shape, services, over: link, &inference)
    }
  }

  private func add(
    _ shape: Shape, _ services: [(key: NamespacedName, cluster: String)], over link: String,
    _ inference: inout Inference
  ) {
    let first = services[0].key
    let name = inference.connectionName(
      services.count == 1 ? first.name : link, in: shape.namespace,
      over: services.count == 1 ? link : first.name)
    var candidate = ConnectionCandidate(
      link: link, namespace: shape.namespace, name: name, service: first, spec: SpecMap())
    candidate.spec.add(
      "from", .list([.map(["clusters": .texts(shape.consumers)])]),
      comment: [
        "Who calls them is not in the manifests: every pod of the namespace may. Narrow it with a podSelector."
      ])
    candidate.spec.add(
      "to",
      .map([
        "clusters": .texts(shape.exporters),
        "match": shape.exporters.count > 1 ? .text("any") : nil,
        "service": services.count == 1 ? .text(first.name) : nil,
        "services": services.count > 1 ? .texts(services.map(\.key.name)) : nil,
        "ports": .list(shape.ports.map { .integer($0) }),
        "runtimeLabels": input.runtimeLabels(of: first, in: services[0].cluster),
      ]))
    if let owner = input.request.owner { candidate.spec.add("owner", .text(owner)) }
    inference.connections.append(candidate)
  }
}

/// One entry of `defaultEastWestGatewaySettings`, with the gateways that it selects.
struct TetrateGatewayEntry {
  let node: Node
  let namespace: String
  let labels: Labels
  /// The gateway of each cluster.
  private(set) var installed: [String: TetrateGateway] = [:]

  init(_ node: Node, input: AdoptionInput) {
    self.node = node
    let selector = node["workloadSelector"]
    namespace = selector?["namespace"]?.text ?? ""
    labels = Labels(selector?["labels"])
    guard !namespace.isEmpty, !labels.isEmpty else { return }
    for cluster in input.clusters {
      installed[cluster.name] = TetrateGateway.all(in: cluster).first {
        $0.namespace == namespace && LabelSelector(equality: labels).matches($0.labels)
      }
    }
  }

  var description: String { "in namespace \(namespace) with labels \(labels.description)" }

  /// What keeps TSB from acting on the entry.
  var fault: String? {
    if namespace.isEmpty || labels.isEmpty {
      return
        "an entry of spec.defaultEastWestGatewaySettings has no workloadSelector with namespace and labels"
    }
    let items = node["exposedServices"]
    guard let items else { return nil }
    if items.elements.contains(where: { Labels($0["serviceLabels"]).isEmpty }) {
      return "an item of exposedServices has no serviceLabels"
    }
    return nil
  }

  func exposes(_ service: Service) -> Bool {
    guard let items = node["exposedServices"], items.count > 0 else { return true }
    return items.elements.contains {
      LabelSelector(equality: Labels($0["serviceLabels"])).matches(service.manifest.labels)
    }
  }

  /// `exposedServices` of the Link.
  var exposure: SpecValue {
    guard let items = node["exposedServices"], items.count > 0 else { return .text("all") }
    return SpecValue(items)
  }

  /// `gateway` of the Link, and the clusters whose gateway it writes: those that export, where all are alike.
  func section(in exporters: Set<String>) -> (section: SpecMap, replaced: Set<String>) {
    let wanted = installed.filter { exporters.contains($0.key) }
    let sections = wanted.mapValues { $0.section(selecting: labels).section }
    let names = Set(installed.values.map(\.name))
    if names.count == 1, let some = sections.sorted(by: { $0.key < $1.key }).compactMap(\.value).first {
      let replaced = sections.filter { $0.value == some }.map(\.key)
      return (some, Set(replaced))
    }
    return (
      SpecMap([
        "workloadSelector": .map(["namespace": .text(namespace), "labels": TetrateGateway.value(labels)])
      ]), []
    )
  }
}
