import Diagnostics
import FleetSpec
package import Kubernetes
import Linker
import YAMLTree

/// Pods of a crossing's ends, as the other end's policies see them in a network that joins both clusters.
extension JudgedFleet {
  /// The client's pods for the target's policies; none for a network outside.
  package func remoteClients(of crossing: Crossing) -> [PeerPod] {
    guard let name = crossing.client.cluster, let cluster = clusters[name] else { return [] }
    let namespace = crossing.client.namespace
    return ConnectionEnds.clients(crossing.client, of: crossing.connection, cluster.workloads(in: namespace))
      .map {
        PeerPod($0, of: cluster, namespace, meant: crossing.client.podSelector ?? .everything)
      }
  }

  /// The target's pods for the client's policies.
  package func remoteTargets(of crossing: Crossing) -> [PeerPod] {
    guard let cluster = clusters[crossing.target.cluster] else { return [] }
    let key = crossing.target.service.key
    let isInline = crossing.target.service.isInline
    guard let service = isInline ? crossing.target.service : cluster.service(key)?.service else { return [] }
    let meaning = LabelSelector(equality: service.selector)
    return ConnectionEnds.targets(of: service, crossing.connection, cluster.workloads(in: key.namespace)).map
    {
      PeerPod($0, of: cluster, key.namespace, meant: meaning)
    }
  }
}

extension JudgedFleet {
  /// The client's pods for policies of other namespaces of their own cluster; none for a network outside.
  package func localClients(of crossing: Crossing) -> [PeerPod] {
    guard let name = crossing.client.cluster, let cluster = clusters[name] else { return [] }
    let namespace = crossing.client.namespace
    return ConnectionEnds.clients(crossing.client, of: crossing.connection, cluster.workloads(in: namespace))
      .map {
        PeerPod(
          $0, of: cluster, namespace, meant: crossing.client.podSelector ?? .everything, isRemote: false)
      }
  }

  /// The target's pods for policies of its own cluster: those of a gateway's namespace.
  package func localTargets(of crossing: Crossing) -> [PeerPod] {
    guard let cluster = clusters[crossing.target.cluster] else { return [] }
    let key = crossing.target.service.key
    let isInline = crossing.target.service.isInline
    guard let service = isInline ? crossing.target.service : cluster.service(key)?.service else { return [] }
    let meaning = LabelSelector(equality: service.selector)
    return ConnectionEnds.targets(of: service, crossing.connection, cluster.workloads(in: key.namespace)).map
    {
      PeerPod($0, of: cluster, key.namespace, meant: meaning, isRemote: false)
    }
  }
}

extension LabelSelector {
  /// Selects every pod.
  static let everything = LabelSelector(requirements: [])
}

extension PeerPod {
  /// Pods of another cluster of a mesh, or of another namespace.
  init(
    _ member: ConnectionEnds.Member, of cluster: JudgedCluster, _ namespace: String,
    meant: LabelSelector? = nil, isRemote: Bool = true
  ) {
    let subject: SubjectPod
    switch member {
    case .workload(let number): subject = SubjectPod(cluster.workloads(in: namespace)[number])
    case .special(let pods): subject = pods
    }
    let workload = subject.workload
    let manifest = cluster.model.declared.namespaces[namespace]
    self.init(
      id: "\(cluster.name)/\(namespace)/\(subject.id)\(meant.map { " (\($0.description))" } ?? "")",
      namespace: namespace,
      namespaceLabels: manifest?.labels ?? Labels(), knowsNamespaceLabels: manifest != nil,
      name: workload?.key.name ?? subject.labels.description, kind: workload?.kind ?? "pods",
      labels: subject.labels,
      runtimeLabels: workload.map { workload in
        ManifestNetwork.runtimeLabels(workload).filter { subject.labels[$0.key] == nil }
      } ?? [], namedPorts: workload?.namedPorts ?? [], isHostNetwork: workload?.isHostNetwork ?? false,
      isRemote: isRemote,
      meshCluster: cluster.meshName,
      serviceAccount: workload.map { $0.pod.at("spec", "serviceAccountName")?.string ?? "default" },
      meaning: meant)
  }

  /// The number that a target port means in these pods; nil for a name that they do not declare.
  package func number(of target: PortReference, _ transport: TransportProtocol) -> Int? {
    switch target {
    case .number(let number): number
    case .name(let name):
      namedPorts.first { $0.name == name && $0.transport == transport }.map { Int($0.number) }
    }
  }
}
