import Diagnostics
package import FleetSpec
import Kubernetes
package import Linker
import Templates
import YAMLTree

/// Known addresses: each client's cluster gets a Service without selector and the addresses behind it.
package enum Static: LinkType {
  package static let descriptor = LinkDescriptor(
    key: "static", rules: StaticRules.all, templates: StaticTemplates.all,
    observes: [
      ReducedKind(
        group: "", kind: "Service",
        fields: [
          ["status", "loadBalancer", "ingress", "[]", "ip"],
          ["status", "loadBalancer", "ingress", "[]", "hostname"],
        ])
    ],
    perCluster: [
      PerClusterField(["serviceName"], .client), PerClusterField(["endpointSliceName"], .client),
      PerClusterField(["ports"], .target), PerClusterField(["portNames"], .client),
      PerClusterField(["labels"], .client),
    ], extras: StaticTemplates.extras, isLocal: true)

  package static func bind(_ link: Link, in model: FleetModel) -> LinkBinding {
    var findings: [Diagnostic] = []
    var addresses: [String: StaticLink.Addresses] = [:]
    for (cluster, value) in link.section["addresses"]?.entries.map({ $0 }) ?? [] {
      if model.clusters[cluster.text] == nil, !model.specification.isInvalid("Cluster", cluster.text) {
        findings.append(
          Diagnostic(
            LinkerRules.unknownCluster, "there is no Cluster '\(cluster.text)'", at: cluster.range,
            "not declared",
            help: [
              didYouMean(cluster.text, among: model.clusterNames)
                ?? "the clusters are \(listed(model.clusterNames))"
            ]))
      }
      let nodes = value.kind == .sequence ? Array(value.elements) : [value]
      if value.string == "observed" {
        addresses[cluster.text] = .observed(value)
        continue
      }
      check(nodes, &findings)
      addresses[cluster.text] = .declared(nodes.map { Located($0.text, $0) })
    }
    guard findings.isEmpty else { return LinkBinding(nil, findings) }
    return LinkBinding(StaticLink(link: link, addresses: addresses), [])
  }

  /// Rules of the API server for endpoint addresses, and one family per slice.
  private static func check(_ nodes: [Node], _ findings: inout [Diagnostic]) {
    for node in nodes {
      guard let address = IPAddress(node.text) else {
        findings.append(
          Diagnostic(
            StaticRules.address, "'\(node.text)' is not an IP address", at: node.range, "not an address",
            help: ["write it in canonical form, without leading zeros"]))
        continue
      }
      guard let fault = address.endpointFault else { continue }
      findings.append(
        Diagnostic(
          StaticRules.address, "\(node.text) is \(fault): the API server refuses it in endpoints",
          at: node.range, "refused",
          help: ["use the address that the other cluster is reached at"]))
    }
    if Set(nodes.compactMap { IPAddress($0.text)?.isIPv6 }).count > 1, let last = nodes.last {
      findings.append(
        Diagnostic(
          StaticRules.address, "IPv4 and IPv6 addresses of one cluster cannot share an EndpointSlice",
          at: last.range,
          "another family", help: ["declare a second link for the other family"]))
    }
  }
}

/// A Link of type static.
struct StaticLink: BoundLink {
  enum Addresses: Sendable {
    case declared([Located<String>])
    /// The address of the target Service's load balancer, as its cluster reported it.
    case observed(Node)
  }

  let link: Link
  let addresses: [String: Addresses]

  var members: [String] { addresses.keys.sorted() }

  func plan(_ connections: [BoundConnection], in model: FleetModel) -> LinkPlan {
    var plan = LinkPlan()
    var units: [StaticConnection] = []
    plan.findings += StaticAddressChecks(link: self, model: model).findings(connections)
    for connection in connections {
      if let match = connection.connection.to.match, match.value == .any {
        plan.findings.append(
          Diagnostic(
            StaticRules.matchAny, "a static link gives each cluster's Service a name of its own",
            at: match.node.range,
            "'any' needs a mesh or a gateway", help: ["use 'match: each'"]))
        continue
      }
      plan.findings += Self.unknownPorts(connection)
      units.append(StaticConnection(link: self, connection: connection, model: model))
    }
    let shared = SharedEndpoint.all(units)
    for endpoint in shared {
      for index in units.indices
      where endpoint.users.contains(where: { $0.connection === units[index].connection }) {
        units[index].shared.insert(endpoint.place)
      }
    }
    plan.units += units
    plan.units += shared
    return plan
  }

  /// Keys of `ports` and `portNames` that are no port of the connection: a slip of the pen would go unseen.
  private static func unknownPorts(_ connection: BoundConnection) -> [Diagnostic] {
    let ports = Set(connection.targets.flatMap { $0.ports.map { String($0.port.number) } })
    guard !ports.isEmpty else { return [] }
    var findings: [Diagnostic] = []
    var seen: Set<Int> = []
    let clusters = Set(connection.targets.map(\.cluster) + connection.clients.compactMap(\.cluster)).sorted()
    for section in clusters.compactMap({ connection.section("static", in: $0) }) {
      for field in ["ports", "portNames"] {
        for (key, _) in section[field]?.entries.map({ $0 }) ?? []
        where !ports.contains(key.text) && seen.insert(key.origin).inserted {
          findings.append(
            Diagnostic(
              StaticRules.unknownPort,
              "'\(field)' speaks of port \(key.text), which the connection does not reach", at: key.range,
              "without effect",
              help: [
                "its ports are \(listed(ports.sorted { $0.utf8.count != $1.utf8.count ? $0.utf8.count < $1.utf8.count : $0 < $1 }))"
              ]))
        }
      }
    }
    return findings
  }
}
