import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

extension Walk {
  /// Ends the walk where a manifest joins an EndpointSlice of its own to a Service that has a selector: the controller leaves
  /// foreign slices alone, and whoever serves the Service joins all of its name (kubernetes documentation,
  /// "EndpointSlices: ownership").
  mutating func hasStraySlices(_ service: Service, in cluster: JudgedCluster, _ hop: Hop.Kind) -> Bool {
    guard !isOver, !service.selector.isEmpty else { return false }
    let namespace = service.key.namespace
    let declared = cluster.model.declared.endpoints(in: namespace).filter { $0.kind == "EndpointSlice" }
    guard !declared.isEmpty else { return false }
    let label = "kubernetes.io/service-name"
    let manager = "endpointslice.kubernetes.io/managed-by"
    let own = "endpointslice-controller.k8s.io"
    let claim = Claim.found(
      ObjectQuery(
        "EndpointSlice", of: "discovery.k8s.io", in: cluster.name, namespace,
        where: [
          .text(["metadata", "labels", label], [service.key.name]),
          .not(.text(["metadata", "labels", manager], [own])),
          .exists(["endpoints", "*", "addresses"]),
        ]))
    let stray = declared.first { slice in
      slice.labels[label] == service.key.name && slice.labels[manager] != own
        && slice.node["endpoints"]?.elements.contains { ($0["addresses"]?.count ?? 0) > 0 } ?? false
    }
    guard let stray else {
      rely(on: claim, isNot: true)
      return false
    }
    let addresses = stray.node["endpoints"]?.elements.flatMap { endpoint in
      endpoint["addresses"]?.elements.map { $0 } ?? []
    }
    fail(
      hop, in: cluster.name, "Service \(service.key.description)",
      Fault(
        JudgementRules.address,
        "Service \(service.key.description) in \(cluster.name) leads to \(addresses?.first?.text ?? "") as well",
        at: [
          Label(addresses?.first?.range ?? stray.nameNode.range, "by EndpointSlice \(stray.name)"),
          Label(service.manifest.nameNode.range, "has pods of its own"),
        ],
        help: [
          "remove EndpointSlice \(stray.name), or its label \(label): endpoints of one name are joined, and connections take turns with them"
        ], because: claim, wanted: .no))
    return true
  }
}
