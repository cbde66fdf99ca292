import Diagnostics
import Kubernetes
import YAMLTree

/// What is valid in CiliumNetworkPolicies and rarely meant. Those of the whole cluster select what may come.
extension PolicyLints {
  mutating func checkCilium(
    _ manifest: Manifest, _ policy: CompiledPolicy, _ selector: EndpointSelector, _ namespace: Int
  ) {
    let pods = podsOfNamespace[namespace] ?? []
    if policy.maySelect.isEmpty, !pods.isEmpty, policy.rules.enforced.may,
      !manifests.operatorPods.contains(where: {
        $0.namespace == namespaceName(namespace) && selector.pods.matches($0.labels)
      })
    {
      report(
        ReachabilityRules.policySelectsNothing,
        "\(manifest.identity.description) selects no pod of \(namespaceName(namespace))",
        manifest.node.at("spec", "endpointSelector") ?? manifest.nameNode,
        "none has \(selector.pods.description)", help: nearest(selector.pods, among: pods))
    }
    for (direction, prefix) in [(NetworkPolicy.Direction.ingress, "from"), (.egress, "to")] {
      var reported: Set<Int> = []
      for rule in policy.rules.section(direction)?.rules ?? [] {
        // A rule with several lists of ports is read as several.
        let isFirst = reported.insert(rule.node.range.start).inserted
        if isFirst {
          checkPeers(rule, prefix)
          checkNamed(rule.node, prefix)
        }
        checkPorts(rule, policy, direction)
      }
    }
  }

  private mutating func checkPeers(_ rule: PolicyRules.Rule, _ prefix: String) {
    let nodes = rule.node["\(prefix)Endpoints"]?.elements.map { $0 } ?? []
    guard let peers = rule.peers, peers.count == nodes.count else { return }
    for (peer, node) in zip(peers, nodes) {
      guard case .endpoints(let selector) = peer, selector.cluster.isEmpty,
        let answer = engine.tables.known(PeerTerm(peer, policyNamespace: nil)),
        engine.tables.peerSets[answer.may].isEmpty
      else { continue }
      let scope = engine.network.namespaces.indices.filter {
        engine.network.namespaces[$0].matches(selector.namespaces, engine.network.profile).may
      }
      let known = scope.flatMap { podsOfNamespace[$0] ?? [] }
      let help: String?
      if known.isEmpty {
        guard scope.isEmpty, let near = nearestNamespace(selector.namespaces) else { continue }
        help = near
      } else {
        help = nearest(selector.pods, among: known)
      }
      report(
        ReachabilityRules.peerSelectsNothing, "this peer selects no known pod", node,
        selector.pods.requirements.isEmpty ? "" : "none has \(selector.pods.description)", help: help)
    }
  }

  private mutating func checkPorts(
    _ rule: PolicyRules.Rule, _ policy: CompiledPolicy, _ direction: NetworkPolicy.Direction
  ) {
    var classes = policy.maySelect
    if direction == .egress {
      guard let peers = rule.peers else { return }
      classes = peers.reduce(IntervalSet()) { classes, peer in
        guard case .endpoints = peer, let answer = engine.tables.known(PeerTerm(peer, policyNamespace: nil))
        else { return classes }
        return classes.union(engine.tables.peerSets[answer.may].classes)
      }
    }
    for entry in rule.node["toPorts"]?.elements.map({ $0 }) ?? [] {
      for node in entry["ports"]?.elements.map({ $0 }) ?? [] {
        guard let name = node["port"]?.string,
          let transport = TransportProtocol(rawValue: node["protocol"]?.text.uppercased() ?? "")
        else { continue }
        if let number = UInt16(name) {
          guard number > 0, node["endPort"] == nil, rule.action == .allow,
            rule.ports?.contains(.range(transport, Int(number), Int(number))) ?? false,
            !checkNumber(number, transport, classes, node), direction == .ingress
          else { continue }
          checkUndeclared(number, transport, classes, node)
        } else if rule.ports?.contains(.name(transport, name.lowercased())) ?? false {
          checkName(name.lowercased(), transport, classes, node)
        }
      }
    }
  }

  // MARK: What rules name

  private mutating func checkNamed(_ rule: Node, _ prefix: String) {
    for item in rule["\(prefix)Services"]?.elements.map({ $0 }) ?? [] {
      guard let reference = item["k8sService"], let name = reference["serviceName"],
        let namespace = reference["namespace"]?.string, !namespace.isEmpty
      else { continue }
      let there = engine.network.services.filter { $0.key.namespace == namespace }
      guard !there.contains(where: { $0.key.name == name.text }) else { continue }
      let near = didYouMean(name.text, among: there.map(\.key.name))
      // Services of other repositories are not seen here.
      guard near != nil || !there.isEmpty else { continue }
      report(
        ReachabilityRules.ciliumNamed, "no manifest describes Service \(namespace)/\(name.text)", name,
        help: near ?? "the Services there are \(listed(there.map(\.key.name).sorted()))")
    }
    for item in rule["\(prefix)CIDRSet"]?.elements.map({ $0 }) ?? [] {
      guard let name = item["cidrGroupRef"], !name.isNull else { continue }
      let names = engine.network.addressGroups.map(\.name)
      guard !names.isEmpty, !names.contains(name.text) else { continue }
      report(
        ReachabilityRules.ciliumNamed, "no manifest describes CiliumCIDRGroup \(name.text)", name,
        help: didYouMean(name.text, among: names) ?? "the groups are \(listed(names.sorted()))")
    }
  }
}
