import Diagnostics
import FleetSpec
import Kubernetes
import Linker

/// The connections of a mesh, one unit per Service that they reach.
struct GlobalServices {
  private(set) var units: [GlobalServiceUnit] = []
  /// Clusters that need remote endpoints as EndpointSlices.
  private(set) var synchronizing: Set<String> = []
  /// Clusters with clients of other clusters' Services.
  private(set) var consuming: Set<String> = []
  private(set) var findings: [Diagnostic] = []

  init(mesh: MeshLink, model: FleetModel, _ connections: [BoundConnection]) {
    var byService: [NamespacedName: [BoundConnection]] = [:]
    for connection in connections {
      guard check(connection, mesh, model) else { continue }
      for key in Set(connection.targets.map(\.service.key)) { byService[key, default: []].append(connection) }
    }
    let policies = CiliumPolicies(mesh, model)
    for (key, connections) in byService.sorted(by: { $0.key < $1.key }) {
      let unit = GlobalServiceUnit(
        mesh: mesh, service: key, connections: connections, ciliumPolicies: policies, model: model)
      consuming.formUnion(unit.consumers)
      for cluster in unit.consumers where unit.needsEndpointSlices(in: cluster) {
        synchronizing.insert(cluster)
      }
      units.append(unit)
    }
  }

  private static let joined = JoinedServices(
    each: ClusterMeshRules.matchEach, outside: ClusterMeshRules.clientOutside, joining: "make it a member")

  private mutating func check(_ connection: BoundConnection, _ mesh: MeshLink, _ model: FleetModel) -> Bool {
    let found = Self.joined.findings(connection, in: model) { mesh.member($0) != nil }
    findings += found
    return found.isEmpty
  }
}
