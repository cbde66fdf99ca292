import Diagnostics
import FleetSpec
import Linker
import Templates
import YAMLTree

/// The names of a link's own objects. What the controller creates has names of its own.
struct GatewayNames {
  enum Key: String {
    case gatewayDNS
    case externalName
    case customKey
    case operatorServer
    case egressPolicy

    var syntax: Naming.Syntax { self == .externalName ? .label : .subdomain }
  }

  let link: GatewayDNSLink
  let model: FleetModel

  /// A name from the template; nil after a finding.
  func name(
    _ key: Key, cluster: String = "", service: String = "", connection: String = "",
    _ findings: inout [Diagnostic]
  ) -> String? {
    Naming(
      GatewayDNSTemplates.names, for: TemplateUse(link: link.link.name.value, connections: []),
      at: link.link.name.node, in: model
    ).name(
      key.rawValue, key.syntax, for: "link \(link.link.name.value)",
      [
        "link": .string(link.link.name.value), "cluster": .string(cluster),
        "service": .map(["name": .string(service)]), "connection": .string(connection),
        "dns": .map(["namespace": .string(link.settings.profile.namespace)]),
      ], &findings)
  }
}
