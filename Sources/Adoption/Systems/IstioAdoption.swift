import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// East-west gateways of Istio alone: Gateways that pass TLS on by its server name, and the entries of other clusters
/// that lead to them.
enum IstioAdoption: SystemAdoption {
  static func infer(_ input: AdoptionInput, into inference: inout Inference) {
    let members = input.clusters.map { IstioMember($0) }
    guard let first = members.lazy.compactMap(\.gateway).first else { return }
    let gateways = members.filter { $0.gateway?.matches(first) == true }
    for member in members {
      guard let gateway = member.gateway, !gateway.matches(first) else { continue }
      inference.leave(
        gateway.manifest, of: member.cluster.name,
        because:
          "it selects other pods than the gateway of \(gateways[0].cluster.name), and a Link describes one")
    }
    let complete = members.filter { $0.network != nil }
    guard complete.count > 1, complete.contains(where: { $0.gateway?.matches(first) == true }) else {
      for member in gateways {
        guard let gateway = member.gateway else { continue }
        inference.leave(
          gateway.manifest, of: member.cluster.name,
          because: member.network == nil
            ? "the name of its network is not among the manifests: give Namespace istio-system of every cluster, with label topology.istio.io/network"
            : "no other cluster that was given has a network: give its Namespace istio-system too")
      }
      return
    }
    IstioMeshAdoption(input: input, members: complete, gateway: first).infer(into: &inference)
  }
}

/// What one cluster's manifests say of a mesh without TSB.
struct IstioMember: Sendable {
  static let networkLabel = "topology.istio.io/network"

  let cluster: AdoptedCluster
  /// The first Gateway that passes port 15443 on.
  let gateway: IstioGatewayFacts?
  /// The Service before its pods.
  let service: Service?
  let systemNamespace: String?
  let network: String?

  init(_ cluster: AdoptedCluster) {
    self.cluster = cluster
    let gateway = cluster.objects("networking.istio.io", "Gateway").lazy.compactMap(IstioGatewayFacts.init)
      .first
    self.gateway = gateway
    service = gateway.flatMap { gateway in
      cluster.services.values.filter { service in
        service.key.namespace == gateway.namespace && !service.selector.isEmpty
          && gateway.selector.items.allSatisfy { service.selector[$0.key] == $0.value }
          && service.ports.contains { $0.number == 15443 }
      }.min { $0.key < $1.key }
    }
    let system = cluster.objects("", "Namespace").first { $0.labels[Self.networkLabel] != nil }
    systemNamespace = system?.name
    network = system?.labels[Self.networkLabel] ?? service?.manifest.labels[Self.networkLabel]
  }

  /// What other clusters reach the gateway at, as far as it is written and not answered.
  var declaredAddresses: [String] {
    service?.manifest.node.at("spec", "externalIPs")?.elements.map(\.text) ?? []
  }
}

/// A Gateway of networking.istio.io that passes mutual TLS of other clusters on.
struct IstioGatewayFacts: Sendable {
  let manifest: Manifest
  let namespace: String
  let selector: Labels
  let hosts: [String]
  /// True for one that differs from an emitted one by its hosts and selector at most.
  let isPlain: Bool

  /// Nil for gateways of other traffic, and for those that a control plane writes.
  init?(_ manifest: Manifest) {
    guard let namespace = manifest.namespace, manifest.labels["xcp.tetrate.io/eastWestGateway"] == nil,
      manifest.annotation("tsb.tetrate.io/organization") == nil,
      let servers = manifest.node.at("spec", "servers"),
      let server = servers.elements.first(where: {
        $0.at("port", "number")?.integer == 15443 && $0.at("tls", "mode")?.text == "AUTO_PASSTHROUGH"
      })
    else { return nil }
    self.manifest = manifest
    self.namespace = namespace
    selector = Labels(manifest.node.at("spec", "selector"))
    hosts = server["hosts"]?.elements.map(\.text) ?? []
    isPlain = servers.count == 1
  }

  func matches(_ other: IstioGatewayFacts) -> Bool {
    namespace == other.namespace && selector == other.selector
  }
}

/// The mesh of the clusters whose networks have names.
private struct IstioMeshAdoption {
  let input: AdoptionInput
  let members: [IstioMember]
  let gateway: IstioGatewayFacts

  private static let link = "east-west"

  func infer(into inference: inout Inference) {
    var exporters: Set<String> = []
    let before = inference.connections.count
    for member in members { adoptEntries(member, &exporters, &inference) }
    inference.links.append(link(hasConnections: inference.connections.count > before))
    for member in members {
      if let network = member.network {
        inference.describe(member.cluster.name, "tetrate", .map(["network": .text(network)]))
      }
      guard let own = member.gateway, own.matches(gateway) else { continue }
      let name = member.cluster.name
      if own.manifest.name == "cross-network-gateway", own.isPlain, own.hosts == gateway.hosts,
        exporters.contains(name)
      {
        inference.takenOver.append(
          TakenOver(cluster: name, manifest: own.manifest, role: .leads, connection: ""))
      } else {
        inference.leave(
          own.manifest, of: name,
          because: exporters.contains(name)
            ? "a Link would call it 'cross-network-gateway'; it does the same under its own name"
            : "no connection that the manifests show leads through it", isGap: false)
      }
    }
  }

  private func link(hasConnections: Bool) -> LinkCandidate {
    var section = SpecMap(["form": .text("istio"), "members": .texts(members.map(\.cluster.name))])
    var choice = SpecMap()
    let services = Set(members.compactMap { $0.service?.key.name })
    if services.count == 1, let name = services.first { choice.add("name", .text(name)) }
    if gateway.namespace != "istio-system" { choice.add("namespace", .text(gateway.namespace)) }
    if gateway.selector != Labels(["istio": "eastwestgateway"]) {
      choice.add("labels", TetrateGateway.value(gateway.selector))
    }
    choice.add("addresses", addresses)
    section.add("gateway", .map(choice))
    var istio = SpecMap()
    if let system = members.lazy.compactMap(\.systemNamespace).first, system != "istio-system" {
      istio.add("systemNamespace", .text(system))
    }
    if !gateway.hosts.isEmpty { istio.add("hosts", .texts(gateway.hosts)) }
    if !hasConnections {
      istio.add("discovery", .text("remoteSecret"), remark: "no ServiceEntry leads to a gateway")
    }
    if !istio.isEmpty { section.add("istio", .map(istio)) }
    return LinkCandidate(
      name: Self.link, type: "tetrate", section: section, anchor: ("form", "istio"),
      comment: hasConnections
        ? []
        : [
          "Which Services clients call through the gateways is not in the manifests: declare the connections."
        ])
  }

  /// Addresses that stand in manifests; what a cluster answered is observed.
  private var addresses: SpecValue? {
    var map = SpecMap()
    for member in members where member.gateway?.matches(gateway) == true {
      var found = member.declaredAddresses
      let balanced = member.service?.manifest.node.at("status", "loadBalancer", "ingress")?.count ?? 0
      if found.isEmpty, balanced == 0, let network = member.network { found = entryAddresses(of: network) }
      if found.count == 1 {
        map.add(member.cluster.name, .text(found[0]))
      } else if !found.isEmpty {
        map.add(member.cluster.name, .texts(found))
      }
    }
    return map.isEmpty ? nil : .map(map)
  }

  /// Where entries of other clusters say that a network's gateway is.
  private func entryAddresses(of network: String) -> [String] {
    var found: [String] = []
    for member in members where member.network != network {
      for entry in IstioEntry.all(in: member.cluster) {
        for endpoint in entry.endpoints where endpoint.network == network && !found.contains(endpoint.address)
        {
          found.append(endpoint.address)
        }
      }
    }
    return found.sorted()
  }

  // MARK: Connections

  private func adoptEntries(
    _ member: IstioMember, _ exporters: inout Set<String>, _ inference: inout Inference
  ) {
    for entry in IstioEntry.all(in: member.cluster) {
      let sources = entry.endpoints.compactMap { endpoint in
        members.first { $0.network == endpoint.network && $0.cluster.name != member.cluster.name }
      }
      guard let key = entry.service(in: member.cluster), !sources.isEmpty,
        sources.count == entry.endpoints.count
      else {
        inference.leave(
          entry.manifest, of: member.cluster.name,
          because: "no cluster that was given has its Service, or the networks of its endpoints")
        continue
      }
      let targets = Set(sources.map(\.cluster.name)).sorted()
      guard let first = sources.first(where: { $0.cluster.services[key] != nil }),
        let service = first.cluster.services[key]
      else {
        inference.leave(
          entry.manifest, of: member.cluster.name,
          because: "Service \(key.description) is not among the manifests of \(listed(targets))")
        continue
      }
      exporters.formUnion(targets)
      add(entry, key, service, targets, member, &inference)
      inference.takenOver.append(
        TakenOver(
          cluster: member.cluster.name, manifest: entry.manifest, role: .leads, connection: key.description))
    }
  }

  private func add(
    _ entry: IstioEntry, _ key: NamespacedName, _ service: Service, _ targets: [String],
    _ member: IstioMember, _ inference: inout Inference
  ) {
    let name = member.cluster.name
    let section = entry.nameSetting(of: key, targets: targets)
    if let index = inference.connections.firstIndex(where: { $0.link == Self.link && $0.service == key }) {
      // One more client of a Service that is known: its cluster joins, and its entry's name is its own.
      guard case .list(let from) = inference.connections[index].spec["from"], let first = from.first?.map,
        case .list(let clusters) = first["clusters"]
      else { return }
      if !clusters.contains(.text(name)) {
        inference.connections[index].spec["from"] = .list([
          .map(["clusters": .list(clusters + [.text(name)])])
        ])
      }
      if let to = inference.connections[index].spec["to"]?.map, case .list(let known) = to["clusters"] {
        var to = to
        let all = known + targets.map { SpecValue.text($0) }.filter { !known.contains($0) }
        to["clusters"] = .list(all)
        if all.count > 1, to["match"] == nil { to.add("match", .text("any")) }
        inference.connections[index].spec["to"] = .map(to)
      }
      if let section {
        inference.connections[index].overrides.append(
          ConnectionCandidate.ClusterOverride(cluster: name, spec: SpecMap(["tetrate": .map(section)])))
      }
      return
    }
    var candidate = ConnectionCandidate(
      link: Self.link, namespace: key.namespace,
      name: inference.connectionName(key.name, in: key.namespace, over: Self.link), service: key,
      spec: SpecMap())
    candidate.spec.add(
      "from", .list([.map(["clusters": .texts([name])])]),
      comment: [
        "Who calls it is not in the manifests: every pod of the namespace may. Narrow it with a podSelector."
      ])
    candidate.spec.add(
      "to",
      .map([
        "clusters": .texts(targets), "match": targets.count > 1 ? .text("any") : nil,
        "service": .text(key.name),
        "ports": .list(service.ports.filter { $0.transport == .tcp }.map { .integer($0.number) }),
        "runtimeLabels": input.runtimeLabels(of: key, in: targets[0]),
      ]))
    if let owner = input.request.owner { candidate.spec.add("owner", .text(owner)) }
    if let section {
      candidate.overrides.append(
        ConnectionCandidate.ClusterOverride(cluster: name, spec: SpecMap(["tetrate": .map(section)])))
    }
    inference.connections.append(candidate)
  }
}

/// A ServiceEntry or WorkloadEntry whose endpoints are gateways of other networks.
struct IstioEntry: Sendable {
  let manifest: Manifest
  let endpoints: [(address: String, network: String)]
  private let host: String?

  /// Nil for entries of other things.
  init?(_ manifest: Manifest) {
    guard manifest.namespace != nil, manifest.namespace != "xcp-multicluster",
      manifest.labels["xcp.tetrate.io/workspace"] == nil, let spec = manifest.node["spec"]
    else { return nil }
    self.manifest = manifest
    let nodes = manifest.kind == "WorkloadEntry" ? [spec] : spec["endpoints"]?.elements.map { $0 } ?? []
    endpoints = nodes.compactMap { node in
      guard let address = node["address"]?.text, let network = node["network"]?.text,
        let ports = node["ports"], ports.entries.allSatisfy({ $0.value.integer == 15443 }), ports.count > 0
      else { return nil }
      return (address, network)
    }
    guard !endpoints.isEmpty, endpoints.count == nodes.count else { return nil }
    host = manifest.kind == "ServiceEntry" ? spec["hosts"]?.elements.first { _ in true }?.text : nil
  }

  static func all(in cluster: AdoptedCluster) -> [IstioEntry] {
    ["ServiceEntry", "WorkloadEntry"].flatMap { cluster.objects("networking.istio.io", $0) }
      .compactMap { IstioEntry($0) }
  }

  /// The Service that it stands for.
  func service(in cluster: AdoptedCluster) -> NamespacedName? {
    if manifest.kind == "ServiceEntry" {
      let parts = (host ?? "").split(separator: ".").map(String.init)
      guard parts.count == 5, parts[2] == "svc", parts[3] == "cluster", parts[4] == "local" else {
        return nil
      }
      return NamespacedName(parts[1], parts[0])
    }
    let labels = Labels(manifest.node.at("spec", "labels"))
    return cluster.services.values.filter { service in
      service.key.namespace == manifest.namespace && !service.selector.isEmpty
        && LabelSelector(equality: service.selector).matches(labels)
    }.map(\.key).min()
  }

  /// The setting that keeps its name; nil where it has the name that Linkwright would give.
  func nameSetting(of key: NamespacedName, targets: [String]) -> SpecMap? {
    if manifest.kind == "ServiceEntry" {
      return manifest.name == "remote-\(key.name)" ? nil : SpecMap(["serviceEntryName": .text(manifest.name)])
    }
    return targets.first.map { "remote-\(key.name)-\($0)" } == manifest.name
      ? nil : SpecMap(["workloadEntryName": .text(manifest.name)])
  }
}
