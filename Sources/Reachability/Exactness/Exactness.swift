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
    let rule: String
    /// What of the policy opens it: a peer, a rule, the selector.
    let opener: Node?
    /// The least change that closes it.
    let remedy: String
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
    for direction in [NetworkPolicy.Direction.ingress, .egress] {
      let byPod = Dictionary(grouping: needs.filter { $0.direction == direction }) { $0.pod }
      for pod in slice.subjects.indices
      where (slice.subjects[pod].workload != nil || byPod[pod] != nil)
        && slice.isSelectedByEmitted(pod, direction)
      {
        let same = slice.subjects[pod].workload.flatMap { siblings[$0.description] } ?? [pod]
        let needs = same.filter { isOneOf(pod, $0) }.flatMap { byPod[$0] ?? [] }
        found += excesses(of: pod, direction, needs)
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

  private func excesses(of pod: Int, _ direction: NetworkPolicy.Direction, _ needs: [Need]) -> [Excess] {
    let engine = slice.engine
    var needed = PeerSet()
    var portsOf: [(need: Need, peers: PeerSet, ports: PortSet)] = []
    for need in needs {
      let peers = self.peers(need)
      needed = needed.union(peers)
      portsOf.append((need, peers, PortSet(need.transport, IntervalSet(need.port, need.port))))
    }
    var found: [Excess] = []
    let openings = engine.grants(to: pod, direction)
    let others = openings.filter { slice.policies[$0.policy].object.evidence != .emitted }
    for opening in openings where slice.policies[opening.policy].object.evidence == .emitted {
      // What somebody else opens anyway is not held against the emitted policy.
      let alien = others.filter { opening.ports.subtracting($0.ports).isEmpty }.reduce(PeerSet()) {
        $0.union($1.peers)
      }
      let strangers = opening.peers.subtracting(needed).subtracting(alien)
      if let stranger = sample(strangers, direction, pod) {
        found += blame(
          opening.policy, stranger, pod, direction, opening.ports, needs, needs.isEmpty ? .pods : .others)
      }
      // Somebody needed, at ports that are not.
      let wanted = opening.peers.intersection(needed).subtracting(alien)
      guard !wanted.isEmpty else { continue }
      let concerned = portsOf.filter { !$0.peers.intersection(wanted).isEmpty }
      let enough = concerned.reduce(PortSet()) { $0.union($1.ports) }
      let extra = opening.ports.subtracting(enough)
      guard !extra.isEmpty, let peer = sample(wanted, direction, pod) else { continue }
      found += blame(opening.policy, peer, pod, direction, extra, concerned.map(\.need), .ports)
    }
    return found
  }

  /// Policies that somebody wrote, not the platform's, which surely admit every address at a port that connections need
  /// of a pod, though none of them needs everybody. One per policy. Linear in the needs.
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
      let openings = slice.engine.grants(to: pod, .ingress).filter {
        written.contains($0.policy) && $0.peers.ipv4 == .all
      }
      guard !openings.isEmpty else { continue }
      let needed = needs.reduce(PeerSet()) { $0.union(peers($1)) }
      guard let stranger = sample(PeerSet(ipv4: needed.ipv4.complement), .ingress, pod) else { continue }
      for opening in openings {
        let open = needs.filter { opening.ports.contains($0.port, $0.transport) }
        guard let need = open.first, seen.insert(opening.policy).inserted else { continue }
        let object = slice.policies[opening.policy].object
        let sides = slice.engine.trace(from: stranger, to: .pod(pod), port: need.port, need.transport).sides
        let decision = sides.filter { $0.direction == .ingress }.flatMap(\.decisions).first {
          $0.policy.node.tree === object.node.tree && $0.policy.name == object.name && $0.opens == .yes
        }
        guard let decision else { continue }
        let remedy = Remedy(
          slice: slice, needs: needs, policy: object, decision: decision, pod: pod, direction: .ingress,
          kind: .others)
        found.append(
          Excess(
            kind: .others, policy: object, rule: decision.reason, opener: remedy.opener, remedy: remedy.text,
            direction: .ingress, pod: pod, other: "everybody", ports: opening.ports))
      }
    }
    return found
  }

  /// The classes and addresses that a need is about.
  private func peers(_ need: Need) -> PeerSet {
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
      case .platform(let pod, let others, _):
        for pod in [pod] + others { add(slice.number(ofPeer: pod.id)) }
      case .networks(let networks, _):
        let block = AddressBlock(networks)
        peers = peers.union(PeerSet(ipv4: block.ipv4, ipv6: block.ipv6))
      // Nobody knows who it is, so nobody is too many.
      case .unknown: peers = PeerSet(classes: slice.engine.everyClass, ipv4: .all, ipv6: .all)
      }
    }
    return peers
  }

  /// One peer of a set, as an end of a connection: a pod that is no subject's own class, else an address.
  private func sample(_ peers: PeerSet, _ direction: NetworkPolicy.Direction, _ pod: Int) -> Endpoint? {
    guard !peers.isEmpty else { return nil }
    for number in slice.engine.network.pods.indices where number != pod {
      if peers.classes.contains(slice.engine.podClass(of: number)) { return .pod(number) }
    }
    if let first = peers.ipv4.intervals.first {
      return .address(IPAddress(ipv4: first.lower == 0 ? min(first.upper, 0xC000_0201) : first.lower))
    }
    return peers.ipv6.intervals.first.map { .address(IPAddress(ipv6: $0.lower)) }
  }

  /// The rule of an emitted policy that opens it.
  private func blame(
    _ policy: Int, _ other: Endpoint, _ pod: Int, _ direction: NetworkPolicy.Direction, _ ports: PortSet,
    _ needs: [Need], _ kind: Excess.Kind
  ) -> [Excess] {
    guard let (port, transport) = ports.first else { return [] }
    let (source, destination) = direction == .ingress ? (other, Endpoint.pod(pod)) : (.pod(pod), other)
    let object = slice.policies[policy].object
    let decisions = slice.engine.trace(from: source, to: destination, port: port, transport).sides.filter {
      $0.direction == direction && $0.pod == pod
    }.flatMap(\.decisions)
    let decision = decisions.first {
      $0.policy.node.tree === object.node.tree && $0.policy.name == object.name && $0.opens.may
    }
    let remedy = Remedy(
      slice: slice, needs: needs, policy: object, decision: decision, pod: pod, direction: direction,
      kind: kind)
    return [
      Excess(
        kind: kind, policy: object, rule: decision?.reason ?? "one of its rules", opener: remedy.opener,
        remedy: remedy.text, direction: direction, pod: pod, other: slice.words(other), ports: ports)
    ]
  }
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
