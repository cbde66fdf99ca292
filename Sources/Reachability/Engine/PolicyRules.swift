import Kubernetes
import YAMLTree

/// A NetworkPolicy with the API's defaults applied, strings still strings.
struct PolicyRules: Sendable {
  let namespace: Int
  let podSelector: LabelSelector
  /// Nil where the policy does not isolate that direction.
  let ingress: [Rule]?
  let egress: [Rule]?

  struct Rule: Sendable {
    /// Nil: everyone.
    let peers: [Peer]?
    /// Nil: every port of every protocol.
    let ports: [Port]?
    let node: Node
  }

  enum Peer: Sendable, Hashable {
    case pods(namespaceSelector: LabelSelector?, podSelector: LabelSelector?)
    case block(AddressBlock)
    /// Not valid: matches nothing.
    case nothing
  }

  enum Port: Sendable, Hashable {
    case numbers(TransportProtocol, IntervalSet<UInt16>)
    case name(TransportProtocol, String)
    /// Not valid: matches nothing.
    case nothing
  }

  init(_ manifest: Manifest, namespace: Int) {
    self.namespace = namespace
    let spec = manifest.node["spec"]
    podSelector = LabelSelector(spec?["podSelector"])
    let types = spec?["policyTypes"].map { $0.elements.map(\.text) } ?? []
    let egressRules = Self.rules(spec?["egress"], peers: "to")
    // facts 1.3: without policyTypes always Ingress, and Egress only where an egress rule stands.
    let isolatesIngress = types.isEmpty || types.contains("Ingress")
    let isolatesEgress = types.isEmpty ? !egressRules.isEmpty : types.contains("Egress")
    ingress = isolatesIngress ? Self.rules(spec?["ingress"], peers: "from") : nil
    egress = isolatesEgress ? egressRules : nil
  }

  private static func rules(_ node: Node?, peers key: String) -> [Rule] {
    guard let node else { return [] }
    return node.elements.map { rule in
      let peers = rule[key].flatMap { $0.count > 0 ? $0.elements.map(Peer.init) : nil }
      let ports = rule["ports"].flatMap { $0.count > 0 ? $0.elements.map(Port.init) : nil }
      return Rule(peers: peers, ports: ports, node: rule)
    }
  }
}

extension PolicyRules.Peer {
  init(_ node: Node) {
    func selector(_ key: StaticString) -> LabelSelector? {
      guard let value = node[key], !value.isNull else { return nil }
      return LabelSelector(value)
    }
    if let block = node["ipBlock"], !block.isNull {
      self = AddressBlock(block).map { .block($0) } ?? .nothing
      return
    }
    let (namespaces, pods) = (selector("namespaceSelector"), selector("podSelector"))
    self =
      namespaces == nil && pods == nil ? .nothing : .pods(namespaceSelector: namespaces, podSelector: pods)
  }
}

extension PolicyRules.Port {
  init(_ node: Node) {
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
      guard (1...65535).contains(first), (1...65535).contains(last) else {
        self = .nothing
        return
      }
      self = .numbers(transport, IntervalSet(UInt16(clamping: first), UInt16(clamping: last)))
    } else if let name = port.string {
      self = .name(transport, name)
    } else {
      self = .nothing
    }
  }
}

/// An ipBlock: the range without its exceptions.
struct AddressBlock: Sendable, Hashable {
  var ipv4 = IntervalSet<UInt32>()
  var ipv6 = IntervalSet<UInt128>()
  let hasExceptions: Bool

  init?(_ node: Node) {
    guard let network = IPNetwork(node["cidr"]?.text ?? "") else { return nil }
    let exceptions = node["except"]?.elements.compactMap { IPNetwork($0.text) } ?? []
    hasExceptions = !exceptions.isEmpty
    add(network)
    for exception in exceptions { remove(exception) }
  }

  init(_ networks: [IPNetwork]) {
    hasExceptions = false
    for network in networks { add(network) }
  }

  mutating func add(_ network: IPNetwork) {
    if network.address.isIPv6 {
      ipv6 = ipv6.union(network.ipv6Interval)
    } else {
      ipv4 = ipv4.union(network.ipv4Interval)
    }
  }

  private mutating func remove(_ network: IPNetwork) {
    if network.address.isIPv6 {
      ipv6 = ipv6.subtracting(network.ipv6Interval)
    } else {
      ipv4 = ipv4.subtracting(network.ipv4Interval)
    }
  }

  var isEmpty: Bool { ipv4.isEmpty && ipv6.isEmpty }

  func contains(_ address: IPAddress) -> Bool {
    address.isIPv6 ? ipv6.contains(address.bits) : ipv4.contains(UInt32(truncatingIfNeeded: address.bits))
  }

  func overlaps(_ other: AddressBlock) -> Bool { ipv4.overlaps(other.ipv4) || ipv6.overlaps(other.ipv6) }

  func isSuperset(of other: AddressBlock) -> Bool {
    ipv4.isSuperset(of: other.ipv4) && ipv6.isSuperset(of: other.ipv6)
  }
}

extension IPNetwork {
  /// The network's addresses; host bits that are set are masked, as the API server's parser does.
  var ipv4Interval: IntervalSet<UInt32> {
    let mask: UInt32 = prefixLength == 0 ? 0 : .max << UInt32(32 - prefixLength)
    let lower = UInt32(truncatingIfNeeded: address.bits) & mask
    return IntervalSet(lower, lower | ~mask)
  }

  var ipv6Interval: IntervalSet<UInt128> {
    let mask: UInt128 = prefixLength == 0 ? 0 : .max << UInt128(128 - prefixLength)
    let lower = address.bits & mask
    return IntervalSet(lower, lower | ~mask)
  }
}
