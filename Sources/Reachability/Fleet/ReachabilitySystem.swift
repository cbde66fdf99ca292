package import Diagnostics
package import FleetSpec
package import Kubernetes

/// How one kind of carrier takes a connection from one cluster to another: a model of its controllers, written
/// from their source and documentation and from nothing that emits for them.
///
/// A system looks at the Link's section, at objects that stand or will stand and at observations
/// (`JudgedCluster`), and walks a crossing hop by hop (`Walk`). It shares no code with the link type of the same
/// key: a judge that is told by the emitter what to expect repeats its mistakes.
package protocol ReachabilitySystem: Sendable {
  /// The key of the link type: `porter`.
  static var key: String { get }

  /// Kinds of objects that the system looks up with `JudgedCluster.objects(ofKind:)` or `object`, beside Services,
  /// endpoints and policies. Only emitted objects of these kinds are kept for it.
  static var kinds: Set<String> { get }

  /// Names of fragments that the system reads as YAML (`JudgedCluster.fragmentRoot`): they are parsed on all cores.
  static var fragments: Set<String> { get }

  /// True where walks of the system ask the policies of both ends for everything that the carrier needs of them: then
  /// whatever else an emitted policy opens is reported. False where controllers need ways that no walk takes.
  static var notesAllNeeds: Bool { get }

  /// True where `audience` has something to say: walks by the thousand are not asked for nothing.
  static var tellsAudience: Bool { get }

  /// Reads a Link. Linear in the objects of the system's kinds.
  init(_ link: Link, in fleet: JudgedFleet)

  /// Pods of other places that the policies of the two ends meet. Asked before anything is evaluated.
  func peers(of crossing: Crossing, in fleet: JudgedFleet) -> CrossingPeers

  /// What emitted objects of the link's own kinds open beyond the crossings: Services, networks, names. What policies
  /// open is found without it. Linear in the objects of the system's kinds times the crossings.
  ///
  /// - Parameter crossings: all of the fleet.
  func excesses(beyond crossings: [JudgedCrossing], in fleet: JudgedFleet) -> [SystemExcess]

  /// Where a crossing's target can be reached by everybody who can send there, whatever connections declare: an address
  /// on a network that no policy of a cluster guards. Policies about paths ask for it.
  func openings(to crossing: Crossing, in fleet: JudgedFleet) -> [Opening]

  /// Services that the link's means serve to all comers though no connection names them. Policies about paths ask for it.
  /// Linear in the objects of the system's kinds times the Services of their clusters.
  ///
  /// - Parameter crossings: all of the fleet.
  func strayOpenings(beyond crossings: [JudgedCrossing], in fleet: JudgedFleet) -> [StrayOpening]

  /// Who reaches a crossing's target whatever connections declare, where nothing narrows that; nil where something does,
  /// and where a rule of the link type says it.
  func audience(
    of crossing: Crossing, _ admissions: inout Admissions, in fleet: JudgedFleet
  ) -> Audience?

  /// Whether what stands behind an opening may take pods of a workload for clients, though no connection says so.
  func mayEnter(
    _ crossing: Crossing, from cluster: JudgedCluster, _ workload: Workload, in fleet: JudgedFleet
  ) -> Bool

  /// Walks from the client to the target. Stops at the first hop that fails (`walk.isOver`).
  func walk(_ crossing: Crossing, _ walk: inout Walk)
}

extension ReachabilitySystem {
  package static var kinds: Set<String> { [] }
  package static var fragments: Set<String> { [] }
  package static var notesAllNeeds: Bool { false }
  package static var tellsAudience: Bool { false }
  package func audience(
    of crossing: Crossing, _ admissions: inout Admissions, in fleet: JudgedFleet
  ) -> Audience? {
    nil
  }
  package func peers(of crossing: Crossing, in fleet: JudgedFleet) -> CrossingPeers { CrossingPeers() }
  package func excesses(beyond crossings: [JudgedCrossing], in fleet: JudgedFleet) -> [SystemExcess] { [] }
  package func openings(to crossing: Crossing, in fleet: JudgedFleet) -> [Opening] { [] }
  package func strayOpenings(beyond crossings: [JudgedCrossing], in fleet: JudgedFleet) -> [StrayOpening] {
    []
  }
  package func mayEnter(
    _ crossing: Crossing, from cluster: JudgedCluster, _ workload: Workload, in fleet: JudgedFleet
  ) -> Bool { true }
}

/// An address at which somebody serves a target to all comers.
package struct Opening: Sendable {
  /// Nil where it is not known yet.
  let address: IPAddress?
  let port: UInt16?
  /// `the virtual server of TransportServerClaim db-tsc`.
  let what: String
  /// True where nobody enters who has no identity of a service mesh: no network outside.
  let asksForIdentity: Bool

  package init(address: IPAddress?, port: UInt16?, what: String, asksForIdentity: Bool = false) {
    self.asksForIdentity = asksForIdentity
    self.address = address
    self.port = port
    self.what = what
  }

  /// `142.34.229.70:37650, the virtual server of …`.
  var description: String {
    guard let address else { return "the address of \(what), which is not known yet" }
    return "\(address.text):\(port.map(String.init) ?? "?"), \(what)"
  }
}

/// A Service that somebody serves to all comers, though no connection names it.
package struct StrayOpening: Sendable {
  let cluster: JudgedCluster
  let service: Service
  /// The port that is served; nil for all.
  let port: Int?
  let opening: Opening
  /// What serves it.
  let place: Label
  /// Whom the policies of the Service's pods see.
  let senders: [PeerPod]
  /// Whether pods of a workload may call, at one of the Service's ports and its pods.
  let mayEnter: @Sendable (JudgedCluster, Workload, ServicePort, SubjectPod) -> Bool

  package init(
    _ service: Service, _ port: Int? = nil, of cluster: JudgedCluster, _ opening: Opening, at place: Label,
    seenAs senders: [PeerPod],
    mayEnter: @escaping @Sendable (JudgedCluster, Workload, ServicePort, SubjectPod) -> Bool = { _, _, _, _ in
      true
    }
  ) {
    self.cluster = cluster
    self.service = service
    self.port = port
    self.opening = opening
    self.place = place
    self.senders = senders
    self.mayEnter = mayEnter
  }
}

/// Pods of other places that policies meet at the two ends of a crossing.
package struct CrossingPeers: Sendable {
  /// Whom the target's policies see: senders that are pods.
  package var atTarget: [PeerPod]
  /// Whom the client's policies see: destinations that are pods.
  package var atClient: [PeerPod]
  /// Pods on the way in the target's cluster that policies of their own namespace isolate: those of a gateway.
  package var onTheWay: [(namespace: String, pods: SubjectPod)]
  /// Whom those pods send to: the target's pods as the policies of the gateway's namespace see them.
  package var behindTheWay: [PeerPod]
  /// Pods of either cluster on which the way hangs without going through them: a DNS server, the mesh's API server.
  package var beside: [PodsOnTheWay]

  package init(
    atTarget: [PeerPod] = [], atClient: [PeerPod] = [],
    onTheWay: [(namespace: String, pods: SubjectPod)] = [],
    behindTheWay: [PeerPod] = [], beside: [PodsOnTheWay] = []
  ) {
    self.atTarget = atTarget
    self.atClient = atClient
    self.onTheWay = onTheWay
    self.behindTheWay = behindTheWay
    self.beside = beside
  }
}

/// The systems that the judge knows: one line each.
package enum SystemRegistry {
  package static let systems: [any ReachabilitySystem.Type] = [
    ClusterMeshSystem.self,
    GatewayDNSSystem.self,
    PorterSystem.self,
    StaticSystem.self,
    TetrateSystem.self,
  ]

  /// Kinds of emitted objects that are kept for the judge.
  package static let kinds: Set<String> = {
    var kinds: Set<String> = [
      "NetworkPolicy", "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy", "Service", "Endpoints",
      "EndpointSlice", "ScaledObject", "Rollout",
    ]
    for system in systems { kinds.formUnion(system.kinds) }
    return kinds.union(PublishedObjects.kinds)
  }()

  /// Names of fragments that are read as YAML.
  static let fragments: Set<String> = systems.reduce(into: []) { $0.formUnion($1.fragments) }
}
