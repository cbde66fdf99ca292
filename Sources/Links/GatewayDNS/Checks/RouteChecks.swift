import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// The routes that answer for a connection's host: at which of the gateway's ports they do, and that there is one.
struct RouteChecks {
  let link: GatewayDNSLink

  /// How a port of a gateway takes requests.
  private enum Listener: String {
    case plain = "HTTP"
    case secure = "TLS"
  }

  /// Linear in the routes of the cluster.
  func findings(
    _ name: String, at port: Int, _ portNode: Node?, _ target: BoundTarget, _ routes: GatewayRoutes,
    _ member: GatewayMember
  ) -> [Diagnostic] {
    let own = routes.routes.filter { $0.takes(name) }
    return twice(name, own, member) + own.flatMap { Self.refused($0, member) }
      + listener(name, port, portNode, target, own, member)
  }

  /// Contour refuses a host that two HTTPProxies claim: neither is served.
  private func twice(_ name: String, _ routes: [GatewayRoute], _ member: GatewayMember) -> [Diagnostic] {
    let proxies = routes.filter { $0.manifest.kind == "HTTPProxy" && $0.host == name }
    guard let first = proxies.first else { return [] }
    return proxies.dropFirst().map { other in
      Diagnostic(
        GatewayDNSRules.hostTwice, "two HTTPProxies of \(member.name) have the host \(name)",
        at: other.node.range, "\(other.manifest.namespace ?? "")/\(other.manifest.name)",
        also: [Label(first.node.range, "\(first.manifest.namespace ?? "")/\(first.manifest.name)")],
        help: ["keep one of them, and let it include the other: Contour serves neither"])
    }
  }

  /// What the API requires of a route: without it the object does not come to be (networking/v1 Ingress, validation;
  /// HTTPProxy's CustomResourceDefinition).
  private static func refused(_ route: GatewayRoute, _ member: GatewayMember) -> [Diagnostic] {
    let spec = route.manifest.node["spec"]
    func finding(_ message: String, _ node: Node, _ help: String) -> Diagnostic {
      Diagnostic(
        GatewayDNSRules.routeRefused,
        "\(route.manifest.kind) \(route.manifest.name) of \(member.name) is refused: \(message)",
        at: node.range,
        help: [help])
    }
    switch route.manifest.kind {
    case "Ingress" where route.manifest.identity.group == "networking.k8s.io":
      return (spec?["rules"]?.elements.flatMap { $0.at("http", "paths")?.elements.map { $0 } ?? [] } ?? [])
        .compactMap { path in
          let type = path["pathType"]
          guard let type, ["Exact", "Prefix", "ImplementationSpecific"].contains(type.text) else {
            return finding(
              type.map { "there is no pathType '\($0.text)'" } ?? "a path has no pathType", type ?? path,
              "write 'pathType: Prefix'")
          }
          guard let service = path.at("backend", "service") else { return nil }
          let port = service["port"]
          guard port?["number"] == nil, port?["name"] == nil else { return nil }
          return finding("the backend has no port", service, "write 'port: {number: …}' or its name")
        }
    case "HTTPProxy":
      return (spec?["routes"]?.elements.flatMap { $0["services"]?.elements.map { $0 } ?? [] } ?? [])
        .filter { $0["port"] == nil }.map {
          finding("a service of a route has no port", $0, "write its 'port'")
        }
    default: return []
    }
  }

  private func listener(
    _ name: String, _ port: Int, _ portNode: Node?, _ target: BoundTarget, _ routes: [GatewayRoute],
    _ member: GatewayMember
  ) -> [Diagnostic] {
    guard let wanted = listener(of: port, member), !routes.isEmpty else { return [] }
    let served = routes.map { (route: $0, listeners: Self.listeners($0, name)) }
    // Of other kinds the gateway's listeners decide, which are not looked at.
    guard served.allSatisfy({ $0.listeners != nil }),
      !served.contains(where: { $0.listeners?.contains(wanted) ?? true }), let route = routes.first
    else { return [] }
    let tls = route.manifest.node.at("spec", "virtualhost", "tls") ?? route.node
    return [
      Diagnostic(
        GatewayDNSRules.gatewayListener,
        wanted == .secure
          ? "port \(port) of the gateway takes TLS, and \(route.manifest.kind) \(route.manifest.name) has none for \(name)"
          : "\(route.manifest.kind) \(route.manifest.name) passes TLS of \(name) on, and port \(port) of the gateway takes HTTP",
        at: (portNode ?? target.reference).range,
        portNode == nil ? "gatewayPort is 80" : "answers for other hosts only",
        also: [Label(tls.range, "in \(member.name)")],
        help: [
          wanted == .secure
            ? "add 'tls' to the route, or leave out 'gatewayPort': HTTP is at port 80"
            : "write 'gatewayPort: 443', or the port at which the gateway takes TLS"
        ])
    ]
  }

  /// What a port of the gateway is for: by its number, or its name in the Service; nil where neither tells.
  private func listener(of port: Int, _ member: GatewayMember) -> Listener? {
    let facts = [member.cluster.declared, member.cluster.observed]
    let service = facts.lazy.compactMap { $0.services[link.service] }.first
    switch service?.ports.first(where: { $0.number == port })?.name {
    case "http": return .plain
    case "https": return .secure
    default: return port == 443 ? .secure : port == 80 ? .plain : nil
    }
  }

  /// Where a route is served; nil for a kind of which that is not known.
  private static func listeners(_ route: GatewayRoute, _ name: String) -> Set<Listener>? {
    let spec = route.manifest.node["spec"]
    switch route.manifest.kind {
    case "HTTPProxy":
      guard let tls = spec?.at("virtualhost", "tls") else { return [.plain] }
      // With a certificate, port 80 answers too: with a redirect, which clients follow, or with the route itself.
      return tls["passthrough"]?.boolean == true ? [.secure] : [.plain, .secure]
    case "Ingress":
      let isSecure = spec?["tls"]?.elements.contains { entry in
        entry["hosts"]?.elements.contains { $0.text == route.host } ?? true
      }
      return isSecure == true ? [.plain, .secure] : [.plain]
    default: return nil
    }
  }
}
