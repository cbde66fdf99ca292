package import Diagnostics
package import FleetSpec
package import Kubernetes
package import YAMLTree

/// A client of a connection: pods of one namespace in one cluster, or a network outside.
package struct BoundClient: Sendable {
  package enum Place: Sendable {
    case cluster(String)
    case external(name: String, cidrs: [Located<String>])
  }

  package let place: Place
  package let namespace: String
  /// Nil: every pod of the namespace.
  package let podSelector: LabelSelector?
  package let node: Node

  package var cluster: String? {
    if case .cluster(let name) = place { return name }
    return nil
  }
}

/// A port of a target Service, as the connection named it and as the Service has it.
package struct BoundPort: Sendable {
  package let reference: Located<PortReference>
  package let port: ServicePort
  /// Why there is no such port: it is assumed, so that the rest of the way can be judged. Nil for one that there is.
  package let fault: Diagnostic?

  init(reference: Located<PortReference>, port: ServicePort, fault: Diagnostic? = nil) {
    self.reference = reference
    self.port = port
    self.fault = fault
  }
}

/// A Service in one target cluster.
package struct BoundTarget: Sendable {
  package let cluster: String
  package let service: Service
  package let ports: [BoundPort]
  /// The workloads whose pods the Service selects.
  package let pods: [Workload]
  /// Where the connection names the Service.
  package let reference: Node
  /// Why there is no such Service: it is assumed, so that the rest of the way can be judged. Nil for one that there is.
  package let fault: Diagnostic?
}

/// One connection in one namespace with every name bound. A class: units share it.
package final class BoundConnection: Sendable {
  package let connection: Connection
  package let namespace: Located<String>
  package let link: any BoundLink
  package let clients: [BoundClient]
  package let targets: [BoundTarget]

  init(
    connection: Connection, namespace: Located<String>, link: any BoundLink, clients: [BoundClient],
    targets: [BoundTarget]
  ) {
    self.connection = connection
    self.namespace = namespace
    self.link = link
    self.clients = clients
    self.targets = targets
  }

  package var id: NamespacedName { NamespacedName(namespace.value, connection.name.value) }

  /// The clients of a target: those of other clusters, and networks outside.
  package func clients(of target: BoundTarget) -> [BoundClient] {
    clients.filter { $0.cluster != target.cluster }
  }

  /// The same for some of its clients; nil where none is among them.
  package func serving(_ isServed: (BoundClient) -> Bool) -> BoundConnection? {
    let served = clients.filter(isServed)
    guard served.count < clients.count else { return self }
    guard !served.isEmpty else { return nil }
    return BoundConnection(
      connection: connection, namespace: namespace, link: link, clients: served, targets: targets)
  }

  /// The section of the link's type in the connection's spec.
  package func section(_ key: String) -> Node? { connection.spec[key] }

  /// The section as it is in a cluster, where overrides change it.
  package func section(_ key: String, in cluster: String) -> Node? { connection.section(key, in: cluster) }
}
