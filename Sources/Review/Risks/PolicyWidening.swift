import Kubernetes
import YAMLTree

/// What a policy lets through that it did not let through before, in words.
///
/// A comparison of what stands in two policies, not of what reaches what: that is the judge's work. It knows the rules
/// of NetworkPolicy and the peers of Cilium's policies.
enum PolicyWidening {
  /// The texts for a policy that changed (or, with `before` nil, that is new: then only what admits everybody counts,
  /// since the paths tell the rest).
  static func texts(_ before: Node?, _ after: Node?) -> [String] {
    let kind = after?["kind"]?.text ?? "NetworkPolicy"
    guard let after = after?["spec"] else { return [] }
    let before = before?["spec"]
    let (was, isNow) = (
      before.map { PolicyIsolation.directions($0, kind) }, PolicyIsolation.directions(after, kind)
    )
    var texts: [String] = []
    for (direction, peers, name) in [("ingress", "from", "Ingress"), ("egress", "to", "Egress")] {
      if was?.contains(name) == true, !isNow.contains(name), Self.isolating.contains(kind) {
        texts.append("\(direction) \(peers) everywhere: it does not isolate that direction any more")
        continue
      }
      // A section that policyTypes leaves out has no effect.
      let isPlain = kind == "NetworkPolicy"
      let old = Rules(isPlain && was?.contains(name) != true ? nil : before?[direction], peers)
      let new = Rules(isPlain && !isNow.contains(name) ? nil : after[direction], peers)
      texts += wider(old, new, direction, isNew: before == nil)
    }
    return texts
  }

  /// Kinds whose policies close what no rule admits.
  private static let isolating: Set<String> = [
    "NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy",
  ]

  private static func wider(_ old: Rules, _ new: Rules, _ direction: String, isNew: Bool) -> [String] {
    var texts: [String] = []
    let whom = direction == "ingress" ? "from" : "to"
    if new.admitsEveryPeer, !old.admitsEveryPeer { texts.append("\(direction) \(whom) everywhere") }
    for network in new.networks where !old.admitsEveryPeer {
      if isNew {
        if network.network.prefixLength == 0 { texts.append("\(direction) \(whom) \(network.text)") }
        continue
      }
      let holder = old.networks.first { $0.network.holds(network.network) }
      guard let holder else {
        texts.append("\(direction) \(whom) \(network.text)")
        continue
      }
      for gone in holder.exceptions where !network.exceptions.contains(gone) {
        texts.append("\(direction) \(whom) \(gone), which was excepted of \(network.text)")
      }
    }
    guard !isNew else { return texts }
    for peer in new.selectors where !old.selectors.contains(peer) && !old.admitsEveryPeer {
      texts.append("\(direction) \(whom) \(peer)")
    }
    if new.admitsEveryPort, !old.admitsEveryPort { texts.append("\(direction) on every port") }
    for port in new.ports where !old.ports.contains(port) && !old.admitsEveryPort {
      texts.append("\(direction) on port \(port)")
    }
    return texts
  }

  /// The rules of one direction, taken apart.
  private struct Rules {
    struct Network {
      let text: String
      let network: IPNetwork
      let exceptions: [String]
    }

    private(set) var admitsEveryPeer = false
    private(set) var admitsEveryPort = false
    private(set) var networks: [Network] = []
    private(set) var selectors: [String] = []
    private(set) var ports: [String] = []

    init(_ rules: Node?, _ peers: String) {
      guard let rules else { return }
      for rule in rules.elements {
        let own = rule[peers]
        let cilium = ["CIDR", "CIDRSet", "Endpoints", "Entities", "Services", "FQDNs", "Nodes", "Requires"]
          .compactMap { rule.entry(peers + $0)?.value }
        if own?.count ?? 0 == 0, cilium.isEmpty { admitsEveryPeer = true }
        for peer in own?.elements.map({ $0 }) ?? [] { add(peer) }
        for list in cilium { for peer in list.elements { add(peer) } }
        addPorts(rule)
      }
    }

    private mutating func add(_ peer: Node) {
      // Cilium's entity.
      if peer.string == "all" { admitsEveryPeer = true }
      let block = peer["ipBlock"] ?? peer
      if let cidr = block["cidr"]?.string ?? peer.string, let network = IPNetwork(cidr) {
        networks.append(
          Network(text: cidr, network: network, exceptions: block["except"]?.elements.map(\.text) ?? []))
      } else {
        selectors.append(InlineText.of(peer))
      }
    }

    private mutating func addPorts(_ rule: Node) {
      let own = rule["ports"]?.elements.map { $0 } ?? []
      let cilium = rule["toPorts"]?.elements.flatMap { $0["ports"]?.elements.map { $0 } ?? [] } ?? []
      if own.isEmpty, cilium.isEmpty { admitsEveryPort = true }
      for port in own + cilium {
        let number = port["port"].map { "\($0.text)" } ?? "any"
        let end = port["endPort"].map { "-\($0.text)" } ?? ""
        ports.append("\(number)\(end)/\(port["protocol"]?.text ?? "TCP")")
      }
    }
  }
}
