import Kubernetes
import YAMLTree

/// CiliumNetworkPolicies and CiliumClusterwideNetworkPolicies.
///
/// Semantics from Cilium's sources (`pkg/policy/api`, `pkg/k8s/apis/cilium.io/utils`) and documentation: all
/// policies of an endpoint add up, what any denies is denied, an endpoint is isolated in a direction where a
/// policy has rules for it (unless `enableDefaultDeny` says no). A selector without a namespace means the
/// policy's own, in a clusterwide policy any. A rule without peers admits everyone on its ports, one without
/// ports too admits nobody.
struct CiliumPolicyReading {
  /// The policy's namespace; nil in a clusterwide policy.
  private let namespace: String?
  private let services: [ServiceFacts]
  private let groups: [AddressGroup]
  private var rules: [PolicyRules.Rule] = []

  static func all(
    _ manifest: Manifest, number: Int, namespace: Int?, name: String?, network: borrowing ClusterNetwork
  ) -> [PolicyRules] {
    let reading = CiliumPolicyReading(
      namespace: name, services: network.services, groups: network.addressGroups)
    let enforced = network.profile.enforcesCiliumPolicies
    var specs: [Node] = []
    if let spec = manifest.node["spec"], spec.kind == .mapping { specs.append(spec) }
    specs += manifest.node["specs"]?.elements.filter { $0.kind == .mapping } ?? []
    return specs.map { spec in
      let subject = subject(spec, name)
      return PolicyRules(
        manifest: number, namespace: subject == .hosts ? nil : namespace,
        // Whether the host firewall is on, and what else it lets through, no policy tells.
        stage: subject == .hosts ? .opaque : .policy, subject: subject, enforced: enforced,
        ingress: section(spec, reading, "ingress", "ingressDeny", "from"),
        egress: section(spec, reading, "egress", "egressDeny", "to"))
    }
  }

  private static func subject(_ spec: Node, _ namespace: String?) -> PolicyRules.Subject {
    guard let selector = spec["endpointSelector"], !selector.isNull else {
      return spec["nodeSelector"] == nil ? .endpoints(.nobody) : .hosts
    }
    switch SelectorReading(selector) {
    case .endpoints(var endpoints, let names):
      guard let namespace else {
        endpoints.namespaces = LabelSelector(requirements: names + endpoints.namespaces.requirements)
        return .endpoints(endpoints)
      }
      // A policy of a namespace is about that namespace; releases differ on a selector that says otherwise.
      let own = Labels([NamespaceFacts.nameLabel: namespace])
      guard LabelSelector(requirements: names).matches(own) else { return .anyone }
      endpoints.namespaces = LabelSelector(
        requirements: [.name(namespace)] + endpoints.namespaces.requirements)
      return .endpoints(endpoints)
    // Reserved endpoints are no pods; those of hosts may be.
    case .entities: return .hosts
    case .unclear: return .anyone
    }
  }

  private static func section(
    _ spec: Node, _ reading: CiliumPolicyReading, _ allow: StaticString, _ deny: StaticString,
    _ prefix: String
  ) -> PolicyRules.Section? {
    var reading = reading
    for (list, action) in [(allow, PolicyRules.Action.allow), (deny, .deny)] {
      for (index, rule) in (spec[list]?.elements.map { $0 } ?? []).enumerated() {
        reading.read(rule, prefix, action, list, index + 1)
      }
    }
    let isWritten = (spec[allow]?.count ?? 0) + (spec[deny]?.count ?? 0) > 0
    let isolates = spec.at("enableDefaultDeny")?[allow]?.boolean ?? isWritten
    return isWritten || isolates ? PolicyRules.Section(isolates: isolates, rules: reading.rules) : nil
  }

  // MARK: Rules

  private mutating func read(
    _ rule: Node, _ prefix: String, _ action: PolicyRules.Action, _ list: StaticString, _ number: Int
  ) {
    var doubts: OpenQuestions = []
    let (peers, hangsOn) = peers(rule, prefix)
    doubts.formUnion(hangsOn)
    if let mode = rule.at("authentication", "mode"), mode.text != "disabled" {
      doubts.insert(.applicationLayer)
    }
    func add(_ ports: [PolicyRules.Port]?, _ more: OpenQuestions = []) {
      rules.append(
        PolicyRules.Rule(
          peers: peers, ports: ports, action: action, doubts: doubts.union(more), node: rule, list: list,
          number: number))
    }
    if rule["\(prefix)Requires"]?.count ?? 0 > 0 {
      // Narrows every other rule of the endpoints: whatever they allow may be denied.
      rules.append(
        PolicyRules.Rule(
          peers: nil, ports: nil, action: .deny, doubts: .requirements, node: rule, list: list, number: number
        ))
    }
    if (rule["icmps"]?.count ?? 0) > 0, (rule["toPorts"]?.count ?? 0) == 0 { return }
    guard let toPorts = rule["toPorts"], toPorts.count > 0 else {
      if peers != nil { add(nil) }
      return
    }
    for entry in toPorts.elements {
      guard let ports = entry["ports"], ports.count > 0 else {
        add(nil, .emptyList)
        continue
      }
      let above = Self.isAboveTransport(entry) ? OpenQuestions.applicationLayer : []
      let read = ports.elements.map(Self.ports)
      add(read.flatMap(\.sure), above)
      let unsure = read.flatMap(\.unsure)
      if !unsure.isEmpty { add(unsure, above.union(.sctp)) }
    }
  }

  /// Rules above the transport layer open a port for some requests only, but those that admit every name.
  private static func isAboveTransport(_ entry: Node) -> Bool {
    if let rules = entry["rules"], rules.count > 0, !admitsEveryName(rules) { return true }
    let fields: [StaticString] = ["serverNames", "listener", "terminatingTLS", "originatingTLS"]
    return fields.contains { field in entry[field].map { !$0.isNull && $0.count > 0 } ?? false }
  }

  /// A question for any name passes; Cilium only looks at the answers.
  private static func admitsEveryName(_ rules: Node) -> Bool {
    guard rules.count == 1, let names = rules["dns"] else { return false }
    return names.elements.contains { $0.count == 1 && $0["matchPattern"]?.text == "*" }
  }

  /// `ANY` includes SCTP only where the agent is told to handle it.
  private static func ports(_ node: Node) -> (sure: [PolicyRules.Port], unsure: [PolicyRules.Port]) {
    let transports: [TransportProtocol]
    switch node["protocol"].map({ $0.isNull ? "ANY" : $0.text.uppercased() }) ?? "ANY" {
    case "", "ANY": transports = [.tcp, .udp, .sctp]
    case let name: transports = TransportProtocol(rawValue: name).map { [$0] } ?? []
    }
    func port(_ transport: TransportProtocol) -> PolicyRules.Port {
      guard let port = node["port"], port.isScalar else { return .nothing }
      guard let first = Int(port.text) else { return .name(transport, port.text.lowercased()) }
      // Zero is every port.
      if first == 0 { return .numbers(transport, PortSet.all(of: transport)[transport]) }
      return .range(transport, first, max(first, node["endPort"]?.integer ?? first))
    }
    let isAny = transports.count > 1
    return (transports.filter { !isAny || $0 != .sctp }.map(port), isAny ? [port(.sctp)] : [])
  }

  // MARK: Peers

  /// Nil where the rule names no peers; and what their meaning hangs on.
  private func peers(_ rule: Node, _ prefix: String) -> ([PolicyRules.Peer]?, OpenQuestions) {
    var peers: [PolicyRules.Peer] = []
    var doubts: OpenQuestions = []
    var isNamed = false
    func items(_ name: String) -> [Node] {
      guard let list = rule[prefix + name], list.kind == .sequence else { return [] }
      isNamed = true
      // Releases differ on whether an empty list means nobody or says nothing.
      if list.count == 0 { doubts.insert(.emptyList) }
      return Array(list.elements)
    }
    for selector in items("Endpoints") { peers.append(endpoints(selector)) }
    for cidr in items("CIDR") {
      let block = IPNetwork(cidr.text).map { AddressBlock([$0]) } ?? AddressBlock(address: cidr.text)
      peers.append(block.map { .outside($0) } ?? .nothing)
    }
    for item in items("CIDRSet") {
      if item["cidr"] == nil, item["cidrGroupRef"] != nil || item["cidrGroupSelector"] != nil {
        peers += group(item)
      } else {
        peers.append(AddressBlock(item).map { .outside($0) } ?? .nothing)
      }
    }
    var entities = CiliumEntities()
    let names = items("Entities")
    for name in names { entities.formUnion(CiliumEntities(named: name.text) ?? []) }
    if !names.isEmpty { peers.append(.entities(entities)) }
    if !items("Nodes").isEmpty { peers.append(.somebody(pods: false, nodes: true, addresses: true)) }
    if !items("Groups").isEmpty { peers.append(.somebody(pods: false, nodes: false, addresses: true)) }
    if !items("FQDNs").isEmpty {
      peers.append(.somebody(pods: false, nodes: false, addresses: true, .hostNames))
    }
    let named = items("Services")
    if !named.isEmpty { peers.append(.services(ServicePeers(named, among: services))) }
    // A list that is empty beside one that is not changes nothing.
    return peers.isEmpty ? (nil, isNamed ? doubts : []) : (peers, [])
  }

  /// The ranges of a CiliumCIDRGroup. By labels there may be more groups than the manifests tell.
  private func group(_ item: Node) -> [PolicyRules.Peer] {
    let exceptions = item["except"]?.elements.compactMap { IPNetwork($0.text) } ?? []
    let found: [AddressGroup]
    if let name = item["cidrGroupRef"], !name.isNull {
      found = groups.filter { $0.name == name.text }
    } else {
      let selector = LabelSelector(item["cidrGroupSelector"])
      found = groups.filter { selector.matches($0.labels) }
    }
    let block = AddressBlock(found.flatMap(\.networks), except: exceptions)
    let known = PolicyRules.Peer.outside(block)
    guard item["cidrGroupRef"]?.isNull ?? true || found.isEmpty else { return [known] }
    return [known, .somebody(pods: false, nodes: false, addresses: true, .addressGroups)]
  }

  private func endpoints(_ selector: Node) -> PolicyRules.Peer {
    switch SelectorReading(selector) {
    case .entities(let entities): return .entities(entities)
    case .unclear: return .somebody(pods: true, nodes: true, addresses: true)
    case .endpoints(var endpoints, var names):
      if names.isEmpty, endpoints.namespaces.requirements.isEmpty, let namespace {
        names = [.name(namespace)]
      }
      endpoints.namespaces = LabelSelector(requirements: names + endpoints.namespaces.requirements)
      return .endpoints(endpoints)
    }
  }

  /// What a selector of Cilium's selects.
  private enum SelectorReading {
    /// Requirements of the namespace's name stand apart.
    case endpoints(EndpointSelector, names: [LabelSelector.Requirement])
    case entities(CiliumEntities)
    /// Looks at labels that no manifest tells.
    case unclear

    /// Sorts requirements by what they look at: keys may name their source (`k8s:`, `any:`, `reserved:`).
    init(_ node: Node) {
      var endpoints = EndpointSelector()
      var (names, namespaces): ([LabelSelector.Requirement], [LabelSelector.Requirement]) = ([], [])
      var pods: [LabelSelector.Requirement] = []
      var entities: CiliumEntities?
      for requirement in LabelSelector(node).requirements {
        var key = requirement.key
        if let colon = key.firstIndex(of: ":") {
          let source = key[..<colon]
          key = String(key[key.index(after: colon)...])
          if source == "reserved" {
            guard case .isIn(_, let values) = requirement, values == [""], entities == nil,
              let found = CiliumEntities(named: key)
            else {
              self = .unclear
              return
            }
            entities = found
            continue
          }
          guard source == "k8s" || source == "any" else {
            self = .unclear
            return
          }
        }
        if key == CiliumLabels.namespace {
          names.append(requirement.with(key: NamespaceFacts.nameLabel))
        } else if key.hasPrefix(CiliumLabels.namespaceLabels) {
          namespaces.append(
            requirement.with(key: String(key.dropFirst(CiliumLabels.namespaceLabels.count))))
        } else if key == CiliumLabels.cluster {
          endpoints.cluster.append(requirement.with(key: key))
        } else {
          pods.append(requirement.with(key: key))
        }
      }
      if let entities {
        self =
          names.isEmpty && namespaces.isEmpty && pods.isEmpty && endpoints.cluster.isEmpty
          ? .entities(entities) : .unclear
        return
      }
      endpoints.namespaces = LabelSelector(requirements: namespaces)
      endpoints.pods = LabelSelector(requirements: pods)
      self = .endpoints(endpoints, names: names)
    }
  }
}

extension EndpointSelector {
  /// Selects nothing.
  static let nobody = EndpointSelector(
    pods: LabelSelector(requirements: [.isIn(key: NamespaceFacts.nameLabel, values: [])]))
}

extension LabelSelector.Requirement {
  /// The namespace of a name.
  static func name(_ name: String) -> Self { .isIn(key: NamespaceFacts.nameLabel, values: [name]) }

  /// The same requirement of another label.
  func with(key: String) -> Self {
    switch self {
    case .isIn(_, let values): .isIn(key: key, values: values)
    case .notIn(_, let values): .notIn(key: key, values: values)
    case .exists: .exists(key: key)
    case .doesNotExist: .doesNotExist(key: key)
    }
  }
}
