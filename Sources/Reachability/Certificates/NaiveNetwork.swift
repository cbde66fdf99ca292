import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// A namespace with one pod of interest, read from manifests for the naive evaluator.
struct NaiveNetwork {
  private(set) var network: ClusterNetwork
  private var primaryNetworks = PrimaryNetworks()

  init(
    _ fleet: JudgedFleet, _ declared: [String: [String: [Manifest]]], _ key: NamespaceSlice.Key,
    _ subject: SubjectPod
  ) {
    network = ClusterNetwork(profile: fleet.clusters[key.cluster]?.profile ?? .kubernetes)
    guard let cluster = fleet.clusters[key.cluster] else { return }
    network.takeNetworks(of: cluster.model.cluster)
    network.clusterName = cluster.meshName
    let clusterwide = declared[key.cluster]?[""] ?? []
    let own = clusterwide.first { $0.kind == "Namespace" && $0.name == key.namespace }
    network.namespaces = [
      NamespaceFacts(name: key.namespace, labels: own?.labels ?? Labels(), knowsLabels: own != nil)
    ]
    for manifest in declared[key.cluster]?[key.namespace] ?? [] where PolicyKind(manifest) != nil {
      add(manifest, 0)
    }
    let names = Set(network.policies.map { "\($0.kind)/\($0.name)" })
    for object in cluster.emittedObjects(in: key.namespace)
    where PolicyKind(object.manifest) != nil && !names.contains("\(object.manifest.kind)/\(object.name)") {
      add(object.manifest, 0)
    }
    let taken = Set(network.policies.lazy.filter { $0.kind == "NetworkPolicy" }.map(\.name))
    let resolver = ClusterResolver(cluster.model.cluster.distribution).pod.namespace
    for policy in cluster.model.baseline ?? []
    where !taken.contains(policy.manifest.name) && key.namespace != resolver {
      add(policy.manifest, 0)
    }
    for manifest in clusterwide where PolicyKind(manifest)?.isClusterwide(manifest) ?? false {
      add(manifest, ClusterNetwork.clusterScope)
    }
    network.pods = [pod(subject)]
    primaryNetworks = cluster.primaryNetworks
    network.takeNamedObjects(of: cluster)
  }

  private mutating func add(_ policy: Manifest, _ namespace: Int) {
    network.policies.append(policy)
    network.policyNamespaces.append(namespace)
  }

  /// Of pods without a manifest only the labels are known that the connection names.
  private func pod(_ subject: SubjectPod) -> PodFacts {
    guard let workload = subject.workload else {
      var keys: Set<String> = []
      for policy in network.policies {
        for selector in ["podSelector", "endpointSelector"] {
          keys.formUnion(
            NaiveSelector.keys(policy.node["spec"]?[selector]).map {
              $0.hasPrefix("k8s:") ? String($0.dropFirst(4)) : $0
            })
        }
      }
      return PodFacts(
        namespace: 0, name: "pods", kind: "Pods", labels: subject.labels,
        runtimeLabels: keys.filter { !subject.knowsLabels && subject.labels[$0] == nil }.sorted().map {
          RuntimeLabel(key: $0, values: nil)
        })
    }
    return NamespaceSlice.pod(workload, labels: subject.labels, namespace: 0)
  }

  /// Adds a pod of another place; its number.
  mutating func add(_ peer: PeerPod) -> Int {
    network.namespaces.append(
      NamespaceFacts(
        name: peer.namespace, labels: peer.namespaceLabels, knowsLabels: peer.knowsNamespaceLabels,
        isRemote: peer.isRemote, cluster: peer.meshCluster))
    network.take(primaryNetworks)
    network.pods.append(
      PodFacts(
        namespace: network.namespaces.count - 1, name: peer.name, kind: peer.kind, labels: peer.labels,
        runtimeLabels: peer.runtimeLabels, namedPorts: peer.namedPorts, isHostNetwork: peer.isHostNetwork,
        isPlatform: !peer.isRemote, serviceAccount: peer.serviceAccount))
    return network.pods.count - 1
  }

  /// Addresses on both sides of every edge of an address range that a policy names: between edges nothing changes.
  var telling: [IPAddress] {
    var addresses: Set<IPAddress> = [IPAddress(ipv4: 0), IPAddress(ipv4: .max)]
    func add(_ network: IPNetwork) {
      guard !network.address.isIPv6 else { return }
      for end in network.extremes {
        let bits = UInt32(truncatingIfNeeded: end.bits)
        addresses.formUnion([IPAddress(ipv4: bits), IPAddress(ipv4: bits &- 1), IPAddress(ipv4: bits &+ 1)])
      }
    }
    func visit(_ node: Node) {
      for (key, value) in node.entries {
        if key.text == "cidr", let network = IPNetwork(value.text) { add(network) }
        visit(value)
      }
      for value in node.elements {
        if let network = IPNetwork(value.text) { add(network) }
        visit(value)
      }
    }
    for policy in network.policies { visit(policy.node) }
    for network in network.nodeNetworks + network.podNetworks { add(network) }
    return addresses.sorted { $0.bits < $1.bits }
  }
}

extension IPNetwork {
  /// The first and the last address.
  var extremes: [IPAddress] {
    if address.isIPv6 {
      let interval = ipv6Interval.intervals
      return [interval.first?.lower, interval.last?.upper].compactMap { $0.map { IPAddress(ipv6: $0) } }
    }
    let interval = ipv4Interval.intervals
    return [interval.first?.lower, interval.last?.upper].compactMap { $0.map { IPAddress(ipv4: $0) } }
  }
}
