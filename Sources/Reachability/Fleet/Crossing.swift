import FleetSpec
import Kubernetes
package import Linker

/// One client and one target port of a connection: what a verdict is about.
package struct Crossing: Sendable {
  package let connection: BoundConnection
  let clientNumber: Int
  let targetNumber: Int
  let portNumber: Int

  package var client: BoundClient { connection.clients[clientNumber] }
  package var target: BoundTarget { connection.targets[targetNumber] }
  package var port: BoundPort { target.ports[portNumber] }

  /// The crossings of a connection: every client with every target of another cluster, port by port.
  package static func all(of connection: BoundConnection) -> [Crossing] {
    var crossings: [Crossing] = []
    for (clientNumber, client) in connection.clients.enumerated() {
      for (targetNumber, target) in connection.targets.enumerated() where client.cluster != target.cluster {
        for portNumber in target.ports.indices {
          crossings.append(
            Crossing(
              connection: connection, clientNumber: clientNumber, targetNumber: targetNumber,
              portNumber: portNumber))
        }
      }
    }
    return crossings
  }

  /// `golddr`, or the name of the network outside.
  package var clientPlace: String {
    switch client.place {
    case .cluster(let name): name
    case .external(let name, _): name
    }
  }

  /// `c6af30-prod/db: golddr → gold 5432/TCP`, as traces begin.
  package var description: String {
    "\(connection.id.description): \(clientPlace) → \(target.cluster) \(port.port.number)/\(port.port.transport.rawValue)"
  }

  /// The Service in words: `Service c6af30-prod/db`.
  var serviceName: String { "Service \(target.service.key.description)" }
}
