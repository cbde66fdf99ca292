import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// Where other clusters reach an east-west gateway.
enum GatewayAddress: Sendable {
  case ips([String])
  /// A DNS name.
  case name(String)
  /// Not known: neither declared nor observed.
  case pending

  /// The annotation that overrides what the load balancer answers.
  static let annotation = "xcp.tetrate.io/cluster-external-addresses"

  /// From the specification, else from the gateway's own annotation, else from an observation.
  init(of gateway: EastWestGateway, in model: FleetModel) {
    if let declared = gateway.declaredAddresses {
      self.init(declared)
    } else {
      self = Self.observed(gateway, in: model)
    }
  }

  /// IP addresses, or one name; an empty list is pending.
  init(_ texts: [String]) {
    let addresses = texts.filter { IPAddress($0) != nil }
    if !addresses.isEmpty, addresses.count == texts.count {
      self = .ips(addresses)
    } else if let name = texts.first {
      self = .name(name)
    } else {
      self = .pending
    }
  }

  /// What the cluster answered for the gateway's Service.
  static func observed(_ gateway: EastWestGateway, in model: FleetModel) -> GatewayAddress {
    guard let service = gateway.service,
      let observed = model.clusters[gateway.cluster]?.observed.services[service]
    else { return .pending }
    let ingress = observed.manifest.node.at("status", "loadBalancer", "ingress")
    let addresses = ingress?.elements.compactMap { $0["ip"]?.string } ?? []
    if !addresses.isEmpty { return GatewayAddress(addresses) }
    return GatewayAddress(ingress?.elements.compactMap { $0["hostname"]?.string } ?? [])
  }

  var isPending: Bool {
    if case .pending = self { return true }
    return false
  }

  /// The addresses as texts, a name as the only one.
  var texts: [String] {
    switch self {
    case .ips(let addresses): addresses
    case .name(let name): [name]
    case .pending: []
    }
  }
}

/// The east-west gateway of one cluster.
struct EastWestGateway: Sendable {
  let cluster: String
  let choice: GatewayChoice
  /// The manifest that is there already; nil where Linkwright emits the gateway.
  let existing: InstallGateway?
  let declaredAddresses: [String]?
  /// The annotation by which XCP is told the gateway's addresses.
  let addressOverride: Node?

  init(cluster: String, choice: GatewayChoice, existing: InstallGateway?) {
    self.cluster = cluster
    self.choice = choice
    self.existing = existing
    addressOverride =
      existing?.service?["annotations"]?[GatewayAddress.annotation]
      ?? (existing == nil ? choice.node.at("service", "annotations")?[GatewayAddress.annotation] : nil)
    declaredAddresses =
      choice.addresses[cluster].map { $0.map(\.value) }
      ?? addressOverride.map { $0.text.split(separator: ",").map(String.init) }
  }

  /// The Service that the installer makes for the gateway.
  var service: NamespacedName? {
    (existing?.name ?? choice.name).map { NamespacedName(existing?.namespace ?? choice.namespace, $0) }
  }

  var name: String { service?.name ?? "" }
  var namespace: String { existing?.namespace ?? choice.namespace }

  /// Where templates that the fleet adds are rendered.
  func occasion(of link: TetrateLink) -> Occasion {
    Occasion(
      "gateway", cluster: cluster, namespace: namespace,
      variables: [
        "link": .string(link.name),
        "gateway": .map([
          "name": .optional(service?.name), "namespace": .string(namespace),
          "labels": (existing?.labels ?? choice.labels).value,
          "network": .optional(link.member(cluster)?.network?.value),
        ]),
      ])
  }
}
