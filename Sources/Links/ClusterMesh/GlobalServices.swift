import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The connections of a mesh, one unit per Service that they reach.
struct GlobalServices {
  private(set) var units: [GlobalServiceUnit] = []
  /// Clusters that need remote endpoints as EndpointSlices.
  private(set) var synchronizing: Set<String> = []
  /// Clusters with clients of exported Services of other clusters.
  private(set) var importing: Set<String> = []
  private(set) var findings: [Diagnostic] = []

  init(mesh: MeshLink, model: FleetModel, _ connections: [BoundConnection]) {
    var byService: [NamespacedName: [BoundConnection]] = [:]
    for connection in connections {
      guard let connection = served(connection, mesh, model) else { continue }
      for key in Set(connection.targets.map(\.service.key)) { byService[key, default: []].append(connection) }
    }
    for (key, connections) in byService.sorted(by: { $0.key < $1.key }) {
      let unit = GlobalServiceUnit(
        mesh: mesh, service: key, connections: connections, model: model)
      findings += Self.forms(unit)
      if unit.isExported { importing.formUnion(unit.consumers) }
      for cluster in unit.consumers where unit.needsEndpointSlices(in: cluster) {
        synchronizing.insert(cluster)
      }
      units.append(unit)
    }
  }

  /// A Service crosses in one way: its connections must agree.
  private static func forms(_ unit: GlobalServiceUnit) -> [Diagnostic] {
    let mesh = unit.mesh
    func place(_ connection: BoundConnection) -> Node {
      mesh.form(of: connection) ?? connection.connection.name.node
    }
    guard let first = unit.connections.first,
      let other = unit.connections.first(where: { mesh.exports($0) != mesh.exports(first) })
    else { return [] }
    func word(_ connection: BoundConnection) -> String { mesh.exports(connection) ? "mcs" : "global" }
    return [
      Diagnostic(
        ClusterMeshRules.formConflict,
        "Service \(unit.service.description) is \(word(first)) for one connection and \(word(other)) for another",
        at: place(other).range, word(other), also: [Label(place(first).range, word(first))],
        help: ["a Service has one way to other clusters: write the same 'services' for both"])
    ]
  }

  private static let joined = JoinedServices(
    each: ClusterMeshRules.matchEach, outside: ClusterMeshRules.clientOutside, joining: "make it a member")

  private mutating func served(
    _ connection: BoundConnection, _ mesh: MeshLink, _ model: FleetModel
  ) -> BoundConnection? {
    let found = Self.joined.findings(connection, in: model) { mesh.member($0) != nil }
    findings += found
    return Self.joined.served(connection, found) { mesh.member($0) != nil }
  }
}
