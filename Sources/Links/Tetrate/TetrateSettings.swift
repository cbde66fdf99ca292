import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// In which form a link's objects are written.
enum TetrateForm: String, Sendable {
  /// TSB's objects as Kubernetes objects in the config cluster.
  case gitops
  /// TSB's objects as files for `tctl apply`.
  case tctl
  /// Istio's own objects, without TSB.
  case istio
}

/// The workspace of a link: a reference, or declared in place.
struct WorkspaceChoice: Sendable {
  let name: Located<String>
  /// Nil for a reference: the manifest says it.
  let namespaces: [Located<String>]?
  /// True where somebody else keeps the object.
  let exists: Bool
  let node: Node

  init(_ node: Node) {
    self.node = node
    let nameNode = node["name"] ?? node
    name = Located(nameNode.text, nameNode)
    namespaces = node["namespaces"]?.elements.map { Located($0.text, $0) }
    exists = node["exists"]?.boolean ?? false
  }
}

/// The gateway of a link: one to install, or one that exists.
struct GatewayChoice: Sendable {
  enum Form: Sendable {
    case named(Located<String>)
    /// The pods of a gateway that exists already.
    case selected(Node)
  }

  let node: Node
  let form: Form
  let namespace: String
  let kind: String
  /// The labels by which the gateway's pods are selected.
  let labels: Labels
  /// True where the labels are not those that the installer sets.
  let hasOwnLabels: Bool
  /// By cluster.
  let addresses: [String: [Located<String>]]

  init(_ node: Node, form: TetrateForm) {
    self.node = node
    let isIstio = form == .istio
    if let selector = node["workloadSelector"] {
      self.form = .selected(selector)
      namespace = selector["namespace"]?.text ?? ""
      labels = Labels(selector["labels"])
      hasOwnLabels = true
    } else {
      let name = node["name"] ?? node
      self.form = .named(Located(name.text, name))
      namespace = node["namespace"]?.text ?? (isIstio ? "istio-system" : "")
      hasOwnLabels = node["labels"] != nil
      labels =
        node["labels"].map { Labels($0) }
        ?? (isIstio ? Labels(["istio": "eastwestgateway"]) : Labels(["app": name.text]))
    }
    kind = node["kind"]?.string ?? "Gateway"
    var addresses: [String: [Located<String>]] = [:]
    for (cluster, value) in node["addresses"]?.entries.map({ $0 }) ?? [] {
      let nodes = value.kind == .sequence ? Array(value.elements) : [value]
      addresses[cluster.text] = nodes.map { Located($0.text, $0) }
    }
    self.addresses = addresses
  }

  /// The name of the gateway's Service, where the link names it.
  var name: String? {
    if case .named(let name) = form { return name.value }
    return nil
  }

  /// Where findings about the choice point.
  var place: Node {
    switch form {
    case .named(let name): name.node
    case .selected(let selector): selector
    }
  }

  /// `{namespace: bookinfo, labels: {app: eastwest-gateway}}` in messages.
  var description: String { "\(namespace)/\(labels.description)" }
}

/// Which Services a link exposes.
enum ExposureChoice: Sendable {
  case declared
  case all(Node)
  case items([Node])
}

/// Who says which networks reach which.
enum ReachabilityChoice: Sendable {
  case declared
  case unmanaged(Node)
  case written(Node)
}

/// The section of a Link.
struct TetrateSettings: Sendable {
  let node: Node
  let form: TetrateForm
  let formNode: Node
  let organization: Located<String>?
  let tenant: Located<String>?
  let workspace: WorkspaceChoice?
  let workspaceSetting: String?
  let organizationSetting: Located<String>?
  let configCluster: Located<String>?
  let gateway: GatewayChoice
  let exposure: ExposureChoice
  let failover: Node?
  /// Further fields of the WorkspaceSetting, that are passed on.
  let defaults: Node?
  let reachability: ReachabilityChoice
  /// Where istiod runs.
  let systemNamespace: String
  /// Nil: what connections reach.
  let passedHosts: [String]?
  let usesRemoteSecrets: Bool

  init(_ section: Node) {
    node = section
    formNode = section["form"] ?? section
    form = section["form"]?.string.flatMap(TetrateForm.init) ?? .gitops
    organization = section["organization"].map { Located($0.text, $0) }
    tenant = section["tenant"].map { Located($0.text, $0) }
    workspace = section["workspace"].map { WorkspaceChoice($0) }
    workspaceSetting = section["workspaceSetting"]?.string
    organizationSetting = section["organizationSetting"].map { Located($0.text, $0) }
    configCluster = section["configCluster"].map { Located($0.text, $0) }
    gateway = GatewayChoice(section["gateway"] ?? section, form: form)
    failover = section["failoverSettings"]
    defaults = section["workspaceDefaults"]
    exposure =
      switch section["exposedServices"] {
      case let node? where node.kind == .sequence: .items(Array(node.elements))
      case let node? where node.text == "all": .all(node)
      default: .declared
      }
    reachability =
      switch section["reachability"] {
      case let node? where node.kind == .mapping: .written(node)
      case let node? where node.text == "unmanaged": .unmanaged(node)
      default: .declared
      }
    let istio = section["istio"]
    systemNamespace = istio?["systemNamespace"]?.string ?? "istio-system"
    passedHosts = istio?["hosts"]?.elements.map(\.text)
    usesRemoteSecrets = istio?["discovery"]?.string == "remoteSecret"
  }

  var configNamespace: String { node["configNamespace"]?.string ?? gateway.namespace }
}

/// A cluster of a link, with its section `tetrate`.
struct TetrateMember: Sendable {
  /// The Cluster document's name.
  let cluster: String
  /// The name of the Cluster document, for findings.
  let place: Node
  let section: Node?
  /// The cluster's name in TSB.
  let name: Located<String>
  let network: Located<String>?
  let trustDomain: Located<String>?
  let locality: Located<String>?
  let resolvesNames: Bool
  let proxiesNames: Bool

  init(_ cluster: Cluster) {
    self.cluster = cluster.name.value
    place = cluster.name.node
    let section = cluster.node.at("spec", "tetrate")
    self.section = section
    name = section?["name"].map { Located($0.text, $0) } ?? cluster.name
    network = section?["network"].map { Located($0.text, $0) }
    trustDomain = section?["trustDomain"].map { Located($0.text, $0) }
    locality = section?["locality"].map { Located($0.text, $0) }
    resolvesNames = section?["dnsResolutionAtEdge"]?.boolean ?? false
    proxiesNames = section?["dnsProxy"]?.boolean ?? false
  }
}
