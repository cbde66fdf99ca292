import Kubernetes

/// What can reach what, workload by workload and range by range.
package struct ConnectivityList: Sendable {
  package struct Line: Sendable, Hashable {
    /// The fleet's cluster; nil where manifests are all there is, and for a line between two clusters.
    package var cluster: String?
    package var source: String
    package var destination: String
    /// What passes whatever the API leaves open.
    package let must: PortSet
    /// What passes beyond that under some reading.
    package let depends: PortSet
    /// What that hangs on.
    package let reasons: [String]
    /// For a line between two clusters: the connection that it is.
    package var connection: String?
    /// The network that it is about: under np-guard's conventions each has lines of its own.
    package var network = Network.cluster
  }

  /// Sorted by source, then destination, by bytes.
  package private(set) var lines: [Line] = []
  /// Of a fleet under np-guard's conventions: how many policies name ranges of IPv6, which those do not list.
  package internal(set) var policiesWithRangesLeftOut = 0

  /// Under np-guard's conventions: the networks of every workload.
  private(set) var networksOfWorkloads: [(name: String, primary: Network, others: [String])] = []

  /// Lines that were found otherwise.
  init(_ lines: [Line]) {
    engine = PolicyEngine(ClusterNetwork(profile: .kubernetes))
    edges = (AddressEdges(), AddressEdges())
    self.lines = lines.sorted(by: Self.isBefore)
  }

  /// Which end of the list an address stands on.
  private enum Side {
    case source
    case destination
  }

  private let engine: PolicyEngine
  private let edges: (ingress: AddressEdges, egress: AddressEdges)
  /// One pod for each name.
  private var listed: [(pod: Int, name: String)] = []
  private var listedOfClass: [[Int]] = []

  /// Lists all pairs. Linear in the result, and in workloads times ranges of addresses.
  package init(_ engine: PolicyEngine, _ manifests: ManifestNetwork) {
    self.init(
      engine, manifests, ingress: engine.addressEdges(.ingress), egress: engine.addressEdges(.egress))
  }

  /// Lists pairs with addresses cut at the given edges, which hold the policies' own.
  init(
    _ engine: PolicyEngine, _ manifests: ManifestNetwork, ingress: AddressEdges, egress: AddressEdges
  ) {
    self.engine = engine
    edges = (ingress, egress)
    chooseNames(manifests)
    addPairs()
    addRanges(.source)
    addRanges(.destination)
    addPublications(manifests)
    addAttached(manifests.attachedNetworks)
    lines.sort(by: Self.isBefore)
  }

  /// By source, then destination, by bytes.
  static func isBefore(_ a: Line, _ b: Line) -> Bool {
    a.source == b.source
      ? a.destination.utf8.lexicographicallyPrecedes(b.destination.utf8)
      : a.source.utf8.lexicographicallyPrecedes(b.source.utf8)
  }

  /// The names of all workloads.
  var workloads: Set<String> { Set(listed.map(\.name)) }

  private var isNPGuard: Bool { engine.network.profile.name == NetworkProfile.npGuard }

  /// Pods of one owner are one name; a pod that policies tell apart from its siblings stands for itself:
  /// `ns/owner[Kind]#pod`.
  private mutating func chooseNames(_ manifests: ManifestNetwork) {
    listed = Self.peers(engine, manifests)
    listedOfClass = Array(repeating: [], count: engine.classCount)
    for (number, entry) in listed.enumerated() {
      listedOfClass[Int(engine.podClass(of: entry.pod))].append(number)
    }
  }

  /// Who stands in a list: one pod for each name. Linear in the pods, and for owners whose pods differ in what policies
  /// look at, in what policies name.
  package static func peers(
    _ engine: PolicyEngine, _ manifests: ManifestNetwork
  ) -> [(pod: Int, name: String)] {
    var kept: [String: [Int32]] = [:]
    var merged: [String: Set<Int32>] = [:]
    var used: [Int32]?
    var peers: [(pod: Int, name: String)] = []
    for index in engine.network.pods.indices where index != manifests.ingressController {
      var name = name(of: index, engine.network)
      let number = engine.podClass(of: index)
      if let known = kept[name] {
        if known.contains(number) || merged[name]?.contains(number) ?? false { continue }
        let named = used ?? engine.namedPeers
        used = named
        if known.contains(where: { engine.treatsAlike($0, number, named) }) {
          merged[name, default: []].insert(number)
          continue
        }
        kept[name, default: []].append(number)
        name += "#\(engine.network.pods[index].podName ?? String(index))"
      } else {
        kept[name] = [number]
      }
      peers.append((index, name))
    }
    return peers
  }

  /// `ns/name[Kind]`.
  package static func name(of pod: Int, _ network: ClusterNetwork) -> String {
    "\(network.description(of: pod))[\(network.pods[pod].kind)]"
  }

  private mutating func addPairs() {
    let may = PairTable(engine, .may)
    let must = PairTable(engine, .must)
    for destination in 0..<engine.classCount {
      let mayPorts = Self.bySource(may.destinations[destination])
      let mustPorts = Self.bySource(must.destinations[destination])
      for (source, ports) in mayPorts {
        let sure = mustPorts[source] ?? PortSet()
        for from in listedOfClass[Int(source)] {
          for to in listedOfClass[destination] {
            addPair(listed[from], listed[to], sure, ports.subtracting(sure))
          }
        }
      }
    }
  }

  private static func bySource(_ entries: [PairTable.Entry]) -> [Int32: PortSet] {
    var ports: [Int32: PortSet] = [:]
    for entry in entries {
      entry.sources.forEach { ports[$0] = ports[$0].map { $0.union(entry.ports) } ?? entry.ports }
    }
    return ports
  }

  private mutating func addPair(
    _ from: (pod: Int, name: String), _ to: (pod: Int, name: String), _ must: PortSet, _ depends: PortSet
  ) {
    // np-guard drops a workload's traffic with itself; replicas do talk to each other, a single pod does not count.
    if from.pod == to.pod, isNPGuard || engine.network.pods[from.pod].kind == "Pod" { return }
    if engine.network.pods[from.pod].isPlatform, engine.network.pods[to.pod].isPlatform { return }
    let questions = depends.isEmpty ? [] : engine.openQuestions(from: .pod(from.pod), to: .pod(to.pod))
    lines.append(
      Line(
        source: from.name, destination: to.name, must: must, depends: depends, reasons: questions.reasons,
        network: network(of: from.pod)))
  }

  /// The section that a pod's lines belong to.
  private func network(of pod: Int) -> Network {
    isNPGuard ? Network(primaryOf: engine.network.namespaces[engine.network.pods[pod].namespace]) : .cluster
  }

  /// What passes by networks beside the cluster's own. np-guard gives them sections; else it is what a pair of pods may
  /// have beside its line: nobody says here that MultiNetworkPolicies are enforced, or that such networks join their pods.
  /// Quadratic in the workloads of one such network.
  private mutating func addAttached(_ networks: [SecondaryNetworks.Attached]) {
    if isNPGuard {
      networksOfWorkloads = listed.filter { !engine.network.pods[$0.pod].isPlatform }.map { pod, name in
        (name, network(of: pod), networks.filter { $0.pods.contains(pod) }.map(\.name).sorted())
      }.sorted { $0.name < $1.name }
    }
    guard !networks.isEmpty else { return }
    struct Pair: Hashable {
      let source: String
      let destination: String
    }
    var places: [Pair: Int] = [:]
    for (index, line) in lines.enumerated() {
      places[Pair(source: line.source, destination: line.destination)] = index
    }
    for attached in networks {
      let beside = PolicyEngine(attached.network)
      let members = listed.compactMap { entry in attached.endpoint(entry.pod).map { (entry, $0) } }
      for (from, source) in members {
        for (to, destination) in members {
          if from.pod == to.pod, isNPGuard || engine.network.pods[from.pod].kind == "Pod" { continue }
          let answer = beside.connections(from: source, to: destination)
          guard !answer.may.isEmpty else { continue }
          if isNPGuard {
            lines.append(
              Line(
                source: from.name, destination: to.name, must: answer.must, depends: PortSet(), reasons: [],
                network: .attached(attached.name)))
            continue
          }
          let pair = Pair(source: from.name, destination: to.name)
          let known = places[pair].map { lines[$0] }
          let must = known?.must ?? PortSet()
          let more = answer.may.subtracting(must)
          guard !more.isEmpty else { continue }
          let reasons = known?.reasons ?? []
          let reason = OpenQuestions.secondaryNetworks.reasons
          let line = Line(
            source: from.name, destination: to.name, must: must,
            depends: (known?.depends ?? PortSet()).union(more),
            reasons: reasons + reason.filter { !reasons.contains($0) })
          if let place = places[pair] {
            lines[place] = line
          } else {
            places[pair] = lines.count
            lines.append(line)
          }
        }
      }
    }
  }

  /// What a router that nobody knows can reach, of what Ingresses and Routes publish.
  private mutating func addPublications(_ manifests: ManifestNetwork) {
    guard let controller = manifests.ingressController else { return }
    var services: [NamespacedName: Service] = [:]
    for service in manifests.services { services[service.key] = service }
    var published: [Int: PortSet] = [:]
    for publication in manifests.publications {
      guard let service = services[publication.service], !service.selector.isEmpty else { continue }
      let selector = LabelSelector(equality: service.selector)
      for (number, entry) in listed.enumerated() {
        guard let workload = manifests.workloads[entry.pod], workload.key.namespace == service.key.namespace,
          selector.matches(engine.network.pods[entry.pod].labels)
        else { continue }
        // Requests come by TCP, and np-guard takes a port that no container declares for closed.
        let declared = workload.containerPorts.compactMap { UInt16(exactly: $0.number) }.sorted()
        let open = PortSet(.tcp, IntervalSet(sorted: declared))
        published[number, default: PortSet()] = published[number, default: PortSet()].union(
          publication.ports(of: service, workload).intersection(open))
      }
    }
    for (number, ports) in published {
      let answer = engine.connections(from: .pod(controller), to: .pod(listed[number].pod))
      let passes = answer.must.intersection(ports)
      guard !passes.isEmpty else { continue }
      lines.append(
        Line(
          source: "{ingress-controller}", destination: listed[number].name, must: passes, depends: PortSet(),
          reasons: []))
    }
  }

  // MARK: Addresses

  /// Ranges of IPv6 are listed where the cluster knows of it; np-guard's conventions list IPv4 alone.
  private mutating func addRanges(_ side: Side) {
    let ranges = (side == .source ? edges.ingress : edges.egress).ranges(withIPv6: !isNPGuard)
    for (pod, name) in listed where !engine.network.pods[pod].isPlatform {
      for (address, range) in ranges {
        let from: Endpoint = side == .source ? .address(address) : .pod(pod)
        let to: Endpoint = side == .source ? .pod(pod) : .address(address)
        let answer = engine.connections(from: from, to: to)
        guard !answer.may.isEmpty else { continue }
        let depends = answer.may.subtracting(answer.must)
        lines.append(
          Line(
            source: side == .source ? range : name, destination: side == .source ? name : range,
            must: answer.must,
            depends: depends,
            reasons: depends.isEmpty ? [] : engine.openQuestions(from: from, to: to).reasons,
            network: network(of: pod)))
      }
    }
  }
}
