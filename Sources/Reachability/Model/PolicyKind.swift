package import Kubernetes

/// The kinds of objects that decide about connections.
package enum PolicyKind: Sendable, Hashable {
  /// networking.k8s.io/v1
  case network
  /// cilium.io/v2, of a namespace
  case cilium
  /// cilium.io/v2, of the whole cluster; rules for hosts among them
  case ciliumClusterwide
  /// policy.networking.k8s.io/v1alpha1
  case admin
  /// policy.networking.k8s.io/v1alpha1, evaluated after all others
  case adminBaseline
  /// policy.networking.k8s.io/v1alpha2, either of the two
  case cluster
  /// Allows or denies by rules that are not evaluated; egress only where that is known.
  case opaque(egressOnly: Bool)

  /// The kind of an object; nil where it decides nothing about connections of a cluster network.
  package init?(_ manifest: Manifest) {
    // Most objects are something else: settle that before anything is compared.
    guard manifest.kind.hasSuffix("Policy") || manifest.kind == "EgressFirewall" else { return nil }
    switch (manifest.identity.group, manifest.kind) {
    case ("networking.k8s.io", "NetworkPolicy"): self = .network
    case ("cilium.io", "CiliumNetworkPolicy"): self = .cilium
    case ("cilium.io", "CiliumClusterwideNetworkPolicy"): self = .ciliumClusterwide
    case ("policy.networking.k8s.io", "AdminNetworkPolicy"): self = .admin
    case ("policy.networking.k8s.io", "BaselineAdminNetworkPolicy"): self = .adminBaseline
    case ("policy.networking.k8s.io", "ClusterNetworkPolicy"): self = .cluster
    case ("projectcalico.org", "NetworkPolicy"), ("projectcalico.org", "GlobalNetworkPolicy"),
      ("crd.projectcalico.org", "NetworkPolicy"), ("crd.projectcalico.org", "GlobalNetworkPolicy"),
      ("crd.antrea.io", "NetworkPolicy"), ("crd.antrea.io", "ClusterNetworkPolicy"):
      self = .opaque(egressOnly: false)
    case ("k8s.ovn.org", "EgressFirewall"), ("network.openshift.io", "EgressNetworkPolicy"):
      self = .opaque(egressOnly: true)
    default: return nil
    }
  }

  /// True where the object belongs to no namespace.
  package func isClusterwide(_ manifest: Manifest) -> Bool {
    switch self {
    case .network, .cilium: false
    case .ciliumClusterwide, .admin, .adminBaseline, .cluster: true
    case .opaque: manifest.kind == "GlobalNetworkPolicy" || manifest.kind == "ClusterNetworkPolicy"
    }
  }
}
