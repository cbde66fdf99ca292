import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates

/// The names of a Service's objects: the operator's fixed ones, and ours from `porter/names.yaml`.
struct PorterNames {
  let unit: PorterService

  /// Service and Endpoints with which clients reach a cluster (transportserverclaim role, templates/).
  static func consumerName(_ service: String, _ cluster: String) -> String { "\(service)-\(cluster)" }

  /// The claim's name from the naming template.
  func claim(_ findings: inout [Diagnostic]) -> String? { name("claim", cluster: "", &findings) }

  /// The name of the policy that admits the load balancer.
  func policy(_ cluster: String, _ findings: inout [Diagnostic]) -> String? {
    name("policy", cluster: cluster, &findings)
  }

  /// The name of the policy that lets a connection's clients out.
  func egressPolicy(_ cluster: String, of connection: BoundConnection, _ findings: inout [Diagnostic])
    -> String?
  {
    name("egressPolicy", cluster: cluster, connection: connection, &findings)
  }

  /// - Parameter connection: the one that is served; nil for all of the Service.
  private func name(
    _ key: String, cluster: String, connection: BoundConnection? = nil, _ findings: inout [Diagnostic]
  ) -> String? {
    let use = TemplateUse(
      link: unit.link, connections: connection.map { [$0.id.description] } ?? unit.connectionNames)
    return Naming(
      "porter/names.yaml", for: use, at: (connection ?? unit.connections[0]).connection.name.node,
      in: unit.model
    ).name(
      key, for: unit.key,
      [
        "service": .map(["name": .string(unit.service.name), "namespace": .string(unit.service.namespace)]),
        "cluster": .string(cluster), "connection": .string(connection?.id.name ?? ""),
        "link": .string(unit.link),
      ], &findings)
  }
}
