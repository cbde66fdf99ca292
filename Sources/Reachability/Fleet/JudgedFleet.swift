import FleetSpec
import Kubernetes
package import Linker
package import Parallel

/// The fleet as it will be once the output is applied: what the judge looks at.
package final class JudgedFleet: Sendable {
  package let clusters: [String: JudgedCluster]
  /// Whether consumers leave out objects of a kind: Argo CD's exclusions.
  package let excludedKinds: Set<String>

  /// Linear in the objects of all clusters.
  package init(
    _ model: FleetModel, emitted: [EmittedObject], fragments: [EmittedFragment] = [],
    mapping: some ParallelMapping
  ) {
    let byCluster = Dictionary(grouping: emitted) { $0.cluster }
    let fragmentsByCluster = Dictionary(grouping: fragments) { $0.cluster }
    let clusters = mapping.map(model.clusterNames, piece: 1) { name in
      model.clusters[name].map {
        JudgedCluster(
          $0, emitted: byCluster[name] ?? [], fragments: fragmentsByCluster[name] ?? [],
          indexing: SystemRegistry.kinds, reading: SystemRegistry.fragments)
      }
    }
    self.clusters = Dictionary(
      uniqueKeysWithValues: zip(model.clusterNames, clusters).compactMap { name, cluster in
        cluster.map { (name, $0) }
      })
    excludedKinds = Set(model.fleet.consumer?.excludedKinds ?? [])
  }
}

/// The pods that a connection's clients and targets are, found before anything is evaluated.
struct ConnectionEnds: Sendable {
  /// A pod of one end.
  enum Member: Sendable {
    /// The pods of a workload, by its number in the namespace.
    case workload(Int)
    /// Pods with labels of their own.
    case special(SubjectPod)
  }

  /// By client; nil for a network outside.
  let clients: [[Member]?]
  /// By target.
  let targets: [[Member]]

  /// Linear in the workloads of the namespaces.
  init(_ connection: BoundConnection, in fleet: JudgedFleet) {
    clients = connection.clients.map { client in
      guard let name = client.cluster, let cluster = fleet.clusters[name] else { return nil }
      return Self.clients(client, of: connection, cluster.workloads(in: client.namespace))
    }
    targets = connection.targets.map { target in
      guard let cluster = fleet.clusters[target.cluster] else { return [] }
      let key = target.service.key
      guard let service = target.service.isInline ? target.service : cluster.service(key)?.service else {
        return []
      }
      return Self.targets(of: service, connection, cluster.workloads(in: key.namespace))
    }
  }

  /// A connection's clients. Those that are pods of its target's kind carry the labels that controllers set while pods run,
  /// one pod for each of the values.
  static func clients(
    _ client: BoundClient, of connection: BoundConnection, _ workloads: [Workload]
  ) -> [Member] {
    let runtime = connection.connection.to.runtimeLabels
    guard !runtime.isEmpty else { return clients(client.podSelector, workloads) }
    let services = connection.targets.map(\.service).filter { $0.key.namespace == client.namespace }
    let selectors = services.map { LabelSelector(equality: $0.selector) }
    var members: [Member] = []
    for (number, workload) in workloads.enumerated() {
      let isTarget = selectors.contains {
        !$0.matches(workload.podLabels) && $0.matches(workload.podLabels, runtimeLabels: runtime)
      }
      guard isTarget else {
        if client.podSelector?.matches(workload.podLabels) ?? true { members.append(.workload(number)) }
        continue
      }
      for labels in variants(workload.podLabels, runtime) where client.podSelector?.matches(labels) ?? true {
        members.append(
          .special(
            SubjectPod(
              id: "\(workload.kind)/\(workload.key.name) \(labels.description)", workload: workload,
              labels: labels)))
      }
    }
    return members.isEmpty ? clients(client.podSelector, workloads) : members
  }

  /// Labels with every value that they take while pods run; more than a handful are as good as one.
  private static func variants(_ labels: Labels, _ runtime: [String: [String]]) -> [Labels] {
    var all = [labels]
    for (key, values) in runtime.sorted(by: { $0.key < $1.key }) where labels[key] == nil && !values.isEmpty {
      let next = all.flatMap { one in values.map { one.setting(key, to: $0) } }
      if next.count <= 16 { all = next }
    }
    return all
  }

  private static func clients(_ selector: LabelSelector?, _ workloads: [Workload]) -> [Member] {
    var members: [Member] = []
    for (number, workload) in workloads.enumerated() where selector?.matches(workload.podLabels) ?? true {
      members.append(.workload(number))
    }
    guard members.isEmpty else { return members }
    // Nobody's manifest is known: pods with what the connection says of them.
    var labels: [(String, String)] = []
    for case .isIn(let key, let values) in selector?.requirements ?? [] where values.count == 1 {
      labels.append((key, values[0]))
    }
    let known = Labels(pairs: labels)
    return [.special(SubjectPod(id: "pods \(known.description)", workload: nil, labels: known))]
  }

  static func targets(of service: Service, _ connection: BoundConnection, _ workloads: [Workload])
    -> [Member]
  {
    guard !service.selector.isEmpty else { return [] }
    guard !service.isInline else {
      // Its manifest lives elsewhere, and so do those of its pods: they carry what the Service selects.
      let labels = service.selector
      return [.special(SubjectPod(id: "pods \(labels.description)", workload: nil, labels: labels))]
    }
    let selector = LabelSelector(equality: service.selector)
    let declared = connection.connection.to.runtimeLabels
    guard !service.hasOnlyRuntimeLabels(declared) else {
      // A controller makes these pods: no manifest says more of them.
      let labels = service.selector
      return [.special(SubjectPod(id: "pods \(labels.description)", workload: nil, labels: labels))]
    }
    var members: [Member] = []
    for (number, workload) in workloads.enumerated() {
      let ordinals = workload.ordinalLabels(askedBy: service.selector)
      let runtime = ordinals.isEmpty ? declared : declared.merging(ordinals) { $0 + $1 }
      if selector.matches(workload.podLabels) {
        members.append(.workload(number))
      } else if !runtime.isEmpty, selector.matches(workload.podLabels, runtimeLabels: runtime) {
        // While the Service has the pods, they carry all labels of its selector.
        let labels = workload.podLabels.merging(service.selector)
        members.append(
          .special(
            SubjectPod(
              id: "\(workload.kind)/\(workload.key.name) \(labels.description)", workload: workload,
              labels: labels)))
      }
    }
    return members
  }
}

extension Labels {
  init(pairs: [(String, String)]) {
    self.init()
    for (key, value) in pairs { self = setting(key, to: value) }
  }

  /// These labels, with those of another set over them.
  func merging(_ other: Labels) -> Labels {
    other.items.reduce(self) { $0.setting($1.key, to: $1.value) }
  }
}
