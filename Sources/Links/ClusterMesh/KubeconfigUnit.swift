import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Templates
import YAMLTree

/// The kubeconfig fragments of a mesh: for each member one with all members, which is the same everywhere, and one
/// with itself alone.
struct KubeconfigUnit: PlannedUnit {
  let mesh: MeshLink
  let model: FleetModel

  var key: String { "clusterMesh/\(mesh.link.name.value)/kubeconfig" }

  func lower() -> LoweredUnit {
    var lowered = LoweredUnit(
      connections: [], subject: Label(mesh.link.name.node.range, "while emitting this mesh"))
    var entries: [(name: String, member: TemplateValue, user: TemplateValue?)] = []
    for member in mesh.bound {
      guard let entry = entry(of: member, &lowered) else { continue }
      entries.append((member.cluster, entry.member, entry.user))
      lowered.fragments.append(
        fragment(
          "kubeconfig-\(member.cluster).yaml", [member.cluster], [entry.member],
          [entry.user].compactMap { $0 }))
    }
    if !entries.isEmpty {
      lowered.fragments.append(
        fragment("kubeconfig.yaml", mesh.members, entries.map(\.member), entries.compactMap(\.user)))
    }
    return lowered
  }

  private func fragment(
    _ name: String, _ clusters: [String], _ members: [TemplateValue], _ users: [TemplateValue]
  ) -> Fragment {
    Fragment(
      clusters: clusters, name: name, template: "cluster-mesh/kubeconfig.yaml",
      variables: [
        "kubeconfig": .map([
          "members": .list(members), "users": .list(users), "hasUsers": .boolean(!users.isEmpty),
        ])
      ])
  }

  /// A member's cluster and user under its name; nil where it has no API server section, or while a port that the
  /// cluster chooses is unknown.
  private func entry(
    of member: MeshMember, _ lowered: inout LoweredUnit
  ) -> (member: TemplateValue, user: TemplateValue?)? {
    guard let cluster = model.clusters[member.cluster], let settings = APIServerSettings(cluster),
      let service = MeshNames.apiServer(cluster, settings, model, mesh, &lowered.findings)
    else { return nil }
    guard let url = settings.url(service: service, in: cluster) else {
      if settings.exposure?.address != nil {
        lowered.pending.append(
          Pending(
            cluster: member.cluster, namespace: "kube-system", fact: "the node port of Service \(service)",
            objects: [], resources: "svc", fragments: ["kubeconfig-\(member.cluster).yaml"]))
      }
      return nil
    }
    let name = member.cluster
    let values: TemplateFields = [
      "name": .string(name), "server": .string(url),
      "certificateAuthorityData": .optional(
        cluster.certificateAuthority.map { Base64.encode($0.bytes) }),
      "tlsServerName": .optional(settings.node["tlsServerName"]?.text),
    ]
    return (
      .map(values),
      settings.credentials.map { .map(["name": .string(name), "user": Self.user($0)]) }
    )
  }

  /// A user whose credentials lie outside the repository.
  private static func user(_ credentials: Node) -> TemplateValue {
    if let exec = credentials["exec"] {
      let version = exec["apiVersion"]?.text ?? "client.authentication.k8s.io/v1"
      var values: TemplateFields = [
        "apiVersion": .string(version), "command": .string(exec["command"]?.text ?? ""),
        "interactiveMode": .string(exec["interactiveMode"]?.text ?? "IfAvailable"),
      ]
      for key in ["args", "env", "installHint", "provideClusterInfo"] {
        if let value = exec[key] { values[key] = .node(value) }
      }
      return .map(["exec": .map(values)])
    }
    if let file = credentials["tokenFile"] { return .map(["tokenFile": .string(file.text)]) }
    var values: TemplateFields = [:]
    if let certificate = credentials["clientCertificate"] {
      values["client-certificate"] = .string(certificate.text)
    }
    if let key = credentials["clientKey"] { values["client-key"] = .string(key.text) }
    return .map(values)
  }
}
