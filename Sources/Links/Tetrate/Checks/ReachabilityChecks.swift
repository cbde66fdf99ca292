import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Which networks reach which, against what the connections of an organization need.
struct ReachabilityChecks {
  let organization: OrganizationUnit

  func findings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    checkNetworks(&findings)
    let theirs = organization.isManaged ? [] : settings
    for map in written {
      check(map, isTheirs: theirs.contains { $0.index == map.index && $0.tree === map.tree }, &findings)
    }
    checkNeeds(&findings)
    return findings
  }

  /// Maps that people wrote: in links, and in the organization's settings.
  private var written: [Node] {
    organization.traffic.compactMap { traffic in
      if case .written(let node) = traffic.link.settings.reachability { return node }
      return nil
    }
      + settings
  }

  /// The maps of OrganizationSettings among the manifests.
  private var settings: [Node] {
    organization.existing.compactMap {
      $0.object.manifest.node.at("spec", "networkSettings", "networkReachability")
    }
  }

  private var networks: [String] { Set(organization.members.compactMap(\.network?.value)).sorted() }

  // MARK: Networks

  /// A cluster without a network is in one network with all others of its kind.
  private func checkNetworks(_ findings: inout [Diagnostic]) {
    let without = organization.members.filter { $0.network == nil }
    guard let first = without.first else { return }
    if without.count == organization.members.count {
      findings.append(
        Diagnostic(
          TetrateRules.networkMissing, "no cluster of organization '\(organization.name)' names its network",
          at: first.place.range, "one network with all others",
          help: ["add 'network' to spec.tetrate of the Clusters, so that reachability can be limited"]))
      return
    }
    for member in without {
      let flow = organization.traffic.lazy.flatMap(\.flows).first {
        $0.consumer == member.cluster || $0.exporter == member.cluster
      }
      var finding = Diagnostic(
        TetrateRules.networkMissing, "cluster '\(member.cluster)' names no network, and others do",
        at: member.place.range,
        flow == nil ? "reaches no named network" : "a connection needs it to reach another network",
        help: ["add 'network' to spec.tetrate of the Cluster"])
      if flow != nil { finding.severity = .error }
      findings.append(finding)
    }
  }

  // MARK: What is written

  /// - Parameter isTheirs: somebody else keeps the settings, who may know clusters that this fleet does not.
  private func check(_ map: Node, isTheirs: Bool, _ findings: inout [Diagnostic]) {
    let reach = NetworkReach(map)
    for fault in reach.faults {
      var finding = Diagnostic(
        TetrateRules.reachabilityList, fault.message, at: fault.node.range, "not a list of networks",
        help: ["write the names with commas and nothing else: net-1,net-2"])
      if isTheirs { finding.severity = .warning }
      findings.append(finding)
    }
    guard !isTheirs else { return }
    let known = networks
    var reported: Set<Int> = []
    for entry in reach.entries {
      for (name, node) in [(entry.edge.consumer, entry.key), (entry.edge.exporter, entry.node)]
      where !known.contains(name) && reported.insert(node.index).inserted {
        let twin = known.first { $0.lowercased() == name.lowercased() }
        findings.append(
          Diagnostic(
            TetrateRules.unknownNetwork, "no cluster is in network '\(name)'", at: node.range,
            "not a network of the fleet",
            help: [
              twin.map { "did you mean '\($0)'? Names are compared letter by letter" }
                ?? didYouMean(name, among: known) ?? "the networks are \(listed(known))"
            ]))
      }
      guard known.contains(entry.edge.consumer), known.contains(entry.edge.exporter),
        !organization.needed.contains(entry.edge),
        // Said once, where the missing direction is reported.
        !organization.needed.contains(entry.edge.reversed) || reach.edges.contains(entry.edge.reversed)
      else { continue }
      findings.append(
        Diagnostic(
          TetrateRules.reachabilityUnused,
          "no connection goes from network '\(entry.edge.consumer)' to '\(entry.edge.exporter)'",
          at: entry.node.range, "more than is needed",
          also: [Label(entry.key.range, "the consumer's network")],
          help: ["remove the entry; it makes XCP write ServiceEntries that nobody uses"]))
    }
  }

  // MARK: What is needed

  private func checkNeeds(_ findings: inout [Diagnostic]) {
    let permitted = organization.effectiveEdges
    let isKnown = organization.isManaged || !organization.existing.isEmpty
    guard isKnown else { return }
    for traffic in organization.traffic {
      for flow in traffic.flows.sorted(by: { ($0.consumer, $0.exporter) < ($1.consumer, $1.exporter) }) {
        guard let consumer = traffic.link.member(flow.consumer)?.network?.value,
          let exporter = traffic.link.member(flow.exporter)?.network?.value,
          !permitted.permits(consumer, exporter)
        else { continue }
        findings.append(missing(NetworkEdge(consumer: consumer, exporter: exporter), flow, traffic))
      }
      checkBothWays(traffic, permitted, &findings)
    }
  }

  private func missing(_ edge: NetworkEdge, _ flow: Flow, _ traffic: TetrateTraffic) -> Diagnostic {
    let entries = written.flatMap { NetworkReach($0).entries }
    let connection = traffic.reason(for: flow)
    let reason = connection.map {
      [
        Label(
          $0.connection.name.node.range, "clients in \(flow.consumer) reach a Service in \(flow.exporter)")
      ]
    }
    if let reversed = entries.first(where: { $0.edge == edge.reversed }) {
      return Diagnostic(
        TetrateRules.reachabilityMissing,
        "reachability is written the wrong way round: '\(edge.consumer)' must reach '\(edge.exporter)'",
        at: reversed.key.range, "the key is the consumer's network", also: reason ?? [],
        help: ["write '\(edge.consumer): \(edge.exporter)'"])
    }
    let place =
      written.first?.range ?? connection?.connection.name.node.range ?? traffic.link.link.name.node.range
    return Diagnostic(
      TetrateRules.reachabilityMissing,
      "network '\(edge.consumer)' is not said to reach '\(edge.exporter)'", at: place,
      "a connection needs it", also: reason ?? [],
      help: ["add '\(edge.consumer): \(edge.exporter)', or write 'reachability: declared'"])
  }

  /// Failover needs both directions.
  private func checkBothWays(
    _ traffic: TetrateTraffic, _ permitted: Set<NetworkEdge>, _ findings: inout [Diagnostic]
  ) {
    for (key, services) in traffic.exposed.sorted(by: { $0.key < $1.key }) where services.count > 1 {
      guard let connection = traffic.byService[key]?.first else { continue }
      for service in services {
        for other in services where other.cluster < service.cluster {
          guard let a = traffic.link.member(service.cluster)?.network?.value,
            let b = traffic.link.member(other.cluster)?.network?.value,
            permitted.permits(a, b) != permitted.permits(b, a)
          else { continue }
          let (from, to) = permitted.permits(a, b) ? (b, a) : (a, b)
          findings.append(
            Diagnostic(
              TetrateRules.reachabilityOneWay,
              "Service \(key.description) fails over in one direction only: '\(from)' does not reach '\(to)'",
              at: connection.connection.to.node.range, "in \(other.cluster) and \(service.cluster)",
              help: ["declare clients in both clusters, or add '\(from): \(to)' to the reachability"]))
        }
      }
    }
  }
}
