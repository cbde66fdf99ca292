import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// `spec.loadBalancerSourceRanges` of a Service in front of a gateway: who may come through its load balancer. Of clients
/// in another cluster nobody knows the addresses with which they arrive.
struct SourceRanges {
  private let service: KnownObject
  private let node: Node
  private let block: AddressBlock
  private let cluster: String

  /// Nil where the Service lets everybody in.
  init?(_ service: KnownObject?, in cluster: JudgedCluster) {
    guard let service, let node = service.node.at("spec", "loadBalancerSourceRanges"), node.count > 0 else {
      return nil
    }
    let networks = node.elements.compactMap { item in
      IPNetwork(item.text.filter { !$0.isWhitespace })
    }
    // What cannot be read is the API server's to refuse.
    guard networks.count == node.count else { return nil }
    block = AddressBlock(networks)
    guard !block.isSuperset(of: AddressBlock(["0.0.0.0/0"].compactMap { IPNetwork($0) })) else { return nil }
    self.service = service
    self.node = node
    self.cluster = cluster.name
  }

  func judge(_ hop: Hop.Kind, _ walk: inout Walk) {
    guard !walk.isOver else { return }
    let texts = listed(node.elements.map(\.text))
    let name = service.manifest.identity.description
    if case .external(_, let cidrs) = walk.client.place {
      let own = AddressBlock(cidrs.compactMap { IPNetwork($0.value) })
      if block.isSuperset(of: own) { return }
      if !block.overlaps(own) {
        walk.fail(
          hop, in: cluster, name,
          Fault(
            JudgementRules.unpublished,
            "\(name) of \(cluster) admits \(texts) alone, and the clients come from \(listed(cidrs.map(\.value)))",
            at: [service.label(at: node)],
            help: ["add \(listed(cidrs.map(\.value))) to loadBalancerSourceRanges"],
            because: .found(
              ObjectQuery(
                "Service", of: "", in: cluster, service.manifest.namespace, service.name,
                where: [.only(["spec", "loadBalancerSourceRanges", "*"], node.elements.map(\.text))])),
            wanted: .no))
        return
      }
    }
    // Pods leave a cluster with the addresses of its nodes, unless something behind these rewrites them again.
    if let nodes = walk.clientCluster?.model.cluster.nodeCIDRs.compactMap({ IPNetwork($0.value) }),
      !nodes.isEmpty,
      block.isSuperset(of: AddressBlock(nodes))
    {
      return
    }
    walk.depend(
      hop, in: cluster, at: [service.label(at: node)], name,
      on: [
        Question(
          "whether the addresses with which clients arrive are among the loadBalancerSourceRanges of \(name) in \(cluster) (\(texts))",
          at: service.evidence == .declared ? node.range : nil,
          help: "where they are, suppress the note with that reason")
      ])
  }
}
