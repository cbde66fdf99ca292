import Kubernetes
import YAMLTree

/// AdminNetworkPolicy and BaselineAdminNetworkPolicy (v1alpha1) and what replaces both, ClusterNetworkPolicy
/// (v1alpha2) of policy.networking.k8s.io.
///
/// Facts 1.13: rules in their order, the first that matches decides; Pass leaves it to the policies of
/// namespaces; host-network pods are neither subjects nor peers; nothing is isolated by being selected.
enum AdminPolicyReading {
  /// - Parameter leavesOut: np-guard's conventions know no nodes and no names of domains.
  static func rules(
    _ manifest: Manifest, number: Int, enforced: Ternary, leavesOut: Bool
  ) -> PolicyRules {
    let spec = manifest.node["spec"]
    let isBaseline =
      manifest.kind == "BaselineAdminNetworkPolicy" || spec?["tier"]?.text == "Baseline"
    let priority = spec?["priority"]?.integer ?? 0
    return PolicyRules(
      manifest: number, namespace: nil,
      stage: isBaseline ? .baseline(priority: priority) : .admin(priority: priority),
      subject: .endpoints(endpoints(spec?["subject"]) ?? .nobody), enforced: enforced,
      ingress: section(spec, "ingress", "from", leavesOut),
      egress: section(spec, "egress", "to", leavesOut))
  }

  private static func section(
    _ spec: Node?, _ list: StaticString, _ key: StaticString, _ leavesOut: Bool
  ) -> PolicyRules.Section? {
    guard let rules = spec?[list], rules.count > 0 else { return nil }
    return PolicyRules.Section(
      isolates: false,
      rules: rules.elements.enumerated().map { index, rule in
        var doubts: OpenQuestions = []
        let action: PolicyRules.Action
        switch rule["action"]?.text {
        case "Allow", "Accept": action = .allow
        case "Pass": action = .pass
        case "Deny": action = .deny
        default:
          action = .deny
          doubts = .otherPolicies
        }
        return PolicyRules.Rule(
          peers: rule[key]?.elements.map { peer($0, leavesOut) } ?? [], ports: ports(rule), action: action,
          doubts: doubts,
          node: rule, list: list, number: index + 1)
      })
  }

  /// A subject, or a peer that names pods.
  private static func endpoints(_ node: Node?) -> EndpointSelector? {
    if let namespaces = node?["namespaces"], !namespaces.isNull {
      return EndpointSelector(namespaces: LabelSelector(namespaces))
    }
    if let pods = node?["pods"], !pods.isNull {
      return EndpointSelector(
        namespaces: LabelSelector(pods["namespaceSelector"]), pods: LabelSelector(pods["podSelector"]))
    }
    return nil
  }

  private static func peer(_ node: Node, _ leavesOut: Bool) -> PolicyRules.Peer {
    if let endpoints = endpoints(node) { return .endpoints(endpoints) }
    if let networks = node["networks"] {
      return .networks(AddressBlock(networks.elements.compactMap { IPNetwork($0.text) }))
    }
    if leavesOut, node["nodes"] != nil || node["domainNames"] != nil { return .nothing }
    if node["nodes"] != nil { return .somebody(pods: false, nodes: true, addresses: false) }
    if node["domainNames"] != nil {
      return .somebody(pods: false, nodes: false, addresses: true, .hostNames)
    }
    // What this program does not know may match anybody.
    return .somebody(pods: true, nodes: true, addresses: true)
  }

  private static func ports(_ rule: Node) -> [PolicyRules.Port]? {
    if let ports = rule["ports"], ports.count > 0 { return ports.elements.flatMap { port($0) } }
    if let protocols = rule["protocols"], protocols.count > 0 {
      return protocols.elements.flatMap { port(ofProtocol: $0) }
    }
    return nil
  }

  /// v1alpha1: `portNumber`, `portRange` or `namedPort`.
  private static func port(_ node: Node) -> [PolicyRules.Port] {
    func transport(_ node: Node) -> TransportProtocol? {
      TransportProtocol(rawValue: node["protocol"]?.text ?? "TCP")
    }
    if let single = node["portNumber"], let transport = transport(single),
      let number = single["port"]?.integer
    {
      return [.range(transport, number, number)]
    }
    if let range = node["portRange"], let transport = transport(range), let first = range["start"]?.integer,
      let last = range["end"]?.integer
    {
      return [.range(transport, first, last)]
    }
    if let name = node["namedPort"]?.text { return TransportProtocol.allCases.map { .name($0, name) } }
    return [.nothing]
  }

  /// v1alpha2: one protocol with its destination port, or a name.
  private static func port(ofProtocol node: Node) -> [PolicyRules.Port] {
    if let name = node["destinationNamedPort"]?.text {
      return TransportProtocol.allCases.map { .name($0, name) }
    }
    let keys: [(StaticString, TransportProtocol)] = [("tcp", .tcp), ("udp", .udp), ("sctp", .sctp)]
    for (key, transport) in keys {
      guard let entry = node[key] else { continue }
      guard let port = entry["destinationPort"], !port.isNull else {
        return [.numbers(transport, PortSet.all(of: transport)[transport])]
      }
      if let number = port["number"]?.integer { return [.range(transport, number, number)] }
      if let first = port.at("range", "start")?.integer, let last = port.at("range", "end")?.integer {
        return [.range(transport, first, last)]
      }
    }
    return [.nothing]
  }
}
