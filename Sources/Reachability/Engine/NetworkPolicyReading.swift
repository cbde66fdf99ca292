import Kubernetes
import YAMLTree

extension PolicyRules {
  /// A networking.k8s.io/v1 NetworkPolicy.
  init(networkPolicy policy: Manifest, number: Int, namespace: Int) {
    let spec = policy.node["spec"]
    let types = spec?["policyTypes"].map { $0.elements.map(\.text) } ?? []
    let egressRules = Self.rules(spec?["egress"], peers: "to", "egress")
    // facts 1.3: without policyTypes always Ingress, and Egress only where an egress rule stands.
    let isolatesIngress = types.isEmpty || types.contains("Ingress")
    let isolatesEgress = types.isEmpty ? !egressRules.isEmpty : types.contains("Egress")
    self.init(
      manifest: number, namespace: namespace, stage: .policy,
      subject: .pods(LabelSelector(spec?["podSelector"])),
      ingress: isolatesIngress
        ? Section(isolates: true, rules: Self.rules(spec?["ingress"], peers: "from", "ingress")) : nil,
      egress: isolatesEgress ? Section(isolates: true, rules: egressRules) : nil)
  }

  private static func rules(_ node: Node?, peers key: StaticString, _ list: StaticString) -> [Rule] {
    guard let node else { return [] }
    return node.elements.enumerated().map { index, rule in
      let peers = rule[key].flatMap { $0.count > 0 ? $0.elements.map(Peer.init) : nil }
      let ports = rule["ports"].flatMap { $0.count > 0 ? $0.elements.map(Port.init) : nil }
      return Rule(peers: peers, ports: ports, node: rule, list: list, number: index + 1)
    }
  }
}

extension PolicyRules.Peer {
  fileprivate init(_ node: Node) {
    func selector(_ key: StaticString) -> LabelSelector? {
      guard let value = node[key], !value.isNull else { return nil }
      return LabelSelector(value)
    }
    if let block = node["ipBlock"], !block.isNull {
      self = AddressBlock(block).map { .block($0) } ?? .nothing
      return
    }
    let (namespaces, pods) = (selector("namespaceSelector"), selector("podSelector"))
    guard namespaces != nil || pods != nil else {
      self = .nothing
      return
    }
    let cluster = pods?.requirements.filter { $0.key == CiliumLabels.cluster } ?? []
    self = .pods(
      namespaceSelector: namespaces,
      podSelector: cluster.isEmpty
        ? pods : pods.map { LabelSelector(requirements: $0.requirements.filter { !cluster.contains($0) }) },
      cluster: cluster)
  }
}

extension PolicyRules.Port {
  fileprivate init(_ node: Node) {
    guard let transport = TransportProtocol(rawValue: node["protocol"]?.string ?? "TCP") else {
      self = .nothing
      return
    }
    guard let port = node["port"], !port.isNull else {
      self = .numbers(transport, PortSet.all(of: transport)[transport])
      return
    }
    if let first = port.integer {
      let last = node["endPort"].flatMap { $0.isNull ? nil : $0.integer } ?? first
      self = Self.range(transport, first, last)
    } else if let name = port.string {
      self = .name(transport, name)
    } else {
      self = .nothing
    }
  }

  /// Both ends included; nothing where either is no port.
  static func range(_ transport: TransportProtocol, _ first: Int, _ last: Int) -> Self {
    guard (1...65535).contains(first), (1...65535).contains(last) else { return .nothing }
    return .numbers(transport, IntervalSet(UInt16(clamping: first), UInt16(clamping: last)))
  }
}
