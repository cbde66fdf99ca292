import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Output
package import Review
import YAMLTree

/// What a comparison reads of a compile.
extension Compilation {
  /// Every path that a bound connection declares, ordered; none where nothing could be bound.
  package var reviewedPaths: [ReviewedPath] {
    guard let workings else { return [] }
    var paths: [ReviewedPath] = []
    for connection in workings.plan.connections {
      for target in connection.targets {
        for client in connection.clients(of: target) {
          for port in target.ports { paths.append(Self.path(connection, client, target, port)) }
        }
      }
    }
    return ReviewedPath.joined(paths)
  }

  private static func path(
    _ connection: BoundConnection, _ client: BoundClient, _ target: BoundTarget, _ port: BoundPort
  ) -> ReviewedPath {
    let name: String
    let clients: [String]
    var isExternal = false
    switch client.place {
    case .cluster(let cluster):
      name = cluster
      clients = [
        client.podSelector.map { $0.selectsEverything ? "every pod" : $0.description } ?? "every pod"
      ]
    case .external(let network, let cidrs):
      name = network
      clients = cidrs.map(\.value)
      isExternal = true
    }
    return ReviewedPath(
      key: ReviewedPath.Key(
        connection: connection.id.description, client: name, clientNamespace: client.namespace,
        isExternal: isExternal, target: target.cluster, service: target.service.key.description,
        port: port.port.number, transport: port.port.transport.rawValue),
      clients: clients, link: connection.link.link.name.value,
      file: connection.connection.name.node.range.file.path, verdict: nil)
  }

  /// False when not even the Fleet could be read.
  package var canBeCompared: Bool { workings != nil }

  /// Connections that errors kept from being compiled.
  package var unknownConnections: UnknownConnections {
    var unknown = UnknownConnections()
    guard let workings else { return unknown }
    let bound = Set(workings.plan.connections.map { $0.id.description })
    for connection in workings.model.specification.connections {
      for namespace in connection.namespaces {
        let id = "\(namespace.value)/\(connection.name.value)"
        if !bound.contains(id) { unknown.ids.insert(id) }
      }
    }
    let start = "Connection/"
    for name in workings.model.specification.invalidNames where name.hasPrefix(start) {
      unknown.names.insert(String(name.dropFirst(start.count)))
    }
    for finding in findings where finding.severity == .error && finding.suppression == nil {
      if let path = finding.primary?.range.file.path { unknown.files.insert(path) }
    }
    return unknown
  }
}

/// A comparison on all cores.
extension ObjectComparison {
  package static func onAllCores(
    _ numbers: Range<Int>, _ compare: @Sendable (Int) -> ObjectChange
  ) -> [ObjectChange] {
    parallelMap(Array(numbers), piece: 64, compare)
  }
}
