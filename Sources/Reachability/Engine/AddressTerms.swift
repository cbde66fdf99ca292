import Kubernetes

/// Classes by their pods' addresses.
struct AddressIndex: Sendable {
  /// Classes of pods, or of host-network pods.
  struct Group: Sendable {
    /// Classes whose pods' addresses no manifest tells.
    fileprivate var unknown = IntervalSet<Int32>()
    /// Classes of one address, in the order of the addresses. Those of a class look alike to every block, so
    /// one stands for all.
    fileprivate var ipv4: [(address: UInt32, podClass: Int32)] = []
    fileprivate var ipv6: [(address: UInt128, podClass: Int32)] = []
    fileprivate var several: [(addresses: [IPAddress], podClass: Int32)] = []

    /// The classes whose addresses lie in a block: perhaps, and for sure. Addresses that are not told lie
    /// somewhere in `networks`. Logarithmic in the classes, and linear in the result.
    func covered(
      by block: AddressBlock, within networks: AddressBlock
    ) -> (may: IntervalSet<Int32>, must: IntervalSet<Int32>) {
      var sure: [Int32] = []
      for interval in block.ipv4.intervals { Self.collect(interval, ipv4, &sure) }
      for interval in block.ipv6.intervals { Self.collect(interval, ipv6, &sure) }
      var perhaps: [Int32] = []
      for (addresses, podClass) in several {
        let hits = addresses.count { block.contains($0) }
        if hits == addresses.count { sure.append(podClass) } else if hits > 0 { perhaps.append(podClass) }
      }
      var must = IntervalSet<Int32>(sorted: sure.sorted())
      var may = must.union(IntervalSet(sorted: perhaps))
      if !unknown.isEmpty, !block.isEmpty {
        if networks.isEmpty || block.overlaps(networks) { may = may.union(unknown) }
        if !networks.isEmpty, block.isSuperset(of: networks) { must = must.union(unknown) }
      }
      return (may, must)
    }

    private static func collect<Bound>(
      _ interval: IntervalSet<Bound>.Interval, _ entries: [(address: Bound, podClass: Int32)],
      _ found: inout [Int32]
    ) {
      var low = 0
      var high = entries.count
      while low < high {
        let middle = (low + high) / 2
        if entries[middle].address < interval.lower { low = middle + 1 } else { high = middle }
      }
      while low < entries.count, entries[low].address <= interval.upper {
        found.append(entries[low].podClass)
        low += 1
      }
    }
  }

  private(set) var pods = Group()
  private(set) var hosts = Group()

  init(_ network: borrowing ClusterNetwork, _ classes: borrowing ClassTable) {
    for number in 0..<Int32(clamping: classes.count) {
      let addresses = network.pods[Int(classes.sample[Int(number)])].addresses
      if classes.isHostNetwork[Int(number)] {
        Self.add(addresses, number, &hosts)
      } else {
        Self.add(addresses, number, &pods)
      }
    }
    pods.ipv4.sort { $0.address < $1.address }
    pods.ipv6.sort { $0.address < $1.address }
    hosts.ipv4.sort { $0.address < $1.address }
    hosts.ipv6.sort { $0.address < $1.address }
  }

  private static func add(_ addresses: [IPAddress], _ number: Int32, _ group: inout Group) {
    guard let first = addresses.first else {
      group.unknown.append(number)
      return
    }
    if addresses.count > 1 {
      group.several.append((addresses, number))
    } else if first.isIPv6 {
      group.ipv6.append((first.bits, number))
    } else {
      group.ipv4.append((UInt32(truncatingIfNeeded: first.bits), number))
    }
  }
}

extension EvaluationTables {
  /// A NetworkPolicy's ipBlock: addresses, and as far as the profile says so pods and nodes that have them.
  mutating func evaluate(_ block: AddressBlock) -> TermAnswer {
    let effect = block.hasExceptions ? profile.enforcesExcept : .yes
    var (may, must) = (PeerSet(), PeerSet())
    var questions: OpenQuestions = effect == .depends ? .exceptSupport : []
    if effect.may { may = outside(block, profile.ipBlockMatchesNodes.may) }
    if effect.must { must = outside(block, profile.ipBlockMatchesNodes.must) }
    if profile.ipBlockMatchesNodes == .depends, !nodeNetworks.isEmpty { questions.insert(.ipBlockAndNodes) }
    let (hostGate, hostQuestion) = hostNetworkGate
    let groups = [
      (addresses.pods, podNetworks, profile.ipBlockMatchesPods, OpenQuestions.ipBlockAndPods),
      (addresses.hosts, nodeNetworks, hostGate, hostQuestion),
    ]
    for (group, networks, gate, question) in groups where gate.may {
      let covered = group.covered(by: block, within: networks)
      if !covered.may.isEmpty, gate == .depends { questions.insert(question) }
      if covered.may != covered.must { questions.insert(.addresses) }
      let answer = gate && effect
      if answer.may { may.classes = may.classes.union(covered.may) }
      if answer.must { must.classes = must.classes.union(covered.must) }
    }
    return intern(may, must, questions)
  }

  /// Whether an ipBlock is compared with the addresses of host-network pods: as pods, or as nodes.
  private var hostNetworkGate: (Ternary, OpenQuestions) {
    let (pods, nodes) = (profile.ipBlockMatchesPods, profile.ipBlockMatchesNodes)
    switch profile.hostNetworkIsPod {
    case .yes: return (pods, .ipBlockAndPods)
    case .no: return (nodes, .ipBlockAndNodes)
    case .depends: return (Ternary(may: pods.may || nodes.may, must: pods.must && nodes.must), .hostNetwork)
    }
  }

  /// The block's addresses that are no pod's.
  private func outside(_ block: AddressBlock, _ includesNodes: Bool) -> PeerSet {
    guard !includesNodes else { return PeerSet(ipv4: block.ipv4, ipv6: block.ipv6) }
    return PeerSet(
      ipv4: block.ipv4.subtracting(nodeNetworks.ipv4), ipv6: block.ipv6.subtracting(nodeNetworks.ipv6))
  }
}
