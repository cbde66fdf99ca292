import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Which addresses of a link a client's cluster can have behind a Service: those of its Services' families. An API server
/// refuses a Service of a family that the cluster has not (Kubernetes, "IPv4/IPv6 dual-stack").
struct StaticFamilies {
  /// Nil for a network outside.
  let cluster: JudgedCluster?

  /// Whether the Services of the cluster are of a family; true where nobody says so.
  private func has(_ address: IPAddress) -> Bool {
    guard let services = cluster?.model.cluster.serviceCIDRs, !services.isEmpty else { return true }
    return services.contains { IPNetwork($0.value)?.address.isIPv6 == address.isIPv6 }
  }

  /// Addresses of one family that the cluster has: IPv4 where there are such, since one EndpointSlice holds one family.
  func usable(_ nodes: [Node]) -> [Node] {
    guard cluster != nil else { return nodes }
    let possible = nodes.filter { IPAddress($0.text).map(has) ?? false }
    let first = possible.filter { IPAddress($0.text)?.isIPv6 == false }
    return first.isEmpty ? possible : first
  }

  func fault(_ node: Node, in target: String) -> Fault {
    let name = cluster?.name ?? ""
    let other = IPAddress(node.text)?.isIPv6 == true ? "IPv6" : "IPv4"
    return Fault(
      JudgementRules.address,
      "\(target) is at \(node.text) alone, and \(name) has no \(other): its API server refuses a Service for such addresses",
      at: [Label(node.range, "the address")]
        + (cluster?.model.cluster.serviceCIDRs.prefix(1).map {
          Label($0.node.range, "serviceCIDRs of \(name)")
        } ?? []),
      help: ["use an address of the other family, or add the cluster's \(other) networks"],
      because: .found(
        ObjectQuery(
          of: nil, in: name, nil, nil, .document,
          where: [.family(["spec", "network", "serviceCIDRs", "*"], isIPv6: other == "IPv6")])))
  }
}
