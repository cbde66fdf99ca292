import Compiler
import Diagnostics
import Kubernetes
import YAMLTree

/// Who calls a Service of a mesh, as manifests tell it: policies that admit pods of other clusters to it, else workloads
/// that name it.
struct MeshClients {
  let members: [CiliumFacts]
  let input: AdoptionInput

  /// The label by which Cilium's policies know pods of a cluster.
  static let clusterLabel = "io.cilium.k8s.policy.cluster"

  /// Pods of some clusters that are alike.
  private struct Client: Equatable {
    var clusters: Set<String>
    let namespace: String
    let podSelector: SpecMap?
  }

  /// `from` of a connection, with what is to be said above it.
  ///
  /// - Parameters:
  ///   - targets: clusters whose pods answer.
  ///   - places: where clients may be when nothing says who they are.
  ///   - host: a name that nothing but the Service has; nil where its name says nothing of clusters.
  func from(
    _ key: NamespacedName, targets: [String], places: [String], host: String?
  ) -> (value: SpecValue, comment: [String], clusters: Set<String>) {
    var clients = admitted(key, targets)
    if clients.isEmpty, let host { clients = callers(of: host) }
    guard !clients.isEmpty else {
      return (
        .list([.map(["clusters": .texts(places)])]),
        [
          "Who calls it is not in the manifests: every pod of the namespace may. Narrow it with a podSelector."
        ],
        Set(places)
      )
    }
    let list = clients.map { client -> SpecValue in
      .map([
        "clusters": .texts(members.map(\.cluster).filter(client.clusters.contains)),
        "namespace": client.namespace == key.namespace ? nil : .text(client.namespace),
        "podSelector": client.podSelector.map { .map($0) },
      ])
    }
    return (.list(list), [], clients.reduce(into: []) { $0.formUnion($1.clusters) })
  }

  /// Says where remote pods of a headless Service are not seen today.
  func reportHeadless(
    _ service: Service, clients: Set<String>, targets: [String], _ inference: inout Inference
  ) {
    guard service.isHeadless else { return }
    let blind = members.filter { member in
      clients.contains(member.cluster) && targets.contains { $0 != member.cluster }
        && !member.synchronizesSlices
    }
    guard !blind.isEmpty else { return }
    let names = listed(blind.map(\.cluster))
    inference.findings.append(
      Diagnostic(
        AdoptionRules.headlessUnsynchronized,
        "Service \(service.key.description) is headless, and Cilium of \(names) does not synchronize EndpointSlices",
        at: service.manifest.nameNode.range, "clients of \(names) do not see its remote pods",
        also: blind.compactMap(\.node).prefix(1).map { Label($0.range, "not switched on here") },
        help: ["Linkwright switches it on; if nobody needs these pods, remove the connection instead"]))
  }

  // MARK: Policies

  /// Clients that policies around the Service's pods admit by their cluster; none where one of them is not to be said
  /// as a client.
  private func admitted(_ key: NamespacedName, _ targets: [String]) -> [Client] {
    var clients: [Client] = []
    for name in targets {
      guard let cluster = input[name], let service = cluster.services[key] else { continue }
      let (pods, runtime) = cluster.pods(of: service)
      let possible = Dictionary(runtime.map { ($0.key, [$0.value]) }) { first, _ in first }
      func selects(_ selector: LabelSelector) -> Bool {
        pods.isEmpty
          ? selector.matches(service.selector)
          : pods.allSatisfy { selector.matches($0.podLabels, runtimeLabels: possible) }
      }
      for policy in cluster.policies[key.namespace] ?? []
      where policy.isolatesIngress && selects(policy.podSelector) {
        for peer in policy.rules(.ingress).flatMap({ NetworkPolicy.peers($0, .ingress) ?? [] }) {
          guard let selector = peer["podSelector"], Self.namesCluster(selector) else { continue }
          guard let client = client(selector, peer["namespaceSelector"], key.namespace) else { return [] }
          Self.add(client, to: &clients)
        }
      }
      for manifest in cluster.objects("cilium.io", "CiliumNetworkPolicy")
      where manifest.namespace == key.namespace {
        let specs =
          [manifest.node["spec"]].compactMap { $0 } + (manifest.node["specs"]?.elements.map { $0 } ?? [])
        for spec in specs
        where spec["endpointSelector"] != nil && spec.at("endpointSelector", "matchExpressions") == nil
          && selects(LabelSelector(equality: Self.plain(spec["endpointSelector"])))
        {
          let rules = spec["ingress"]?.elements.map { $0 } ?? []
          for peer in rules.flatMap({ $0["fromEndpoints"]?.elements.map { $0 } ?? [] })
          where Self.namesCluster(peer) {
            guard let client = client(peer, nil, key.namespace) else { return [] }
            Self.add(client, to: &clients)
          }
        }
      }
    }
    return clients
  }

  /// Keys without the source that Cilium's own policies may put before them.
  private static func bare(_ key: String) -> String {
    for source in ["k8s:", "any:"] where key.hasPrefix(source) { return String(key.dropFirst(source.count)) }
    return key
  }

  private static func plain(_ selector: Node?) -> Labels { Labels(selector?["matchLabels"]).renamed(bare) }

  private static func namesCluster(_ selector: Node) -> Bool {
    (selector["matchLabels"]?.entries ?? .none).contains { bare($0.key.text) == clusterLabel }
      || (selector["matchExpressions"]?.elements ?? .none).contains {
        bare($0["key"]?.text ?? "") == clusterLabel
      }
  }

  /// A peer as a client; nil for one that a connection does not say.
  private func client(_ selector: Node, _ namespaces: Node?, _ own: String) -> Client? {
    var clusters: Set<String> = []
    var namespace = own
    var labels = SpecMap()
    for (key, value) in selector["matchLabels"]?.entries ?? .none {
      switch Self.bare(key.text) {
      case Self.clusterLabel: clusters.formUnion(named([value.text]))
      case "io.kubernetes.pod.namespace": namespace = value.text
      case let other where other.contains(":") || other.hasPrefix("io.cilium.k8s"): return nil
      case let other: labels.add(other, .text(value.text))
      }
    }
    var expressions: [SpecValue] = []
    for expression in selector["matchExpressions"]?.elements ?? .none {
      let key = Self.bare(expression["key"]?.text ?? "")
      guard key == Self.clusterLabel else {
        guard !key.contains(":"), !key.hasPrefix("io.cilium.k8s"), key != "io.kubernetes.pod.namespace" else {
          return nil
        }
        expressions.append(SpecValue(expression))
        continue
      }
      switch expression["operator"]?.text {
      case "In": clusters.formUnion(named(expression["values"]?.elements.map(\.text) ?? []))
      case "Exists": clusters.formUnion(members.map(\.cluster))
      default: return nil
      }
    }
    if let namespaces {
      let labels = namespaces["matchLabels"]
      guard namespaces.count == 1, labels?.count == 1,
        let name = labels?["kubernetes.io/metadata.name"]?.string
      else { return nil }
      namespace = name
    }
    guard !clusters.isEmpty else { return nil }
    let map = SpecMap([
      "matchLabels": labels.isEmpty ? nil : .map(labels),
      "matchExpressions": expressions.isEmpty ? nil : .list(expressions),
    ])
    return Client(clusters: clusters, namespace: namespace, podSelector: map.isEmpty ? nil : map)
  }

  /// Clusters by their names in the mesh.
  private func named(_ names: [String]) -> [String] {
    names.compactMap { name in members.first { ($0.name ?? $0.cluster) == name }?.cluster }
  }

  private static func add(_ client: Client, to clients: inout [Client]) {
    let same = clients.firstIndex {
      $0.namespace == client.namespace && $0.podSelector == client.podSelector
    }
    if let same {
      clients[same].clusters.formUnion(client.clusters)
    } else {
      clients.append(client)
    }
  }

  // MARK: Workloads

  /// Workloads of the members in whose manifests a name stands.
  private func callers(of host: String) -> [Client] {
    var clients: [Client] = []
    for member in members {
      guard let cluster = input[member.cluster] else { continue }
      for (namespace, workloads) in cluster.workloads.sorted(by: { $0.key < $1.key }) {
        for workload in workloads where workload.mentions(host) {
          let labels = workload.stableLabels.items.map { ($0.key, $0.value) }
          Self.add(
            Client(
              clusters: [member.cluster], namespace: namespace, podSelector: SpecValue.selector(labels).map),
            to: &clients)
        }
      }
    }
    return clients
  }
}
