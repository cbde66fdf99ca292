import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What must be open between the networks of a mesh's members (documentation, operations/system_requirements and
/// network/clustermesh; values of the charts).
struct MeshOpenings {
  let mesh: MeshLink
  let model: FleetModel

  /// Every pair of members, in the order of their names; then what readers of the kubeconfigs need.
  func pairs() -> [NetworkPair] {
    let members = mesh.bound
    var pairs: [NetworkPair] = []
    for (index, first) in members.enumerated() {
      for second in members[(index + 1)...] {
        pairs.append(
          NetworkPair(
            [first.cluster, second.cluster],
            [state(from: first, to: second), state(from: second, to: first)] + datapath(first, second)
              + checks(first, second)))
      }
    }
    guard mesh.settings.writesKubeconfig else { return pairs }
    return pairs
      + members.compactMap { member in
        apiServer(member).map { NetworkPair([member.cluster], [$0]) }
      }
  }

  // MARK: Ends

  private func nodes(_ member: MeshMember) -> NetworkOpening.End {
    let cluster = model.clusters[member.cluster]
    let declared = cluster?.cluster.nodeCIDRs.map(\.value) ?? []
    return NetworkOpening.End(
      member.cluster, "nodes", declared.isEmpty ? cluster.map(PeerAddress.nodeAddresses) ?? [] : declared)
  }

  private func pods(_ member: MeshMember) -> NetworkOpening.End {
    NetworkOpening.End(
      member.cluster, "pods", model.clusters[member.cluster]?.cluster.podCIDRs.map(\.value) ?? [])
  }

  /// Where the member's state is read: nodes for a node port, else the Service's own address.
  private func server(_ member: MeshMember) -> NetworkOpening.End {
    let known: [String] =
      switch PeerAddress(of: member, in: model) {
      case .ips(let addresses): addresses
      case .name(let name): [name]
      case .pending: []
      }
    switch member.settings.serviceType {
    case .nodePort:
      return NetworkOpening.End(member.cluster, "nodes", known.isEmpty ? nodes(member).addresses : known)
    case .loadBalancer: return NetworkOpening.End(member.cluster, "load balancer", known)
    case .clusterIP: return NetworkOpening.End(member.cluster, "cluster IP", known)
    }
  }

  // MARK: Openings

  /// Agents and KVStoreMesh read the other members' etcd; what leaves a cluster has a node's address.
  private func state(from reader: MeshMember, to member: MeshMember) -> NetworkOpening {
    NetworkOpening(
      from: nodes(reader), to: server(member), port: String(member.settings.peerPort), transport: "TCP",
      purpose: "\(reader.cluster) reads the mesh's state from clustermesh-apiserver")
  }

  private func datapath(_ first: MeshMember, _ second: MeshMember) -> [NetworkOpening] {
    var openings: [NetworkOpening] = []
    let settings = first.settings
    if settings.routing == "native" {
      openings.append(
        NetworkOpening(
          from: pods(first), to: pods(second), isMutual: true, port: "all", transport: "all",
          purpose: "packets of pods, routed as they are"))
    } else {
      openings.append(
        between(
          first, second, String(AddressingChecks.tunnelPort(settings)), "UDP",
          "the tunnel between nodes (\(settings.tunnel))"))
    }
    switch (settings.encryption ?? second.settings.encryption)?.value {
    case .wireguard: openings.append(between(first, second, "51871", "UDP", "WireGuard between nodes"))
    case .ipsec: openings.append(between(first, second, "all", "ESP", "IPsec between nodes (protocol 50)"))
    case nil, .some(.none): break
    }
    return openings
  }

  /// Nothing breaks without these; either of the first two tells Cilium that a node is well.
  private func checks(_ first: MeshMember, _ second: MeshMember) -> [NetworkOpening] {
    [
      between(first, second, "4240", "TCP", "health checks between nodes, or ICMP", .recommended),
      between(
        first, second, "all", "ICMP", "health checks between nodes (echo request), or 4240", .recommended),
      between(first, second, "4244", "TCP", "where Hubble Relay spans the clusters", .optional),
      between(first, second, "4250", "TCP", "where mutual authentication is used", .optional),
    ]
  }

  private func between(
    _ first: MeshMember, _ second: MeshMember, _ port: String, _ transport: String, _ purpose: String,
    _ need: NetworkOpening.Need = .required
  ) -> NetworkOpening {
    NetworkOpening(
      from: nodes(first), to: nodes(second), isMutual: true, port: port, transport: transport,
      purpose: purpose, need: need)
  }

  /// The mesh itself never asks another member's API server.
  private func apiServer(_ member: MeshMember) -> NetworkOpening? {
    guard let cluster = model.clusters[member.cluster], let settings = APIServerSettings(cluster) else {
      return nil
    }
    var ignored: [Diagnostic] = []
    let service = MeshNames.apiServer(cluster, settings, model, mesh, &ignored) ?? ""
    guard let text = settings.url(service: service, in: cluster), let url = ServerURL(text) else {
      return nil
    }
    return NetworkOpening(
      from: NetworkOpening.End(nil, "readers of the kubeconfigs", []),
      to: NetworkOpening.End(member.cluster, "API server", [url.host]), port: String(url.port),
      transport: "TCP",
      purpose: "for people and programs with a kubeconfig; the mesh itself does not need it",
      need: .optional)
  }
}
