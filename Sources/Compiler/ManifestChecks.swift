import Diagnostics
import JSONSchema
import Kubernetes
import Linker
import YAMLTree

/// Checks manifests that connections build on against the API's schemas: Linkwright counts on a policy or
/// on endpoints only if the API server accepts them.
///
/// Looks only at namespaces in which a connection ends, and at the platform's baseline: a fault elsewhere is
/// nobody's here.
struct ManifestChecks {
  private let schemas: KubernetesSchemas
  private(set) var findings: [Diagnostic] = []

  init(_ model: FleetModel, _ connections: [BoundConnection], schemas: KubernetesSchemas) {
    self.schemas = schemas
    var namespaces: [String: Set<String>] = [:]
    for connection in connections {
      for target in connection.targets {
        namespaces[target.cluster, default: []].insert(target.service.key.namespace)
      }
      for client in connection.clients {
        if let cluster = client.cluster { namespaces[cluster, default: []].insert(client.namespace) }
      }
    }
    for (cluster, names) in namespaces.sorted(by: { $0.key < $1.key }) {
      guard let model = model.clusters[cluster] else { continue }
      for policy in model.baseline ?? [] { check(policy.manifest, cluster) }
      for name in names.sorted() {
        for policy in model.declared.policies[name] ?? [] { check(policy.manifest, cluster) }
      }
      let endpoints = model.declared.objects.values.filter {
        ["Endpoints", "EndpointSlice"].contains($0.kind) && names.contains($0.namespace ?? "")
      }
      for manifest in endpoints { check(manifest, cluster) }
    }
  }

  private mutating func check(_ manifest: Manifest, _ cluster: String) {
    guard let schema = schemas.schema(for: manifest.node) else { return }
    for violation in schema.validate(manifest.node) {
      var finding = violation.diagnostic(CompilerRules.invalidManifest, root: manifest.identity.description)
      finding.notes.append("of \(manifest.identity.description) in \(cluster)")
      findings.append(finding)
    }
  }
}
