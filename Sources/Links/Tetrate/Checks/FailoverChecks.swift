import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Services that stand in for each other: both sides must be the same Service, each behind a gateway.
struct FailoverChecks {
  let traffic: TetrateTraffic

  private var link: TetrateLink { traffic.link }

  func findings() -> [Diagnostic] {
    var findings = unknownRegions()
    for connection in traffic.connections {
      let byService = Dictionary(grouping: connection.targets) { $0.service.key }
      for (_, targets) in byService.sorted(by: { $0.key < $1.key }) where targets.count > 1 {
        checkPorts(targets, &findings)
        checkGateways(connection, targets, &findings)
        checkRegions(targets, &findings)
      }
      if link.settings.failover != nil, connection.targets.count == 1, let target = connection.targets.first {
        checkTwin(target, connection, &findings)
      }
    }
    return findings
  }

  /// Regions of regionalFailover in which no cluster of the link is. Where one cluster says no locality, any may be its.
  private func unknownRegions() -> [Diagnostic] {
    let localities = link.bound.compactMap(\.locality)
    guard !localities.isEmpty, localities.count == link.bound.count else { return [] }
    let regions = Set(localities.map { String($0.value.prefix { $0 != "/" }) })
    let entries = link.settings.failover?["regionalFailover"]?.elements.map { $0 } ?? []
    return entries.flatMap { [$0["from"], $0["to"]] }.compactMap { $0 }.filter { !regions.contains($0.text) }
      .map { node in
        Diagnostic(
          TetrateRules.unknownRegion, "no cluster of the link is in region '\(node.text)'", at: node.range,
          "fails over nothing",
          help: [
            didYouMean(node.text, among: regions) ?? "the regions are \(listed(regions.sorted()))"
          ])
      }
  }

  /// What holds without TSB as well: entries join the clusters' endpoints by the names of ports.
  func portFindings() -> [Diagnostic] {
    var findings: [Diagnostic] = []
    for connection in traffic.connections {
      let byService = Dictionary(grouping: connection.targets) { $0.service.key }
      for (_, targets) in byService.sorted(by: { $0.key < $1.key }) where targets.count > 1 {
        checkPorts(targets, &findings)
      }
    }
    return findings
  }

  private func checkPorts(_ targets: [BoundTarget], _ findings: inout [Diagnostic]) {
    guard let first = targets.first else { return }
    for target in targets.dropFirst() {
      for port in first.service.ports {
        let twin = target.service.ports.first { $0.number == port.number && $0.transport == port.transport }
        guard twin?.name != port.name || twin == nil else { continue }
        findings.append(
          Diagnostic(
            TetrateRules.failoverTwin,
            "port \(port.description) of Service \(first.service.key.description) \(twin == nil ? "is missing" : "has another name") in \(target.cluster)",
            at: (twin?.node ?? target.service.manifest.nameNode).range, "in \(target.cluster)",
            also: [Label(port.node.range, "in \(first.cluster)")],
            help: ["give both Services the same port names, numbers and protocols"]))
      }
    }
  }

  /// A target from which nobody else reads has no gateway by itself.
  private func checkGateways(
    _ connection: BoundConnection, _ targets: [BoundTarget], _ findings: inout [Diagnostic]
  ) {
    for target in targets
    where traffic.gateways[target.cluster] == nil && traffic.targets[target.cluster] == nil {
      findings.append(
        Diagnostic(
          TetrateRules.failoverTwin, "cluster '\(target.cluster)' has no east-west gateway",
          at: connection.connection.to.node.range, "cannot stand in for the others",
          help: ["declare clients in another cluster, or install the gateway there"]))
    }
  }

  private func checkRegions(_ targets: [BoundTarget], _ findings: inout [Diagnostic]) {
    var regions: [String: TetrateMember] = [:]
    for target in targets {
      guard let member = link.member(target.cluster), let locality = member.locality else { continue }
      let region = String(locality.value.prefix { $0 != "/" })
      if let other = regions.updateValue(member, forKey: locality.value), let first = other.locality {
        findings.append(
          Diagnostic(
            TetrateRules.sameRegion,
            "clusters '\(other.cluster)' and '\(member.cluster)' stand in for each other in one place (\(region))",
            at: locality.node.range, "the same locality", also: [Label(first.node.range, "here")],
            help: ["local endpoints are preferred by region and zone: name the zones if they differ"]))
      }
    }
  }

  /// With failover settings and one target only, a Service of the same name elsewhere is what would stand in.
  private func checkTwin(
    _ target: BoundTarget, _ connection: BoundConnection, _ findings: inout [Diagnostic]
  ) {
    guard let node = link.settings.failover else { return }
    let elsewhere = link.bound.filter { $0.cluster != target.cluster }.compactMap { member in
      traffic.model.clusters[member.cluster].map { (member.cluster, $0) }
    }
    guard !elsewhere.contains(where: { $0.1.declared.services[target.service.key] != nil }) else { return }
    let near = elsewhere.compactMap { name, cluster in
      cluster.declared.services.values.filter { $0.key.name == target.service.key.name }.min {
        $0.key < $1.key
      }
      .map { (name, $0) }
    }.first
    guard let (cluster, service) = near else { return }
    findings.append(
      Diagnostic(
        TetrateRules.failoverTwin,
        "Service \(target.service.key.description) cannot fail over to \(service.key.description) of \(cluster)",
        at: target.reference.range, "another namespace",
        also: [
          Label(service.manifest.nameNode.range, "in \(cluster)"), Label(node.range, "failover is wanted"),
        ], help: ["a Service stands in for one of the same name and namespace only"]))
  }
}
