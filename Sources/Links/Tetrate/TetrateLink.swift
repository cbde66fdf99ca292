import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// A Link of type tetrate.
struct TetrateLink: BoundLink {
  let link: Link
  let settings: TetrateSettings
  /// In the order of their names.
  let bound: [TetrateMember]
  /// The workspace with its namespaces; nil where no manifest declares it, and for Istio.
  let workspace: Workspace?

  var members: [String] { bound.map(\.cluster) }
  var name: String { link.name.value }

  func member(_ cluster: String) -> TetrateMember? { bound.first { $0.cluster == cluster } }

  func plan(_ connections: [BoundConnection], in model: FleetModel) -> LinkPlan {
    var plan = LinkPlan()
    let traffic = TetrateTraffic(link: self, model: model, connections)
    plan.findings += traffic.findings
    if settings.form == .istio {
      for member in bound { plan.units.append(IstioMemberUnit(traffic: traffic, member: member)) }
      for key in traffic.services { plan.units.append(RemoteServiceUnit(traffic: traffic, service: key)) }
      plan.findings += IstioChecks(traffic: traffic).findings()
      plan.findings += FailoverChecks(traffic: traffic).portFindings()
    } else {
      for cluster in traffic.exposing {
        plan.units.append(GatewayUnit(traffic: traffic, cluster: cluster))
      }
      plan.findings += GatewayChecks(traffic: traffic).findings()
      plan.findings += ExposureChecks(traffic: traffic).findings()
      plan.findings += FailoverChecks(traffic: traffic).findings()
    }
    plan.findings += EntryNameChecks(traffic: traffic).findings()
    plan.findings += SidecarChecks(traffic: traffic).findings()
    plan.findings += PodSidecarChecks(traffic: traffic).findings()
    return plan
  }
}

/// All that the connections of a link come to: who sends to whom, through which gateways, to which Services. A
/// class: units share it.
final class TetrateTraffic: Sendable {
  let link: TetrateLink
  let model: FleetModel
  /// Connections that the link can carry.
  let connections: [BoundConnection]
  let flows: Set<Flow>
  /// The gateway of each cluster that has one or gets one.
  let gateways: [String: EastWestGateway]
  /// Clusters with a gateway whose Services clients of others reach, in order.
  let exposing: [String]
  let exposure: Exposure
  /// Services that are exposed somewhere, by name; each list in the order of its clusters.
  let exposed: [NamespacedName: [ExposedService]]
  /// Services that connections reach, by cluster.
  let targets: [String: Set<NamespacedName>]
  let byService: [NamespacedName: [BoundConnection]]
  let findings: [Diagnostic]

  init(link: TetrateLink, model: FleetModel, _ all: [BoundConnection]) {
    self.link = link
    self.model = model
    var findings: [Diagnostic] = []
    connections = all.compactMap { Self.served($0, link, model, &findings) }
    var flows: Set<Flow> = []
    var targets: [String: Set<NamespacedName>] = [:]
    var byService: [NamespacedName: [BoundConnection]] = [:]
    for connection in connections {
      for target in connection.targets {
        let clients = connection.clients(of: target)
        for case let cluster? in clients.map(\.cluster) {
          flows.insert(Flow(consumer: cluster, exporter: target.cluster))
        }
        if !clients.isEmpty { targets[target.cluster, default: []].insert(target.service.key) }
      }
      for key in Set(connection.targets.map(\.service.key)) { byService[key, default: []].append(connection) }
    }
    self.flows = flows
    self.targets = targets
    self.byService = byService
    let gateways = Self.gateways(link, model, exporters: Set(targets.keys), &findings)
    self.gateways = gateways
    exposing = gateways.keys.filter { targets[$0] != nil }.sorted()
    let services = Self.services(link, model, gateways, targets, connections)
    exposure = Self.exposure(link, services, targets)
    var exposed: [NamespacedName: [ExposedService]] = [:]
    for service in services where exposure.exposes(service.service) {
      exposed[service.service.key, default: []].append(service)
    }
    self.exposed = exposed
    self.findings = findings
  }

  /// The Services that clusters with a gateway could expose, ordered: those of the workspace. With Istio, and where
  /// the workspace is not known, those that connections reach.
  private static func services(
    _ link: TetrateLink, _ model: FleetModel, _ gateways: [String: EastWestGateway],
    _ targets: [String: Set<NamespacedName>], _ connections: [BoundConnection]
  ) -> [ExposedService] {
    var inline: [String: [Service]] = [:]
    for connection in connections {
      for target in connection.targets where target.service.isInline {
        inline[target.cluster, default: []].append(target.service)
      }
    }
    var services: [ExposedService] = []
    for member in link.bound where gateways[member.cluster] != nil {
      let declared = model.clusters[member.cluster]?.declared.services ?? [:]
      let wanted = targets[member.cluster] ?? []
      var own = declared.values.filter { service in
        if wanted.contains(service.key) { return true }
        return link.workspace?.owns(service.key.namespace, of: member) ?? false
      }
      own += (inline[member.cluster] ?? []).filter { declared[$0.key] == nil }
      services += own.sorted { $0.key < $1.key }.map { ExposedService(cluster: member.cluster, service: $0) }
    }
    return services
  }

  private static func exposure(
    _ link: TetrateLink, _ services: [ExposedService], _ targets: [String: Set<NamespacedName>]
  ) -> Exposure {
    if link.settings.form == .istio { return Exposure(items: nil) }
    switch link.settings.exposure {
    case .all: return Exposure(items: nil)
    case .items(let nodes):
      return Exposure(items: nodes.map { ExposureItem(labels: Labels($0["serviceLabels"]), node: $0) })
    case .declared:
      let wanted = services.filter { targets[$0.cluster]?.contains($0.service.key) ?? false }
      // A Service of a target's name in another cluster is the same Service to clients.
      let reached = targets.values.reduce(into: Set<NamespacedName>()) { $0.formUnion($1) }
      let others = services.filter { !reached.contains($0.service.key) }
      return .least(targets: wanted.map(\.service), others: others.map(\.service))
    }
  }

  // MARK: Gateways

  private static func gateways(
    _ link: TetrateLink, _ model: FleetModel, exporters: Set<String>, _ findings: inout [Diagnostic]
  ) -> [String: EastWestGateway] {
    let choice = link.settings.gateway
    var gateways: [String: EastWestGateway] = [:]
    for member in link.bound {
      guard let cluster = model.clusters[member.cluster] else { continue }
      if link.settings.form == .istio {
        if exporters.contains(member.cluster) || !exporters.isEmpty {
          gateways[member.cluster] = EastWestGateway(cluster: member.cluster, choice: choice, existing: nil)
        }
        continue
      }
      let installed = InstallGateway.all(in: cluster)
      let existing: InstallGateway? =
        if let name = choice.name {
          installed.first { $0.namespace == choice.namespace && $0.name == name }
        } else {
          installed.first {
            $0.namespace == choice.namespace && LabelSelector(equality: choice.labels).matches($0.labels)
          }
        }
      let isNamed = choice.name != nil
      if existing != nil || isNamed && exporters.contains(member.cluster) {
        gateways[member.cluster] = EastWestGateway(
          cluster: member.cluster, choice: choice, existing: existing)
      } else if exporters.contains(member.cluster) {
        findings.append(GatewayChecks.noGateway(choice, member, installed, link))
      }
    }
    return gateways
  }

  // MARK: What follows

  /// The names of the Services that get a unit, in order.
  var services: [NamespacedName] {
    if link.settings.form == .istio { return byService.keys.sorted() }
    return exposed.keys.sorted()
  }

  /// The address of a cluster's gateway.
  func address(of cluster: String) -> GatewayAddress {
    gateways[cluster].map { GatewayAddress(of: $0, in: model) } ?? .pending
  }

  /// The edges between networks that the link's connections need. Clusters without a network need none.
  var neededEdges: Set<NetworkEdge> {
    Set(
      flows.compactMap { flow in
        guard let consumer = link.member(flow.consumer)?.network?.value,
          let exporter = link.member(flow.exporter)?.network?.value, consumer != exporter
        else { return nil }
        return NetworkEdge(consumer: consumer, exporter: exporter)
      })
  }

  /// A connection that makes a flow, for findings.
  func reason(for flow: Flow) -> BoundConnection? {
    connections.first { connection in
      connection.targets.contains { target in
        target.cluster == flow.exporter
          && connection.clients(of: target).contains { $0.cluster == flow.consumer }
      }
    }
  }

  // MARK: Connections

  private static let joined = JoinedServices(
    each: TetrateRules.matchEach, outside: TetrateRules.clientOutside,
    joining: "add a 'tetrate' section to the Cluster or name it in 'members'")

  private static func served(
    _ connection: BoundConnection, _ link: TetrateLink, _ model: FleetModel, _ findings: inout [Diagnostic]
  ) -> BoundConnection? {
    let found = joined.findings(connection, in: model) { link.member($0) != nil }
    findings += found
    let before = findings.count
    for target in connection.targets {
      for port in target.ports where port.port.transport != .tcp {
        findings.append(
          Diagnostic(
            TetrateRules.transport,
            "port \(port.port.description) of Service \(target.service.key.description) is \(port.port.transport.rawValue)",
            at: port.reference.node.range, "an east-west gateway carries TCP alone",
            also: [Label(port.port.node.range, "the port in \(target.cluster)")],
            help: ["use a link with an address of its own for this port"]))
      }
    }
    guard findings.count == before else { return nil }
    return joined.served(connection, found) { link.member($0) != nil }
  }
}
