import Diagnostics

/// Rules about chart versions.
extension ClusterMeshRules {
  static let versionRules = [
    objectsNeedNames, chartVersion, skew, kvstoremesh, kernel, mixedPolicyDefault, profileOfAnotherRelease,
  ]

  static let objectsNeedNames = Rule(
    "LW3059", "objects-need-names", .error, "an older chart would not know the addresses of its peers",
    explanation: """
      A peer with IP addresses is reached by a name of the mesh. Charts before 1.20 make it known as hostAliases of \
      pods, from their own list of peers; only from 1.20 on a peer's object can carry the addresses (#44425).
      """,
    failing: mesh(link(also: "emit: objects") + cluster(chart: "1.19.6")),
    passing: mesh(link(also: "emit: objects"))
  ).breaking(.tunnel)

  static let chartVersion = Rule(
    "LW3030", "chart-version", .error, "a member's chart does not know a setting",
    explanation: """
      Helm ignores values that a chart does not know, so the setting would silently be without effect.
      """,
    failing: mesh(
      cluster(1, chart: "1.17.18") + cluster(chart: "1.17.18", cilium: "policyDefaultLocalCluster: true")),
    passing: mesh(cluster(cilium: "policyDefaultLocalCluster: true")))

  static let skew = Rule(
    "LW3031", "mesh-version-skew", .warning, "members run releases more than one minor apart",
    explanation: """
      Meshes are tested with one release and the one before (#28519).
      """,
    failing: mesh(cluster(chart: "1.18.12")),
    passing: mesh(cluster(chart: "1.19.6")))

  static let kvstoremesh = Rule(
    "LW3032", "without-kvstoremesh", .warning, "a member runs without KVStoreMesh",
    explanation: """
      The switch is deprecated since 1.18; KVStoreMesh will always be on.
      """,
    failing: mesh(cluster(mesh: "{ips: [10.6.124.67, 10.6.125.67], kvstoremesh: false}")),
    passing: mesh())

  static let kernel = Rule(
    "LW3033", "kernel", .warning, "nodes run a kernel that is too old",
    explanation: """
      Cilium needs 5.10 (Red Hat's 4.18 of release 8.10 will do), WireGuard 5.6 (documentation, \
      operations/system_requirements).
      """,
    failing: mesh(cluster(cilium: "kernelVersion: \"4.9.17\"")),
    passing: mesh(cluster(cilium: "kernelVersion: \"5.10\"")))

  static let profileOfAnotherRelease = Rule(
    "LW3083", "profile-of-another-release", .warning,
    "a cluster's network profile is that of another Cilium than it runs",
    explanation: """
      What a policy without cluster label means changed with 1.19. The judge asks the profile; one of another release \
      makes it answer for a cluster that does not exist.
      """,
    failing: mesh(
      cluster(
        network:
          "podCIDRs: [10.2.0.0/16], serviceCIDRs: [10.102.0.0/16], profile: cilium-1.18")),
    passing: mesh(
      cluster(
        network:
          "podCIDRs: [10.2.0.0/16], serviceCIDRs: [10.102.0.0/16], profile: cilium-1.19")))

  static let mixedPolicyDefault = Rule(
    "LW3046", "mixed-policy-default", .warning, "one policy means different clusters in different members",
    explanation: """
      policyDefaultLocalCluster decides whether a selector without cluster label means the own cluster or \
      all of them; its default changed with chart 1.19 (#40609). Policies that are applied in every member \
      then mean different things.
      """,
    failing: mesh(cluster(cilium: "policyDefaultLocalCluster: false")),
    passing: mesh())
}
