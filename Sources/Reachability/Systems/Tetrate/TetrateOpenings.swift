import Diagnostics
import FleetSpec
package import Kubernetes
import Linker
import YAMLTree

/// An east-west gateway passes on whatever comes with mutual TLS for a host that it knows: pods of every cluster of the mesh,
/// whether or not a connection declares them. Who they are, the target's own AuthorizationPolicies ask.
extension TetrateSystem {
  package func openings(to crossing: Crossing, in fleet: JudgedFleet) -> [Opening] {
    guard let cluster = fleet.clusters[crossing.target.cluster] else { return [] }
    let place =
      control.map { TetrateWalk(control: $0, section: link.section).place(of: crossing, in: cluster) }
      ?? IstioGateways(link.section).place(in: cluster)
    return [
      Opening(
        address: (place?.texts.first).flatMap { IPAddress($0) }, port: UInt16(Self.port),
        what: "the east-west gateway of \(cluster.name)", asksForIdentity: true)
    ]
  }

  package func mayEnter(
    _ crossing: Crossing, from cluster: JudgedCluster, _ workload: Workload, in fleet: JudgedFleet
  ) -> Bool {
    guard cluster.name != crossing.target.cluster, let target = fleet.clusters[crossing.target.cluster],
      cluster.model.cluster.node.at("spec", "tetrate") != nil
        || crossing.connection.clients.contains(where: { $0.cluster == cluster.name })
    else { return false }
    let identity = Self.identity(of: workload, in: cluster, seenFrom: target)
    let policies = AuthorizationPolicies(target)
    let service = crossing.target.service
    let workloads = target.workloads(in: service.key.namespace)
    let pods = ConnectionEnds.targets(of: service, crossing.connection, workloads).map { member in
      switch member {
      case .workload(let number): SubjectPod(workloads[number])
      case .special(let pods): pods
      }
    }
    let port = crossing.port.port
    return pods.isEmpty || pods.contains { policies.mayAdmit(identity, to: service, port, $0) }
  }

  private static func identity(
    of workload: Workload, in cluster: JudgedCluster, seenFrom target: JudgedCluster
  ) -> ClientIdentity {
    ClientIdentity(
      namespace: workload.key.namespace,
      account: workload.pod.at("spec", "serviceAccountName")?.string ?? "default", of: cluster,
      seenFrom: target)
  }

  package func audience(
    of crossing: Crossing, _ admissions: inout Admissions, in fleet: JudgedFleet
  ) -> Audience? {
    guard let cluster = fleet.clusters[crossing.target.cluster] else { return nil }
    let service = crossing.target.service
    let workloads = cluster.workloads(in: service.key.namespace)
    let members = ConnectionEnds.targets(of: service, crossing.connection, workloads)
    let policies = AuthorizationPolicies(cluster)
    let isAsked = members.allSatisfy { member in
      switch member {
      case .workload(let number):
        policies.askWhoCalls(service.key.namespace, SubjectPod(workloads[number]).labels)
      case .special(let pods): policies.askWhoCalls(service.key.namespace, pods.labels)
      }
    }
    guard !isAsked || members.isEmpty else { return nil }
    return Audience(
      JudgementRules.openMesh,
      "every workload of the mesh that reaches the east-west gateway of \(cluster.name): no AuthorizationPolicy asks who calls",
      remedy:
        "let an AuthorizationPolicy at the pods admit the clients' namespaces or principals alone, or say that it is known: exposure: {acknowledged: MESH}"
    )
  }

  // MARK: Services that no connection names

  package func strayOpenings(beyond crossings: [JudgedCrossing], in fleet: JudgedFleet) -> [StrayOpening] {
    let targets = Set(
      crossings.over(Self.key).map {
        ClusterService(cluster: $0.target.cluster, key: $0.target.service.key)
      })
    var seen = targets
    return (control.map { exposed($0, fleet) } ?? passedOn(fleet)).filter { stray in
      seen.insert(ClusterService(cluster: stray.cluster.name, key: stray.service.key)).inserted
    }
  }

  /// Services of the workspace that some setting exposes, whoever wrote it.
  private func exposed(_ control: TetrateControl, _ fleet: JudgedFleet) -> [StrayOpening] {
    let walk = TetrateWalk(control: control, section: link.section)
    var found: [StrayOpening] = []
    for entry in control.entries {
      for (_, cluster) in fleet.clusters.sorted(by: { $0.key < $1.key }) {
        guard let place = walk.place(of: entry, in: cluster) else { continue }
        for service in Self.services(of: cluster, except: entry.selector)
        where control.owns(service.key.namespace, of: cluster) && entry.exposes(service.manifest.labels) {
          found.append(
            stray(service, entry.selector, cluster, place.texts, entry.object.label) { consumer in
              control.permits(consumer, cluster) ?? true
            })
        }
      }
    }
    return found
  }

  /// Services whose hosts a Gateway at the link's own pods passes on, whoever wrote it.
  private func passedOn(_ fleet: JudgedFleet) -> [StrayOpening] {
    let gateways = IstioGateways(link.section)
    var found: [StrayOpening] = []
    for (_, cluster) in fleet.clusters.sorted(by: { $0.key < $1.key }) {
      let texts = gateways.place(in: cluster)?.texts ?? []
      for object in cluster.objects(ofKind: "Gateway")
      where object.manifest.identity.group == "networking.istio.io" && object.evidence != .observed
        && Labels(object.node.at("spec", "selector")).items.allSatisfy({
          gateways.selector.labels[$0.key] == $0.value
        })
      {
        let servers = object.node.at("spec", "servers")?.elements.filter { server in
          server.at("tls", "mode")?.text == "AUTO_PASSTHROUGH"
            && server.at("port", "number")?.integer == Self.port
        }
        let hosts = servers?.flatMap { $0["hosts"]?.elements.map(\.text) ?? [] } ?? []
        for service in Self.services(of: cluster, except: gateways.selector) {
          let host = "\(service.key.name).\(service.key.namespace).svc.cluster.local"
          let isPassed = hosts.contains {
            IstioWalk.matches(host, $0, in: service.key.namespace, from: object.manifest.namespace)
          }
          guard isPassed else { continue }
          found.append(stray(service, gateways.selector, cluster, texts, object.label()))
        }
      }
    }
    return found
  }

  private static func services(of cluster: JudgedCluster, except gateway: EastWestSelector) -> [Service] {
    cluster.model.declared.services.values.filter { !isGateway($0, gateway) }.sorted { $0.key < $1.key }
  }

  /// - Parameter isTold: whether members of the mesh in another cluster are told of the Service.
  private func stray(
    _ service: Service, _ selector: EastWestSelector, _ cluster: JudgedCluster, _ texts: [String],
    _ place: Label, isTold: @escaping @Sendable (JudgedCluster) -> Bool = { _ in true }
  ) -> StrayOpening {
    StrayOpening(
      service, of: cluster,
      Opening(
        address: texts.first.flatMap { IPAddress($0) }, port: UInt16(Self.port),
        what: "the east-west gateway of \(cluster.name)", asksForIdentity: true),
      at: place, seenAs: [EastWestPods.peer(selector, in: cluster)]
    ) { consumer, workload, port, pod in
      guard consumer.name != cluster.name, consumer.model.cluster.node.at("spec", "tetrate") != nil,
        isTold(consumer)
      else { return false }
      let identity = Self.identity(of: workload, in: consumer, seenFrom: cluster)
      return AuthorizationPolicies(cluster).mayAdmit(identity, to: service, port, pod)
    }
  }
}
