import Kubernetes
import YAMLTree

/// Admin policies, packet by packet.
extension NaiveEvaluator {
  func adminOpinions(_ policy: Manifest, _ subject: Int, _ side: Side, _ packet: Packet) -> [NaiveOpinion] {
    let spec = policy.node["spec"]
    let rules = spec?[side == .entering ? "ingress" : "egress"]?.elements.map { $0 } ?? []
    let selected = least(
      pods(spec?["subject"], .pod(subject)) ?? .no, network.profile.enforcesAdminPolicies)
    guard !rules.isEmpty, selected != .no else { return [] }
    let priority = spec?["priority"]?.integer ?? 0
    let isLast = policy.kind == "BaselineAdminNetworkPolicy" || spec?["tier"]?.string == "Baseline"
    return [
      NaiveOpinion(
        stage: isLast ? .last(priority: priority) : .first(priority: priority), selected: selected,
        isolates: false, rules: rules.map { rule($0, side, packet) })
    ]
  }

  private func rule(
    _ rule: Node, _ side: Side, _ packet: Packet
  ) -> (action: NaiveOpinion.Action, matches: Ternary) {
    var who = Ternary.no
    var what = Ternary.no
    for peer in rule[side == .entering ? "from" : "to"]?.elements.map({ $0 }) ?? [] {
      let isNetworks = peer["networks"] != nil
      let matches = self.peer(peer, packet.other(side))
      let port = ports(rule, packet, throughBlock: isNetworks && side == .leaving)
      // Peer and ports of one pair count together: a name means nothing towards addresses.
      if least(matches, port).rawValue > least(who, what).rawValue { (who, what) = (matches, port) }
    }
    let matches = least(who, what)
    switch rule["action"]?.string {
    case "Allow", "Accept": return (.allow, matches)
    case "Pass": return (.pass, matches)
    case "Deny": return (.deny, matches)
    default: return (.deny, least(matches, .depends))
    }
  }

  /// Nil where the node names no pods.
  private func pods(_ node: Node?, _ other: Endpoint) -> Ternary? {
    let namespaces: Node?
    let pods: Node?
    if let selector = node?["namespaces"], !selector.isNull {
      (namespaces, pods) = (selector, nil)
    } else if let both = node?["pods"], !both.isNull {
      (namespaces, pods) = (both["namespaceSelector"], both["podSelector"])
    } else {
      return nil
    }
    guard case .pod(let index) = other else { return .no }
    let pod = network.pods[index]
    guard !pod.isHostNetwork else { return .no }
    let facts = network.namespaces[pod.namespace]
    var answer = NaiveSelector.matches(namespaces) { values(of: $0, in: facts) }
    answer = least(answer, NaiveSelector.matches(pods) { values(of: $0, in: pod) })
    return facts.isRemote ? least(answer, network.profile.selectorsCrossClusters) : answer
  }

  private func peer(_ node: Node, _ other: Endpoint) -> Ternary {
    if let pods = pods(node, other) { return pods }
    if let networks = node["networks"] {
      let block = NaiveBlock(ranges: networks.elements.map(\.text))
      switch other {
      case .address(let address): return block.contains(address) ? .yes : .no
      case .pod(let index):
        return least(network.profile.networksMatchPods, holdsPod(block, network.pods[index]))
      }
    }
    if network.profile.name == NetworkProfile.npGuard, node["nodes"] != nil || node["domainNames"] != nil {
      return .no
    }
    if node["nodes"] != nil { return somebody(other, pods: false, nodes: true, addresses: false) }
    if node["domainNames"] != nil { return somebody(other, pods: false, nodes: false, addresses: true) }
    return somebody(other, pods: true, nodes: true, addresses: true)
  }

  private func ports(_ rule: Node, _ packet: Packet, throughBlock: Bool) -> Ternary {
    let old = rule["ports"]?.elements.map { $0 } ?? []
    let new = rule["protocols"]?.elements.map { $0 } ?? []
    if old.isEmpty, new.isEmpty { return .yes }
    var best = Ternary.no
    for entry in old {
      if let single = entry["portNumber"] {
        if (single["protocol"]?.string ?? "TCP") == packet.transport.rawValue,
          single["port"]?.integer == packet.port
        {
          return .yes
        }
      } else if let range = entry["portRange"] {
        if (range["protocol"]?.string ?? "TCP") == packet.transport.rawValue,
          let first = range["start"]?.integer, let last = range["end"]?.integer,
          packet.port >= first, packet.port <= last
        {
          return .yes
        }
      } else if let name = entry["namedPort"]?.text {
        best = greatest(best, namedPort(name, packet, throughBlock: throughBlock))
      }
    }
    if !old.isEmpty { return best }
    for entry in new {
      if let name = entry["destinationNamedPort"]?.text {
        best = greatest(best, namedPort(name, packet, throughBlock: throughBlock))
        continue
      }
      guard let mine = entry[packet.transport.rawValue.lowercased()] else { continue }
      guard let port = mine["destinationPort"], !port.isNull else { return .yes }
      if port["number"]?.integer == packet.port { return .yes }
      if let first = port["range"]?["start"]?.integer, let last = port["range"]?["end"]?.integer,
        packet.port >= first, packet.port <= last
      {
        return .yes
      }
    }
    return best
  }
}
