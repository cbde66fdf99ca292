import Kubernetes

/// Which labels, port names and addresses any policy looks at: what tells pods apart.
struct Vocabulary: Sendable {
  private(set) var podKeys = InternPool<String>()
  private(set) var values = InternPool<String>()
  private(set) var portNames = InternPool<String>()
  private var ipv4Edges: Set<UInt32> = []
  private var ipv6Edges: Set<UInt128> = []
  /// True where a pod's address can matter at all.
  let looksAtAddresses: Bool
  /// False where no manifest tells a pod's address.
  let knowsAddresses: Bool

  init(_ policies: [PolicyRules], looksAtAddresses: Bool, knowsAddresses: Bool) {
    self.looksAtAddresses = looksAtAddresses
    self.knowsAddresses = knowsAddresses
    for policy in policies { add(policy) }
  }

  private mutating func add(_ policy: PolicyRules) {
    switch policy.subject {
    case .pods(let selector): add(selector)
    case .endpoints(let selector): add(selector.pods)
    case .anyone, .hosts: break
    }
    for rule in (policy.ingress?.rules ?? []) + (policy.egress?.rules ?? []) {
      for case .name(_, let name) in rule.ports ?? [] { _ = portNames.intern(name) }
      for peer in rule.peers ?? [] {
        switch peer {
        case .pods(_, let selector, _):
          if let selector { add(selector) }
        case .endpoints(let selector): add(selector.pods)
        case .block(let block), .networks(let block), .outside(let block): add(block)
        case .services(let services):
          for selector in services.selectors { add(selector.pods) }
          add(services.addresses)
        case .entities, .somebody, .nothing: break
        }
      }
    }
  }

  private mutating func add(_ selector: LabelSelector) {
    for requirement in selector.requirements { _ = podKeys.intern(requirement.key) }
  }

  private mutating func add(_ block: AddressBlock) {
    for interval in block.ipv4.intervals {
      ipv4Edges.insert(interval.lower)
      if interval.upper < .max { ipv4Edges.insert(interval.upper + 1) }
    }
    for interval in block.ipv6.intervals {
      ipv6Edges.insert(interval.lower)
      if interval.upper < .max { ipv6Edges.insert(interval.upper + 1) }
    }
  }

  /// True when a policy looks at nothing that the others do not look at: classes stay as they are. Linear in
  /// the policy.
  func covers(_ policy: PolicyRules) -> Bool {
    switch policy.subject {
    case .pods(let selector): guard covers(selector) else { return false }
    case .endpoints(let selector): guard covers(selector.pods) else { return false }
    case .anyone, .hosts: break
    }
    return [policy.ingress, policy.egress].allSatisfy { section in
      (section?.rules ?? []).allSatisfy { rule in
        (rule.ports ?? []).allSatisfy(covers) && (rule.peers ?? []).allSatisfy(covers)
      }
    }
  }

  private func covers(_ port: PolicyRules.Port) -> Bool {
    guard case .name(_, let name) = port else { return true }
    return portNames.number(of: name) != nil
  }

  private func covers(_ peer: PolicyRules.Peer) -> Bool {
    switch peer {
    case .pods(_, let selector, _): selector.map(covers) ?? true
    case .endpoints(let selector): covers(selector.pods)
    case .block(let block), .outside(let block): !looksAtAddresses || covers(block)
    // Whether addresses of pods matter at all is settled by then, not only where the edges lie.
    case .networks(let block): !knowsAddresses || looksAtAddresses && covers(block)
    case .services(let services):
      services.selectors.allSatisfy { covers($0.pods) }
        && (!looksAtAddresses || covers(services.addresses))
    case .entities, .somebody, .nothing: true
    }
  }

  private func covers(_ selector: LabelSelector) -> Bool {
    selector.requirements.allSatisfy { podKeys.number(of: $0.key) != nil }
  }

  private func covers(_ block: AddressBlock) -> Bool {
    block.ipv4.intervals.allSatisfy {
      ipv4Edges.contains($0.lower) && ($0.upper == .max || ipv4Edges.contains($0.upper + 1))
    }
      && block.ipv6.intervals.allSatisfy {
        ipv6Edges.contains($0.lower) && ($0.upper == .max || ipv6Edges.contains($0.upper + 1))
      }
  }

  /// Where each range of addresses begins, ascending: addresses between two edges look alike to every policy.
  var sortedIPv4Edges: [UInt32] { ipv4Edges.sorted() }
  var sortedIPv6Edges: [UInt128] { ipv6Edges.sorted() }

  mutating func value(_ text: String) -> Int32 { values.intern(text) }
}

/// The number of the range that an address lies in. Logarithmic.
func rangeNumber<Bound: FixedWidthInteger>(of value: Bound, in edges: [Bound]) -> Int32 {
  var low = 0
  var high = edges.count
  while low < high {
    let middle = (low + high) / 2
    if edges[middle] <= value { low = middle + 1 } else { high = middle }
  }
  return Int32(clamping: low)
}
