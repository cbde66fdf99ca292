import FleetSpec
import Kubernetes
import YAMLTree

/// The section of a Link.
struct GatewayDNSSettings: Sendable {
  /// The only value that the controller knows.
  static let loadBalancer = "loadBalancer"
  /// The Service of the zone's DNS server, in the profile's namespace of each cluster.
  static let dnsServer = "dns-server"

  let node: Node
  let managementCluster: Located<String>
  let namespace: Located<String>
  /// Empty: every cluster of the namespace.
  let selector: LabelSelector
  let selectorNode: Node?
  let service: Located<String>
  let resolutionType: Located<String>?
  let zone: Located<String>
  let profile: GatewayProfile
  /// Addresses of the DNS servers that the link declares, by cluster.
  let upstreams: [String: Located<String>]
  /// Addresses of the gateways that the link declares, by cluster.
  let addresses: [String: [Located<String>]]

  /// Nil when the schema's required fields are missing.
  init?(_ section: Node) {
    guard let management = section["managementCluster"], let namespace = section["namespace"],
      let service = section["service"], let zone = section["zone"]
    else { return nil }
    node = section
    managementCluster = Located(management.text, management)
    self.namespace = Located(namespace.text, namespace)
    selectorNode = section["clusterSelector"]
    selector = LabelSelector(selectorNode)
    self.service = Located(service.text, service)
    resolutionType = section["resolutionType"].map { Located($0.text, $0) }
    self.zone = Located(zone.text, zone)
    profile = section["profile"]?.string.flatMap(GatewayProfile.init) ?? .xcc
    var upstreams: [String: Located<String>] = [:]
    for (cluster, address) in section["upstream"]?.entries.map({ $0 }) ?? [] {
      upstreams[cluster.text] = Located(address.text, address)
    }
    self.upstreams = upstreams
    var addresses: [String: [Located<String>]] = [:]
    for (cluster, list) in section["addresses"]?.entries.map({ $0 }) ?? [] {
      addresses[cluster.text] = list.elements.map { Located($0.text, $0) }
    }
    self.addresses = addresses
  }

  /// The gateway's Service; nil where the reference has not exactly the form `namespace/name`.
  var serviceKey: NamespacedName? { Self.serviceKey(service.value) }

  /// `projectcontour/envoy`; nil for anything else than a namespace and a Service's name joined by one slash: the
  /// controller takes an empty name then, and says nothing.
  static func serviceKey(_ text: String) -> NamespacedName? {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, DNSName.isLabel(parts[0]), DNSName.isLabel(parts[1]),
      parts[1].utf8.first.map({ $0 > UInt8(ascii: "9") }) ?? false
    else { return nil }
    return NamespacedName(parts[0], parts[1])
  }
}

/// A Cluster's object in Cluster API: `spec.clusterAPI`.
struct ClusterAPIRegistration: Sendable {
  let node: Node
  let managementCluster: Located<String>
  let namespace: Located<String>
  let name: Located<String>
  let labels: [(key: String, value: String)]
  let labelsNode: Node?

  /// Nil for a cluster that declares none.
  init?(_ cluster: Cluster) {
    guard let section = cluster.node.at("spec", "clusterAPI"), let management = section["managementCluster"],
      let namespace = section["namespace"]
    else { return nil }
    node = section
    managementCluster = Located(management.text, management)
    self.namespace = Located(namespace.text, namespace)
    name = section["name"].map { Located($0.text, $0) } ?? cluster.name
    labelsNode = section["labels"]
    labels = labelsNode?.entries.map { ($0.key.text, $0.value.text) } ?? []
  }
}

/// How a cluster's DNS is configured: `spec.dns`.
struct ResolverSettings: Sendable {
  enum Form: String, Sendable {
    case corefile
    case configMap
    case openshift
    case unmanaged
  }

  let form: Form
  /// Where the form was chosen; nil for the default.
  let formNode: Node?
  /// A Corefile's path in the repository.
  let corefile: Located<String>?
  let clusterDomain: String

  init(_ cluster: Cluster) {
    let section = cluster.node.at("spec", "dns")
    formNode = section?["resolver"]
    form =
      formNode?.string.flatMap(Form.init) ?? (cluster.distribution == .openshift ? .openshift : .corefile)
    corefile = section?["corefile"].map { Located($0.text, $0) }
    clusterDomain = section?["clusterDomain"]?.string ?? "cluster.local"
  }
}
