import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// Routes of the Gateway API that lead into another namespace: its owner must grant that (Gateway API, ReferenceGrant), or
/// the gateway answers 500.
enum ReferenceGrants {
  static let kind = "ReferenceGrant"
  private static let group = "gateway.networking.k8s.io"

  /// Linear in the grants of the cluster.
  static func fault(_ route: KnownObject, to service: NamespacedName, in cluster: JudgedCluster) -> Fault? {
    let own = route.manifest.namespace ?? "default"
    guard route.manifest.identity.group == group, own != service.namespace else { return nil }
    let kind = route.manifest.kind
    let isGranted = cluster.objects(ofKind: Self.kind).contains { grant in
      grant.manifest.namespace == service.namespace
        && grant.node.at("spec", "from")?.elements.contains {
          $0["kind"]?.text == kind && $0["namespace"]?.text == own
        } ?? false
        && grant.node.at("spec", "to")?.elements.contains {
          $0["kind"]?.text == "Service" && ($0["name"].map { $0.text == service.name } ?? true)
        } ?? false
    }
    guard !isGranted else { return nil }
    return Fault(
      JudgementRules.unpublished,
      "\(kind) \(own)/\(route.name) in \(cluster.name) leads to Service \(service.description), and no ReferenceGrant of \(service.namespace) admits it",
      at: [route.label(at: route.node.at("spec", "rules"))],
      help: [
        "add a ReferenceGrant to \(service.namespace): from kind \(kind) of namespace \(own), to kind Service"
      ], because: granted(kind, own, to: service, in: cluster))
  }

  /// That some grant of the Service's namespace admits routes of another.
  private static func granted(
    _ kind: String, _ namespace: String, to service: NamespacedName, in cluster: JudgedCluster
  ) -> Claim {
    .found(
      ObjectQuery(
        Self.kind, of: group, in: cluster.name, service.namespace,
        where: [
          .element(
            ["spec", "from", "*"], [.text(["kind"], [kind]), .text(["namespace"], [namespace])]),
          .element(
            ["spec", "to", "*"],
            [
              .text(["kind"], ["Service"]),
              .either([.not(.exists(["name"])), .text(["name"], [service.name])]),
            ]),
        ]))
  }
}
