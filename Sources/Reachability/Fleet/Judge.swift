import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Parallel

/// All crossings of a fleet and what it takes to walk them: namespaces evaluated, links modelled.
///
/// A class: every walk holds it.
final class Judge: Sendable {
  let fleet: JudgedFleet
  let slices: [NamespaceSlice.Key: NamespaceSlice]
  private let systems: [String: any ReachabilitySystem]
  private let ends: [ObjectIdentifier: ConnectionEnds]
  /// What is emitted and left out by whoever applies the output.
  let excluded: ExcludedObjects

  /// Evaluates the namespaces that crossings begin or end in, each once and in parallel. Linear in connections
  /// times the workloads of a namespace, and in the policies of the namespaces.
  init(
    _ fleet: JudgedFleet, _ links: [any BoundLink], _ connections: [BoundConnection], _ crossings: [Crossing],
    mapping: some ParallelMapping
  ) {
    self.fleet = fleet
    excluded = ExcludedObjects(fleet)
    var systems: [String: any ReachabilitySystem] = [:]
    for link in links {
      guard let type = SystemRegistry.systems.first(where: { $0.key == link.link.type.value }) else {
        continue
      }
      systems[link.link.name.value] = type.init(link.link, in: fleet)
    }
    self.systems = systems
    let ends = mapping.map(connections, piece: 32) { ConnectionEnds($0, in: fleet) }
    var byConnection: [ObjectIdentifier: ConnectionEnds] = [:]
    byConnection.reserveCapacity(connections.count)
    for (connection, ends) in zip(connections, ends) { byConnection[ObjectIdentifier(connection)] = ends }
    self.ends = byConnection
    let modelled = systems
    let peers = mapping.map(crossings, piece: 64) { crossing in
      modelled[crossing.connection.link.link.name.value]?.peers(of: crossing, in: fleet) ?? CrossingPeers()
    }
    var requests = SliceRequests()
    for (connection, ends) in zip(connections, ends) { requests.add(connection, ends) }
    for (crossing, peers) in zip(crossings, peers) { requests.add(crossing, peers) }
    // Few clusters have policies where their DNS runs.
    let guarded = fleet.clusters.values.filter { cluster in
      let namespace = ClusterResolver(cluster.model.cluster.distribution).pod.namespace
      return PodsOnTheWay.arePoliciesKnown(namespace, in: cluster)
    }.map(\.name)
    for crossing in crossings where crossing.client.cluster.map(guarded.contains) ?? false {
      if let way = PodsOnTheWay.resolver(of: crossing, in: fleet) { requests.add(way) }
    }
    let sorted = requests.all
    let made = mapping.map(sorted, piece: 4) { request -> NamespaceSlice? in
      fleet.clusters[request.key.cluster].map {
        NamespaceSlice($0, request.key.namespace, subjects: request.subjects, peers: request.peers)
      }
    }
    var slices: [NamespaceSlice.Key: NamespaceSlice] = [:]
    slices.reserveCapacity(made.count)
    for (request, slice) in zip(sorted, made) { slices[request.key] = slice }
    self.slices = slices
  }

  /// The models of all links, by the links' names.
  var systemsInOrder: [any ReachabilitySystem] { systems.sorted { $0.key < $1.key }.map(\.value) }

  /// The model of a crossing's link; nil for a carrier that nobody has modelled.
  func system(of crossing: Crossing) -> (any ReachabilitySystem)? {
    systems[crossing.connection.link.link.name.value]
  }

  /// Walks one crossing; nil where nobody has modelled its carrier.
  func walk(_ crossing: Crossing, isTracing: Bool) -> Walk? {
    guard let system = system(of: crossing) else { return nil }
    var walk = Walk(crossing, self, isTracing: isTracing)
    system.walk(crossing, &walk)
    walk.needResolver()
    walk.judgeSurroundings()
    return walk
  }

  // MARK: Ends

  func pods(ofClientOf crossing: Crossing, in slice: NamespaceSlice?) -> [Int] {
    numbers(ends[ObjectIdentifier(crossing.connection)]?.clients[crossing.clientNumber] ?? [], in: slice)
  }

  func pods(ofTargetOf crossing: Crossing, in slice: NamespaceSlice?) -> [Int] {
    numbers(ends[ObjectIdentifier(crossing.connection)]?.targets[crossing.targetNumber] ?? [], in: slice)
  }

  private func numbers(_ members: [ConnectionEnds.Member], in slice: NamespaceSlice?) -> [Int] {
    members.compactMap { member in
      switch member {
      case .workload(let number): number
      case .special(let subject): slice?.number(ofSubject: subject.id)
      }
    }
  }
}

/// The namespaces that must be evaluated, with what each needs beside its own workloads.
private struct SliceRequests {
  struct Request: Sendable {
    let key: NamespaceSlice.Key
    var subjects: [SubjectPod] = []
    var peers: [PeerPod] = []
    fileprivate var known: Set<String> = []
  }

  private var requests: [NamespaceSlice.Key: Request] = [:]

  var all: [Request] {
    requests.values.sorted { ($0.key.cluster, $0.key.namespace) < ($1.key.cluster, $1.key.namespace) }
  }

  mutating func add(_ connection: BoundConnection, _ ends: ConnectionEnds) {
    for (client, members) in zip(connection.clients, ends.clients) {
      guard let cluster = client.cluster, let members else { continue }
      add(members, cluster, client.namespace)
    }
    for (target, members) in zip(connection.targets, ends.targets) {
      add(members, target.cluster, target.service.key.namespace)
    }
  }

  private mutating func add(_ members: [ConnectionEnds.Member], _ cluster: String, _ namespace: String) {
    let key = NamespaceSlice.Key(cluster: cluster, namespace: namespace)
    if requests[key] == nil { requests[key] = Request(key: key) }
    for case .special(let subject) in members { requests[key]?.subjects.append(subject) }
  }

  mutating func add(_ crossing: Crossing, _ peers: CrossingPeers) {
    let target = crossing.target
    add(peers.atTarget, target.cluster, target.service.key.namespace)
    if let cluster = crossing.client.cluster { add(peers.atClient, cluster, crossing.client.namespace) }
    for (namespace, pods) in peers.onTheWay {
      let key = NamespaceSlice.Key(cluster: target.cluster, namespace: namespace)
      if requests[key, default: Request(key: key)].known.insert("on the way \(pods.id)").inserted {
        requests[key, default: Request(key: key)].subjects.append(pods)
      }
      add(peers.behindTheWay, target.cluster, namespace)
    }
    for way in peers.beside { add(way) }
  }

  mutating func add(_ way: PodsOnTheWay) {
    let key = way.key
    for pods in way.pods
    where requests[key, default: Request(key: key)].known.insert("on the way \(pods.id)").inserted {
      requests[key, default: Request(key: key)].subjects.append(pods)
    }
    add(way.peers, key.cluster, key.namespace)
  }

  private mutating func add(_ peers: [PeerPod], _ cluster: String, _ namespace: String) {
    let key = NamespaceSlice.Key(cluster: cluster, namespace: namespace)
    for peer in peers {
      if requests[key, default: Request(key: key)].known.insert(peer.id).inserted {
        requests[key, default: Request(key: key)].peers.append(peer)
      }
    }
  }
}
