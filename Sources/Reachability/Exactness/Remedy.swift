import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The least change of a policy that closes what no connection needs, and where in the policy it is made.
///
/// What is written in the place of a peer or a rule is what connections need of that very rule: needs of other rules stay
/// theirs, and what another rule opens exactly is not written twice.
struct Remedy {
  let way: Way
  let grant: PodGrant
  let kind: Exactness.Excess.Kind
  /// The peers that open too much, this one among them.
  let tooWide: Set<Way.Place>

  private var slice: NamespaceSlice { way.slice }
  var policy: KnownObject { slice.policies[grant.policy].object }
  /// The rule as it is written.
  var rule: PolicyRules.Rule? { slice.engine.rule(of: grant, way.direction) }
  private var syntax: PolicySyntax { PolicySyntax(policy, way.direction, slice) }

  private var rulePlace: String { rule.map { "\($0.list)[\($0.number - 1)]" } ?? "its rules" }

  /// `ingress[0].from[1]`, or the rule where it names one peer or none.
  var place: String {
    if kind == .pods { return way.isNeededOtherwise ? rulePlace : "podSelector" }
    guard syntax.isPlain, kind == .others, let peer = grant.peer else { return rulePlace }
    return "\(rulePlace).\(syntax.list)[\(peer)]"
  }

  private var peerNode: Node? {
    guard syntax.isPlain, let peer = grant.peer else { return nil }
    return rule?.node[syntax.list]?.elements.dropFirst(peer).first { _ in true }
  }

  var opener: Node? {
    switch kind {
    case .pods where way.isNeededOtherwise: rule?.node
    case .pods:
      policy.node["spec"]?[syntax.isPlain ? "podSelector" : "endpointSelector"] ?? policy.node["spec"]
    case .others: peerNode ?? rule?.node
    case .ports: rule?.node[syntax.isPlain ? "ports" : "toPorts"] ?? rule?.node
    }
  }

  var text: String {
    switch kind {
    case .pods where way.isNeededOtherwise:
      // The policy is there for the pods' other direction: they cannot be left out of it.
      let (list, type) = way.direction == .ingress ? ("ingress", "Ingress") : ("egress", "Egress")
      return syntax.isPlain
        ? "take spec.\(list), and \(type) in spec.policyTypes, out: no connection needs them"
        : "take \(list) out: no connection needs it"
    case .pods: return Self.narrowing([way.pod], of: policy, way.direction, slice)
    case .others: return others
    case .ports: return ports
    }
  }

  /// What leaves pods out of the policy that no connection needs.
  static func narrowing(
    _ pods: [Int], of policy: KnownObject, _ direction: NetworkPolicy.Direction, _ slice: NamespaceSlice
  ) -> String {
    let isPlain = PolicyKind(policy.manifest) == .network
    let verb = direction == .ingress ? "leads to" : "comes from"
    let words = pods.map { "\(slice.subjects[$0].description) (\(slice.subjects[$0].labels.description))" }
    return
      "narrow \(isPlain ? "spec.podSelector" : "its selector") so that it leaves \(listed(words)) out: no connection \(verb) \(pods.count == 1 ? "it" : "them")"
  }

  private var others: String {
    let needs = ofRule
    guard !needs.isEmpty else { return nothing }
    guard syntax.isPlain else { return whole(needs) }
    guard (rule?.peers?.count ?? 0) > 1 else {
      // Whoever is needed at different ports stands in different rules.
      let groups = syntax.groups(needs)
      guard groups.count == 1, let group = groups.first, !group.field.isEmpty else { return whole(needs) }
      let peers = group.peers.joined(separator: ", ")
      return grant.peer == nil
        ? "write '\(syntax.list): [\(peers)]' into \(rulePlace)" : "write '\(peers)' instead of \(place)"
    }
    let own = needs.filter { isServed($0, by: grant) && !isOpenedExactly($0, inRule: true) }
    guard !own.isEmpty else { return "take \(place) out" }
    guard syntax.groups(needs).count == 1 else { return whole(needs) }
    return "write '\(syntax.groups(own).flatMap(\.peers).joined(separator: ", "))' instead of \(place)"
  }

  private var ports: String {
    let needs = ofRule
    guard !needs.isEmpty else { return nothing }
    let groups = syntax.groups(needs)
    guard syntax.isPlain, groups.count == 1, let group = groups.first else { return whole(needs) }
    return "write 'ports: [\(group.ports.joined(separator: ", "))]' into \(rulePlace)"
  }

  private var nothing: String {
    way.needs.contains { isServed($0, inRuleOf: grant) }
      ? "take \(rulePlace) out: what connections need of it is open all the same"
      : "take \(rulePlace) out: nobody is needed there"
  }

  private func whole(_ needs: [Way.Served]) -> String {
    "write '\(syntax.groups(needs).map(syntax.rule).joined(separator: ", "))' instead of \(rulePlace)"
  }

  // MARK: What the rule is for

  /// What connections need of the rule, and no other rule opens without opening too much.
  private var ofRule: [Way.Served] {
    way.needs.filter { isServed($0, inRuleOf: grant) && !isOpenedExactly($0, inRule: false) }
  }

  private func isServed(_ need: Way.Served, inRuleOf grant: PodGrant) -> Bool {
    way.grants.contains { $0.part == grant.part && $0.rule == grant.rule && isServed(need, by: $0) }
  }

  private func isServed(_ need: Way.Served, by grant: PodGrant) -> Bool {
    !need.ports.intersection(grant.ports).isEmpty && !need.essential.intersection(grant.peers).isEmpty
  }

  /// True where something else opens all that is needed, and nothing beside it: another peer of the rule, or another
  /// rule.
  private func isOpenedExactly(_ need: Way.Served, inRule: Bool) -> Bool {
    way.grants.contains { other in
      let isSameRule = other.part == grant.part && other.rule == grant.rule
      return isSameRule == inRule && !tooWide.contains(Way.Place(other))
        && need.ports.subtracting(other.ports).isEmpty && need.essential.subtracting(other.peers).isEmpty
    }
  }
}

/// How peers and ports are written in a policy of some kind.
struct PolicySyntax {
  /// Peers that are needed at the same ports.
  struct Group {
    let peers: [String]
    let ports: [String]
    /// What kind of list the peers stand in: Cilium's rules hold one kind.
    let field: String
  }

  let isPlain: Bool
  let list: String
  private let slice: NamespaceSlice

  init(_ policy: KnownObject, _ direction: NetworkPolicy.Direction, _ slice: NamespaceSlice) {
    isPlain = PolicyKind(policy.manifest) == .network
    list = direction == .ingress ? "from" : "to"
    self.slice = slice
  }

  /// Needs by their ports: one rule each.
  func groups(_ needs: [Way.Served]) -> [Group] {
    var order: [[String]] = []
    var portsOf: [[String]: [String]] = [:]
    for need in needs {
      let port = port(need.need)
      for (field, peer) in peers(need.need.other) {
        let key = [field, peer]
        if portsOf[key] == nil { order.append(key) }
        if !(portsOf[key]?.contains(port) ?? false) { portsOf[key, default: []].append(port) }
      }
    }
    var groups: [Group] = []
    for key in order {
      let ports = (portsOf[key] ?? []).sorted()
      if let known = groups.firstIndex(where: { $0.ports == ports && $0.field == key[0] }) {
        groups[known] = Group(peers: groups[known].peers + [key[1]], ports: ports, field: key[0])
      } else {
        groups.append(Group(peers: [key[1]], ports: ports, field: key[0]))
      }
    }
    return groups
  }

  /// A rule that opens what a group needs.
  func rule(_ group: Group) -> String {
    let ports = group.ports.joined(separator: ", ")
    let peers = group.field.isEmpty ? "" : "\(group.field): [\(group.peers.joined(separator: ", "))], "
    return isPlain ? "{\(peers)ports: [\(ports)]}" : "{\(peers)toPorts: [{ports: [\(ports)]}]}"
  }

  private func port(_ need: Need) -> String {
    guard isPlain else { return "{port: \"\(need.port)\", protocol: \(need.transport.rawValue)}" }
    return need.transport == .tcp
      ? "{port: \(need.port)}" : "{protocol: \(need.transport.rawValue), port: \(need.port)}"
  }

  private func peers(_ other: Need.Other) -> [(field: String, text: String)] {
    let resolver = ClusterResolver(slice.cluster.model.cluster.distribution).pod
    switch other {
    case .address(let address): return [network("\(address.text)/\(address.isIPv6 ? 128 : 32)")]
    case .resolver: return [selector(resolver)]
    case .peer(let id): return slice.peerPods.filter { $0.id == id }.map(selector)
    case .sender(.networks(let networks, _)):
      return networks.map { network("\($0.address.text)/\($0.prefixLength)") }
    // Whoever it is: a rule without peers.
    case .sender(.unknown), .sender(.outside): return [("", "")]
    case .sender(let sender): return sender.pods.map(selector)
    }
  }

  private func network(_ text: String) -> (field: String, text: String) {
    isPlain ? (list, "{ipBlock: {cidr: \(text)}}") : ("\(list)CIDR", text)
  }

  private func selector(_ pod: PeerPod) -> (field: String, text: String) {
    // A part of the platform is chosen by the label that the platform documents; the first will do.
    let marks = pod.kind == "Platform" ? Array(pod.namespaceLabels.items.suffix(1)) : []
    let chosen = pod.meaning?.requirements ?? LabelSelector(equality: pod.labels).requirements
    // Without the label of its cluster a peer of a mesh means pods of the policy's own.
    let cluster: [LabelSelector.Requirement] =
      pod.isRemote ? pod.meshCluster.map { [.isIn(key: CiliumLabels.cluster, values: [$0])] } ?? [] : []
    let pods = chosen + cluster
    guard isPlain else {
      let place =
        marks.isEmpty
        ? [LabelSelector.Requirement.isIn(key: "k8s:\(CiliumLabels.namespace)", values: [pod.namespace])]
        : marks.map { .isIn(key: "k8s:\(CiliumLabels.namespaceLabels)\($0.key)", values: [$0.value]) }
      return ("\(list)Endpoints", Self.text(place + pods))
    }
    let place = marks.isEmpty ? [(NamespaceFacts.nameLabel, pod.namespace)] : marks.map { ($0.key, $0.value) }
    let namespaces = Self.text(place.map { .isIn(key: $0.0, values: [$0.1]) })
    return (
      list, "{namespaceSelector: \(namespaces)\(pods.isEmpty ? "" : ", podSelector: \(Self.text(pods))")}"
    )
  }

  /// A selector as it is written in YAML.
  private static func text(_ requirements: [LabelSelector.Requirement]) -> String {
    var labels: [String] = []
    var expressions: [String] = []
    for requirement in requirements {
      switch requirement {
      case .isIn(let key, let values) where values.count == 1:
        labels.append("\(key): \(values[0].isEmpty ? "\"\"" : values[0])")
      case .isIn(let key, let values):
        expressions.append("{key: \(key), operator: In, values: [\(values.joined(separator: ", "))]}")
      case .notIn(let key, let values):
        expressions.append("{key: \(key), operator: NotIn, values: [\(values.joined(separator: ", "))]}")
      case .exists(let key): expressions.append("{key: \(key), operator: Exists}")
      case .doesNotExist(let key): expressions.append("{key: \(key), operator: DoesNotExist}")
      }
    }
    var parts: [String] = []
    if !labels.isEmpty || expressions.isEmpty {
      parts.append("matchLabels: {\(labels.joined(separator: ", "))}")
    }
    if !expressions.isEmpty { parts.append("matchExpressions: [\(expressions.joined(separator: ", "))]") }
    return "{\(parts.joined(separator: ", "))}"
  }
}
