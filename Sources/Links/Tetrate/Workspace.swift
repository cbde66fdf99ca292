import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// A workspace with the namespaces that it owns: declared by a link, or by a manifest.
struct Workspace: Sendable {
  struct Owned: Sendable {
    let pattern: NamespacePattern
    let node: Node
  }

  let id: WorkspaceID
  let owned: [Owned]
  /// Entries that TSB refuses.
  let refused: [Node]
  /// Where findings about the workspace point.
  let place: Node
  let manifest: Manifest?

  private init(_ id: WorkspaceID, entries: [Node], place: Node, manifest: Manifest?) {
    self.id = id
    self.place = place
    self.manifest = manifest
    var owned: [Owned] = []
    var refused: [Node] = []
    for entry in entries {
      if let pattern = NamespacePattern(entry.text) {
        owned.append(Owned(pattern: pattern, node: entry))
      } else {
        refused.append(entry)
      }
    }
    self.owned = owned
    self.refused = refused
  }

  /// The workspace that a link declares; nil for a reference.
  init?(_ settings: TetrateSettings) {
    guard let choice = settings.workspace, let namespaces = choice.namespaces,
      let organization = settings.organization, let tenant = settings.tenant
    else { return nil }
    self.init(
      WorkspaceID(organization.value, tenant.value, choice.name.value), entries: namespaces.map(\.node),
      place: choice.name.node, manifest: nil)
  }

  /// A Workspace in either of TSB's two forms.
  init?(_ manifest: Manifest) {
    guard manifest.kind == "Workspace", let object = TSBObject(manifest),
      let organization = object.organization,
      let tenant = object.tenant
    else { return nil }
    self.init(
      WorkspaceID(organization, tenant, manifest.name),
      entries: manifest.node.at("spec", "namespaceSelector", "names")?.elements.map { $0 } ?? [],
      place: manifest.nameNode, manifest: manifest)
  }

  func owns(_ namespace: String, of member: TetrateMember) -> Bool {
    owned.contains { $0.pattern.owns(namespace, in: member.name.value) }
  }
}

/// A workspace's place in TSB's hierarchy.
struct WorkspaceID: Hashable, Sendable {
  let organization: String
  let tenant: String
  let name: String

  init(_ organization: String, _ tenant: String, _ name: String) {
    self.organization = organization
    self.tenant = tenant
    self.name = name
  }

  var description: String { "\(organization)/\(tenant)/\(name)" }
}

/// An object that TSB owns, as a manifest declares it: with annotations (GitOps), or with keys of its metadata
/// (tctl).
struct TSBObject: Sendable {
  /// The group of the base kinds as Kubernetes objects; other groups end in it.
  static let group = "tsb.tetrate.io"
  /// The group of the base kinds for tctl.
  static let tctlGroup = "api.tsb.tetrate.io"
  static let annotationPrefix = "tsb.tetrate.io/"

  let manifest: Manifest
  let isTctl: Bool
  let organization: String?
  let tenant: String?
  let workspace: String?

  /// Nil for objects of other systems.
  init?(_ manifest: Manifest) {
    let group = manifest.identity.group
    guard group == Self.group || group.hasSuffix("." + Self.group) else { return nil }
    self.manifest = manifest
    let metadata = manifest.node["metadata"]
    isTctl = group == Self.tctlGroup || metadata?["organization"] != nil
    func part(_ key: String) -> String? {
      metadata?[key]?.text ?? manifest.annotation(Self.annotationPrefix + key)
    }
    organization = part("organization")
    tenant = part("tenant")
    workspace = part("workspace")
  }

  /// The objects of a kind in a cluster, ordered.
  static func all(_ kind: String, in cluster: ClusterModel) -> [TSBObject] {
    cluster.declared.objects.values.filter { $0.kind == kind }.compactMap { TSBObject($0) }.sorted {
      ($0.manifest.namespace ?? "", $0.manifest.name) < ($1.manifest.namespace ?? "", $1.manifest.name)
    }
  }
}
