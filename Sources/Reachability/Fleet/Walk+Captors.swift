import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What stands in the clients' own cluster before an address outside: Services that take it, and caches on the nodes.
extension Walk {
  /// A Service of the clients' cluster with the address among its `externalIPs` takes what they send there: every node of
  /// the cluster leads it to that Service's pods (kubernetes documentation, "Service: external IPs").
  mutating func judgeCaptors(of address: IPAddress, port: Int, _ transport: TransportProtocol) {
    judgeOwnNetworks(address, port)
    guard !isOver, let cluster = clientCluster, !cluster.externalAddresses.isEmpty else { return }
    let text = address.text
    let conditions: [ObjectCondition] = [
      .text(["spec", "externalIPs", "*"], [text]),
      .element(
        ["spec", "ports", "*"],
        [.number(["port"], port), .text(["protocol"], [transport.rawValue], default: "TCP")]),
    ]
    let claim = Claim.found(ObjectQuery("Service", of: "", in: cluster.name, where: conditions))
    let captor = cluster.externalAddresses[address]?.first { service in
      service.ports.contains { $0.number == port && $0.transport == transport }
    }
    guard let captor else {
      rely(on: claim, isNot: true)
      return
    }
    let addresses = captor.manifest.node.at("spec", "externalIPs")
    fail(
      .address, in: cluster.name, "\(text):\(port)",
      Fault(
        JudgementRules.address,
        "Service \(captor.key.description) of \(cluster.name) takes what its pods send to \(text):\(port): the address is among its externalIPs",
        at: [Label(addresses?.range ?? captor.manifest.nameNode.range, "taken here")],
        help: ["take \(text) out of 'externalIPs', or the port out of that Service"], because: claim,
        wanted: .no))
  }

  /// An address among those of the clients' own pods or Services: what pods send there stays in their cluster.
  private mutating func judgeOwnNetworks(_ address: IPAddress, _ port: Int) {
    guard !isOver, let cluster = clientCluster, cluster.name != target.cluster else { return }
    let document = cluster.model.cluster
    for (networks, key, whose) in [
      (document.podCIDRs, "podCIDRs", "pods"), (document.serviceCIDRs, "serviceCIDRs", "Services"),
    ] {
      guard let holding = networks.first(where: { IPNetwork($0.value)?.contains(address) ?? false }) else {
        continue
      }
      fail(
        .address, in: cluster.name, "\(address.text):\(port)",
        Fault(
          JudgementRules.address,
          "\(address.text) is among the addresses of \(whose) of \(cluster.name) itself: what its pods send there does not leave it",
          at: [Label(holding.node.range, "holds the address")],
          help: [
            "reach \(target.cluster) by an address that no cluster of its clients uses, or correct '\(key)'"
          ],
          because: .found(
            ObjectQuery(
              of: nil, in: cluster.name, nil, nil, .document,
              where: [.text(["spec", "network", key, "*"], [holding.value])])), wanted: .no))
      return
    }
  }

  /// Where a cache on each node answers DNS questions, clients that policies isolate must be let out to it.
  func cacheQuestions() -> [Question] {
    guard let slice = clientSlice, let cache = slice.cluster.dnsCache,
      let address = IPAddress("169.254.20.10")
    else { return [] }
    let isShut = clientPods.contains { pod in
      !slice.isOpen(pod, .egress) && slice.engine.leaves(pod, to: .address(address), 53, .udp) != .yes
    }
    guard isShut else { return [] }
    return [
      Question(
        "whether policies let the clients out to the DNS cache of their nodes: \(cache.description) of kube-system in \(slice.cluster.name)",
        at: cache.manifest.nameNode.range,
        help:
          "admit UDP and TCP 53 to the cache's address, which is \(address.text) where nobody has chosen another"
      )
    ]
  }
}

extension JudgedCluster {
  /// The workload of NodeLocal DNSCache (kubernetes documentation, "Using NodeLocal DNSCache in Kubernetes Clusters").
  var dnsCache: Workload? {
    guard model.cluster.distribution == .kubernetes else { return nil }
    return workloads(in: "kube-system").first {
      $0.kind == "DaemonSet" && $0.isHostNetwork && $0.podLabels["k8s-app"] == "node-local-dns"
    }
  }
}
