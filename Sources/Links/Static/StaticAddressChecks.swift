import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Addresses of a link as the clusters of its clients would use them.
struct StaticAddressChecks {
  let link: StaticLink
  let model: FleetModel

  /// Each address of a target is looked at once for each cluster with clients.
  func findings(_ connections: [BoundConnection]) -> [Diagnostic] {
    var clients: [String: Set<String>] = [:]
    for connection in connections {
      for target in connection.targets {
        clients[target.cluster, default: []].formUnion(connection.clients(of: target).compactMap(\.cluster))
      }
    }
    var findings: [Diagnostic] = []
    for (target, names) in clients.sorted(by: { $0.key < $1.key }) {
      guard case .declared(let addresses) = link.addresses[target] else { continue }
      for cluster in names.sorted().compactMap({ model.clusters[$0]?.cluster }) {
        for address in addresses {
          if let parsed = IPAddress(address.value) { check(address, parsed, cluster, &findings) }
        }
      }
    }
    return findings
  }

  private func check(
    _ address: Located<String>, _ parsed: IPAddress, _ cluster: Cluster, _ findings: inout [Diagnostic]
  ) {
    let name = cluster.name.value
    func holder(_ networks: [Located<String>]) -> Located<String>? {
      networks.first { IPNetwork($0.value)?.contains(parsed) ?? false }
    }
    if let services = holder(cluster.serviceCIDRs) {
      findings.append(
        Diagnostic(
          StaticRules.clusterIP, "\(address.value) is an address of Services in \(name)",
          at: address.node.range,
          "clients in \(name) are led to it",
          also: [Label(services.node.range, "serviceCIDRs of \(name)")],
          help: ["no endpoint can be a cluster IP: use the address that the other cluster is reached at"]))
      return
    }
    for (networks, what) in [(cluster.podCIDRs, "pods"), (cluster.nodeCIDRs, "nodes")] {
      guard let own = holder(networks) else { continue }
      findings.append(
        Diagnostic(
          StaticRules.ownNetwork, "\(address.value) lies among the \(what) of \(name), where clients are",
          at: address.node.range, "clients in \(name) are led to it",
          also: [Label(own.node.range, "the \(what) of \(name)")],
          help: ["use the address that the other cluster is reached at, or correct the network"]))
    }
    guard parsed.isIPv6, !cluster.serviceCIDRs.isEmpty,
      cluster.serviceCIDRs.allSatisfy({ IPNetwork($0.value)?.address.isIPv6 == false })
    else { return }
    findings.append(
      Diagnostic(
        StaticRules.family, "\(name) has no IPv6: its API server refuses a Service for \(address.value)",
        at: address.node.range, "an IPv6 address",
        also: cluster.serviceCIDRs.prefix(1).map { Label($0.node.range, "serviceCIDRs of \(name)") },
        help: ["use an IPv4 address, or add the cluster's IPv6 networks"]))
  }
}
