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
  /// Clusters with clients of other clusters' Services.
  private(set) var consuming: Set<String> = []
  private(set) var findings: [Diagnostic] = []

  init(mesh: MeshLink, model: FleetModel, _ connections: [BoundConnection]) {
    var byService: [NamespacedName: [BoundConnection]] = [:]
    for connection in connections {
      guard check(connection, mesh) else { continue }
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

  private mutating func check(_ connection: BoundConnection, _ mesh: MeshLink) -> Bool {
    let before = findings.count
    if let match = connection.connection.to.match, match.value == .each,
      Set(connection.targets.map(\.cluster)).count > 1
    {
      findings.append(
        Diagnostic(
          ClusterMeshRules.matchEach, "a mesh joins the Services of several clusters into one",
          at: match.node.range, "'each' cannot be told apart",
          help: ["use 'match: any', or declare a connection to one cluster"]))
    }
    for client in connection.clients {
      guard let cluster = client.cluster else {
        findings.append(
          Diagnostic(
            ClusterMeshRules.clientOutside, "a mesh serves pods of its members, not networks outside",
            at: client.node.range, "not a member of \(mesh.link.name.value)",
            help: ["use a link with an address of its own for this client"]))
        continue
      }
      guard mesh.member(cluster) == nil else { continue }
      findings.append(
        Diagnostic(
          ClusterMeshRules.clientOutside,
          "cluster '\(cluster)' is no member of mesh '\(mesh.link.name.value)'",
          at: client.node.range, "its pods do not see global Services",
          also: [Label(mesh.link.name.node.range, "its members: \(listed(mesh.members))")],
          help: ["make it a member, or use another link"]))
    }
    return findings.count == before
  }
}
