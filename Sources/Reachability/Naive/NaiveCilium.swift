import Kubernetes
import YAMLTree

/// Cilium's policies, packet by packet.
extension NaiveEvaluator {
  func ciliumOpinions(
    _ policy: Manifest, _ position: Int, _ subject: Int, _ side: Side, _ packet: Packet
  ) -> [NaiveOpinion] {
    guard network.profile.enforcesCiliumPolicies != .no else { return [] }
    let own = network.policyNamespaces[position]
    let namespace = own < 0 ? nil : network.namespaces[own].name
    var opinions: [NaiveOpinion] = []
    var specs = policy.node["specs"]?.elements.map { $0 } ?? []
    if let spec = policy.node["spec"] { specs.append(spec) }
    for spec in specs {
      let list = side == .entering ? "ingress" : "egress"
      let allows = spec[list]?.elements.map { $0 } ?? []
      let denies = spec[list + "Deny"]?.elements.map { $0 } ?? []
      let isolates = spec["enableDefaultDeny"]?[list]?.boolean ?? !(allows.isEmpty && denies.isEmpty)
      guard isolates || !allows.isEmpty || !denies.isEmpty else { continue }
      let isSubject = covers(spec, own < 0 ? nil : own, subject)
      if isSubject.isHost {
        // Whether a host's firewall lets it through is not known.
        opinions.append(
          NaiveOpinion(
            stage: .first(priority: .min), selected: .yes, isolates: false,
            rules: [(.allow, .depends), (.deny, .depends)]))
        continue
      }
      let selected = least(isSubject.answer, network.profile.enforcesCiliumPolicies)
      guard selected != .no else { continue }
      var rules: [(action: NaiveOpinion.Action, matches: Ternary)] = []
      for rule in allows { rules += ciliumRule(rule, .allow, namespace, side, packet) }
      for rule in denies { rules += ciliumRule(rule, .deny, namespace, side, packet) }
      opinions.append(
        NaiveOpinion(stage: .together, selected: selected, isolates: isolates, rules: rules))
    }
    return opinions
  }

  /// Whether a policy is about a pod, or about hosts and the pod in a host's network.
  private func covers(_ spec: Node, _ own: Int?, _ subject: Int) -> (answer: Ternary, isHost: Bool) {
    let pod = network.pods[subject]
    // As NetworkPolicies do: by place, not by name, for a peer may be listed with a namespace of its own.
    let isElsewhere = own.map { $0 != pod.namespace } ?? false
    let namespace = own.map { network.namespaces[$0].name }
    guard let selector = spec["endpointSelector"], !selector.isNull else {
      return (.no, spec["nodeSelector"] != nil && pod.isHostNetwork)
    }
    let keys = NaiveSelector.keys(selector)
    if keys.contains(where: isUnclear) { return (isElsewhere ? .no : .depends, false) }
    if keys.contains(where: { $0.hasPrefix("reserved:") }) {
      guard isSolelyReserved(selector) else {
        return (isElsewhere ? .no : .depends, false)
      }
      return (.no, pod.isHostNetwork)
    }
    if isElsewhere { return (.no, false) }
    // A selector that names another namespace than the policy's is not defined.
    if let namespace,
      NaiveSelector.matches(
        selector,
        possibleValues: { Self.plain($0) == "io.kubernetes.pod.namespace" ? [namespace] : nil }) == .no
    {
      return (.depends, false)
    }
    if pod.isHostNetwork { return (.no, false) }
    return (NaiveSelector.matches(selector) { identityValues($0, pod) }, false)
  }

  private static func plain(_ key: String) -> String {
    for prefix in ["k8s:", "any:"] where key.hasPrefix(prefix) { return String(key.dropFirst(prefix.count)) }
    return key
  }

  private func isUnclear(_ key: String) -> Bool {
    Self.plain(key).contains(":") && !key.hasPrefix("reserved:")
      || Self.plain(key) != key && Self.plain(key).contains(":")
  }

  private func isSolelyReserved(_ selector: Node) -> Bool {
    let keys = NaiveSelector.keys(selector)
    guard keys.count == 1, let key = keys.first, Self.entities.contains(String(key.dropFirst(9))) else {
      return false
    }
    if let value = selector["matchLabels"]?[key] { return value.text.isEmpty }
    let expression = selector["matchExpressions"]?.elements.first { _ in true }
    return expression?["operator"]?.text == "In" && expression?["values"]?.elements.map(\.text) == [""]
  }

  private static let entities = [
    "all", "world", "world-ipv4", "world-ipv6", "host", "remote-node", "cluster", "cluster-mesh",
    "kube-apiserver", "ingress", "health", "init", "unmanaged", "none",
  ]

  /// All that Cilium knows of a pod, by key.
  private func identityValues(_ key: String, _ pod: PodFacts) -> [String?]? {
    let namespace = network.namespaces[pod.namespace]
    let plain = Self.plain(key)
    if plain == "io.kubernetes.pod.namespace" { return [namespace.name] }
    if plain == "io.cilium.k8s.policy.cluster" { return clusterNames(of: namespace) }
    let ofNamespace = "io.cilium.k8s.namespace.labels."
    if plain.hasPrefix(ofNamespace) {
      return values(of: String(plain.dropFirst(ofNamespace.count)), in: namespace)
    }
    return values(of: plain, in: pod)
  }

  // MARK: Rules

  private func ciliumRule(
    _ rule: Node, _ action: NaiveOpinion.Action, _ namespace: String?, _ side: Side, _ packet: Packet
  ) -> [(action: NaiveOpinion.Action, matches: Ternary)] {
    let prefix = side == .entering ? "from" : "to"
    var found: [(action: NaiveOpinion.Action, matches: Ternary)] = []
    if (rule[prefix + "Requires"]?.count ?? 0) > 0 { found.append((.deny, .depends)) }
    let toPorts = rule["toPorts"]?.elements.map { $0 } ?? []
    let lists = ["Endpoints", "CIDR", "CIDRSet", "Entities", "Nodes", "Groups", "FQDNs", "Services"]
      .compactMap { name in rule[prefix + name].flatMap { $0.kind == .sequence ? (name, $0) : nil } }
    if toPorts.isEmpty {
      if (rule["icmps"]?.count ?? 0) > 0 || lists.allSatisfy({ $0.1.count == 0 }) { return found }
    }
    var who = Ternary.no
    if lists.isEmpty {
      who = .yes
    } else if lists.allSatisfy({ $0.1.count == 0 }) {
      who = .depends
    } else {
      for (name, list) in lists { who = greatest(who, peers(name, list, namespace, packet.other(side))) }
    }
    if let mode = rule["authentication"]?["mode"]?.text, mode != "disabled" { who = least(who, .depends) }
    var what = toPorts.isEmpty ? Ternary.yes : .no
    for entry in toPorts { what = greatest(what, ciliumPorts(entry, packet)) }
    found.append((action, least(who, what)))
    return found
  }

  private func ciliumPorts(_ entry: Node, _ packet: Packet) -> Ternary {
    let ports = entry["ports"]?.elements.map { $0 } ?? []
    if ports.isEmpty { return .depends }
    var best = Ternary.no
    for port in ports {
      let wanted = (port["protocol"]?.string ?? "ANY").uppercased()
      let isAny = wanted == "ANY" || wanted == ""
      guard isAny || wanted == packet.transport.rawValue else { continue }
      var matches = Ternary.no
      let text = port["port"]?.text ?? ""
      if let number = Int(text) {
        if number == 0 {
          matches = .yes
        } else {
          let last = max(number, port["endPort"]?.integer ?? number)
          if number <= 65535, last <= 65535, number > 0, packet.port >= number, packet.port <= last {
            matches = .yes
          }
        }
      } else {
        matches = namedPort(text.lowercased(), packet, throughBlock: false)
      }
      if isAny, packet.transport == .sctp { matches = least(matches, .depends) }
      best = greatest(best, matches)
    }
    var above = ["rules", "serverNames", "listener", "terminatingTLS", "originatingTLS"]
    if let rules = entry["rules"], rules.entries.map({ $0.key.text }) == ["dns"],
      rules["dns"]?.elements.contains(where: { $0["matchPattern"]?.text == "*" && $0.count == 1 }) ?? false
    {
      above.removeFirst()
    }
    if above.contains(where: { (entry[$0]?.count ?? 0) > 0 }) { best = least(best, .depends) }
    return best
  }

  // MARK: Peers

  private func peers(_ name: String, _ list: Node, _ namespace: String?, _ other: Endpoint) -> Ternary {
    let items = list.elements.map { $0 }
    if items.isEmpty { return .no }
    switch name {
    case "Endpoints":
      return items.reduce(Ternary.no) { greatest($0, endpoint($1, namespace, other)) }
    case "CIDR":
      return items.reduce(Ternary.no) { greatest($0, outside(NaiveBlock(ranges: [$1.text]), other)) }
    case "CIDRSet":
      return items.reduce(Ternary.no) { best, item in
        if item["cidr"] == nil, item["cidrGroupRef"] != nil || item["cidrGroupSelector"] != nil {
          return greatest(best, group(item, other))
        }
        return greatest(best, outside(NaiveBlock(item), other))
      }
    case "Entities": return entity(Set(items.map(\.text)), other)
    case "Nodes": return somebody(other, pods: false, nodes: true, addresses: true)
    case "Services": return items.reduce(Ternary.no) { greatest($0, service($1, other)) }
    default: return somebody(other, pods: false, nodes: false, addresses: true)
    }
  }

  func somebody(_ other: Endpoint, pods: Bool, nodes: Bool, addresses: Bool) -> Ternary {
    switch other {
    case .pod(let index):
      return network.pods[index].isHostNetwork ? (nodes ? .depends : .no) : pods ? .depends : .no
    case .address(let address):
      let isNode =
        network.nodeNetworks.isEmpty || network.nodeNetworks.contains { NaiveBlock.holds($0, address) }
      return addresses || nodes && isNode ? .depends : .no
    }
  }

  private func endpoint(_ selector: Node, _ namespace: String?, _ other: Endpoint) -> Ternary {
    let keys = NaiveSelector.keys(selector)
    if keys.contains(where: { $0.hasPrefix("reserved:") }), !keys.contains(where: isUnclear) {
      if isSolelyReserved(selector) { return entity([String((keys.first ?? "").dropFirst(9))], other) }
      return somebody(other, pods: true, nodes: true, addresses: true)
    }
    if keys.contains(where: isUnclear) { return somebody(other, pods: true, nodes: true, addresses: true) }
    guard case .pod(let index) = other else { return .no }
    let pod = network.pods[index]
    guard !pod.isHostNetwork else { return .no }
    var answer = NaiveSelector.matches(selector) { identityValues($0, pod) }
    let facts = network.namespaces[pod.namespace]
    let plain = keys.map(Self.plain)
    let namesNamespace = plain.contains {
      $0 == "io.kubernetes.pod.namespace" || $0.hasPrefix("io.cilium.k8s.namespace.labels.")
    }
    if !namesNamespace, let namespace, facts.name != namespace { answer = .no }
    if facts.isRemote, !plain.contains("io.cilium.k8s.policy.cluster") {
      answer = least(answer, network.profile.selectorsCrossClusters)
    }
    return answer
  }

  func outside(_ block: NaiveBlock, _ other: Endpoint) -> Ternary {
    let nodes = network.profile.ipBlockMatchesNodes
    switch other {
    case .address(let address):
      guard block.contains(address) else { return .no }
      return network.nodeNetworks.contains { NaiveBlock.holds($0, address) } ? nodes : .yes
    case .pod(let index):
      let pod = network.pods[index]
      return pod.isHostNetwork ? least(nodes, holdsPod(block, pod)) : .no
    }
  }

  private func entity(_ names: Set<String>, _ other: Endpoint) -> Ternary {
    let bothKindsOfNode = names.isSuperset(of: ["host", "remote-node"])
    return names.reduce(Ternary.no) { best, name in
      if name == "all" { return .yes }
      var answer: Ternary
      switch other {
      case .address(let address): answer = entity(name, address)
      case .pod(let index): answer = entity(name, network.pods[index])
      }
      if bothKindsOfNode, name == "host", answer == .depends { answer = .yes }
      return greatest(best, answer)
    }
  }

  private func entity(_ name: String, _ pod: PodFacts) -> Ternary {
    switch (name, network.namespaces[pod.namespace].isRemote, pod.isHostNetwork) {
    case ("cluster", false, _), ("cluster", true, true): .yes
    case ("cluster-mesh", _, false): .yes
    case ("cluster-mesh", _, true): .depends
    case ("host", false, true), ("remote-node", false, true): .depends
    case ("remote-node", true, true): .yes
    case ("kube-apiserver", false, true): .depends
    case ("init", false, false), ("unmanaged", false, false): .depends
    default: .no
    }
  }

  private func entity(_ name: String, _ address: IPAddress) -> Ternary {
    func isIn(_ networks: [IPNetwork]) -> Bool { networks.contains { NaiveBlock.holds($0, address) } }
    let isNode = isIn(network.nodeNetworks)
    let isAmongPods = isIn(network.podNetworks)
    let server: Ternary =
      network.apiServerNetworks.isEmpty ? .depends : isIn(network.apiServerNetworks) ? .yes : .no
    switch name {
    case "world", "world-ipv4", "world-ipv6":
      let isMeant = name == "world" || (name == "world-ipv6") == address.isIPv6
      return !isMeant || isNode ? .no : isAmongPods ? .depends : .yes
    case "host", "remote-node", "cluster-mesh": return isNode ? .depends : .no
    case "cluster": return isNode ? .yes : greatest(server, isAmongPods ? .depends : .no)
    case "kube-apiserver": return server
    case "ingress", "health", "init", "unmanaged":
      return network.podNetworks.isEmpty || isAmongPods ? .depends : .no
    default: return .no
    }
  }
}
