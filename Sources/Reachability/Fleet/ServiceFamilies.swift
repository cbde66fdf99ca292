import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

extension Service {
  /// A family that the Service asks for and its cluster has not: the API server refuses it (Kubernetes, "IPv4/IPv6
  /// dual-stack"). Nil where nobody says either.
  func familyFault(in cluster: JudgedCluster) -> Fault? {
    guard let families = manifest.node.at("spec", "ipFamilies"), !cluster.model.cluster.serviceCIDRs.isEmpty
    else { return nil }
    for family in families.elements {
      let isIPv6 = family.text == "IPv6"
      let has = cluster.model.cluster.serviceCIDRs.contains {
        IPNetwork($0.value)?.address.isIPv6 == isIPv6
      }
      guard !has else { continue }
      return Fault(
        JudgementRules.service,
        "Service \(key.description) asks for \(family.text), and Services of \(cluster.name) have none: its API server refuses it",
        at: [Label(family.range)]
          + cluster.model.cluster.serviceCIDRs.prefix(1).map {
            Label($0.node.range, "serviceCIDRs of \(cluster.name)")
          }, help: ["take the family out of ipFamilies, or add the cluster's networks of it"],
        because: .found(
          ObjectQuery(
            of: nil, in: cluster.name, nil, nil, .document,
            where: [.family(["spec", "network", "serviceCIDRs", "*"], isIPv6: isIPv6)])))
    }
    return nil
  }
}
