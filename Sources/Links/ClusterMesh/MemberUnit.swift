import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// One member of a mesh: its Helm values, and the Service of its API server.
struct MemberUnit: PlannedUnit {
  let mesh: MeshLink
  let member: MeshMember
  let peers: MeshPeers
  /// True when a connection needs remote endpoints as EndpointSlices here.
  let synchronizes: Bool
  /// True when a connection has clients of another cluster's exported Service here.
  let hasClients: Bool
  /// True when the mesh serves the Multi-Cluster Services API.
  let exports: Bool
  let model: FleetModel

  static let valuesFile = "cilium-values.yaml"

  var key: String { "clusterMesh/\(mesh.link.name.value)/members/\(member.cluster)" }

  func lower() -> LoweredUnit {
    var lowered = LoweredUnit(
      connections: [], subject: Label(mesh.link.name.node.range, "while emitting this mesh"))
    lowered.fragments.append(
      Fragment(
        clusters: [member.cluster], name: Self.valuesFile, template: "cluster-mesh/cilium-values.yaml",
        variables: CiliumValues(unit: self).variables))
    if mesh.settings.emitsObjects { PeerObjects(unit: self).emit(into: &lowered) }
    lowered.occasions.append(
      Occasion(
        "member", cluster: member.cluster, namespace: member.settings.namespace,
        variables: [
          "member": .map([
            "name": .string(member.name), "cluster": .string(member.cluster),
            "id": .integer(member.settings.id.value), "chartVersion": .node(member.settings.chartNode),
          ])
        ]))
    reportPending(&lowered)
    emitAPIServer(&lowered)
    return lowered
  }

  /// The member's own address is asked for once, whatever the number of its peers.
  private func reportPending(_ lowered: inout LoweredUnit) {
    guard case .pending = PeerAddress(of: member, in: model) else { return }
    let type = member.settings.serviceType
    let losses = mesh.bound.filter { peer in
      peer.cluster != member.cluster
        && (Self.lists(member.name, model.recordedValues[peer.cluster])
          || PeerObjects.lists(member.name, peer, in: model))
    }.map { "peer \(member.name) of \($0.cluster)" }
    let fact =
      switch type {
      case .nodePort: "the nodes' addresses for Service \(CiliumSettings.serviceName)"
      case .loadBalancer: "the load balancer's address of Service \(CiliumSettings.serviceName)"
      case .clusterIP: "the cluster IP of Service \(CiliumSettings.serviceName)"
      }
    lowered.pending.append(
      Pending(
        cluster: member.cluster, namespace: member.settings.namespace, fact: fact, objects: [],
        resources: PeerAddress.resources(type), losses: losses))
  }

  private static func lists(_ peer: String, _ values: Node?) -> Bool {
    guard let clusters = values?.at("clustermesh", "config", "clusters") else { return false }
    return clusters[peer] != nil || clusters.elements.contains { $0["name"]?.text == peer }
  }

  // MARK: The API server

  private func emitAPIServer(_ lowered: inout LoweredUnit) {
    guard let cluster = model.clusters[member.cluster], let settings = APIServerSettings(cluster),
      settings.exposure != nil,
      let name = MeshNames.apiServer(cluster, settings, model, mesh, &lowered.findings)
    else { return }
    let identity = ObjectIdentity(apiVersion: "v1", kind: "Service", namespace: "kube-system", name: name)
    if let existing = cluster.declared.objects[identity] {
      let service = Service(existing, namespace: "kube-system")
      let opens = service.ports.contains { $0.target == .number(6443) && $0.transport == .tcp }
      let agrees = settings.exposure?.nodePort.map { port in
        service.ports.contains { $0.nodePort == port.value }
      }
      if service.type == "NodePort", opens, service.selector["component"] == "kube-apiserver", agrees ?? true
      {
        lowered.satisfied.append(Satisfied(cluster: member.cluster, identity: identity, manifest: existing))
        return
      }
    }
    lowered.emissions.append(
      Emission(
        cluster: member.cluster, part: .manifests, template: "cluster-mesh/api-server-service.yaml",
        identity: identity,
        variables: [
          "apiServer": .map([
            "name": .string(name), "nodePort": .optional(settings.exposure?.nodePort?.value),
          ])
        ]))
  }
}
