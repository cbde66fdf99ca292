import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What the emitted policies of one namespace open beyond what connections need.
///
/// For each pod that an emitted policy selects, the peers and
/// ports that its policies open are compared with those that some connection needs; what is left over is blamed on an
/// emitted rule, unless a policy that somebody else wrote opens it anyway. Strangers stand for everybody who is in no
/// manifest: a pod of another namespace without labels, a pod that carries what a rule selects, any address.
struct Exactness {
  /// One way in or out that no connection needs.
  struct Excess: Sendable {
    enum Kind: Sendable {
      /// Somebody whom no connection needs.
      case others
      /// A pod that no connection reaches, or comes from.
      case pods
      /// Further ports of a pod for somebody whom a connection needs.
      case ports
    }

    let kind: Kind
    let policy: KnownObject
    /// The rule in words, `ingress rule 2`.
    let rule: String
    /// The place in the policy of what opens it, `ingress[1].from[0]`.
    let place: String
    /// What of the policy opens it: a peer, a rule, the selector.
    let opener: Node?
    /// The least change that closes it.
    let remedy: String
    /// True where the remedy is to leave pods out of what the policy selects.
    let isNarrowing: Bool
    let direction: NetworkPolicy.Direction
    let pod: Int
    /// Who, in words.
    let other: String
    let ports: PortSet
  }

  let slice: NamespaceSlice
  let needs: [Need]

  /// Linear in the pods that emitted policies select, times their needs. Pods that are in no manifest and that no
  /// connection needs are nobody.
  func excesses() -> [Excess] {
    guard slice.hasEmittedPolicies else { return [] }
    var found: [Excess] = []
    var siblings: [String: [Int]] = [:]
    for (number, subject) in slice.subjects.enumerated() {
      if let workload = subject.workload { siblings[workload.description, default: []].append(number) }
    }
    // Where the plugin leaves egress rules alone, none of them opens anything.
    let enforced: [NetworkPolicy.Direction] =
      slice.cluster.profile.enforcesEgress == .no ? [.ingress] : [.ingress, .egress]
    for direction in enforced {
      let byPod = Dictionary(grouping: needs.filter { $0.direction == direction }) { $0.pod }
      for pod in slice.subjects.indices
      where (slice.subjects[pod].workload != nil || byPod[pod] != nil)
        && slice.isSelectedByEmitted(pod, direction)
      {
        let same = slice.subjects[pod].workload.flatMap { siblings[$0.description] } ?? [pod]
        // Pods of a workload carry one of the labels that are set while they run: what all those need is not beyond it.
        let needs = same.filter { isOneOf(pod, $0) || isOneOf($0, pod) }.flatMap { byPod[$0] ?? [] }
        let isNeededOtherwise = self.needs.contains { $0.direction != direction && same.contains($0.pod) }
        found += excesses(of: pod, direction, needs, isNeededOtherwise: isNeededOtherwise)
      }
    }
    return found
  }

  /// True where pods of one subject are pods of another as well: those of a workload with labels that a controller has set
  /// while they run, of the workload.
  private func isOneOf(_ pod: Int, _ other: Int) -> Bool {
    guard pod != other else { return true }
    let (special, general) = (slice.subjects[pod], slice.subjects[other])
    guard let workload = special.workload, let known = general.workload, workload.key == known.key,
      workload.kind == known.kind
    else { return false }
    return general.labels.items.allSatisfy { special.labels[$0.key] == $0.value }
  }

  private func excesses(
    of pod: Int, _ direction: NetworkPolicy.Direction, _ needs: [Need], isNeededOtherwise: Bool
  ) -> [Excess] {
    let engine = slice.engine
    let grants = engine.grants(to: pod, direction)
    let way = Way(
      slice: slice, pod: pod, direction: direction, grants: grants, needs: needs.map(served),
      isNeededOtherwise: isNeededOtherwise)
    let needed = way.needs.reduce(PeerSet()) { $0.union($1.peers) }
    let others = grants.filter { slice.policies[$0.policy].object.evidence != .emitted }
    var found: [Excess] = []
    var open: [(grant: PodGrant, who: Strange?, ports: PortSet, peers: PeerSet)] = []
    for grant in grants where slice.policies[grant.policy].object.evidence == .emitted {
      // What somebody else opens anyway is not held against the emitted policy.
      let alien = others.filter { grant.ports.subtracting($0.ports).isEmpty }.reduce(PeerSet()) {
        $0.union($1.peers)
      }
      let who = strange(grant, needed, alien, direction, pod)
      // Somebody needed, at ports that are not.
      let wanted = grant.peers.intersection(needed).subtracting(alien)
      let concerned = way.needs.filter { !$0.peers.intersection(wanted).isEmpty }
      let extra =
        wanted.isEmpty
        ? PortSet() : grant.ports.subtracting(concerned.reduce(PortSet()) { $0.union($1.ports) })
      if who != nil || !extra.isEmpty { open.append((grant, who, extra, wanted)) }
    }
    guard !open.isEmpty else { return [] }
    let tooWide = Set(open.map { Way.Place($0.grant) })
    for (grant, who, ports, wanted) in open {
      if let who {
        found.append(
          excess(grant, who.words, grant.ports, needs.isEmpty ? .pods : .others, way, tooWide))
      }
      if !ports.isEmpty, let peer = sample(wanted, pod) {
        let isForAll = slice.engine.rule(of: grant, direction)?.peers == nil
        found.append(excess(grant, isForAll ? "everybody" : slice.words(peer), ports, .ports, way, tooWide))
      }
    }
    return found
  }

  /// Whom an opening holds beside those who are needed.
  private struct Strange {
    let words: String
  }

  private func strange(
    _ grant: PodGrant, _ needed: PeerSet, _ alien: PeerSet, _ direction: NetworkPolicy.Direction, _ pod: Int
  ) -> Strange? {
    let engine = slice.engine
    let rest = grant.peers.subtracting(alien)
    let beside = rest.subtracting(needed)
    // Policies need not tell strangers from those who are needed: they are other pods all the same.
    let unknown =
      needed.classes == engine.everyClass
      ? IntervalSet<Int32>() : rest.classes.intersection(slice.strangerClasses)
    guard !beside.isEmpty || !unknown.isEmpty else { return nil }
    let hasPeers = engine.rule(of: grant, direction)?.peers != nil
    if beside.ipv4 == .all && beside.ipv6 == .all || !hasPeers && (beside.ipv4 == .all || beside.ipv6 == .all)
    {
      return Strange(words: "everybody")
    }
    var words: [String] = []
    if !beside.classes.isEmpty || !unknown.isEmpty {
      for number in engine.network.pods.indices where number != pod {
        let podClass = engine.podClass(of: number)
        if slice.strangers[number] != nil
          ? unknown.contains(podClass) : beside.classes.contains(podClass)
        {
          words.append(slice.words(.pod(number)))
        }
      }
    }
    if beside.ipv4 == .all {
      words.append("every IPv4 address")
    } else if let first = beside.ipv4.intervals.first {
      let example = first.lower == 0 ? min(first.upper, 0xC000_0201) : first.lower
      words.append("addresses like \(IPAddress(ipv4: example).text)")
    }
    if beside.ipv6 == .all {
      words.append("every IPv6 address")
    } else if let first = beside.ipv6.intervals.first {
      words.append("addresses like \(IPAddress(ipv6: first.lower).text)")
    }
    words = words.withoutRepetitions
    guard !words.isEmpty else { return nil }
    let more = words.count > 3 ? ["\(words.count - 2) others"] : []
    return Strange(words: listed(Array(words.prefix(more.isEmpty ? 3 : 2)) + more))
  }

  private func excess(
    _ grant: PodGrant, _ other: String, _ ports: PortSet, _ kind: Excess.Kind, _ way: Way,
    _ tooWide: Set<Way.Place>
  ) -> Excess {
    let remedy = Remedy(way: way, grant: grant, kind: kind, tooWide: tooWide)
    return Excess(
      kind: kind, policy: remedy.policy, rule: remedy.rule?.name ?? "one of its rules", place: remedy.place,
      opener: remedy.opener, remedy: remedy.text,
      isNarrowing: kind == .pods && !way.isNeededOtherwise,
      direction: way.direction, pod: way.pod, other: other, ports: ports)
  }

  /// Policies that somebody wrote, not the platform's, which surely admit every address, or every pod, at a port that
  /// connections need of a pod, though none of them needs everybody. One per policy. Linear in the needs.
  func openings() -> [Excess] {
    let written = Set(
      slice.policies.indices.filter {
        slice.policies[$0].object.evidence == .declared && !slice.policies[$0].isBaseline
      })
    guard !written.isEmpty else { return [] }
    var found: [Excess] = []
    var seen: Set<Int> = []
    let byPod = Dictionary(grouping: needs.filter { $0.direction == .ingress }) { $0.pod }
    for (pod, needs) in byPod.sorted(by: { $0.key < $1.key }) {
      let grants = slice.engine.grants(to: pod, .ingress)
      var openings: [(grant: PodGrant, who: String)] = []
      for grant in grants where written.contains(grant.policy) {
        if grant.peers.ipv4 == .all {
          openings.append((grant, "everybody"))
        } else if let who = slice.engine.rule(of: grant, .ingress)?.everyPod(grant.peer) {
          openings.append((grant, who))
        }
      }
      guard !openings.isEmpty else { continue }
      let way = Way(
        slice: slice, pod: pod, direction: .ingress, grants: grants, needs: needs.map(served))
      let needed = way.needs.reduce(PeerSet()) { $0.union($1.peers) }
      guard needed.ipv4 != .all else { continue }
      for (opening, who) in openings {
        let isNeeded = needs.contains { opening.ports.contains($0.port, $0.transport) }
        guard isNeeded, seen.insert(opening.policy).inserted else { continue }
        found.append(
          excess(
            opening, who, opening.ports, .others, way, Set(openings.map { Way.Place($0.grant) })))
      }
    }
    return found
  }

  private func served(_ need: Need) -> Way.Served {
    let all = peers(need)
    let isChoice = if case .sender(.platform) = need.other { true } else { false }
    return Way.Served(
      need: need, peers: all, essential: isChoice ? peers(need, isEssential: true) : all,
      ports: PortSet(need.transport, IntervalSet(need.port, need.port)))
  }

  /// The classes and addresses that a need is about.
  ///
  /// - Parameter isEssential: true for those that must be admitted, without those that may stand for them.
  private func peers(_ need: Need, isEssential: Bool = false) -> PeerSet {
    var peers = PeerSet()
    func add(_ number: Int?) {
      guard let number else { return }
      let podClass = slice.engine.podClass(of: number)
      peers = peers.union(PeerSet(classes: IntervalSet(podClass, podClass)))
    }
    switch need.other {
    case .address(let address): peers.insert(address)
    case .peer(let id): add(slice.number(ofPeer: id))
    case .resolver: for number in slice.resolvers { add(number) }
    case .sender(let sender):
      switch sender {
      case .client: break
      case .pods(let pods, _): for pod in pods { add(slice.number(ofPeer: pod.id)) }
      case .platform(let pod, let guises, let others, _):
        for pod in isEssential ? [pod] : [pod] + guises + others { add(slice.number(ofPeer: pod.id)) }
      case .networks(let networks, _):
        let block = AddressBlock(networks)
        peers = peers.union(PeerSet(ipv4: block.ipv4, ipv6: block.ipv6))
      // Nobody knows who it is, so nobody is too many.
      case .unknown, .outside: peers = PeerSet(classes: slice.engine.everyClass, ipv4: .all, ipv6: .all)
      }
    }
    return peers
  }

  /// One peer of a set, as an end of a connection.
  private func sample(_ peers: PeerSet, _ pod: Int) -> Endpoint? {
    for number in slice.engine.network.pods.indices where number != pod && slice.strangers[number] == nil {
      if peers.classes.contains(slice.engine.podClass(of: number)) { return .pod(number) }
    }
    if let first = peers.ipv4.intervals.first {
      return .address(IPAddress(ipv4: first.lower == 0 ? min(first.upper, 0xC000_0201) : first.lower))
    }
    return peers.ipv6.intervals.first.map { .address(IPAddress(ipv6: $0.lower)) }
  }
}

/// What opens one direction of a pod, and what connections need of it.
struct Way {
  /// A need with the peers and ports that it is about.
  struct Served {
    let need: Need
    let peers: PeerSet
    /// Those among them who must be admitted.
    let essential: PeerSet
    let ports: PortSet
  }

  /// A peer of a rule.
  struct Place: Hashable {
    let part: Int
    let rule: Int
    let peer: Int?

    init(_ grant: PodGrant) {
      part = grant.part
      rule = grant.rule
      peer = grant.peer
    }
  }

  let slice: NamespaceSlice
  let pod: Int
  let direction: NetworkPolicy.Direction
  /// All that any policy opens.
  let grants: [PodGrant]
  let needs: [Served]
  /// True where connections need the pod in the other direction.
  var isNeededOtherwise = false
}

extension PeerSet {
  mutating func insert(_ address: IPAddress) {
    if address.isIPv6 {
      ipv6 = ipv6.union(IntervalSet(address.bits, address.bits))
    } else {
      let bits = UInt32(truncatingIfNeeded: address.bits)
      ipv4 = ipv4.union(IntervalSet(bits, bits))
    }
  }
}

extension PortSet {
  /// The first port of a set: TCP before UDP before SCTP.
  var first: (UInt16, TransportProtocol)? {
    for transport in TransportProtocol.allCases {
      if let first = self[transport].intervals.first { return (first.lower, transport) }
    }
    return nil
  }
}

extension NamespaceSlice {
  /// True where this compile emits policies into the namespace.
  var hasEmittedPolicies: Bool { policies.contains { $0.object.evidence == .emitted } }

  /// True when an emitted policy may select the pod and says something about the direction.
  func isSelectedByEmitted(_ pod: Int, _ direction: NetworkPolicy.Direction) -> Bool {
    engine.selecting(pod, direction).contains { policies[$0].object.evidence == .emitted }
  }

  /// An end of a connection in words.
  func words(_ endpoint: Endpoint) -> String {
    switch endpoint {
    case .address(let address): return "addresses like \(address.text)"
    case .pod(let number):
      if number < subjects.count { return subjects[number].description }
      let pod = engine.network.pods[number]
      let place = engine.network.namespaces[pod.namespace]
      if let text = strangers[number] { return text }
      return "\(pod.name) of \(place.name)"
    }
  }
}

extension IPAddress {
  /// The address as people write it; IPv6 without the short form.
  var text: String {
    if isIPv6 {
      return (0..<8).map { String(UInt16(truncatingIfNeeded: bits >> (112 - 16 * UInt128($0))), radix: 16) }
        .joined(separator: ":")
    }
    let value = UInt32(truncatingIfNeeded: bits)
    return "\(value >> 24).\(value >> 16 & 255).\(value >> 8 & 255).\(value & 255)"
  }
}
