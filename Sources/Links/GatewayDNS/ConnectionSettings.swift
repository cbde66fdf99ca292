import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The section of a Connection.
struct GatewayConnectionSettings: Sendable {
  enum ExternalName: Sendable {
    case none
    /// The naming template gives it.
    case templated(Node)
    case named(Located<String>)
  }

  /// Nil: the Service's name.
  let host: Located<String>?
  let port: Int
  let portNode: Node?
  let externalName: ExternalName
  /// Labels of the Service with that name.
  let labels: [String: String]

  /// What holds for a target, and for clients of a cluster; nil where that makes no difference.
  init(_ connection: BoundConnection, target: String?, client: String? = nil) {
    let key = GatewayDNS.descriptor.key
    let section = target.map { connection.section(key, in: $0) } ?? connection.section(key)
    let own = client.map { connection.section(key, in: $0) } ?? connection.section(key)
    host = section?["host"].map { Located($0.text, $0) }
    labels = Dictionary(own?["labels"]?.entries.map { ($0.key.text, $0.value.text) } ?? []) { first, _ in
      first
    }
    portNode = section?["gatewayPort"]
    port = portNode?.integer ?? 80
    if let node = own?["externalName"] {
      if let name = node.string {
        externalName = .named(Located(name, node))
      } else {
        externalName = node.boolean == true ? .templated(node) : .none
      }
    } else {
      externalName = .none
    }
  }

  /// The part of the name before `.gateway.`.
  func host(of target: BoundTarget) -> String { host?.value ?? target.service.key.name }
}
