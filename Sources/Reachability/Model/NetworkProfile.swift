/// What a network plugin does where the NetworkPolicy API leaves it open.
///
/// A switch that is `depends` makes `may` and `must` differ, and the difference is reported with its reason.
/// Origins: facts of the project on reachability, 1.6 to 1.12 (plugin documentation and maintainers' threads).
package struct NetworkProfile: Sendable, Hashable {
  package let name: String
  /// One line for help texts.
  package let summary: String
  /// An ipBlock is compared with the addresses of pods.
  package var ipBlockMatchesPods = Ternary.depends
  /// An ipBlock is compared with the addresses of nodes.
  package var ipBlockMatchesNodes = Ternary.depends
  /// A host-network pod is isolated and selected as any other pod. Otherwise it is part of its node.
  package var hostNetworkIsPod = Ternary.depends
  /// A pod's traffic to itself by way of a Service is subject to policy.
  package var hairpinIsSubject = Ternary.depends
  /// A peer with namespaceSelector alone includes host-network traffic of those namespaces.
  package var namespaceSelectorIncludesHostNetwork = Ternary.depends
  /// A peer with namespaceSelector and an empty podSelector includes host-network traffic.
  package var emptyPodSelectorIncludesHostNetwork = Ternary.depends
  /// Selectors of a plain NetworkPolicy also match pods of the other clusters of a mesh.
  package var selectorsCrossClusters = Ternary.no
  /// An egress rule is compared with the address behind a Service, not with the Service's own. Where a packet is
  /// rewritten before or after policies look at it is not defined by the API.
  package var egressSeesEndpoints = Ternary.depends
  /// Egress rules have an effect.
  package var enforcesEgress = Ternary.yes
  /// An ipBlock with `except` has an effect.
  package var enforcesExcept = Ternary.yes
  /// A namespace without a manifest has no labels but its name. False: its other labels are not known.
  package var assumesNoOtherLabels = false
  /// CiliumNetworkPolicies have an effect, and pods carry Cilium's own labels (their cluster's name).
  package var enforcesCiliumPolicies = Ternary.depends
  /// AdminNetworkPolicies, the baseline policy and ClusterNetworkPolicies have an effect.
  package var enforcesAdminPolicies = Ternary.depends

  /// Only what the API itself says.
  package static let kubernetes = NetworkProfile(
    name: "kubernetes", summary: "only what the NetworkPolicy API promises")

  package static let all: [NetworkProfile] = [
    kubernetes,
    NetworkProfile(
      name: "ovn-kubernetes", summary: "OpenShift from 4.12, OVN-Kubernetes", ipBlockMatchesPods: .yes,
      hostNetworkIsPod: .no, namespaceSelectorIncludesHostNetwork: .no, egressSeesEndpoints: .yes,
      enforcesCiliumPolicies: .no,
      enforcesAdminPolicies: .yes),
    NetworkProfile(
      name: "openshift-sdn", summary: "OpenShift SDN, up to 4.16", hostNetworkIsPod: .no,
      emptyPodSelectorIncludesHostNetwork: .no, enforcesEgress: .depends, enforcesExcept: .depends,
      enforcesCiliumPolicies: .no, enforcesAdminPolicies: .no),
    NetworkProfile(
      name: "calico", summary: "Calico: ipBlock is compared with every address", ipBlockMatchesPods: .yes,
      ipBlockMatchesNodes: .yes, hostNetworkIsPod: .no, namespaceSelectorIncludesHostNetwork: .no,
      emptyPodSelectorIncludesHostNetwork: .no, egressSeesEndpoints: .yes, enforcesCiliumPolicies: .no),
    NetworkProfile(
      name: "cilium-1.18", summary: "Cilium up to 1.18: selectors match all clusters of a mesh",
      ipBlockMatchesPods: .no,
      hostNetworkIsPod: .no, namespaceSelectorIncludesHostNetwork: .no,
      emptyPodSelectorIncludesHostNetwork: .no,
      selectorsCrossClusters: .yes, egressSeesEndpoints: .yes, enforcesCiliumPolicies: .yes),
    NetworkProfile(
      name: "cilium-1.19", summary: "Cilium from 1.19: selectors match the own cluster",
      ipBlockMatchesPods: .no,
      hostNetworkIsPod: .no, namespaceSelectorIncludesHostNetwork: .no,
      emptyPodSelectorIncludesHostNetwork: .no, egressSeesEndpoints: .yes, enforcesCiliumPolicies: .yes),
    NetworkProfile(
      name: npGuard, summary: "the conventions of np-guard's netpol-analyzer", ipBlockMatchesPods: .no,
      ipBlockMatchesNodes: .no, hostNetworkIsPod: .yes, hairpinIsSubject: .no,
      namespaceSelectorIncludesHostNetwork: .yes, emptyPodSelectorIncludesHostNetwork: .yes,
      egressSeesEndpoints: .yes, assumesNoOtherLabels: true, enforcesCiliumPolicies: .no,
      enforcesAdminPolicies: .yes),
  ]

  /// The name of the profile that follows np-guard's conventions.
  package static let npGuard = "np-guard"

  /// The profile with a name.
  package static func named(_ name: String) -> NetworkProfile? { all.first { $0.name == name } }
}
