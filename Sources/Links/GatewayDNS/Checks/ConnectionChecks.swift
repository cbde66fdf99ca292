import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The connections of a link together with the routes of the gateways that they go through.
struct ConnectionChecks {
  let link: GatewayDNSLink
  let model: FleetModel

  /// A name that a connection uses.
  private struct Use {
    let name: String
    let node: Node
  }

  /// Linear in the connections' targets and the routes of the gateways' clusters.
  func findings(_ connections: [BoundConnection]) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var uses: [String: [Use]] = [:]
    var routes: [String: GatewayRoutes] = [:]
    for member in link.gateways { routes[member.name] = GatewayRoutes(member.cluster) }
    for connection in connections {
      checkForm(connection, &findings)
      checkClients(connection, &findings)
      for target in connection.targets {
        let settings = GatewayConnectionSettings(connection, target: target.cluster)
        guard let member = link.member(target.cluster) else { continue }
        guard member.isGateway else {
          findings.append(notSelected(target, member))
          continue
        }
        checkTarget(target, settings, member, &findings)
        let host = settings.host(of: target)
        let name = link.host(host, in: member)
        uses[member.name, default: []].append(
          Use(name: name, node: settings.host?.node ?? target.reference))
        checkHost(host, name, settings, target, &findings)
        if let routes = routes[member.name] {
          checkRoute(name, target, routes, member, &findings)
          findings += RouteChecks(link: link).findings(
            name, at: settings.port, settings.portNode, target, routes, member)
        }
      }
    }
    for member in link.gateways {
      guard let routes = routes[member.name] else { continue }
      checkRoutes(routes, uses[member.name] ?? [], member, &findings)
      checkNesting(uses[member.name] ?? [], member, &findings)
    }
    return findings
  }

  // MARK: The connection

  private func checkForm(_ connection: BoundConnection, _ findings: inout [Diagnostic]) {
    if let match = connection.connection.to.match, match.value == .any {
      findings.append(
        Diagnostic(
          GatewayDNSRules.matchAny, "a gateway's name holds the name of its cluster", at: match.node.range,
          "no name stands for several clusters", help: ["use 'match: each', or a mesh"]))
    }
    for cluster in Set(connection.clients.compactMap(\.cluster)).sorted() {
      let settings = GatewayConnectionSettings(connection, target: nil, client: cluster)
      switch settings.externalName {
      case .none: break
      case .templated(let node): noteHostHeader(node, &findings)
      case .named(let name):
        noteHostHeader(name.node, &findings)
        guard connection.targets.count > 1 else { continue }
        findings.append(
          Diagnostic(
            GatewayDNSRules.externalNameTwice,
            "\(connection.targets.count) targets cannot share the Service '\(name.value)'",
            at: name.node.range, "one name",
            help: ["write 'externalName: true' for a name per target, or split the connection"]))
      }
    }
  }

  private func noteHostHeader(_ node: Node, _ findings: inout [Diagnostic]) {
    findings.append(
      Diagnostic(
        GatewayDNSRules.externalNameHost,
        "HTTP clients of the Service send its name, which the gateway's route does not know",
        at: node.range, "an alias in DNS only",
        help: [
          "set the Host header (or the TLS server name) in the client, or list the Service's name in the route as well"
        ]))
  }

  private func checkClients(_ connection: BoundConnection, _ findings: inout [Diagnostic]) {
    for client in connection.clients {
      guard let cluster = client.cluster else {
        findings.append(
          Diagnostic(
            GatewayDNSRules.outsideClient, "networks outside the clusters do not resolve \(link.zone)",
            at: client.node.range, "no DNS server of the link", also: [link.zoneLabel],
            help: ["let their resolver forward the zone to one of the DNS servers, or use another link"]))
        continue
      }
      guard link.member(cluster) == nil, !model.specification.isInvalid("Cluster", cluster) else { continue }
      findings.append(
        Diagnostic(
          GatewayDNSRules.clientElsewhere,
          "clients in '\(cluster)' never learn the gateways' names", at: client.node.range,
          "not registered in \(link.settings.namespace.value) of \(link.management.name)",
          also: [Label(link.settings.namespace.node.range, "the controller serves this namespace only")],
          help: [
            "register the cluster there (spec.clusterAPI), or use another link; names do not cross management namespaces"
          ]))
    }
  }

  private func notSelected(_ target: BoundTarget, _ member: GatewayMember) -> Diagnostic {
    Diagnostic(
      GatewayDNSRules.notSelected,
      "the selector of '\(link.link.name.value)' leaves out cluster '\(target.cluster)'",
      at: target.reference.range, "reached by no name",
      also: [
        Label((link.settings.selectorNode ?? link.link.name.node).range, "the selector"),
        Label((member.registration.labelsNode ?? member.registration.node).range, "the cluster's labels"),
      ], help: ["label the cluster in spec.clusterAPI.labels if it has the gateway"])
  }

  private func checkTarget(
    _ target: BoundTarget, _ settings: GatewayConnectionSettings, _ member: GatewayMember,
    _ findings: inout [Diagnostic]
  ) {
    for port in target.ports where port.port.transport != .tcp {
      findings.append(
        Diagnostic(
          GatewayDNSRules.notTCP,
          "port \(port.port.number) of Service \(target.service.key.description) is \(port.port.transport.rawValue)",
          at: port.reference.node.range, "gateways route HTTP and TLS by host",
          also: [Label(port.port.node.range, "in \(target.cluster)")], help: ["use a TCP port, or a mesh"]))
    }
    let facts = [member.cluster.declared, member.cluster.observed]
    guard let gateway = facts.compactMap({ $0.services[link.service] }).first, !gateway.ports.isEmpty,
      !gateway.ports.contains(where: { $0.number == settings.port && $0.transport == .tcp })
    else { return }
    findings.append(
      Diagnostic(
        GatewayDNSRules.gatewayPort,
        "the gateway \(link.service.description) of \(member.name) has no port \(settings.port)",
        at: (settings.portNode ?? target.reference).range,
        settings.portNode == nil ? "gatewayPort is 80" : "not open",
        also: gateway.ports.prefix(4).map { Label($0.node.range, "one of its ports") },
        help: ["set gatewayDNS.gatewayPort to one of \(listed(gateway.ports.map(\.description)))"]))
  }

  private func checkHost(
    _ host: String, _ name: String, _ settings: GatewayConnectionSettings, _ target: BoundTarget,
    _ findings: inout [Diagnostic]
  ) {
    let node = settings.host?.node ?? target.reference
    if !host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy({
      DNSName.isLabel(String($0))
    }) {
      findings.append(
        Diagnostic(
          GatewayDNSRules.nameInDNS, "'\(host)' cannot be a part of a DNS name", at: node.range, "the host",
          help: ["use lower-case letters, digits and '-', at most 63 characters between dots"]))
    } else if name.utf8.count > DNSName.longest {
      findings.append(
        Diagnostic(
          GatewayDNSRules.nameTooLong,
          "\(name) has \(name.utf8.count) characters; DNS takes \(DNSName.longest)",
          at: node.range, "too long by \(name.utf8.count - DNSName.longest)",
          help: ["shorten the host, or the names of cluster and zone"]))
    }
  }

  // MARK: Routes

  /// Where no route of a cluster is known, nobody can say whether there is one with the host. Routes that are known
  /// are the judge's business.
  private func checkRoute(
    _ name: String, _ target: BoundTarget, _ routes: GatewayRoutes, _ member: GatewayMember,
    _ findings: inout [Diagnostic]
  ) {
    guard !routes.isOpen, routes.routes.isEmpty else { return }
    findings.append(
      Diagnostic(
        GatewayDNSRules.routesUnknown,
        "no route of \(member.name) is known, and one must have the host \(name)",
        at: target.reference.range, "the name resolves; without a route the gateway answers 404",
        help: [
          "put the HTTPProxy, Ingress or HTTPRoute of \(target.service.key.name) among the workloads of \(member.name), or 'linkwright record' it"
        ]))
  }

  /// Hosts of this link's names on the wrong cluster, and hosts that nobody asks for.
  private func checkRoutes(
    _ routes: GatewayRoutes, _ uses: [Use], _ member: GatewayMember, _ findings: inout [Diagnostic]
  ) {
    let suffix = "." + member.suffix(link.zone)
    let names = Set(uses.map(\.name))
    for route in routes.routes {
      if route.host.hasSuffix(suffix) {
        guard !names.contains(where: { route.takes($0) }), !isMeant(route.host.dropLast(suffix.utf8.count))
        else {
          continue
        }
        findings.append(
          Diagnostic(
            GatewayDNSRules.routeUnused, "no connection uses the host \(route.host)", at: route.node.range,
            "of \(route.manifest.kind) \(route.manifest.name) in \(member.name)",
            help: ["declare a Connection to it, or remove the route"]))
      } else if isOurs(route.host) {
        findings.append(
          Diagnostic(
            GatewayDNSRules.routeElsewhere, "the host \(route.host) never leads to \(member.name)",
            at: route.node.range, "of \(route.manifest.kind) \(route.manifest.name) in \(member.name)",
            also: [link.zoneLabel], help: ["names of this cluster end in \(suffix)"]))
      }
    }
  }

  /// True when some Connection asks for the host, although it has findings of its own.
  private func isMeant(_ host: Substring) -> Bool {
    model.specification.connections.contains { connection in
      if let named = connection.spec[GatewayDNS.descriptor.key]?["host"] { return named.text == host }
      switch connection.to.service {
      case .named(let names): return names.contains { $0.value == host }
      case .inline(let service, _): return service.key.name == host
      case .selected: return true
      }
    }
  }

  /// A host that is meant to be one of GatewayDNS's: in the zone, or of the form of its names.
  private func isOurs(_ host: String) -> Bool {
    if host.hasSuffix("." + link.zone) { return true }
    let labels = host.split(separator: ".")
    guard let gateway = labels.firstIndex(of: "gateway"), gateway > 0, labels.count > gateway + 3 else {
      return false
    }
    return labels[gateway + 3] == "clusters"
  }

  /// The wildcard takes several labels: one host below another is answered with the same address.
  private func checkNesting(_ uses: [Use], _ member: GatewayMember, _ findings: inout [Diagnostic]) {
    guard uses.count > 1 else { return }
    let first = Dictionary(uses.map { ($0.name, $0) }) { first, _ in first }
    for use in first.values.sorted(by: { $0.name < $1.name }) {
      let own = use.name.dropLast(member.suffix(link.zone).utf8.count + 1)
      var rest = own[...]
      while let dot = rest.firstIndex(of: ".") {
        rest = rest[rest.index(after: dot)...]
        guard let outer = first["\(rest).\(member.suffix(link.zone))"] else { continue }
        findings.append(
          Diagnostic(
            GatewayDNSRules.nestedHosts, "\(use.name) lies below \(outer.name)", at: use.node.range,
            "both go to the gateway of \(member.name)", also: [Label(outer.node.range, "the other")],
            help: ["nothing needs to change if the gateway has a route for each; else choose another host"]))
      }
    }
  }
}
