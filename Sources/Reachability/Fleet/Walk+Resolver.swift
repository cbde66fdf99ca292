import Diagnostics
import FleetSpec
import Kubernetes
import Linker

extension PodsOnTheWay {
  /// True where policies that somebody wrote may concern a namespace of the platform: its own, or the cluster's.
  static func arePoliciesKnown(_ namespace: String, in cluster: JudgedCluster) -> Bool {
    !cluster.clusterwidePolicies.isEmpty || !NamespaceSlice.namespacedPolicies(cluster, namespace).isEmpty
  }

  /// True where nothing at all is known that would isolate pods of such a namespace.
  static func areOpen(_ namespace: String, in cluster: JudgedCluster) -> Bool {
    cluster.clusterwidePolicies.isEmpty
      && NamespaceSlice.namespacedPolicies(cluster, namespace).isEmpty
  }

  /// The DNS of a crossing's client; nil for a network outside, and for clients beside it.
  static func resolver(of crossing: Crossing, in fleet: JudgedFleet) -> PodsOnTheWay? {
    guard let name = crossing.client.cluster, let cluster = fleet.clusters[name] else { return nil }
    let resolver = ClusterResolver(cluster.model.cluster.distribution).pod
    guard crossing.client.namespace != resolver.namespace else { return nil }
    return PodsOnTheWay(
      name, resolver.namespace,
      GatewayWay.pods(resolver.labels, in: resolver.namespace, of: cluster, unknown: "resolver's pods"),
      meeting: fleet.localClients(of: crossing))
  }
}

extension Walk {
  /// What the client's way out waits for: no policy can be written for an address that nobody knows.
  var egressWaits: MissingFact? {
    for hop in hops where hop.kind == .egress {
      if case .pending(let fact) = hop.state { return fact }
    }
    return nil
  }

  /// Notes that nothing isolates pods on the way, where no policy of their namespace is known.
  mutating func relyOnOpen(
    _ way: PodsOnTheWay, _ sender: Sender, port: Int, _ transport: TransportProtocol
  ) {
    guard isTracing, let cluster = fleet.clusters[way.key.cluster],
      PodsOnTheWay.areOpen(way.key.namespace, in: cluster)
    else { return }
    for pods in way.pods { rely(on: .ingress(way.key, pods, sender, port: port, transport)) }
  }

  /// The policies of the resolver's own namespace admit the clients: what that hangs on. Where they do not, the walk is over.
  mutating func askResolver(_ name: String) -> [Question] {
    guard let cluster = clientCluster else { return [] }
    let resolver = ClusterResolver(cluster.model.cluster.distribution)
    if !cluster.workloads(in: resolver.pod.namespace).isEmpty {
      let serving = cluster.workloads(in: resolver.pod.namespace).filter {
        LabelSelector(equality: resolver.pod.labels).matches($0.podLabels)
      }
      guard
        !isIdle(
          serving, in: cluster, resolver.pod.namespace, .name, "DNS \(name)", behind: "the cluster's DNS")
      else { return [] }
    }
    let isKnown = PodsOnTheWay.arePoliciesKnown(resolver.pod.namespace, in: cluster)
    guard isKnown || isTracing, let way = PodsOnTheWay.resolver(of: crossing, in: fleet) else { return [] }
    let port = { (_: SubjectPod) -> Int? in Int(resolver.port) }
    guard isKnown else {
      relyOnOpen(way, .pods(way.peers, description: "the clients"), port: Int(resolver.port), .udp)
      return []
    }
    switch admission(of: .pods(way.peers, description: "the clients"), to: way, port: port, .udp) {
    case .yes?, nil: return []
    case .depends?:
      return [
        Question(
          "whether the policies of \(way.key.namespace) admit the clients to the DNS of \(cluster.name)")
      ]
    case .no? where !resolver.isSure && opens(way, port, .udp) && !admitsPodsAlone(way, port, .udp):
      // A cache on the nodes is a common addition, and then it is the one who asks.
      withdraw()
      return [
        Question(
          "who answers the DNS questions of \(cluster.name): \(isolatingNames(way)) of \(way.key.namespace) admits none of the clients to its DNS"
        )
      ]
    case .no?:
      let clients = Sender.pods(way.peers, description: "the clients")
      fail(
        .name, in: cluster.name, name,
        denied(clients, to: way, port, .udp, JudgementRules.name, as: "the cluster's DNS")
          ?? Fault(
            JudgementRules.name,
            "no policy of \(way.key.namespace) in \(cluster.name) admits the clients to the cluster's DNS",
            at: isolating(way, "isolates the resolver"),
            help: [
              "admit UDP and TCP \(resolver.port) to the pods with \(resolver.pod.labels.description) from every namespace"
            ]))
    }
    return []
  }
}

extension Array where Element: Hashable {
  /// Each element once, in the order of its first appearance.
  var withoutRepetitions: [Element] {
    var seen: Set<Element> = []
    return filter { seen.insert($0).inserted }
  }
}
