import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Networks of members, and how packets travel between them (facts 8 to 13).
struct AddressingChecks {
  let mesh: MeshLink
  let model: FleetModel

  private enum Use: String {
    case pods = "pods"
    case services = "Services"
    case nodes = "nodes"
  }

  /// A declared network.
  private struct Range {
    let network: IPNetwork
    let text: Located<String>
    let use: Use
    let cluster: String
    let first: UInt128
    let last: UInt128

    init?(_ text: Located<String>, _ use: Use, _ cluster: String) {
      guard let network = IPNetwork(text.value) else { return nil }
      self.network = network
      self.text = text
      self.use = use
      self.cluster = cluster
      let width = network.address.isIPv6 ? 128 : 32
      let free = UInt128(width - network.prefixLength)
      let mask: UInt128 = free == 128 ? .max : (UInt128(1) << free) - 1
      first = network.address.bits & ~mask
      last = network.address.bits | mask
    }
  }

  func findings() -> [Diagnostic] {
    overlaps() + undeclaredPods() + datapath() + nativeRouting() + families() + encryption()
  }

  private func ranges() -> [Range] {
    mesh.bound.flatMap { member -> [Range] in
      guard let cluster = model.clusters[member.cluster]?.cluster else { return [] }
      return cluster.podCIDRs.compactMap { Range($0, .pods, member.cluster) }
        + cluster.serviceCIDRs.compactMap { Range($0, .services, member.cluster) }
        + cluster.nodeCIDRs.compactMap { Range($0, .nodes, member.cluster) }
    }
  }

  /// Sorted by their first address, so that only neighbours are compared: about n log n, and the overlaps.
  private func overlaps() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for isIPv6 in [false, true] {
      let sorted = ranges().filter { $0.network.address.isIPv6 == isIPv6 }.sorted {
        ($0.first, $1.last, $0.cluster) < ($1.first, $0.last, $1.cluster)
      }
      var open: [Range] = []
      for range in sorted {
        open.removeAll { $0.last < range.first }
        for other in open.prefix(8) { if let finding = finding(other, range) { findings.append(finding) } }
        open.append(range)
      }
    }
    return findings
  }

  private func finding(_ a: Range, _ b: Range) -> Diagnostic? {
    let label = { (range: Range) in Label(range.text.node.range, "\(range.use.rawValue) of \(range.cluster)")
    }
    switch (a.use, b.use) {
    case (.pods, .pods):
      guard a.cluster != b.cluster else { return nil }
      return Diagnostic(
        ClusterMeshRules.podOverlap,
        "the pods of \(b.cluster) and of \(a.cluster) share addresses: \(b.text.value) and \(a.text.value)",
        at: b.text.node.range, "pods of \(b.cluster)", also: [label(a)],
        help: ["give each member a pod network of its own: a packet's address must tell its cluster"])
    case (.services, .services):
      guard a.cluster != b.cluster else { return nil }
      var finding = Diagnostic(
        ClusterMeshRules.serviceOverlap,
        "the Services of \(b.cluster) and of \(a.cluster) share addresses: \(b.text.value) and \(a.text.value)",
        at: b.text.node.range, "Services of \(b.cluster)", also: [label(a)],
        help: ["give each member a Service network of its own"])
      let usesClusterIP = [a, b].contains { mesh.member($0.cluster)?.settings.serviceType == .clusterIP }
      if usesClusterIP { finding.severity = .error }
      return finding
    case (.nodes, .nodes): return nil
    case (.pods, _), (_, .pods):
      return Diagnostic(
        ClusterMeshRules.podConflict,
        "the \(b.use.rawValue) of \(b.cluster) and the \(a.use.rawValue) of \(a.cluster) share addresses: \(b.text.value) and \(a.text.value)",
        at: b.text.node.range, "\(b.use.rawValue) of \(b.cluster)", also: [label(a)],
        help: ["pods, nodes and Services need networks of their own, in every member"])
    default: return nil
    }
  }

  /// The chart's default pool, 10.0.0.0/8, is the same in every cluster that does not set another.
  private func undeclaredPods() -> [Diagnostic] {
    mesh.bound.compactMap { member in
      guard let cluster = model.clusters[member.cluster]?.cluster, cluster.podCIDRs.isEmpty else {
        return nil
      }
      var finding = Diagnostic(
        ClusterMeshRules.podOverlap, "nobody says which addresses the pods of \(member.cluster) have",
        at: cluster.name.node.range, "no spec.network.podCIDRs",
        help: ["declare them: the chart's own pool, 10.0.0.0/8, would be the same in every member"])
      finding.severity = .warning
      return finding
    }
  }

  // MARK: Datapath

  private func datapath() -> [Diagnostic] {
    guard let first = mesh.bound.first else { return [] }
    var findings: [Diagnostic] = []
    func differs(_ what: String, _ a: String, _ b: String, _ member: MeshMember, _ node: Node?) {
      findings.append(
        Diagnostic(
          ClusterMeshRules.datapath,
          "the members use different \(what): \(member.cluster) \(b), \(first.cluster) \(a)",
          at: (node ?? member.settings.node).range, b,
          also: [Label(first.settings.node.range, "\(first.cluster): \(a)")],
          help: ["all members of a mesh use one: change it in one of them"]))
    }
    for member in mesh.bound.dropFirst() {
      let (a, b) = (first.settings, member.settings)
      if a.routing != b.routing {
        differs("routing modes", a.routing, b.routing, member, b.routingMode?.node)
      } else if b.routing == "tunnel" {
        if a.tunnel != b.tunnel {
          differs("tunnel protocols", a.tunnel, b.tunnel, member, b.tunnelProtocol?.node)
        }
        let (one, other) = (Self.tunnelPort(a), Self.tunnelPort(b))
        if a.tunnel == b.tunnel, one != other {
          differs("tunnel ports", String(one), String(other), member, b.node["tunnelPort"])
        }
      }
    }
    return findings
  }

  static func tunnelPort(_ settings: CiliumSettings) -> Int {
    settings.node["tunnelPort"]?.integer ?? (settings.tunnel == "geneve" ? 6081 : 8472)
  }

  /// Pods outside the range would be masqueraded: their identity is lost.
  private func nativeRouting() -> [Diagnostic] {
    let pods = ranges().filter { $0.use == .pods }
    var findings: [Diagnostic] = []
    for member in mesh.bound where member.settings.routing == "native" {
      for (key, isIPv6) in [("ipv4NativeRoutingCIDR", false), ("ipv6NativeRoutingCIDR", true)] {
        let family = pods.filter { $0.network.address.isIPv6 == isIPv6 }
        guard !family.isEmpty else { continue }
        guard let node = member.settings.node[key], let network = IPNetwork(node.text) else {
          findings.append(
            Diagnostic(
              ClusterMeshRules.nativeRouting, "\(member.cluster) routes natively and has no \(key)",
              at: (member.settings.routingMode?.node ?? member.settings.node).range, "native routing",
              help: ["declare \(key): a network that holds the pods of all members"]))
          continue
        }
        for range in family
        where !(network.prefixLength <= range.network.prefixLength && network.contains(range.network.address))
        {
          findings.append(
            Diagnostic(
              ClusterMeshRules.nativeRouting,
              "\(key) of \(member.cluster) does not hold the pods of \(range.cluster), \(range.text.value)",
              at: node.range, "too narrow", also: [Label(range.text.node.range, "pods of \(range.cluster)")],
              help: ["widen it to a network that holds the pods of all members"]))
        }
      }
    }
    return findings
  }

  private func families() -> [Diagnostic] {
    var families: [String: (MeshMember, Node)] = [:]
    for member in mesh.bound {
      guard let pods = model.clusters[member.cluster]?.cluster.podCIDRs, let first = pods.first else {
        continue
      }
      let kinds = Set(pods.compactMap { IPNetwork($0.value)?.address.isIPv6 })
      let family = kinds.count == 2 ? "IPv4 and IPv6" : kinds.contains(true) ? "IPv6" : "IPv4"
      if families[family] == nil { families[family] = (member, first.node) }
    }
    guard families.count > 1 else { return [] }
    let sorted = families.sorted { $0.value.0.cluster < $1.value.0.cluster }
    guard let (one, base) = sorted.first else { return [] }
    return sorted.dropFirst().map { family, place in
      Diagnostic(
        ClusterMeshRules.families, "\(place.0.cluster) has \(family) pods, \(base.0.cluster) has \(one)",
        at: place.1.range, family, also: [Label(base.1.range, one)],
        help: ["members reach each other only by a family that both have"])
    }
  }

  private func encryption() -> [Diagnostic] {
    let declared = mesh.bound.filter { $0.settings.encryption != nil }
    guard let first = declared.first, let wanted = first.settings.encryption else { return [] }
    var findings: [Diagnostic] = []
    for member in mesh.bound {
      let mode = member.settings.encryption?.value
      if mode == nil, wanted.value == .none { continue }
      guard (mode ?? .none) != wanted.value else { continue }
      findings.append(
        Diagnostic(
          ClusterMeshRules.encryption,
          "\(member.cluster) \(mode.map { "encrypts with \($0.rawValue)" } ?? "declares no encryption") and \(first.cluster) has \(wanted.value.rawValue)",
          at: (member.settings.encryption?.node ?? member.settings.node).range, mode?.rawValue ?? "none",
          also: [Label(wanted.node.range, wanted.value.rawValue)],
          help: ["all members encrypt in the same way, or none does"]))
    }
    return findings
  }
}
