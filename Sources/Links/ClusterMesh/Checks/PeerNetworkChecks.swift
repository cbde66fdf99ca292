import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Whether a member's addresses can be those of its `clustermesh-apiserver`, seen from other clusters: no address of
/// pods, a cluster IP for type ClusterIP and for no other, nobody else's node, and one member's only.
struct PeerNetworkChecks {
  /// A network of a member's Cluster document.
  private struct Network {
    let network: IPNetwork
    let cluster: String
    let place: SourceRange
  }

  private let mesh: MeshLink
  private let model: FleetModel
  /// The networks of all members, in their order, read once: every address is compared with each.
  private let pods: [Network]
  private let services: [Network]
  private let nodes: [Network]

  init(mesh: MeshLink, model: FleetModel) {
    func networks(_ declared: KeyPath<Cluster, [Located<String>]>) -> [Network] {
      mesh.bound.flatMap { member in
        (model.clusters[member.cluster]?.cluster[keyPath: declared] ?? []).compactMap { text in
          IPNetwork(text.value).map { Network(network: $0, cluster: member.cluster, place: text.node.range) }
        }
      }
    }
    self.mesh = mesh
    self.model = model
    pods = networks(\.podCIDRs)
    services = networks(\.serviceCIDRs)
    nodes = networks(\.nodeCIDRs)
  }

  /// Linear in the members' addresses times the networks of all.
  func findings() -> [Diagnostic] {
    mesh.bound.flatMap { member in member.settings.ips.compactMap { finding($0, member) } + clusterIPs(member)
    }
      + shared()
  }

  private func finding(_ ip: Located<String>, _ member: MeshMember) -> Diagnostic? {
    // What is no address at all is reported as such.
    guard let address = IPAddress(ip.value) else { return nil }
    func report(_ message: String, _ text: String, _ place: Label?, _ help: String) -> Diagnostic {
      Diagnostic(
        ClusterMeshRules.peerNetwork, message, at: ip.node.range, text, also: place.map { [$0] } ?? [],
        help: [help])
    }
    if let fault = address.endpointFault {
      return report(
        "\(ip.value) is \(fault): no other cluster reaches it", "of \(member.cluster)", nil,
        "use the address at which the others reach the Service")
    }
    if let (other, network) = holder(of: address, pods) {
      return report(
        "\(ip.value) is an address of the pods of \(other)", "peers reach a Service, not a pod",
        Label(network, "pods of \(other)"), Self.help(member))
    }
    let holder = holder(of: address, services)
    if member.settings.serviceType == .clusterIP {
      guard let own = model.clusters[member.cluster]?.cluster,
        own.serviceCIDRs.contains(where: { IPNetwork($0.value)?.address.isIPv6 == address.isIPv6 }),
        holder?.cluster != member.cluster
      else { return nil }
      return report(
        "\(ip.value) is no cluster IP of \(member.cluster)", "its Service is of type ClusterIP",
        own.serviceCIDRs.first.map { Label($0.node.range, "its cluster IPs") },
        "use the Service's cluster IP, or another 'serviceType'")
    }
    if let (other, network) = holder {
      return report(
        "\(ip.value) is a cluster IP of \(other)", "known inside that cluster only",
        Label(network, "Services of \(other)"), Self.help(member))
    }
    return nodes(address, ip, member)
  }

  /// Node ports answer at the own nodes; load balancers may take addresses of their network.
  private func nodes(
    _ address: IPAddress, _ ip: Located<String>, _ member: MeshMember
  ) -> Diagnostic? {
    guard let own = model.clusters[member.cluster]?.cluster,
      !own.nodeCIDRs.contains(where: { IPNetwork($0.value)?.contains(address) ?? false })
    else { return nil }
    if let (other, network) = holder(of: address, nodes) {
      return Diagnostic(
        ClusterMeshRules.peerNetwork,
        "\(ip.value) is an address of the nodes of \(other), not of \(member.cluster)",
        at: ip.node.range, "peers would read \(other)", also: [Label(network, "nodes of \(other)")],
        help: [Self.help(member)])
    }
    guard member.settings.serviceType == .nodePort, let first = own.nodeCIDRs.first else { return nil }
    var finding = Diagnostic(
      ClusterMeshRules.peerNetwork, "\(ip.value) is in no network of the nodes of \(member.cluster)",
      at: ip.node.range, "node ports answer at the nodes", also: [Label(first.node.range, "its nodes")],
      help: [
        "use addresses of its nodes; where they have others for the outside, add that network to nodeCIDRs"
      ])
    finding.severity = .warning
    return finding
  }

  private static func help(_ member: MeshMember) -> String {
    switch member.settings.serviceType {
    case .nodePort: "use addresses of the nodes of \(member.cluster)"
    case .loadBalancer: "use the address of the load balancer of \(member.cluster)"
    case .clusterIP: "use the Service's cluster IP"
    }
  }

  /// The first member one of whose networks holds an address.
  private func holder(
    of address: IPAddress, _ networks: [Network]
  ) -> (cluster: String, network: SourceRange)? {
    networks.first { $0.network.contains(address) }.map { ($0.cluster, $0.place) }
  }

  /// A Service has one cluster IP of each family.
  private func clusterIPs(_ member: MeshMember) -> [Diagnostic] {
    guard member.settings.serviceType == .clusterIP else { return [] }
    var first: [Bool: Located<String>] = [:]
    return member.settings.ips.compactMap { ip in
      guard let address = IPAddress(ip.value), let other = first.updateValue(ip, forKey: address.isIPv6),
        other.value != ip.value
      else { return nil }
      return Diagnostic(
        ClusterMeshRules.peerNetwork,
        "a Service of type ClusterIP has one address, and \(member.cluster) lists two",
        at: ip.node.range, "the second", also: [Label(other.node.range, "the first")],
        help: ["keep the Service's cluster IP"])
    }
  }

  /// One address and port for two members: all would read one of them.
  private func shared() -> [Diagnostic] {
    struct Place: Hashable {
      let address: IPAddress
      let port: Int
    }
    var first: [Place: (member: MeshMember, ip: Located<String>)] = [:]
    var findings: [Diagnostic] = []
    for member in mesh.bound {
      for ip in member.settings.ips {
        guard let address = IPAddress(ip.value) else { continue }
        let place = Place(address: address, port: member.settings.peerPort)
        guard let other = first[place] else {
          first[place] = (member, ip)
          continue
        }
        guard other.member.cluster != member.cluster else { continue }
        findings.append(
          Diagnostic(
            ClusterMeshRules.peerNetwork,
            "\(other.member.cluster) and \(member.cluster) have one address, \(ip.value), and one port, \(place.port)",
            at: ip.node.range, "of \(member.cluster)",
            also: [Label(other.ip.node.range, "of \(other.member.cluster)")],
            help: ["give each member its own address: peers would read one of the two for both"]))
      }
    }
    return findings
  }
}
