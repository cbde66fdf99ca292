import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// One global Service with all connections to it: the unit that owns it in every cluster, and its policies.
struct GlobalServiceUnit: PlannedUnit {
  let mesh: MeshLink
  let service: NamespacedName
  let connections: [BoundConnection]
  let model: FleetModel
  /// The targets, one per cluster, in the order of their clusters.
  let targets: [BoundTarget]
  /// Clusters with clients of another cluster's endpoints, in order.
  let consumers: [String]
  /// True where the Service crosses by exports instead of annotations, as its first connection has it.
  let isExported: Bool
  /// What clients of a cluster prefer, as the first connection that says so.
  private let affinities: [String: Located<String>]
  /// Clusters whose clients ask for EndpointSlices.
  private let sliced: Set<String>

  /// Linear in the clients and targets of the connections.
  init(
    mesh: MeshLink, service: NamespacedName, connections: [BoundConnection],
    model: FleetModel
  ) {
    self.mesh = mesh
    self.service = service
    self.connections = connections
    self.model = model
    var byCluster: [String: BoundTarget] = [:]
    var consumers: Set<String> = []
    var affinities: [String: Located<String>] = [:]
    var sliced: Set<String> = []
    for connection in connections {
      var places: Set<String> = []
      for target in connection.targets where target.service.key == service {
        places.insert(target.cluster)
        if byCluster[target.cluster] == nil { byCluster[target.cluster] = target }
      }
      for case let cluster? in connection.clients.map(\.cluster) {
        // With targets in two clusters, every client has one elsewhere.
        if places.count > 1 || !places.contains(cluster) { consumers.insert(cluster) }
        let section = connection.section("clusterMesh", in: cluster)
        if let node = section?["affinity"], affinities[cluster] == nil {
          affinities[cluster] = Located(node.text, node)
        }
        if section?["syncEndpointSlices"]?.boolean == true { sliced.insert(cluster) }
      }
    }
    targets = byCluster.sorted { $0.key < $1.key }.map(\.value)
    self.consumers = consumers.sorted()
    self.affinities = affinities
    isExported = connections.first.map(mesh.exports) ?? mesh.settings.exportsServices
    self.sliced = sliced.union(targets.contains { $0.service.isHeadless } ? consumers : [])
  }

  var key: String { "clusterMesh/\(mesh.link.name.value)/services/\(service.description)" }

  /// The Service's manifest in a cluster.
  func existing(in cluster: String) -> Service? { model.clusters[cluster]?.declared.services[service] }

  /// Whether remote endpoints must appear as EndpointSlices among a cluster's clients.
  func needsEndpointSlices(in cluster: String) -> Bool { sliced.contains(cluster) }

  /// What clients prefer, in the order of their clusters.
  var preferences: [(cluster: String, affinity: Located<String>)] {
    affinities.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// What clients of a cluster prefer, as their connection says.
  func affinity(in cluster: String) -> Located<String>? { affinities[cluster] }

  /// What the annotation says. The default goes unsaid on 1.18, some releases of which drop all remote endpoints at the
  /// word itself (cilium/cilium#46623).
  private func preference(in cluster: String) -> String? {
    let wanted = affinity(in: cluster)?.value
    guard wanted == "none", mesh.member(cluster)?.settings.chartVersion == .v1_18,
      existing(in: cluster).flatMap({ GlobalAnnotations.value(.affinity, of: $0.manifest) }) == nil
    else { return wanted }
    return nil
  }

  func lower() -> LoweredUnit {
    var lowered = LoweredUnit(
      connections: connections.map(\.id.description).sorted(),
      subject: Label(
        connections.first?.connection.name.node.range ?? mesh.link.name.node.range,
        "while emitting this connection"))
    let clients = Set(consumers)
    if isExported {
      ExportedService(unit: self).emit(into: &lowered)
    } else {
      for target in targets { serve(target, isConsumer: clients.contains(target.cluster), &lowered) }
      if let first = targets.first {
        let places = Set(targets.map(\.cluster))
        for cluster in consumers where !places.contains(cluster) {
          consume(first, in: cluster, &lowered)
        }
      }
    }
    for cluster in Set(targets.map(\.cluster) + consumers).sorted() {
      let isTarget = targets.contains { $0.cluster == cluster }
      lowered.occasions.append(
        Occasion(
          "service", cluster: cluster, namespace: service.namespace,
          variables: [
            "service": .map([
              "name": .string(service.name), "namespace": .string(service.namespace),
              "isServed": .boolean(isTarget), "hasClients": .boolean(clients.contains(cluster)),
            ])
          ]))
    }
    publish(&lowered)
    MeshPolicies(unit: self).emit(into: &lowered)
    return lowered
  }

  /// The name that clients of every member use.
  var hostName: String {
    "\(service.name).\(service.namespace).svc.\(isExported ? "clusterset" : "cluster").local"
  }

  // MARK: Services

  private var identity: ObjectIdentity {
    ObjectIdentity(apiVersion: "v1", kind: "Service", namespace: service.namespace, name: service.name)
  }

  /// A cluster whose pods answer: its Service is global and shares them.
  private func serve(_ target: BoundTarget, isConsumer: Bool, _ lowered: inout LoweredUnit) {
    var wanted = GlobalAnnotations(sharesEndpoints: true)
    if isConsumer {
      wanted.prefer(preference(in: target.cluster), needsEndpointSlices(in: target.cluster))
    }
    adapt(target.service, in: target.cluster, wanted, &lowered)
  }

  /// A cluster with clients alone: the Service stands there so that its name resolves, and shares nothing.
  private func consume(_ target: BoundTarget, in cluster: String, _ lowered: inout LoweredUnit) {
    var wanted = GlobalAnnotations(sharesEndpoints: nil)
    wanted.prefer(preference(in: cluster), needsEndpointSlices(in: cluster))
    if let existing = existing(in: cluster) {
      adapt(existing, in: cluster, wanted, &lowered)
      return
    }
    let selector = target.service.selector.items.map { ($0.key, TemplateValue.string($0.value)) }
    lowered.emissions.append(
      Emission(
        cluster: cluster, part: .manifests, template: "cluster-mesh/global-service.yaml", identity: identity,
        variables: [
          "service": .map([
            "namespace": .string(service.namespace), "name": .string(service.name),
            "clusterIP": target.service.isHeadless ? .string("None") : .none,
            "selector": selector.isEmpty ? .none : .map(TemplateFields(selector)),
            "annotations": wanted.emitted,
            "ports": .list(target.service.ports.map(Self.value)),
          ])
        ]))
  }

  /// Keeps a Service that is right, patches one that is not.
  private func adapt(
    _ existing: Service, in cluster: String, _ wanted: GlobalAnnotations, _ lowered: inout LoweredUnit
  ) {
    if !existing.isInline, wanted.areMet(by: existing.manifest) {
      lowered.satisfied.append(Satisfied(cluster: cluster, identity: identity, manifest: existing.manifest))
      return
    }
    lowered.emissions.append(
      Emission(
        cluster: cluster, part: .components, template: "cluster-mesh/global-service-patch.yaml",
        identity: identity,
        variables: [
          "service": .map([
            "namespace": .string(service.namespace), "name": .string(service.name),
            "annotations": wanted.emitted,
          ])
        ]))
  }

  private static func value(_ port: ServicePort) -> TemplateValue {
    let target: TemplateValue =
      switch port.target {
      case .number(let number): .integer(number)
      case .name(let name): .string(name)
      }
    return .map([
      "name": .optional(port.name), "port": .integer(port.number), "targetPort": target,
      "protocol": .string(port.transport.rawValue),
    ])
  }

  // MARK: Published names

  private func publish(_ lowered: inout LoweredUnit) {
    var done: Set<String> = []
    for connection in connections {
      guard let target = connection.targets.first(where: { $0.service.key == service }),
        let port = target.ports.first?.port.number
      else { continue }
      for client in connection.clients {
        guard let cluster = client.cluster,
          let configMap = connection.connection.publishedConfigMap(in: cluster),
          done.insert("\(cluster)/\(client.namespace)/\(configMap.value)").inserted
        else { continue }
        let identity = ObjectIdentity(
          apiVersion: "v1", kind: "ConfigMap", namespace: client.namespace, name: configMap.value)
        lowered.emissions.append(
          Emission(
            cluster: cluster,
            part: model.clusters[cluster]?.declared.objects[identity] == nil ? .manifests : .components,
            template: "shared/peer-config-map.yaml", identity: identity,
            variables: [
              "configMap": .map([
                "name": .string(configMap.value), "namespace": .string(client.namespace),
              ]),
              "peer": .map([
                "host": .string(hostName),
                "port": .string(String(port)), "address": .none, "addressPort": .none,
              ]),
            ], connections: [connection.id.description]))
      }
    }
  }
}
