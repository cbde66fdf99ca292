import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Whether declared addresses can be those of gateways, seen from other clusters.
struct GatewayPlaceChecks {
  let gateway: GatewayChoice
  let members: [TetrateMember]
  let model: FleetModel

  /// Linear in the addresses and the members' networks.
  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    var first: [IPAddress: (cluster: String, node: Node)] = [:]
    for (cluster, addresses) in gateway.addresses.sorted(by: { $0.key < $1.key }) {
      for text in addresses {
        guard let address = IPAddress(text.value) else { continue }
        if let fault = address.endpointFault {
          findings.append(
            Diagnostic(
              TetrateRules.gatewayPlace, "\(text.value) is \(fault): no other cluster reaches it",
              at: text.node.range,
              "the gateway of \(cluster)", help: ["use the address of the gateway's load balancer"]))
        } else if let (other, network, what) = holder(of: address) {
          findings.append(
            Diagnostic(
              TetrateRules.gatewayPlace, "\(text.value) is an address of the \(what) of \(other)",
              at: text.node.range,
              "known inside a cluster only", also: [Label(network, "\(what) of \(other)")],
              help: ["use the address of the gateway's load balancer"]))
        }
        if let other = first[address], other.cluster != cluster {
          findings.append(
            Diagnostic(
              TetrateRules.gatewayPlace,
              "the gateways of \(other.cluster) and \(cluster) have one address, \(text.value)",
              at: text.node.range,
              "of \(cluster)", also: [Label(other.node.range, "of \(other.cluster)")],
              help: ["give each gateway its own: endpoints of both would be one"]))
        } else {
          first[address] = (cluster, text.node)
        }
      }
    }
    return findings
  }

  private func holder(of address: IPAddress) -> (cluster: String, network: SourceRange, what: String)? {
    for member in members {
      guard let cluster = model.clusters[member.cluster]?.cluster else { continue }
      for (networks, what) in [(cluster.podCIDRs, "pods"), (cluster.serviceCIDRs, "Services")] {
        if let network = networks.first(where: { IPNetwork($0.value)?.contains(address) ?? false }) {
          return (member.cluster, network.node.range, what)
        }
      }
    }
    return nil
  }
}
