import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Addresses and ports at which members are reached (facts 14 to 18 and 22).
struct PeerChecks {
  let mesh: MeshLink
  let model: FleetModel

  func findings() -> [Diagnostic] {
    mesh.bound.flatMap { member in
      checkAddress(member) + checkPort(member) + checkNodePort(member) + checkNames(member)
        + checkObservation(member)
    } + sharedNodePorts()
  }

  private func checkAddress(_ member: MeshMember) -> [Diagnostic] {
    let settings = member.settings
    var findings: [Diagnostic] = []
    func report(_ message: String, _ node: Node, _ text: String, _ help: String) {
      findings.append(Diagnostic(ClusterMeshRules.peerAddress, message, at: node.range, text, help: [help]))
    }
    if let address = settings.address, let first = settings.ips.first {
      report(
        "\(member.cluster) has 'ips' and 'address'", address.node, "the chart would drop it silently",
        "keep one of them: 'ips' for addresses, 'address' for a DNS name")
      findings.indices.last.map { findings[$0].secondary = [Label(first.node.range, "ips")] }
    }
    var seen: Set<String> = []
    for ip in settings.ips {
      if IPAddress(ip.value) == nil {
        report("'\(ip.value)' is not an IP address", ip.node, "not an address", "write a name as 'address'")
      } else if !seen.insert(ip.value).inserted {
        report("\(ip.value) stands twice", ip.node, "again", "remove one")
      }
    }
    if let address = settings.address {
      if IPAddress(address.value)?.isIPv6 == true {
        report(
          "'\(address.value)' would make a URL that no client reads", address.node,
          "an IPv6 address without brackets",
          "write it under 'ips'")
      } else if IPAddress(address.value) == nil, !Self.isHostName(address.value) {
        report(
          "'\(address.value)' is not a host name", address.node, "not a name",
          "write a DNS name, without scheme and port")
      } else if IPAddress(address.value) != nil {
        findings.append(
          Diagnostic(
            ClusterMeshRules.literalAddress, "'address' of \(member.cluster) is an IP address",
            at: address.node.range,
            "checked against the server's certificate",
            help: ["write it under 'ips': peers then come by a name that every certificate has"]))
      }
    }
    if settings.serviceType == .nodePort, settings.ips.count == 1, let only = settings.ips.first {
      findings.append(
        Diagnostic(
          ClusterMeshRules.oneNode, "peers reach \(member.cluster) by one node only", at: only.node.range,
          "when it fails, the member is lost to the others",
          help: ["name several nodes, or use a load balancer"]))
    }
    return findings
  }

  static func isHostName(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.count <= 253
      && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
        !label.isEmpty && label.utf8.count <= 63 && !label.hasPrefix("-") && !label.hasSuffix("-")
          && label.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_") || Character(Unicode.Scalar(byte)).isLetter
              || Character(Unicode.Scalar(byte)).isNumber
          }
      }
  }

  private func checkPort(_ member: MeshMember) -> [Diagnostic] {
    let settings = member.settings
    guard let node = settings.mesh?["port"], let port = node.integer, port != settings.peerPort,
      !(settings.isExternallyCreated && settings.serviceType == .loadBalancer)
    else { return [] }
    return [
      Diagnostic(
        ClusterMeshRules.peerPort,
        "peers would look for \(member.cluster) at port \(port), and its Service of type \(settings.serviceType.rawValue) answers at \(settings.peerPort)",
        at: node.range, "not the Service's port",
        also: settings.nodePort.map { [Label($0.node.range, "its node port")] } ?? [],
        help: ["remove 'port': it follows from the Service's type"])
    ]
  }

  private func checkNodePort(_ member: MeshMember) -> [Diagnostic] {
    let settings = member.settings
    guard settings.serviceType == .nodePort else {
      return settings.nodePort.map { port in
        [
          Diagnostic(
            ClusterMeshRules.nodePort,
            "a Service of type \(settings.serviceType.rawValue) takes no nodePort here",
            at: port.node.range, "without effect", help: ["remove it, or use type NodePort"])
        ]
      } ?? []
    }
    let node = settings.nodePort?.node ?? settings.name.node
    guard let cluster = model.clusters[member.cluster] else { return [] }
    let range = cluster.cluster.nodePorts
    guard range ~= settings.peerPort else {
      return [
        Diagnostic(
          ClusterMeshRules.nodePort, "\(settings.peerPort) is not a node port of \(member.cluster)",
          at: node.range, "not between \(range.lowerBound) and \(range.upperBound)",
          help: [
            "choose a free port of that range, or say which one the API server has: spec.network.nodePortRange"
          ])
      ]
    }
    if let exposure = APIServerSettings(cluster)?.exposure?.nodePort, exposure.value == settings.peerPort {
      return [clash(member, node, "the API server's Service", exposure.node)]
    }
    let own = NamespacedName(settings.namespace, CiliumSettings.serviceName)
    for (key, service) in cluster.declared.services.sorted(by: { $0.key < $1.key }) where key != own {
      if let port = service.ports.first(where: { $0.nodePort == settings.peerPort }) {
        return [clash(member, node, "Service \(key.description)", port.node)]
      }
    }
    return []
  }

  private func clash(_ member: MeshMember, _ node: Node, _ other: String, _ place: Node) -> Diagnostic {
    Diagnostic(
      ClusterMeshRules.nodePort,
      "\(other) in \(member.cluster) has node port \(member.settings.peerPort) too",
      at: node.range, "clustermesh-apiserver's", also: [Label(place.range, other)],
      help: ["choose another nodePort for one of them"])
  }

  /// Before 1.19, with kube-proxy replacement, a packet to another cluster's node port is taken by the own one.
  private func sharedNodePorts() -> [Diagnostic] {
    var first: [Int: MeshMember] = [:]
    var findings: [Diagnostic] = []
    for member in mesh.bound where member.settings.serviceType == .nodePort {
      guard let other = first[member.settings.peerPort] else {
        first[member.settings.peerPort] = member
        continue
      }
      let confused = [member, other].first {
        $0.settings.chartVersion.confusesNodePorts && $0.settings.replacesKubeProxy == true
      }
      guard let confused else { continue }
      findings.append(
        Diagnostic(
          ClusterMeshRules.nodePort,
          "\(member.cluster) and \(other.cluster) use node port \(member.settings.peerPort), and \(confused.cluster) would take the other's for its own",
          at: (member.settings.nodePort?.node ?? member.settings.name.node).range,
          "node port of \(member.cluster)",
          also: [Label(confused.settings.chartNode.range, "before 1.19, with kube-proxy replacement")],
          help: ["give each member a nodePort of its own, or upgrade to chart 1.19"]))
    }
    return findings
  }

  /// Certificates that the author provides cover what the author says; others get every name that is needed.
  private func checkNames(_ member: MeshMember) -> [Diagnostic] {
    guard mesh.settings.certificates.method == .userProvided else { return [] }
    let settings = member.settings
    let host: String
    let node: Node
    if let address = settings.address {
      host = address.value
      node = address.node
    } else {
      host = "\(member.name).\(mesh.settings.domain)"
      node = settings.name.node
    }
    let declared = settings.mesh?["serverNames"]
    guard declared != nil || host != "\(member.name).\(MeshSettings.defaultDomain)",
      !ServerNames.covers(host, settings.serverNames)
    else { return [] }
    return [
      Diagnostic(
        ClusterMeshRules.serverNames, "the server certificate of \(member.cluster) does not cover \(host)",
        at: (declared ?? node).range, "peers connect to \(host)",
        help: ["issue the certificate for \(host), and list the name in serverNames"])
    ]
  }

  /// A fact that is declared and observed must be the same.
  private func checkObservation(_ member: MeshMember) -> [Diagnostic] {
    let settings = member.settings
    guard let service = PeerAddress.observedService(member, in: model) else { return [] }
    var findings: [Diagnostic] = []
    func conflict(_ what: String, _ declared: String, _ observed: String, _ node: Node) {
      findings.append(
        Diagnostic(
          ClusterMeshRules.observedOtherwise,
          "the \(what) of \(CiliumSettings.serviceName) in \(member.cluster) is \(observed), not \(declared)",
          at: node.range, "declared", also: [Label(service.manifest.nameNode.range, "observed")],
          help: ["correct the declaration, or observe the cluster again"]))
    }
    if service.type != settings.serviceType.rawValue {
      conflict(
        "type", settings.serviceType.rawValue, service.type,
        settings.mesh?["serviceType"] ?? settings.name.node)
    } else if settings.serviceType == .nodePort, let port = service.ports.first?.nodePort,
      port != settings.peerPort
    {
      conflict(
        "node port", String(settings.peerPort), String(port), settings.nodePort?.node ?? settings.name.node)
    } else if settings.serviceType != .nodePort, !settings.ips.isEmpty,
      case .ips(let observed) = PeerAddress.observed(member, in: model),
      Set(observed) != Set(settings.ips.map(\.value)), let first = settings.ips.first
    {
      conflict(
        "address", settings.ips.map(\.value).joined(separator: ", "), observed.joined(separator: ", "),
        first.node)
    }
    return findings
  }
}
