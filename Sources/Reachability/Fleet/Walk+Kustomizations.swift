import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// What kustomizations do to the manifests at the two ends.
extension Walk {
  /// Nothing where no kustomization stands among the manifests; else linear in the policies of both namespaces.
  mutating func judgeKustomizations() {
    if let cluster = targetCluster, !cluster.model.declared.kustomizations.isEmpty {
      let service = target.service.isInline ? nil : target.service.manifest
      judge(service.map { [$0] } ?? [], .service, in: cluster)
      judge(targetPods.compactMap { targetSlice?.subjects[$0].workload?.manifest }, .pod, in: cluster)
      judge(policies(of: target.service.key.namespace, in: cluster), .ingress, in: cluster)
    }
    if let cluster = clientCluster, !cluster.model.declared.kustomizations.isEmpty {
      judge(clientPods.compactMap { clientSlice?.subjects[$0].workload?.manifest }, .client, in: cluster)
      judge(policies(of: client.namespace, in: cluster), .egress, in: cluster)
    }
  }

  private func policies(of namespace: String, in cluster: JudgedCluster) -> [Manifest] {
    (cluster.model.declared.policies[namespace] ?? []).map(\.manifest)
      + cluster.otherPolicies(in: namespace).map(\.manifest)
  }

  /// Hangs on the first of some manifests that a kustomization changes.
  private mutating func judge(_ manifests: [Manifest], _ hop: Hop.Kind, in cluster: JudgedCluster) {
    guard !isOver else { return }
    for manifest in manifests {
      guard let change = cluster.model.declared.kustomizations.change(to: manifest) else { continue }
      let name = "\(manifest.kind) \(manifest.name)"
      depend(
        hop, in: cluster.name, at: [Label(manifest.nameNode.range)], name,
        on: [
          Question(
            "whether \(name) stands in \(cluster.name) as its manifest says: a kustomization \(change.text)",
            at: change.place.range,
            help:
              "keep what is built among the sources instead: pipe what 'kubectl kustomize' prints into 'linkwright record'"
          )
        ])
      return
    }
  }
}
