import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates

/// The names of a mesh's objects, from `cluster-mesh/names.yaml`.
enum MeshNames {
  /// The Service of a cluster's API server: as declared, else from the naming template.
  static func apiServer(
    _ cluster: ClusterModel, _ settings: APIServerSettings, _ model: FleetModel, _ mesh: MeshLink,
    _ findings: inout [Diagnostic]
  ) -> String? {
    if let name = settings.exposure?.name { return name.value }
    return name(
      "apiServer", cluster: cluster.name, service: NamespacedName("kube-system", ""), [], model, mesh,
      &findings)
  }

  /// A name from the template; nil after reporting that the template does not yield it.
  static func name(
    _ key: String, cluster: String, service: NamespacedName, _ connections: [BoundConnection],
    _ model: FleetModel, _ mesh: MeshLink, _ findings: inout [Diagnostic]
  ) -> String? {
    let use = TemplateUse(
      link: mesh.link.name.value, connections: connections.map(\.id.description).sorted())
    return Naming(
      "cluster-mesh/names.yaml", for: use,
      at: connections.first?.connection.name.node ?? mesh.link.name.node, in: model
    ).name(
      key, key == "apiServer" ? .label : .subdomain, for: "mesh \(mesh.link.name.value)",
      [
        "service": .map(["name": .string(service.name), "namespace": .string(service.namespace)]),
        "cluster": .string(cluster), "link": .string(mesh.link.name.value),
      ], &findings)
  }
}
