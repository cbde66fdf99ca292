import Diagnostics
import FleetSpec
package import Kubernetes
import Linker
package import Parallel
import YAMLTree

extension JudgedCluster {
  /// All of the cluster as one network: what exists and was recorded, what this compile emits, the platform's
  /// baseline and its own namespaces. Linear in the objects.
  ///
  /// - Parameter checking: the namespaces whose own policies are checked; nil for all. What this compile emits and
  ///   the baseline never are.
  package func network(
    profile: NetworkProfile? = nil, checking namespaces: Set<String>? = nil
  ) -> ManifestNetwork {
    let declared = model.declared.objects.values.sorted {
      let (a, b) = ($0.nameNode.range, $1.nameNode.range)
      return a.file.path == b.file.path
        ? a.start < b.start : a.file.path.utf8.lexicographicallyPrecedes(b.file.path.utf8)
    }
    let new = emitted.filter { model.declared.objects[$0.key] == nil }.sorted {
      ($0.key.namespace ?? "", $0.key.kind, $0.key.name) < ($1.key.namespace ?? "", $1.key.kind, $1.key.name)
    }
    var surroundings = ManifestNetwork.Surroundings()
    surroundings.clusterName = meshName
    surroundings.admitsLocalNode = true
    surroundings.cluster = model.cluster
    surroundings.baseline = (model.baseline ?? []).map(\.manifest)
    surroundings.knowsBaseline = model.baseline != nil
    surroundings.checkedPolicies = 0..<declared.count { PolicyKind($0) != nil }
    surroundings.checkedNamespaces = namespaces
    return ManifestNetwork(
      declared + new.map(\.value.manifest), profile: profile ?? self.profile,
      platform: .named(model.cluster.distribution == .openshift ? "openshift" : "kubernetes"),
      surroundings: surroundings)
  }
}

extension ConnectivityList {
  /// What can reach what over a fleet: inside of each cluster by its policies, between clusters by the declared
  /// connections as they are judged. Peers are named `cluster/namespace/name[Kind]`.
  ///
  /// Between clusters only what is declared is listed: of a way through a load balancer or a gateway that no
  /// connection declares nothing is known here.
  package init(
    _ judgement: Judgement, clusters: [String], profile: NetworkProfile? = nil, mapping: some ParallelMapping
  ) {
    let fleet = judgement.fleet
    let names = clusters.filter { fleet.clusters[$0] != nil }
    let lists = mapping.map(names, piece: 1) { name -> (lines: [Line], leftOut: Int) in
      guard let cluster = fleet.clusters[name] else { return ([], 0) }
      let manifests = cluster.network(profile: profile)
      let lines = ConnectivityList(PolicyEngine(manifests.network), manifests).lines
      let isNPGuard = profile?.name == NetworkProfile.npGuard
      return (lines.map { $0.named(in: name) }, isNPGuard ? manifests.leftOut().count : 0)
    }
    let isListed = Set(names)
    let crossings = judgement.crossings.filter {
      isListed.contains($0.crossing.target.cluster)
        || $0.crossing.client.cluster.map(isListed.contains) ?? false
    }
    self.init(lists.flatMap(\.lines) + crossings.flatMap { Self.lines($0, fleet) })
    policiesWithRangesLeftOut = lists.reduce(0) { $0 + $1.leftOut }
  }

  /// True where a crossing leads from one workload to another at a port of the pods. Workloads are named
  /// `cluster/namespace/name`; a client's network outside by its name.
  package static func leads(
    _ crossing: Crossing, from source: String, to destination: String, port: UInt16,
    _ transport: TransportProtocol, _ fleet: JudgedFleet
  ) -> Bool {
    func names(_ text: String, _ wanted: String) -> Bool { text == wanted || text.hasPrefix("\(wanted)[") }
    guard crossing.port.port.transport == transport,
      sources(crossing, fleet).contains(where: { names($0, source) })
    else { return false }
    return destinations(crossing, fleet).contains { name, workload in
      let number =
        workload.flatMap { $0.number(of: crossing.port.port.target, transport) } ?? crossing.port.port.number
      return names(name, destination) && number == Int(port)
    }
  }

  /// A crossing, workload by workload; none where it is refuted: nothing passes there.
  private static func lines(_ judged: JudgedCrossing, _ fleet: JudgedFleet) -> [Line] {
    guard judged.verdict != .refuted else { return [] }
    let crossing = judged.crossing
    let port = crossing.port.port
    var lines: [Line] = []
    for source in sources(crossing, fleet) {
      for (destination, workload) in destinations(crossing, fleet) {
        let number = workload.flatMap { $0.number(of: port.target, port.transport) } ?? port.number
        let ports = UInt16(exactly: number).map { PortSet(port.transport, IntervalSet($0, $0)) } ?? PortSet()
        let isProved = judged.verdict == .proved
        lines.append(
          Line(
            source: source, destination: destination, must: isProved ? ports : PortSet(),
            depends: isProved ? PortSet() : ports, reasons: isProved ? [] : judged.reasons,
            connection: crossing.connection.id.description))
      }
    }
    return lines
  }

  private static func sources(_ crossing: Crossing, _ fleet: JudgedFleet) -> [String] {
    let client = crossing.client
    guard let name = client.cluster else { return ["\(crossing.clientPlace)[External]"] }
    let workloads = (fleet.clusters[name]?.workloads(in: client.namespace) ?? []).filter {
      client.podSelector?.matches($0.podLabels) ?? true
    }
    guard !workloads.isEmpty else {
      return ["\(name)/\(client.namespace)/[pods \(client.podSelector?.description ?? "everything")]"]
    }
    return workloads.map { "\(name)/\($0.key.description)[\($0.kind)]" }
  }

  private static func destinations(
    _ crossing: Crossing, _ fleet: JudgedFleet
  ) -> [(name: String, workload: Workload?)] {
    let target = crossing.target
    guard !target.pods.isEmpty else {
      return [("\(target.cluster)/\(target.service.key.description)[Service]", nil)]
    }
    return target.pods.map { ("\(target.cluster)/\($0.key.description)[\($0.kind)]", $0) }
  }
}

extension JudgedCrossing {
  /// What the verdict hangs on, in words.
  package var reasons: [String] {
    var reasons: [String] = []
    for hop in openHops {
      switch hop.state {
      case .depends(let questions): reasons += questions.map(\.text)
      case .pending(let missing): reasons.append("\(missing.fact) is not observed")
      case .holds, .broken: break
      }
    }
    return reasons.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
  }
}

extension ConnectivityList.Line {
  /// The line with its pods named in a cluster; addresses belong to none.
  fileprivate func named(in cluster: String) -> Self {
    var line = self
    line.cluster = cluster
    line.network = .cluster
    if !source.hasSuffix("[External]") { line.source = "\(cluster)/\(source)" }
    if !destination.hasSuffix("[External]") { line.destination = "\(cluster)/\(destination)" }
    return line
  }
}
