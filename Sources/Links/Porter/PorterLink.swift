package import Diagnostics
package import FleetSpec
import Kubernetes
package import Linker
import YAMLTree

/// BC Government Porter: TransportServerClaims that publish Services on an F5 load balancer, in one cluster
/// (Silver) or in a pair (Gold and GoldDR).
///
/// Source of the rules: the operator's own code and the platform's documentation.
package enum Porter: LinkType {
  package static let descriptor = LinkDescriptor(
    key: "porter", rules: PorterRules.all, templates: PorterTemplates.all,
    observes: [
      ReducedKind(
        group: "porter.devops.gov.bc.ca", kind: "TransportServerClaim",
        resources: ["tsc", "tscs", "transportserverclaim", "transportserverclaims"],
        fields: [
          ["spec", "service"], ["spec", "servicePort"], ["status", "address"], ["status", "port"],
          ["status", "conditions", "[sorted]", "type"], ["status", "conditions", "[sorted]", "status"],
        ]),
      ReducedKind(
        group: "cis.f5.com", kind: "TransportServer",
        resources: ["ts", "transportserver", "transportservers"],
        fields: [
          ["metadata", "labels", "f5cr"], ["spec", "virtualServerAddress"], ["spec", "virtualServerPort"],
          ["spec", "pool", "service"], ["spec", "pool", "servicePort"], ["status", "vsAddress"],
          ["status", "status"],
        ]),
    ],
    perCluster: [
      PerClusterField(["networkPolicy"], .target, ofLinks: true), PerClusterField(["serviceName"], .client),
    ], extras: PorterTemplates.extras, isLocal: true)

  package static func check(_ model: FleetModel) -> [Diagnostic] { HandWrittenClaims.strays(model) }

  package static func bind(_ link: Link, in model: FleetModel) -> LinkBinding {
    guard let settings = PorterSettings(link) else { return LinkBinding(nil, []) }
    var findings: [Diagnostic] = []
    for name in [settings.primary] + (settings.secondary.map { [$0] } ?? [])
    where model.clusters[name.value] == nil {
      guard !model.specification.isInvalid("Cluster", name.value) else { continue }
      findings.append(
        Diagnostic(
          LinkerRules.unknownCluster, "there is no Cluster '\(name.value)'", at: name.node.range,
          "not declared",
          help: [
            didYouMean(name.value, among: model.clusterNames)
              ?? "the clusters are \(listed(model.clusterNames))"
          ]))
    }
    if let secondary = settings.secondary, secondary.value == settings.primary.value {
      findings.append(
        Diagnostic(
          PorterRules.pairOfOne, "primary and secondary are the same cluster", at: secondary.node.range,
          "named again",
          also: [Label(settings.primary.node.range, "primary")],
          help: ["remove 'secondary' for a single cluster"]))
    }
    for (cluster, key) in link.section["addresses"]?.entries.map({ ($0.key.text, $0.key) }) ?? []
    where !settings.members.contains(cluster) {
      findings.append(
        Diagnostic(
          PorterRules.pairOfOne, "'\(cluster)' is neither primary nor secondary", at: key.range,
          "not a member",
          help: [
            didYouMean(cluster, among: settings.members) ?? "the members are \(listed(settings.members))"
          ]))
    }
    findings += addressFindings(settings)
    findings += HandWrittenClaims.findings(settings, link, model)
    guard
      !findings.contains(where: { $0.severity == .error && $0.rule.id != PorterRules.claimInSecondary.id }),
      settings.members.allSatisfy({ model.clusters[$0] != nil })
    else { return LinkBinding(nil, findings) }
    return LinkBinding(PorterLink(link: link, settings: settings), findings)
  }
}

extension Porter {
  /// Addresses at which no load balancer can be reached, and one that two clusters are said to share.
  private static func addressFindings(_ settings: PorterSettings) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var owners: [String: (cluster: String, node: Node)] = [:]
    for cluster in settings.members {
      for (_, address) in (settings.addresses[cluster] ?? [:]).sorted(by: { $0.key < $1.key }) {
        if let fault = IPAddress(address.value)?.endpointFault {
          findings.append(
            Diagnostic(
              PorterRules.linkAddress, "\(address.value) is \(fault): no virtual server has it",
              at: address.node.range, "the address of \(cluster)",
              help: ["write the address that 'oc get ts' prints, or leave it out and observe it"]))
        }
        if let other = owners[address.value], other.cluster != cluster {
          findings.append(
            Diagnostic(
              PorterRules.sharedAddress, "\(other.cluster) and \(cluster) have one address, \(address.value)",
              at: address.node.range, "the address of \(cluster)",
              also: [Label(other.node.range, "the address of \(other.cluster)")],
              help: ["each cluster's load balancer has an address of its own"]))
        } else {
          owners[address.value] = (cluster, address.node)
        }
      }
    }
    return findings
  }
}

/// A Link of type porter.
struct PorterLink: BoundLink {
  let link: Link
  let settings: PorterSettings

  var members: [String] { settings.members }

  func plan(_ connections: [BoundConnection], in model: FleetModel) -> LinkPlan {
    var plan = LinkPlan()
    guard let primary = model.clusters[settings.primary.value] else { return plan }
    let secondary = settings.secondary.flatMap { model.clusters[$0.value] }
    var services: [NamespacedName: [BoundConnection]] = [:]
    var order: [NamespacedName] = []
    for connection in connections {
      if let match = connection.connection.to.match, match.value == .any {
        plan.findings.append(
          Diagnostic(
            PorterRules.matchAny, "a claim publishes each cluster's Service at an address of its own",
            at: match.node.range,
            "'any' needs a mesh or a gateway", help: ["use 'match: each', or a link that joins services"]))
        continue
      }
      for (index, target) in connection.targets.enumerated() {
        let key = target.service.key
        // A Service of both clusters is one.
        if connection.targets[..<index].contains(where: { $0.service.key == key }) { continue }
        if services[key] == nil { order.append(key) }
        services[key, default: []].append(connection)
      }
    }
    order.sort()
    plan.findings += Self.portsAskedForTwice(order, services)
    plan.findings += ClaimPermissions.findings(Set(order.map(\.namespace)).sorted(), primary, model)
    let claims = ClaimIndex(settings, model)
    let clientValues = ClientValues(settings)
    plan.units.reserveCapacity(order.count)
    for key in order {
      guard let connections = services[key] else { continue }
      let unit = PorterService(
        settings: settings, link: link.name.value, linkNode: link.name.node, service: key,
        connections: connections,
        primary: primary, secondary: secondary, claims: claims, clientValues: clientValues, model: model)
      plan.units.append(unit)
    }
    return plan
  }

  /// A port at a load balancer's address is granted once.
  private static func portsAskedForTwice(
    _ order: [NamespacedName], _ services: [NamespacedName: [BoundConnection]]
  ) -> [Diagnostic] {
    var first: [String: (service: NamespacedName, node: Node)] = [:]
    var findings: [Diagnostic] = []
    for service in order {
      let asked = (services[service] ?? []).lazy.compactMap {
        ClaimSettings($0.section("porter")).requestedPort
      }.first
      guard let asked else { continue }
      let key = "\(service.namespace) \(asked.value)"
      guard let other = first[key] else {
        first[key] = (service, asked.node)
        continue
      }
      findings.append(
        Diagnostic(
          PorterRules.requestedTwice,
          "the claims of \(other.service.name) and \(service.name) ask for one port, \(asked.value)",
          at: asked.node.range, "the second", also: [Label(other.node.range, "the first")],
          help: ["ask for different ports: whoever is served later gets a random one"]))
    }
    return findings
  }
}
