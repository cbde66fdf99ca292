import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// A Cilium mesh: its members' Helm values or objects, and the Services that are global.
enum MeshAdoption: SystemAdoption {
  static func infer(_ input: AdoptionInput, into inference: inout Inference) {
    let members = input.clusters.compactMap { CiliumFacts($0, chartVersion: input.request.chartVersion) }
    let complete = members.filter { $0.id != nil && $0.chartVersion != nil }
    for member in members { report(member, input, &inference) }
    guard complete.count > 1 else {
      leaveServices(input, &inference)
      return
    }
    for member in complete { describe(member, in: complete, &inference) }
    inference.links.append(link(complete, &inference))
    GlobalServiceAdoption(input: input, members: complete.map(\.cluster)).infer(into: &inference)
  }

  /// Global Services without a mesh that could be written.
  private static func leaveServices(_ input: AdoptionInput, _ inference: inout Inference) {
    for cluster in input.clusters {
      for service in cluster.services.values.sorted(by: { $0.key < $1.key })
      where GlobalServiceAdoption.isGlobal(service) {
        inference.leave(
          service.manifest, of: cluster.name,
          because:
            "the mesh is not among the manifests: give the Helm values of Cilium of every member, or ConfigMap cilium-config and Service clustermesh-apiserver"
        )
      }
    }
  }

  private static func report(_ member: CiliumFacts, _ input: AdoptionInput, _ inference: inout Inference) {
    guard let node = member.node, member.id == nil || member.chartVersion == nil else { return }
    let missing = member.id == nil ? "its cluster id" : "the version of its chart"
    inference.findings.append(
      Diagnostic(
        AdoptionRules.serviceMissing,
        "Cilium of \(member.cluster) is no complete member: the manifests do not say \(missing)",
        at: node.range, "not adopted",
        help: [
          member.id == nil
            ? "give values with cluster.id, or ConfigMap cilium-config"
            : "say it: --chart-version 1.19.6, for example"
        ]))
  }

  private static func describe(_ member: CiliumFacts, in all: [CiliumFacts], _ inference: inout Inference) {
    let name = member.name ?? member.cluster
    var said: CiliumFacts.Peer?
    for other in all where other.cluster != member.cluster {
      guard let peer = other.peers.first(where: { $0.name == name }) else { continue }
      guard let first = said else {
        said = peer
        continue
      }
      if first.ips != peer.ips || first.address != peer.address {
        inference.findings.append(
          Diagnostic(
            AdoptionRules.disagreement, "members of the mesh reach \(member.cluster) at different addresses",
            at: peer.node.range, "\(listed(peer.ips + [peer.address].compactMap { $0 }))",
            also: [Label(first.node.range, "\(listed(first.ips + [first.address].compactMap { $0 }))")],
            help: ["one list stands in the Cluster document; all members get it"]))
      }
    }
    if !member.podCIDRs.isEmpty {
      inference.describe(member.cluster, "network", .map(["podCIDRs": .texts(member.podCIDRs)]))
    }
    if let section = member.section(said) { inference.describe(member.cluster, "cilium", .map(section)) }
    if let values = member.values ?? member.impliedValues { inference.values[member.cluster] = values }
  }

  private static func link(_ members: [CiliumFacts], _ inference: inout Inference) -> LinkCandidate {
    var section = SpecMap(["members": .texts(members.map(\.cluster))])
    let maximums = Set(members.compactMap(\.maxConnectedClusters))
    if maximums.count == 1, let maximum = maximums.first, maximum != 255 {
      section.add("maxConnectedClusters", .integer(maximum))
    }
    let tls = members.compactMap { $0.values?.at("clustermesh", "apiserver", "tls") }
    let modes = Set(tls.compactMap { $0["authMode"]?.text })
    if modes.count == 1, let mode = modes.first { section.add("authMode", .text(mode)) }
    let domains = Set(members.compactMap { $0.values?.at("clustermesh", "config", "domain")?.text })
    if domains.count == 1, let domain = domains.first, domain != "mesh.cilium.io" {
      section.add("domain", .text(domain))
    }
    section.add("certificates", certificates(members, tls), remark: nil)
    section.add("kubeconfig", .boolean(false), remark: "no kubeconfig was adopted; true writes fragments")
    return LinkCandidate(name: "mesh", type: "clusterMesh", section: section, anchor: nil)
  }

  private static func certificates(_ members: [CiliumFacts], _ tls: [Node]) -> SpecValue? {
    guard let auto = tls.compactMap({ $0["auto"] }).first else {
      guard var map = members.compactMap(\.certificates).first else { return nil }
      map.add("hubble", .boolean(false), remark: "Hubble's certificates stay as they are")
      return .map(map)
    }
    var map = SpecMap()
    if auto["enabled"]?.boolean == false {
      map.add("method", .text("userProvided"))
      return .map(map)
    }
    guard let given = auto["method"]?.text else { return nil }
    // Nobody can ask for Helm's own method: the difference is said here, and shown in the report.
    let isRefused = given == "helm"
    let method = isRefused ? "cronJob" : given
    map.add(
      "method", .text(method),
      remark: isRefused ? "the release has 'helm', which makes keys anew at every rendering" : nil)
    if let issuer = auto["certManagerIssuerRef"], issuer["name"] != nil {
      map.add(
        "issuerRef",
        .map(["kind": .text(issuer["kind"]?.text ?? "Issuer"), "name": .text(issuer["name"]?.text ?? "")]))
    }
    if let schedule = auto["schedule"]?.text, schedule != "0 0 1 */4 *" {
      map.add("schedule", .text(schedule))
    }
    if let days = auto["certValidityDuration"]?.integer { map.add("validityDays", .integer(days)) }
    let hubble = members.first?.values?.at("hubble", "tls", "auto", "method")?.text
    if hubble != method {
      map.add("hubble", .boolean(false), remark: "Hubble's certificates stay as they are")
    }
    return .map(map)
  }
}

/// Services that a mesh joins: the same name in the same namespace of several members.
struct GlobalServiceAdoption {
  let input: AdoptionInput
  let members: [String]

  private static func annotation(_ service: Service, _ key: String, _ old: String) -> String? {
    (service.manifest.annotation("service.cilium.io/\(key)")
      ?? service.manifest.annotation("io.cilium/\(old)"))?
      .lowercased()
  }

  static func isGlobal(_ service: Service) -> Bool {
    annotation(service, "global", "global-service") == "true"
  }

  private static func isShared(_ service: Service) -> Bool {
    annotation(service, "shared", "shared-service") != "false"
  }

  func infer(into inference: inout Inference) {
    var byKey: [NamespacedName: [(cluster: AdoptedCluster, service: Service)]] = [:]
    for name in members {
      guard let cluster = input[name] else { continue }
      for service in cluster.services.values where Self.isGlobal(service) {
        byKey[service.key, default: []].append((cluster, service))
      }
    }
    for (key, holders) in byKey.sorted(by: { $0.key < $1.key }) { adopt(key, holders, &inference) }
  }

  private func adopt(
    _ key: NamespacedName, _ holders: [(cluster: AdoptedCluster, service: Service)],
    _ inference: inout Inference
  ) {
    guard holders.count > 1 else {
      inference.leave(
        holders[0].service.manifest, of: holders[0].cluster.name,
        because: "no other member has a global Service of that name: it joins nothing")
      return
    }
    let sharing = holders.filter { Self.isShared($0.service) }
    let withPods = sharing.filter { !$0.cluster.pods(of: $0.service).pods.isEmpty }
    let targets = withPods.isEmpty ? sharing : withPods
    guard let first = targets.first else {
      inference.leave(
        holders[0].service.manifest, of: holders[0].cluster.name, because: "no member shares its endpoints")
      return
    }
    let names = targets.map(\.cluster.name)
    var candidate = ConnectionCandidate(
      link: "mesh", namespace: key.namespace,
      name: inference.connectionName(key.name, in: key.namespace, over: "mesh"), service: key,
      spec: SpecMap())
    candidate.spec.add(
      "from", .list([.map(["clusters": .texts(holders.map(\.cluster.name))])]),
      comment: [
        "Who calls it is not in the manifests: every pod of the namespace may. Narrow it with a podSelector."
      ])
    let runtime = first.cluster.pods(of: first.service).runtimeLabels
    candidate.spec.add(
      "to",
      .map([
        "clusters": Set(names) == Set(members) ? nil : .texts(names), "match": .text("any"),
        "service": .text(key.name),
        "ports": .list(first.service.ports.map { .integer($0.number) }),
        "runtimeLabels": runtime.isEmpty
          ? nil : .map(SpecMap(runtime.map { SpecMap.Entry($0.key, .texts([$0.value])) })),
      ]))
    if let owner = input.request.owner { candidate.spec.add("owner", .text(owner)) }
    addWishes(holders, &candidate)
    inference.connections.append(candidate)
  }

  /// What clients of each cluster prefer.
  private func addWishes(
    _ holders: [(cluster: AdoptedCluster, service: Service)], _ candidate: inout ConnectionCandidate
  ) {
    let wishes = holders.map { holder in
      (
        cluster: holder.cluster.name,
        affinity: Self.annotation(holder.service, "affinity", "service-affinity") ?? "none",
        slices: holder.service.manifest.annotation("service.cilium.io/global-sync-endpoint-slices") == "true"
      )
    }
    var section = SpecMap()
    if wishes[0].affinity != "none" { section.add("affinity", .text(wishes[0].affinity)) }
    if wishes[0].slices { section.add("syncEndpointSlices", .boolean(true)) }
    if !section.isEmpty { candidate.spec.add("clusterMesh", .map(section)) }
    for wish in wishes.dropFirst() {
      var map = SpecMap()
      if wish.affinity != wishes[0].affinity { map.add("affinity", .text(wish.affinity)) }
      if wish.slices != wishes[0].slices { map.add("syncEndpointSlices", .boolean(wish.slices)) }
      guard !map.isEmpty else { continue }
      candidate.overrides.append(
        ConnectionCandidate.ClusterOverride(cluster: wish.cluster, spec: SpecMap(["clusterMesh": .map(map)])))
    }
  }
}
