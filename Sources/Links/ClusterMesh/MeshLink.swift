import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// A Link of type clusterMesh.
struct MeshLink: BoundLink {
  let link: Link
  let settings: MeshSettings
  /// In the order of their names.
  let bound: [MeshMember]
  /// Their names, asked for once for each connection.
  let members: [String]

  init(link: Link, settings: MeshSettings, bound: [MeshMember]) {
    self.link = link
    self.settings = settings
    self.bound = bound
    members = bound.map(\.cluster)
  }

  /// The member with a Cluster's name. Logarithmic in the members.
  func member(_ cluster: String) -> MeshMember? {
    var low = 0
    var high = bound.count
    while low < high {
      let middle = (low + high) / 2
      if bound[middle].cluster < cluster { low = middle + 1 } else { high = middle }
    }
    return low < bound.count && bound[low].cluster == cluster ? bound[low] : nil
  }

  func authMode(of member: MeshMember) -> AuthMode {
    (member.settings.authMode ?? settings.authMode).flatMap { AuthMode(rawValue: $0.value) }
      ?? member.settings.chartVersion.defaultAuthMode
  }

  func issuer(of member: MeshMember) -> Located<IssuerReference>? {
    member.settings.issuer ?? settings.certificates.issuer
  }

  /// Where it is said how a connection's Services reach other clusters: by the connection, else by the link.
  func form(of connection: BoundConnection) -> Node? {
    connection.section("clusterMesh")?["services"] ?? settings.node["services"]
  }

  /// True where a connection's Services cross by exports instead of annotations.
  func exports(_ connection: BoundConnection) -> Bool { form(of: connection)?.text == "mcs" }

  func openings(in model: FleetModel) -> [NetworkPair] { MeshOpenings(mesh: self, model: model).pairs() }

  func plan(_ connections: [BoundConnection], in model: FleetModel) -> LinkPlan {
    var plan = LinkPlan()
    let services = GlobalServices(mesh: self, model: model, connections)
    plan.findings += services.findings
    let peers = MeshPeers(mesh: self, model: model)
    let exports = settings.exportsServices || services.units.contains(where: \.isExported)
    for member in bound {
      plan.units.append(
        MemberUnit(
          mesh: self, member: member, peers: peers,
          synchronizes: services.synchronizing.contains(member.cluster),
          hasClients: services.importing.contains(member.cluster), exports: exports,
          model: model))
    }
    if settings.writesKubeconfig { plan.units.append(KubeconfigUnit(mesh: self, model: model)) }
    plan.units += services.units as [any PlannedUnit]
    plan.findings += ServiceChecks(mesh: self, model: model).findings(services.units)
    if exports {
      plan.findings += ExportChecks(mesh: self, model: model).findings(
        services.units.filter(\.isExported), importing: services.importing)
    }
    plan.findings += PolicyChecks(mesh: self, model: model).findings(services.units)
    return plan
  }
}

/// The addresses of all members, found once for all of them.
final class MeshPeers: Sendable {
  let addresses: [PeerAddress]
  private let entries: [(inMap: TemplateValue?, inList: TemplateValue?)]
  private let mesh: MeshLink

  init(mesh: MeshLink, model: FleetModel) {
    self.mesh = mesh
    addresses = mesh.bound.map { PeerAddress(of: $0, in: model) }
    entries = zip(mesh.bound, addresses).map { member, address in
      (address.value(of: member, inList: false), address.value(of: member, inList: true))
    }
  }

  /// The peers of a member in the form that its chart takes, without itself. Linear in the members.
  func value(for member: MeshMember) -> TemplateValue {
    if member.settings.chartVersion.takesPeerMap {
      var map: TemplateFields = [:]
      map.reserveCapacity(entries.count)
      for (peer, entry) in zip(mesh.bound, entries) where peer.cluster != member.cluster {
        if let value = entry.inMap { map[peer.name] = value }
      }
      return .map(map)
    }
    let list = zip(mesh.bound, entries).filter { $0.0.cluster != member.cluster }.compactMap { peer, entry in
      entry.inList.map { (peer.name, $0) }
    }
    return .list(list.sorted { $0.0 < $1.0 }.map(\.1))
  }
}
