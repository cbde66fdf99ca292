import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// A client for whom Linkwright writes the Service that leads to a virtual server: one outside the link, or of a pair
/// whose operator does not write it.
struct ServedClient {
  let cluster: String
  /// Where its Service stands.
  let namespace: String
  let serviceName: String
  /// The cluster of the virtual server.
  let target: String
  let isMember: Bool
  /// What names the Service, else the client.
  let node: Node

  var key: String { "\(cluster)/\(namespace)/\(serviceName)" }

  /// All of a Service's, in the order of its targets; a client may come several times.
  ///
  /// Linear in the connections' clients and targets.
  static func all(of unit: PorterService) -> [ServedClient] {
    unit.sides.flatMap { target in
      unit.connections(to: target.name).flatMap { connection -> [ServedClient] in
        guard
          let bound = connection.targets.first(where: {
            $0.cluster == target.name && $0.service.key == unit.service
          })
        else { return [] }
        return connection.clients(of: bound).compactMap { ServedClient($0, connection, target.name, unit) }
      }
    }
  }

  private init?(
    _ client: BoundClient, _ connection: BoundConnection, _ target: String, _ unit: PorterService
  ) {
    guard let cluster = client.cluster else { return nil }
    isMember = unit.settings.members.contains(cluster)
    guard !isMember || unit.settings.emitsEndpoints else { return nil }
    self.cluster = cluster
    self.target = target
    let chosen = connection.section("porter", in: cluster)?["serviceName"]
    namespace = isMember ? unit.service.namespace : client.namespace
    serviceName =
      (isMember ? nil : chosen?.string) ?? PorterNames.consumerName(unit.service.name, target)
    node = isMember ? client.node : chosen ?? client.node
  }
}
