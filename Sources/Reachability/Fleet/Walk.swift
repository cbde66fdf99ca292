package import Diagnostics
import FleetSpec
package import Kubernetes
package import Linker
import YAMLTree

/// One crossing on its way: a system tells it what stands there, hop by hop, and it judges.
///
/// Texts are made only where somebody will read them: for a trace, and for hops that do not hold.
package struct Walk: Sendable {
  package let crossing: Crossing
  let judge: Judge
  /// False where nobody will read the trace: nothing need be made for it.
  package let isTracing: Bool
  /// All hops in a trace, else those that do not hold.
  private(set) var hops: [Hop] = []
  package private(set) var verdict = ConnectionVerdict.proved
  /// Whom the next hop takes for the sender.
  package var sender = Sender.client
  /// What the verdict rests on, for the certificate; in a trace only.
  private(set) var claims: [CheckedClaim] = []
  /// What isolated pods at both ends need of their policies.
  private(set) var needs: [Need] = []
  /// The name that clients use, where a connection tells them.
  private(set) var usedName: String?

  init(_ crossing: Crossing, _ judge: Judge, isTracing: Bool) {
    self.crossing = crossing
    self.judge = judge
    self.isTracing = isTracing
  }

  package var fleet: JudgedFleet { judge.fleet }
  package var client: BoundClient { crossing.client }
  package var target: BoundTarget { crossing.target }
  package var port: ServicePort { crossing.port.port }

  /// The cluster of the client; nil for a network outside.
  package var clientCluster: JudgedCluster? { client.cluster.flatMap { fleet.clusters[$0] } }
  /// The cluster of the target.
  package var targetCluster: JudgedCluster? { fleet.clusters[target.cluster] }

  /// True after a hop that fails: what follows does not matter.
  package var isOver: Bool { verdict == .refuted }

  // MARK: Recording

  /// A hop that holds.
  package mutating func pass(
    _ kind: Hop.Kind, in cluster: String?, _ evidence: Hop.Evidence,
    at places: @autoclosure () -> [Label] = [],
    _ text: @autoclosure () -> String
  ) {
    guard isTracing else { return }
    record(kind, cluster, .holds(evidence), places(), text())
  }

  /// A hop that fails.
  package mutating func fail(_ kind: Hop.Kind, in cluster: String?, _ text: String, _ fault: Fault) {
    if isTracing, !isOver, let claim = fault.because { claims.append(claim) }
    record(kind, cluster, .broken(fault), fault.places, text)
  }

  /// A hop of which a fact is missing.
  package mutating func wait(_ kind: Hop.Kind, in cluster: String?, _ text: String, for fact: MissingFact) {
    if isTracing, !isOver {
      claims.append(CheckedClaim(claim: .found(fact.queries), holds: .no, isMissing: true))
    }
    record(kind, cluster, .pending(fact), [], text)
  }

  /// A hop that holds under some reading only.
  package mutating func depend(
    _ kind: Hop.Kind, in cluster: String?, at places: [Label] = [], _ text: String, on questions: [Question]
  ) {
    record(kind, cluster, .depends(questions), places, text)
  }

  private mutating func record(
    _ kind: Hop.Kind, _ cluster: String?, _ state: Hop.State, _ places: [Label], _ text: String
  ) {
    guard !isOver else { return }
    hops.append(
      Hop(
        kind: kind, cluster: cluster, text: text, state: state, places: places,
        source: sender.description))
    verdict = verdict.and(ConnectionVerdict(state))
  }

  /// Notes what a hop rests on; the certificate holds it.
  ///
  /// - Parameter isNot: true for what would stand in the way, and is not there.
  package mutating func rely(
    on claim: @autoclosure () -> Claim, holds: Ternary = .yes, isNot: Bool = false
  ) {
    guard isTracing, !isOver else { return }
    claims.append(
      CheckedClaim(claim: claim(), holds: isNot ? .no : holds, wanted: isNot ? .no : .yes))
  }

  /// Takes back what would break a hop, and does not: somebody else may be meant.
  mutating func withdraw() { claims.removeAll(where: \.breaks) }

  mutating func need(
    _ slice: NamespaceSlice, _ direction: NetworkPolicy.Direction, _ pod: Int, _ other: Need.Other,
    _ port: Int,
    _ transport: TransportProtocol
  ) {
    guard let port = UInt16(exactly: port), slice.isCompared else { return }
    needs.append(
      Need(slice: slice.key, direction: direction, pod: pod, other: other, port: port, transport: transport))
  }

  // MARK: The client's end

  /// The client's namespace with its policies; nil for a network outside.
  var clientSlice: NamespaceSlice? {
    client.cluster.flatMap { judge.slices[NamespaceSlice.Key(cluster: $0, namespace: client.namespace)] }
  }

  /// The client's pods, by their numbers in the slice.
  var clientPods: [Int] { judge.pods(ofClientOf: crossing, in: clientSlice) }

  /// The hop that opens the connection.
  package mutating func start() {
    switch client.place {
    case .external(let name, let cidrs):
      let networks = cidrs.compactMap { IPNetwork($0.value) }
      let node = client.node
      sender = .networks(networks, description: cidrs.map(\.value).joined(separator: ", "))
      pass(
        .client, in: nil, .specified, at: [Label(node.range)],
        "network \(name) (\(cidrs.map(\.value).joined(separator: ", ")))")
    case .cluster(let name):
      guard let slice = clientSlice else { return }
      let pods = clientPods
      let idle =
        idleQuestions(pods.map { slice.subjects[$0].workload }, slice)
        + absentQuestions(pods.map { slice.subjects[$0] }, slice)
      guard idle.isEmpty else {
        let text = listed(pods.map { slice.subjects[$0].description }.withoutRepetitions)
        depend(.client, in: name, "\(text) of \(slice.namespace) @\(name)", on: idle)
        return
      }
      pass(
        .client, in: name,
        pods.contains { slice.subjects[$0].workload == nil } ? .specified : .declared,
        at: pods.compactMap { slice.subjects[$0].workload.map { Label($0.manifest.nameNode.range) } },
        "\(listed(pods.map { slice.subjects[$0].description }.withoutRepetitions)) of \(slice.namespace) @\(name)"
      )
    }
  }

  /// The client's policies let it out to an address, or to every address where it is not known yet.
  ///
  /// - Parameter isDirect: the client sends to the address itself; no Service of its cluster stands before it.
  package mutating func leave(
    to address: IPAddress?, port: Int, _ transport: TransportProtocol,
    as description: @autoclosure () -> String,
    missing: @autoclosure () -> MissingFact? = nil, isDirect: Bool = false
  ) {
    guard let slice = clientSlice, !isOver else { return }
    guard let address else {
      guard clientPods.contains(where: { !slice.isOpen($0, .egress) }) else {
        // Nothing isolates them: any address will do.
        for pod in clientPods {
          rely(
            on: .egress(
              slice.key, slice.subjects[pod], .address(IPAddress(ipv4: 0xC000_0201)), port: port, transport))
        }
        egressIsOpen(slice)
        return
      }
      if let missing = missing() {
        wait(.egress, in: slice.cluster.name, "to an address that is not known yet", for: missing)
      }
      return
    }
    judgeEgress(
      slice, to: .address(address), .address(address), port, transport, description(), isDirect: isDirect)
    judgeCaptors(of: address, port: port, transport)
  }

  /// The client's policies let it out to pods that it sees as pods.
  package mutating func leave(
    to peers: [PeerPod], port: (PeerPod) -> Int?, _ transport: TransportProtocol
  ) {
    guard let slice = clientSlice, !isOver else { return }
    for peer in peers {
      guard let number = slice.number(ofPeer: peer.id), let port = port(peer), !isOver else { continue }
      judgeEgress(slice, to: .pod(number), .peer(peer), port, transport, "\(peer.kind) \(peer.name)")
    }
  }

  private mutating func egressIsOpen(_ slice: NamespaceSlice) {
    if slice.knowsBaseline {
      pass(.egress, in: slice.cluster.name, .declared, "not isolated")
    } else {
      depend(
        .egress, in: slice.cluster.name, "not isolated by any policy that is known",
        on: [slice.baselineQuestion])
    }
  }

  private mutating func judgeEgress(
    _ slice: NamespaceSlice, to destination: Endpoint, _ place: Claim.Place, _ port: Int,
    _ transport: TransportProtocol, _ description: String, isDirect: Bool = false
  ) {
    guard let number = UInt16(exactly: port) else { return }
    var questions: [Question] = []
    var isIsolated = false
    let pods = clientPods
    for pod in pods {
      let passes = slice.engine.leaves(pod, to: destination, number, transport)
      let isOpen = slice.isOpen(pod, .egress)
      isIsolated = isIsolated || !isOpen
      if !isOpen { need(slice, .egress, pod, Need.Other(place), port, transport) }
      rely(on: .egress(slice.key, slice.subjects[pod], place, port: port, transport), holds: passes)
      switch passes {
      case .no:
        fail(
          .egress, in: slice.cluster.name, "to \(description)",
          slice.closedEgress(
            pod, to: destination, number, transport, description, isHostNetwork: place.isHostNetwork))
        return
      case .depends:
        questions += slice.engine.openQuestions(from: .pod(pod), to: destination, .egress).asked
      case .yes:
        if isOpen, !slice.knowsBaseline { questions.append(slice.baselineQuestion) }
        if !isOpen, !isDirect, slice.cluster.profile.egressSeesEndpoints != .yes, case .address = destination
        {
          questions.append(
            Question("whether egress rules are compared with a Service's address or with the one behind it"))
        }
      }
    }
    if !questions.isEmpty {
      depend(.egress, in: slice.cluster.name, "to \(description)", on: questions.withoutRepetitions)
    } else if isIsolated {
      pass(
        .egress, in: slice.cluster.name, .declared,
        at: slice.places(.egress, pods, destination, number, transport),
        slice.reason(.egress, pods, destination, number, transport))
    } else {
      pass(.egress, in: slice.cluster.name, .declared, "not isolated")
    }
  }

  /// The name that clients use; their policies must let them ask for it. `nil` for a client outside the clusters,
  /// which uses the address.
  package mutating func resolve(
    _ name: @autoclosure () -> String, _ evidence: Hop.Evidence, at places: @autoclosure () -> [Label] = []
  ) {
    guard let slice = clientSlice, !isOver else { return }
    if crossing.connection.connection.publishedConfigMap(in: slice.cluster.name) != nil { usedName = name() }
    let resolver = ClusterResolver(slice.cluster.model.cluster.distribution)
    guard asksCluster(slice, name()) else { return }
    var questions: [Question] = []
    // Policies of the whole cluster may keep clients from its DNS that nothing else isolates.
    let isSimple = slice.cluster.clusterwidePolicies.isEmpty
    for pod in clientPods where isSimple && slice.isOpen(pod, .egress) {
      rely(
        on: .egress(slice.key, slice.subjects[pod], .peer(resolver.pod), port: Int(resolver.port), .udp))
    }
    for pod in clientPods where !isSimple || !slice.isOpen(pod, .egress) {
      for transport in [TransportProtocol.udp, .tcp] where !slice.isOpen(pod, .egress) {
        need(slice, .egress, pod, .resolver, Int(resolver.port), transport)
      }
      let passes = slice.resolvers.reduce(Ternary.no) {
        $0 || slice.engine.leaves(pod, to: .pod($1), resolver.port, .udp)
      }
      if passes == .yes || egressWaits == nil {
        rely(
          on: .egress(slice.key, slice.subjects[pod], .peer(resolver.pod), port: Int(resolver.port), .udp),
          holds: passes)
      }
      if passes == .yes { continue }
      if passes.may {
        questions += slice.resolvers.flatMap {
          slice.engine.openQuestions(from: .pod(pod), to: .pod($0), .egress).asked
        }
        continue
      }
      if let fact = egressWaits {
        // The policy that lets the client out is written when the address is known, and lets DNS out as well.
        wait(.name, in: slice.cluster.name, "DNS \(name())", for: fact)
        return
      }
      if !resolver.isSure, slice.mayAskSomebody(pod, port: 53) {
        withdraw()
        questions.append(Question("who answers the DNS questions of \(slice.cluster.name)"))
        continue
      }
      fail(.name, in: slice.cluster.name, name(), slice.closedResolver(pod, resolver))
      return
    }
    questions += cacheQuestions() + askResolver(name())
    guard !isOver else { return }
    if questions.isEmpty {
      pass(.name, in: slice.cluster.name, evidence, at: places(), "DNS \(name())")
    } else {
      depend(.name, in: slice.cluster.name, "DNS \(name())", on: questions.withoutRepetitions)
    }
  }
}
