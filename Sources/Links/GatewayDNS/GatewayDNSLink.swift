import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// A cluster of the link's namespace, with its object in Cluster API.
struct GatewayMember: Sendable {
  let cluster: ClusterModel
  let registration: ClusterAPIRegistration
  /// The selector chooses it: its gateway is published.
  let isGateway: Bool

  var name: String { cluster.name }

  /// `dev-team-cluster-a-gateway`: the slice with the gateway's addresses.
  var sliceName: String { "\(registration.namespace.value)-\(registration.name.value)-gateway" }

  /// `gateway.cluster-a.dev-team.clusters.xcc.test`: what every host of the cluster ends in.
  func suffix(_ zone: String) -> String {
    "gateway.\(registration.name.value).\(registration.namespace.value).clusters.\(zone)"
  }
}

/// A Link of type gatewayDNS.
///
/// A class: every unit holds its link.
final class GatewayDNSLink: BoundLink {
  let link: Link
  let settings: GatewayDNSSettings
  /// The gateway's Service.
  let service: NamespacedName
  let management: ClusterModel
  /// In the order of their clusters' names.
  let bound: [GatewayMember]
  private let indices: [String: Int]

  init(
    link: Link, settings: GatewayDNSSettings, service: NamespacedName, management: ClusterModel,
    bound: [GatewayMember]
  ) {
    self.link = link
    self.settings = settings
    self.service = service
    self.management = management
    self.bound = bound
    indices = Dictionary(uniqueKeysWithValues: bound.enumerated().map { ($1.name, $0) })
  }

  var members: [String] { bound.map(\.name) }
  var gateways: [GatewayMember] { bound.filter(\.isGateway) }
  var zone: String { settings.zone.value }
  var zoneLabel: Label { Label(settings.zone.node.range, "the zone of this link") }

  /// The member with a Cluster's name.
  func member(_ cluster: String) -> GatewayMember? { indices[cluster].map { bound[$0] } }

  /// What a client asks DNS for.
  func host(_ name: String, in member: GatewayMember) -> String { "\(name).\(member.suffix(zone))" }

  func plan(_ connections: [BoundConnection], in model: FleetModel) -> LinkPlan {
    var plan = LinkPlan()
    plan.units.append(ManagementUnit(link: self, model: model))
    // Clusters that claim one object of Cluster API are told; the slice of that name is written once.
    var slices: Set<String> = []
    for member in gateways where slices.insert(member.sliceName).inserted {
      plan.units.append(PublishedGateway(link: self, member: member, model: model))
    }
    // Several links of one namespace share the resolvers of its clusters: the first one writes them.
    if GatewayFleet(model).ownsResolvers(self) {
      for member in bound { plan.units.append(ResolverUnit(link: self, member: member, model: model)) }
    }
    let checks = ConnectionChecks(link: self, model: model)
    plan.findings += checks.findings(connections)
    for connection in connections {
      plan.units.append(GatewayConnection(link: self, connection: connection, model: model))
    }
    return plan
  }
}

/// All GatewayDNS links of a fleet, before they are bound.
struct GatewayFleet: Sendable {
  let links: [(link: Link, settings: GatewayDNSSettings)]

  /// Linear in the links.
  init(_ model: FleetModel) {
    links = model.specification.links.values.filter { $0.type.value == GatewayDNS.descriptor.key }
      .sorted { $0.name.value < $1.name.value }
      .compactMap { link in GatewayDNSSettings(link.section).map { (link, $0) } }
  }

  /// True for the first link of a management namespace.
  func ownsResolvers(_ link: GatewayDNSLink) -> Bool {
    let first = links.first {
      $0.settings.managementCluster.value == link.settings.managementCluster.value
        && $0.settings.namespace.value == link.settings.namespace.value
    }
    return first?.link.name.value == link.link.name.value
  }

  /// The clusters of a link's namespace, in the order of their names, with what the selector makes of them. Linear in
  /// the clusters.
  static func members(_ settings: GatewayDNSSettings, in model: FleetModel) -> [GatewayMember] {
    model.clusterNames.compactMap { name in
      guard let cluster = model.clusters[name], let registration = ClusterAPIRegistration(cluster.cluster),
        registration.managementCluster.value == settings.managementCluster.value,
        registration.namespace.value == settings.namespace.value
      else { return nil }
      return GatewayMember(
        cluster: cluster, registration: registration,
        isGateway: settings.selector.matches(labels(of: registration, in: model)))
    }
  }

  /// The labels of a Cluster API object: those of its manifest, and those that the Cluster declares.
  static func labels(of registration: ClusterAPIRegistration, in model: FleetModel) -> Labels {
    let manifest = model.clusters[registration.managementCluster.value].flatMap {
      $0.declared.objects[identity(of: registration)]
    }
    var labels: [String: String] = [:]
    for item in manifest?.labels.items ?? [] { labels[item.key] = item.value }
    for item in registration.labels { labels[item.key] = item.value }
    return Labels(dictionary: labels)
  }

  static func identity(of registration: ClusterAPIRegistration) -> ObjectIdentity {
    ObjectIdentity(
      apiVersion: GatewayProfile.xcc.clusterAPIVersion, kind: "Cluster",
      namespace: registration.namespace.value,
      name: registration.name.value)
  }
}
