import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// The names of a mesh's objects, from `cluster-mesh/names.yaml`.
enum MeshNames {
  /// The Service of a cluster's API server: as declared, else from the naming template.
  static func apiServer(
    _ cluster: ClusterModel, _ settings: APIServerSettings, _ model: FleetModel, _ mesh: MeshLink,
    _ findings: inout [Diagnostic]
  ) -> String? {
    if let name = settings.exposure?.name { return name.value }
    return name(
      "apiServer", cluster: cluster.name, service: NamespacedName("kube-system", ""), model, mesh, &findings)
  }

  /// A name from the template; nil after reporting that the template does not yield it.
  static func name(
    _ key: String, cluster: String, service: NamespacedName, _ model: FleetModel, _ mesh: MeshLink,
    _ findings: inout [Diagnostic]
  ) -> String? {
    guard let template = model.templates["cluster-mesh/names.yaml"] else { return nil }
    do {
      let names = try template.names([
        "namespace": .string(service.namespace), "service": .map(["name": .string(service.name)]),
        "cluster": .string(cluster), "link": .string(mesh.link.name.value),
      ])
      if let name = names[key], !name.isEmpty { return name }
      findings.append(
        Diagnostic(
          TemplateRules.renderingFailed, "the naming template yields no '\(key)'",
          at: SourceRange(wholeFile: template.tree.file), help: ["add the key '\(key)'"]))
    } catch {
      findings.append(error.finding(for: "mesh \(mesh.link.name.value)"))
    }
    return nil
  }
}
