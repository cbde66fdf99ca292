import FleetSpec
import Kubernetes
import Patterns
import YAMLTree

/// How the policy that admits the load balancer shall look.
struct PolicySettings: Sendable {
  enum IngressLabels: String, Sendable {
    case both
    case legacy
    case current
  }

  var name: Located<String>?
  /// Nil: the Service's own selector.
  var podSelector: Node?
  var restrictsPorts = true
  var ingressLabels = IngressLabels.both
  var admitsHostNetwork = false
  var isEmitted = true
  var node: Node?

  /// Reads a section over the settings of the link.
  func overridden(by section: Node?) -> PolicySettings {
    guard let section else { return self }
    var settings = self
    settings.node = section
    if let name = section["name"] { settings.name = Located(name.text, name) }
    if let selector = section["podSelector"] { settings.podSelector = selector }
    // The spelling of 0.1, "ports: all", is accepted until v1alpha1 ends (Deprecations).
    if let ports = section["ports"]?.string { settings.restrictsPorts = ports == "target" }
    if let restricts = section["restrictPorts"]?.boolean { settings.restrictsPorts = restricts }
    if let labels = section["ingressLabels"]?.string.flatMap(IngressLabels.init) {
      settings.ingressLabels = labels
    }
    if let host = section["hostNetwork"]?.boolean { settings.admitsHostNetwork = host }
    if let emit = section["emit"]?.boolean { settings.isEmitted = emit }
    return settings
  }
}

/// A Link's `porter` section.
struct PorterSettings: Sendable {
  let primary: Located<String>
  let secondary: Located<String>?
  /// Virtual server addresses by cluster and Service type.
  let addresses: [String: [String: Located<String>]]
  /// The same as texts to look for, each with its cluster; in order.
  let addressWords: [(word: [UInt8], cluster: String)]
  /// True when Linkwright writes what the operator would write elsewhere.
  let emitsEndpoints: Bool
  let serviceType: String
  /// Where the link says it; nil for the default.
  let serviceTypeNode: Node?
  /// Nil: every namespace will do.
  let namespacePattern: Pattern?
  private let policy: PolicySettings
  private let clusterPolicies: [String: PolicySettings]

  /// How policies of a cluster shall look.
  func policy(in cluster: String) -> PolicySettings { clusterPolicies[cluster] ?? policy }

  /// The documented form of a licence plate with its environment (platform-services-registry,
  /// licence-plate.ts).
  static let platePattern = "^[0-9a-f]{6}-(dev|test|prod|tools)$"

  init?(_ link: Link) {
    let section = link.section
    guard let primary = section["primary"] else { return nil }
    self.primary = Located(primary.text, primary)
    secondary = section["secondary"].map { Located($0.text, $0) }
    var addresses: [String: [String: Located<String>]] = [:]
    for (cluster, types) in section["addresses"]?.entries.map({ $0 }) ?? [] {
      for (type, address) in types.entries {
        addresses[cluster.text, default: [:]][type.text] = Located(address.text, address)
      }
    }
    self.addresses = addresses
    let owners = addresses.flatMap { cluster, types in types.values.map { ($0.value, cluster) } }
    addressWords = Dictionary(owners, uniquingKeysWith: min)
      .sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .map { (word: Array($0.key.utf8), cluster: $0.value) }
    emitsEndpoints = section["endpoints"]?.string == "emit"
    serviceTypeNode = section["serviceType"]
    serviceType = serviceTypeNode?.string ?? "NodePort"
    let pattern = section["namespacePattern"].map(\.string) ?? Self.platePattern
    namespacePattern = pattern.flatMap { try? Pattern($0, dialect: .ecma262) }
    policy = PolicySettings().overridden(by: section["networkPolicy"])
    clusterPolicies = link.clusterSections.mapValues { PolicySettings().overridden(by: $0["networkPolicy"]) }
  }

  var members: [String] { [primary.value] + (secondary.map { [$0.value] } ?? []) }

  /// The other cluster of the pair.
  func opposite(of cluster: String) -> String? {
    guard let secondary else { return nil }
    return cluster == primary.value ? secondary.value : primary.value
  }
}

/// A Connection's `porter` section, or a claim's spec: what its author said, nothing where nothing was said.
struct ClaimSettings: Sendable {
  let claimName: Located<String>?
  let overridesServicePort: Located<Bool>?
  let requestedPort: Located<Int>?
  let monitorInterval: Located<Int>?
  let monitorTimeout: Located<Int>?
  let node: Node?

  init(_ section: Node?) {
    node = section
    claimName = section?["claimName"].map { Located($0.text, $0) }
    overridesServicePort = section?["overrideServicePort"].flatMap { node in
      node.boolean.map { Located($0, node) }
    }
    requestedPort = section?["requestedPort"].flatMap { node in node.integer.map { Located($0, node) } }
    let monitor = section?["monitor"]
    monitorInterval = Self.seconds(monitor?["interval"])
    monitorTimeout = Self.seconds(monitor?["timeout"])
  }
  /// A claim's seconds may be quoted: the operator makes a number of them.
  private static func seconds(_ node: Node?) -> Located<Int>? {
    node.flatMap { node in (node.integer ?? Int(node.text)).map { Located($0, node) } }
  }
}
