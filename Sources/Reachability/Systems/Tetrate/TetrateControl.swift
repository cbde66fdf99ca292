import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What TSB will know of a link's workspace: objects of the config cluster, or the files that somebody applies with
/// tctl. Patches of this compile are taken as applied.
struct TetrateControl: Sendable {
  /// An object of TSB with how it is known.
  struct Object: Sendable {
    let node: Node
    let patch: Node?
    let evidence: Hop.Evidence
    let label: Label
    /// What this compile emits of it: the object, or the patch; nil for a file for tctl, and for what somebody else keeps.
    var known: KnownObject?

    /// A part of the spec: the patch's where it has one, since patches replace lists and scalars.
    func spec(_ path: StaticString...) -> Node? {
      func find(_ root: Node?) -> Node? {
        var node = root?["spec"]
        for key in path { node = node?[key] }
        return node
      }
      return find(patch) ?? find(node)
    }
  }

  /// An entry of `defaultEastWestGatewaySettings`.
  struct Entry: Sendable {
    let selector: EastWestSelector
    /// Nil: every Service of the workspace.
    let items: [Labels]?
    let object: Object
    let node: Node

    func exposes(_ labels: Labels) -> Bool {
      items?.contains { item in item.items.allSatisfy { labels[$0.key] == $0.value } } ?? true
    }
  }

  let entries: [Entry]
  /// Patterns of the workspace's namespaces; nil where nobody says them.
  let namespaces: [String]?
  let isolationPlace: Label?
  /// The workspace itself is among what is known, not only what the link says of it.
  let showsWorkspace: Bool
  /// The link says of which namespaces its workspace is, and no object makes one of its name in its organization and tenant.
  let lacksWorkspace: Bool
  /// Consumer network to exporters; nil where the organization's settings are not known.
  let reach: [String: Set<String>]?
  let reachLabel: Label?
  /// The organization's setting, and its map of networks.
  let reachObject: Object?
  let reachMap: Node?
  let reachEvidence: Hop.Evidence
  /// Networks by the clusters' names in TSB.
  let networks: [String: String]
  /// Names of clusters whose objects say no network.
  let unplaced: Set<String>
  /// Hosts that hide Services of other clusters from sidecars of the workspace, with the setting that has them.
  private let hiding: (hosts: Node, object: Object)?
  /// Settings of which nobody knows whether they do.
  let narrowTraffic: (question: Question, place: Label)?
  /// What the workspace's default lets in at the pods, where that is not everybody of the mesh.
  let narrowSecurity: (question: Question, place: Label)?
  private let section: Node
  /// The cluster whose objects, or files, are those of TSB; nil where there is none.
  private let cluster: String?
  private let isTctl: Bool

  /// Modes of a security setting that let in some callers only: whom, nobody here evaluates.
  private static func narrow(_ setting: Object) -> (question: Question, place: Label)? {
    guard let authorization = setting.spec("defaultSecuritySetting", "authorization"),
      let mode = authorization["mode"], ["CUSTOM", "RULES", "NAMESPACE", "GROUP"].contains(mode.text)
    else { return nil }
    let question = Question(
      "whether the workspace's default security setting lets the clients in: its authorization is of mode \(mode.text)",
      help: "say in a suppression of this note whom it admits, or admit the clients there")
    return (question, setting.label)
  }

  init(_ section: Node, in fleet: JudgedFleet) {
    self.section = section
    let organization = section["organization"]?.text ?? ""
    let tenant = section["tenant"]?.text ?? ""
    let workspace = section["workspace"]?["name"]?.text ?? section["workspace"]?.text ?? ""
    let config = section["configCluster"]?.text
    let cluster =
      config.flatMap { fleet.clusters[$0] }
      ?? fleet.clusters.sorted { $0.key < $1.key }.first { !$0.value.tctlFiles.isEmpty }?.value
    let isTctl = section["form"]?.text == "tctl"
    self.cluster = cluster?.name
    self.isTctl = isTctl
    func objects(_ kind: String, _ parents: [(StaticString, String)]) -> [Object] {
      guard let cluster else { return [] }
      return isTctl ? cluster.tctlObjects(kind, parents) : cluster.controlObjects(kind, parents)
    }
    let inWorkspace: [(StaticString, String)] = [
      ("organization", organization), ("tenant", tenant), ("workspace", workspace),
    ]
    entries = objects("WorkspaceSetting", inWorkspace).flatMap { object in
      object.spec("defaultEastWestGatewaySettings")?.elements.compactMap { Self.entry($0, object) } ?? []
    }
    let settings = objects("WorkspaceSetting", inWorkspace)
    hiding = settings.lazy.compactMap { Self.hosts(hiding: $0) }.first
    narrowTraffic = Self.narrow(
      settings,
      cluster?.objects(ofKind: "TrafficSetting").filter { object in
        object.manifest.identity.group == "traffic.tsb.tetrate.io"
          && inWorkspace.allSatisfy { object.manifest.annotation("tsb.tetrate.io/\($0.0)") == $0.1 }
      } ?? [])
    narrowSecurity = settings.lazy.compactMap { Self.narrow($0) }.first
    let owner = objects("Workspace", [("organization", organization), ("tenant", tenant)]).first {
      $0.node.at("metadata", "name")?.text == workspace
    }
    let patterns = owner?.spec("namespaceSelector", "names") ?? section["workspace"]?["namespaces"]
    namespaces = patterns?.elements.map(\.text)
    showsWorkspace = owner != nil
    lacksWorkspace =
      owner == nil && cluster != nil && section["workspace"]?["namespaces"] != nil
      && section["workspace"]?["exists"]?.boolean != true
    isolationPlace = patterns.map { owner?.label ?? Label($0.range) }
    let setting = objects("OrganizationSetting", [("organization", organization)]).first
    if let map = setting?.spec("networkSettings", "networkReachability") {
      var reach: [String: Set<String>] = [:]
      for (key, value) in map.entries {
        reach[key.text] = Set(value.text.split(separator: ",").map(String.init))
      }
      self.reach = reach
    } else {
      // Without settings of its own an organization restricts nothing that is written, and permits nothing either.
      reach = section["reachability"]?.text == "unmanaged" && setting == nil ? nil : [:]
    }
    reachLabel = setting?.label
    reachObject = setting
    reachMap = setting?.spec("networkSettings", "networkReachability")
    reachEvidence = setting?.evidence ?? .specified
    var networks: [String: String] = [:]
    var unplaced: Set<String> = []
    for object in objects("Cluster", [("organization", organization)]) {
      guard let name = object.node.at("metadata", "name")?.text else { continue }
      networks[name] = object.spec("network")?.text
      if networks[name] == nil { unplaced.insert(name) }
    }
    self.networks = networks
    self.unplaced = unplaced
  }

  /// The hosts of a setting that tells the workspace's sidecars of chosen ones only, and of none of another cluster: those
  /// are in namespace xcp-multicluster.
  private static func hosts(hiding object: Object) -> (hosts: Node, object: Object)? {
    guard let reach = object.spec("defaultTrafficSetting", "reachability"),
      reach["mode"]?.text == "CUSTOM", let hosts = reach["hosts"], hosts.count > 0,
      !hosts.elements.contains(where: { $0.text.hasPrefix("xcp-multicluster/") || $0.text.hasPrefix("*/") })
    else { return nil }
    return (hosts, object)
  }

  /// Why sidecars of the workspace are not told of Services of other clusters; nil where nothing says so.
  var hidingTraffic: Fault? {
    guard let (hosts, object) = hiding else { return nil }
    let path = ["spec", "defaultTrafficSetting", "reachability"]
    return Fault(
      JudgementRules.name,
      "defaultTrafficSetting of the workspace hides Services of other clusters from its sidecars",
      at: [Label(hosts.range), object.label], help: ["add 'xcp-multicluster/*' to its hosts"],
      because: .found(
        query(
          "WorkspaceSetting", above: ["organization", "tenant", "workspace"],
          where: [
            .text(path + ["mode"], ["CUSTOM"]),
            .not(.prefix(path + ["hosts", "*"], ["xcp-multicluster/", "*/"])),
          ])), wanted: .no)
  }

  /// Settings by which sidecars of the workspace, or of a group of it, know the Services of their own namespace, group or
  /// workspace: whether those of other clusters are among them is not documented.
  private static func narrow(
    _ settings: [Object], _ traffic: [KnownObject]
  ) -> (question: Question, place: Label)? {
    let modes =
      settings.compactMap { object in
        object.spec("defaultTrafficSetting", "reachability").map {
          ($0, "defaultTrafficSetting of the workspace")
        }
      }
      + traffic.compactMap { object in
        object.node.at("spec", "reachability").map { ($0, object.manifest.identity.description) }
      }
    for (reach, what) in modes {
      guard let mode = reach["mode"] else { continue }
      let isNarrow = ["NAMESPACE", "GROUP", "WORKSPACE"].contains(mode.text)
      let hides =
        mode.text == "CUSTOM"
        && !(reach["hosts"]?.elements.contains {
          $0.text.hasPrefix("xcp-multicluster/") || $0.text.hasPrefix("*/")
        } ?? false)
      // What the WorkspaceSetting hides by a list of its own is no question.
      guard isNarrow || hides && what.hasPrefix("TrafficSetting") else { continue }
      return (
        Question(
          "whether sidecars know Services of other clusters: \(what) tells them of reachability \(mode.text)",
          help: "use mode CUSTOM with 'xcp-multicluster/*' among its hosts"), Label(mode.range)
      )
    }
    return nil
  }

  private static func entry(_ node: Node, _ object: Object) -> Entry? {
    guard let selector = node["workloadSelector"], let namespace = selector["namespace"]?.text else {
      return nil
    }
    let items = node["exposedServices"]?.elements.map { $0.labels("serviceLabels") }
    return Entry(
      selector: EastWestSelector(namespace: namespace, labels: selector.labels("labels")),
      items: items?.isEmpty == true ? nil : items, object: object, node: node)
  }

  // MARK: Claims

  /// Whether TSB knows an object of the link's hierarchy that looks so.
  func query(_ kind: String, above parents: [String], where conditions: [ObjectCondition]) -> ObjectQuery {
    let names = [
      "organization": section["organization"]?.text ?? "", "tenant": section["tenant"]?.text ?? "",
      "workspace": section["workspace"]?["name"]?.text ?? section["workspace"]?.text ?? "",
    ]
    let places = parents.map { parent -> ObjectCondition in
      .text(
        isTctl ? ["metadata", parent] : ["metadata", "annotations", "tsb.tetrate.io/\(parent)"],
        [names[parent] ?? ""])
    }
    return ObjectQuery(
      kind, of: isTctl ? "api.tsb.tetrate.io" : "tsb.tetrate.io", in: cluster ?? "", nil,
      isTctl ? "tctl-" : nil, isTctl ? .fragments : .manifests, where: places + conditions)
  }

  /// That the workspace owns a namespace: its patterns are `*/ns`, `c1/ns`, and both with any start of the name and `*`.
  func owned(_ namespace: String, of cluster: JudgedCluster) -> Claim {
    let own = [namespace] + (0...namespace.count).map { "\(namespace.prefix($0))*" }
    let patterns = ["*", Self.name(of: cluster)].flatMap { owner in own.map { "\(owner)/\($0)" } }
    let name = section["workspace"]?["name"]?.text ?? section["workspace"]?.text ?? ""
    return .found(
      query(
        "Workspace", above: ["organization", "tenant"],
        where: [
          .text(["metadata", "name"], [name]), .text(["spec", "namespaceSelector", "names", "*"], patterns),
        ]))
  }

  /// That some setting exposes a Service with these labels, by a gateway of the selector where one is named.
  func exposed(_ labels: Labels, by selector: EastWestSelector? = nil) -> Claim {
    var entry: [ObjectCondition] = [
      .exists(["workloadSelector", "namespace"]),
      .either([
        .not(.exists(["exposedServices"])),
        .element(["exposedServices", "*"], [.labelsWithin(["serviceLabels"], labels)]),
      ]),
    ]
    if let selector {
      entry.append(.text(["workloadSelector", "namespace"], [selector.namespace]))
      for label in selector.labels.items {
        entry.append(.text(["workloadSelector", "labels", label.key], [label.value]))
      }
    }
    return .found(
      query(
        "WorkspaceSetting", above: ["organization", "tenant", "workspace"],
        where: [.element(["spec", "defaultEastWestGatewaySettings", "*"], entry)]))
  }

  /// That the organization lets one network reach another.
  func joined(_ from: String, _ to: String) -> Claim {
    .found(
      query(
        "OrganizationSetting", above: ["organization"],
        where: [.item(["spec", "networkSettings", "networkReachability", from], to)]))
  }

  /// TSB knows the networks of some clusters.
  var showsClusters: Bool { !networks.isEmpty }

  /// That TSB knows a network of a cluster.
  func placed(_ cluster: JudgedCluster) -> Claim {
    .found(
      query(
        "Cluster", above: ["organization"],
        where: [.text(["metadata", "name"], [Self.name(of: cluster)]), .exists(["spec", "network"])]))
  }

  /// That TSB knows a cluster in a network.
  func placed(_ cluster: JudgedCluster, in network: String) -> Claim {
    .found(
      query(
        "Cluster", above: ["organization"],
        where: [
          .text(["metadata", "name"], [Self.name(of: cluster)]), .text(["spec", "network"], [network]),
        ]))
  }

  var selectors: [EastWestSelector] { entries.map(\.selector) }

  /// The name of a cluster in TSB.
  static func name(of cluster: JudgedCluster) -> String {
    cluster.model.cluster.node.at("spec", "tetrate", "name")?.text ?? cluster.name
  }

  /// True when the workspace owns a namespace of a cluster: `*/ns`, `c1/ns*`.
  func owns(_ namespace: String, of cluster: JudgedCluster) -> Bool {
    guard let namespaces else { return true }
    let name = Self.name(of: cluster)
    return namespaces.contains { pattern in
      guard let slash = pattern.firstIndex(of: "/") else { return false }
      let (owner, own) = (pattern[..<slash], pattern[pattern.index(after: slash)...])
      guard owner == "*" || owner == name else { return false }
      return own.hasSuffix("*") ? namespace.hasPrefix(own.dropLast()) : namespace == own
    }
  }

  /// Whether a cluster's clients are told of another's Services; nil where nobody knows.
  func permits(_ consumer: JudgedCluster, _ exporter: JudgedCluster) -> Bool? {
    let from = networks[Self.name(of: consumer)]
    let to = networks[Self.name(of: exporter)]
    if from == to { return true }
    guard let reach else { return nil }
    guard let from, let to else { return false }
    return reach[from]?.contains(to) ?? false
  }
}

extension JudgedCluster {
  /// Files for tctl among the fragments, parsed.
  var tctlFiles: [(root: Node, label: Label)] {
    fragmentsInOrder.filter { $0.name.hasPrefix("tctl-") }.compactMap { fragment in
      Tree.parse(SourceFile(path: fragment.name, bytes: fragment.content)).tree.root.map {
        ($0, fragment.subject)
      }
    }
  }

  /// Objects of TSB as files: the hierarchy stands in their metadata.
  func tctlObjects(_ kind: String, _ parents: [(StaticString, String)]) -> [TetrateControl.Object] {
    tctlFiles.filter { root, _ in
      root["kind"]?.text == kind && (root["apiVersion"]?.text ?? "").hasPrefix("api.tsb.tetrate.io/")
        && parents.allSatisfy { root["metadata"]?[$0.0]?.text == $0.1 }
    }.map { TetrateControl.Object(node: $0.root, patch: nil, evidence: .emitted, label: $0.label) }
  }

  /// Objects of TSB as Kubernetes objects: the hierarchy stands in annotations.
  func controlObjects(_ kind: String, _ parents: [(StaticString, String)]) -> [TetrateControl.Object] {
    objects(ofKind: kind).filter { object in
      object.manifest.identity.group == "tsb.tetrate.io"
        && parents.allSatisfy { object.manifest.annotation("tsb.tetrate.io/\($0.0)") == $0.1 }
    }.map { object in
      let patch = patch(of: object.manifest.identity)
      return TetrateControl.Object(
        node: object.node, patch: patch?.node, evidence: object.evidence, label: object.label(),
        known: patch ?? (object.evidence == .emitted ? object : nil))
    }
  }
}
