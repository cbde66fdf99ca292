import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// Services that a mesh joins: the same name in the same namespace of several members.
struct GlobalServiceAdoption {
  let input: AdoptionInput
  let members: [CiliumFacts]

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

  /// The Services that became connections.
  func infer(into inference: inout Inference) -> Set<NamespacedName> {
    var byKey: [NamespacedName: [(cluster: AdoptedCluster, service: Service)]] = [:]
    for member in members {
      guard let cluster = input[member.cluster] else { continue }
      let made = inference.imported[cluster.name] ?? []
      for service in cluster.services.values
      where Self.isGlobal(service) && !made.contains(service.manifest.identity) {
        byKey[service.key, default: []].append((cluster, service))
      }
    }
    var adopted: Set<NamespacedName> = []
    for (key, holders) in byKey {
      byKey[key] = holders.filter { cluster, service in
        let member = members.first { $0.cluster == cluster.name }
        guard let reason = member?.localNamespace(key.namespace, input) else { return true }
        inference.leave(service.manifest, of: cluster.name, because: reason, advice: nil)
        return false
      }
    }
    for (key, holders) in byKey.sorted(by: { $0.key < $1.key }) where adopt(key, holders, &inference) {
      adopted.insert(key)
    }
    return adopted
  }

  private func adopt(
    _ key: NamespacedName, _ holders: [(cluster: AdoptedCluster, service: Service)],
    _ inference: inout Inference
  ) -> Bool {
    guard !holders.isEmpty else { return false }
    guard holders.count > 1 else {
      inference.leave(
        holders[0].service.manifest, of: holders[0].cluster.name,
        because: "no other member has a global Service of that name: it joins nothing")
      return false
    }
    let sharing = holders.filter { Self.isShared($0.service) }
    let withPods = sharing.filter { !$0.cluster.pods(of: $0.service).pods.isEmpty }
    let targets = withPods.isEmpty ? sharing : withPods
    guard let first = targets.first else {
      inference.leave(
        holders[0].service.manifest, of: holders[0].cluster.name, because: "no member shares its endpoints")
      return false
    }
    let names = targets.map(\.cluster.name)
    var candidate = ConnectionCandidate(
      link: "mesh", namespace: key.namespace,
      name: inference.connectionName(key.name, in: key.namespace, over: "mesh"), service: key,
      spec: SpecMap())
    candidate.meshServices = "global"
    let callers = MeshClients(members: members, input: input)
    let clients = callers.from(key, targets: names, places: holders.map(\.cluster.name), host: nil)
    callers.reportHeadless(first.service, clients: clients.clusters, targets: names, &inference)
    candidate.spec.add("from", clients.value, comment: clients.comment)
    let runtime = first.cluster.pods(of: first.service).runtimeLabels
    candidate.spec.add(
      "to",
      .map([
        "clusters": Set(names) == Set(members.map(\.cluster)) ? nil : .texts(names), "match": .text("any"),
        "service": .text(key.name),
        "ports": .list(first.service.portReferences),
        "runtimeLabels": runtime.isEmpty
          ? nil : .map(SpecMap(runtime.map { SpecMap.Entry($0.key, .texts([$0.value])) })),
      ]))
    if let owner = input.request.owner { candidate.spec.add("owner", .text(owner)) }
    addWishes(holders, &candidate)
    inference.connections.append(candidate)
    return true
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
