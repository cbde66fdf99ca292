import Diagnostics
import FleetSpec
import JSONSchema
import Kubernetes
import Linker
import YAMLTree

/// Checks existing manifests that connections build on: policies, endpoints, the Services that are reached and the
/// workloads behind them. Those of clients are told of; everything else is its owner's business.
struct ManifestChecks: Sendable {
  let schemas: KubernetesSchemas

  /// One manifest to be checked, with the facts of its cluster.
  private struct Item: Sendable {
    let manifest: Manifest
    let place: Place

    var cluster: String { place.cluster }
    var facts: ClusterFacts { place.facts }
    var nodePorts: ClosedRange<Int> { place.nodePorts }
  }

  /// What all manifests of a cluster have in common: one reference each.
  private final class Place: Sendable {
    let cluster: String
    let facts: ClusterFacts
    let nodePorts: ClosedRange<Int>

    init(cluster: String, facts: ClusterFacts, nodePorts: ClosedRange<Int>) {
      self.cluster = cluster
      self.facts = facts
      self.nodePorts = nodePorts
    }
  }

  func findings(_ model: FleetModel, _ connections: [BoundConnection]) -> [Diagnostic] {
    var namespaces: [String: Set<String>] = [:]
    var services: [String: Set<NamespacedName>] = [:]
    for connection in connections {
      for target in connection.targets where !target.service.isInline {
        namespaces[target.cluster, default: []].insert(target.service.key.namespace)
        services[target.cluster, default: []].insert(target.service.key)
      }
      for client in connection.clients {
        if let cluster = client.cluster { namespaces[cluster, default: []].insert(client.namespace) }
      }
    }
    var findings: [Diagnostic] = []
    for (_, cluster) in model.clusters.sorted(by: { $0.key < $1.key }) {
      let names = namespaces[cluster.name] ?? []
      findings += cluster.declared.doubtful.lazy.filter { $0.namespace.map(names.contains) ?? true }.map {
        Diagnostic(
          CompilerRules.doubtfulManifest, "this \($0.kind) \($0.fault)", at: $0.place.range,
          "among the workloads of \(cluster.name)", help: [$0.remedy])
      }
    }
    var items: [Item] = []
    for (cluster, names) in namespaces.sorted(by: { $0.key < $1.key }) {
      guard let facts = model.clusters[cluster]?.declared,
        let nodePorts = model.clusters[cluster]?.cluster.nodePorts
      else { continue }
      let place = Place(cluster: cluster, facts: facts, nodePorts: nodePorts)
      func item(_ manifest: Manifest) -> Item { Item(manifest: manifest, place: place) }
      for namespace in names.sorted() {
        let manifests = (facts.policies[namespace] ?? []).map(\.manifest) + facts.endpoints(in: namespace)
        items += manifests.map(item)
      }
      for key in (services[cluster] ?? []).sorted() {
        if let service = facts.services[key] { items.append(item(service.manifest)) }
      }
      for policy in model.clusters[cluster]?.baseline ?? [] { items.append(item(policy.manifest)) }
    }
    return findings + parallelMap(items, piece: 64) { check($0) }.flatMap { $0 }
      + workloadFindings(model, connections)
  }

  // MARK: Workloads

  /// Pods behind Services must come to be; where only a client's do not, what is emitted works for the others.
  private func workloadFindings(_ model: FleetModel, _ connections: [BoundConnection]) -> [Diagnostic] {
    var seen: Set<ObjectIdentifier> = []
    var workloads: [(workload: Workload, rule: Rule)] = []
    for connection in connections {
      for pod in connection.targets.lazy.flatMap(\.pods) where seen.insert(ObjectIdentifier(pod)).inserted {
        workloads.append((pod, CompilerRules.invalidManifest))
      }
    }
    for client in connections.lazy.flatMap(\.clients) {
      guard let cluster = client.cluster else { continue }
      for pod in model.clusters[cluster]?.declared.workloads[client.namespace] ?? []
      where !seen.contains(ObjectIdentifier(pod)) && (client.podSelector?.matches(pod.podLabels) ?? true) {
        seen.insert(ObjectIdentifier(pod))
        workloads.append((pod, CompilerRules.doubtfulManifest))
      }
    }
    return parallelMap(workloads, piece: 128) { workload, rule in
      WorkloadFault.all(of: workload).map { fault in
        Diagnostic(
          rule, "\(workload.description) is refused: \(fault.message)", at: fault.place.range, fault.label,
          also: fault.other.map { [Label($0.range, "its pods' labels")] } ?? [], help: [fault.remedy])
      }
    }.flatMap { $0 }
  }

  private func check(_ item: Item) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    if let schema = schemas.schema(for: item.manifest.node) {
      // API servers decode null as missing in the types that are their own; custom resources must say 'nullable'.
      let isBuiltIn = ["", "discovery.k8s.io", "networking.k8s.io"].contains(item.manifest.identity.group)
      findings += schema.validate(item.manifest.node, ignoringNulls: isBuiltIn).map {
        $0.diagnostic(CompilerRules.invalidManifest, root: item.manifest.identity.description)
      }
    }
    switch item.manifest.kind {
    case "Service": checkNodePorts(item, &findings)
    case "EndpointSlice": checkSlice(item, &findings)
    case "Endpoints": checkPortNames(item, service: item.manifest.name, &findings)
    default: break
    }
    return findings
  }

  private func checkNodePorts(_ item: Item, _ findings: inout [Diagnostic]) {
    for port in item.manifest.node.at("spec", "ports")?.elements.map({ $0 }) ?? [] {
      guard let node = port["nodePort"], let number = node.integer, number != 0,
        !item.nodePorts.contains(number)
      else { continue }
      findings.append(
        Diagnostic(
          CompilerRules.invalidManifest,
          "nodePort \(number) of Service \(item.manifest.name) is none of \(item.cluster): its node ports are \(item.nodePorts.lowerBound) to \(item.nodePorts.upperBound)",
          at: node.range, "not in the range",
          help: [
            "leave 'nodePort' out, so that the cluster chooses one; or say 'spec.network.nodePortRange' in the Cluster"
          ]))
    }
  }

  private func checkSlice(_ item: Item, _ findings: inout [Diagnostic]) {
    guard let service = item.manifest.labels["kubernetes.io/service-name"] else {
      findings.append(
        Diagnostic(
          CompilerRules.detachedEndpoints, "EndpointSlice \(item.manifest.name) belongs to no Service",
          at: item.manifest.nameNode.range, "no label kubernetes.io/service-name",
          help: ["add the label with the Service's name"]))
      return
    }
    checkPortNames(item, service: service, &findings)
  }

  /// Proxies match ports of Services and endpoints by name alone.
  private func checkPortNames(_ item: Item, service name: String, _ findings: inout [Diagnostic]) {
    guard let namespace = item.manifest.namespace,
      let service = item.facts.services[NamespacedName(namespace, name)],
      service.selector.isEmpty
    else { return }
    let wanted = Set(service.ports.map { $0.name ?? "" })
    let lists =
      item.manifest.kind == "Endpoints"
      ? item.manifest.node["subsets"]?.elements.compactMap { $0["ports"] } ?? []
      : [item.manifest.node["ports"]].compactMap { $0 }
    for port in lists.flatMap({ Array($0.elements) }) where !wanted.contains(port["name"]?.text ?? "") {
      let name = port["name"]?.text ?? ""
      findings.append(
        Diagnostic(
          CompilerRules.detachedEndpoints,
          "Service \(service.key.description) has no port \(name.isEmpty ? "without a name" : "named '\(name)'")",
          at: (port["name"] ?? port).range, "in \(item.manifest.kind) \(item.manifest.name)",
          also: service.ports.first.map {
            [
              Label(
                $0.node.range, "its ports: \(listed(wanted.sorted().map { $0.isEmpty ? "(unnamed)" : $0 }))")
            ]
          } ?? [],
          help: ["ports of a Service and of its endpoints are matched by name"]))
    }
  }
}
