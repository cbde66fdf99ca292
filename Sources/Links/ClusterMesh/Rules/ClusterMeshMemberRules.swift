import Diagnostics

/// Rules about the members of a mesh.
extension ClusterMeshRules {
  static let memberRules = [
    clusterName, clusterID, twice, maximum, cloudID, identityChanges, tooManyMembers, members, twoMeshes,
  ]

  static let clusterName = Rule(
    "LW3001", "mesh-cluster-name", .error, "a member's name cannot be a cluster's name in a mesh",
    explanation: """
      Names have at most 32 lower-case letters, digits and '-', and are not 'default' (cilium/cilium \
      pkg/clustermesh/types/types.go): agents log a peer with another name and ignore it. The chart writes \
      names as keys of a Secret without quotes, so that 'on' or '123' would become something else.
      """,
    failing: mesh(cluster(cilium: "name: cluster-with-a-name-of-33-characters")),
    passing: mesh(cluster(cilium: "name: west"))
  ).breaking(.tunnel)

  static let clusterID = Rule(
    "LW3002", "mesh-cluster-id", .error, "a member's id is out of range",
    explanation: """
      Ids are 1 to 255, or 1 to 511 with maxConnectedClusters 511 (pkg/clustermesh/types/option.go). The \
      chart renders any number; the agent refuses to start.
      """,
    failing: mesh(cluster(id: 300)),
    passing: mesh(cluster(id: 200))
  ).breaking(.tunnel)

  static let twice = Rule(
    "LW3003", "mesh-identity-twice", .error, "two members have the same name or id",
    explanation: """
      Identities of pods carry the cluster's id: two clusters with one id take each other's pods for their \
      own (#32753). Nothing finds it before the clusters are connected.
      """,
    failing: mesh(cluster(id: 1)),
    passing: mesh()
  ).breaking(.tunnel)

  static let maximum = Rule(
    "LW3004", "max-connected-clusters", .error, "maxConnectedClusters is neither 255 nor 511",
    explanation: """
      The chart and the agent know these two numbers. The choice decides how many identities a cluster may \
      have, and cannot be changed on a living cluster.
      """,
    failing: mesh(link(also: "maxConnectedClusters: 300")),
    passing: mesh(link(also: "maxConnectedClusters: 511"))
  ).breaking(.tunnel)

  static let cloudID = Rule(
    "LW3005", "cloud-cluster-id", .error, "a member's id collides with its cloud's network plugin",
    explanation: """
      With ENI, Alibaba Cloud or aws-cni chaining, bit 128 of the id is taken by packet marks (#21330; \
      ValidateBuggyClusterID in pkg/clustermesh/types/option.go).
      """,
    failing: mesh(cluster(id: 200, cilium: "ipamMode: eni")),
    passing: mesh(cluster(id: 100, cilium: "ipamMode: eni"))
  ).breaking(.tunnel)

  static let identityChanges = Rule(
    "LW3006", "mesh-identity-changes", .warning, "a member's id or name differs from the output on record",
    explanation: """
      Running pods keep the identities that were made with the old name and id, so every workload must be \
      restarted (documentation, network/clustermesh/setup). maxConnectedClusters cannot be changed at all \
      on a living mesh: then this is an error.
      """,
    failing: mesh(
      """
      -- rendered/cluster02/fragments/cilium-values.yaml --
      cluster: {name: cluster02, id: 7}

      """),
    passing: mesh())

  static let tooManyMembers = Rule(
    "LW3007", "too-many-members", .error, "the mesh has more members than maxConnectedClusters",
    explanation: """
      A member connects to at most that many clusters, and identities have room for that many ids.
      """,
    unexampled: "a failing fleet has more than 255 clusters; ClusterMeshTests makes one"
  ).breaking(.tunnel)

  static let members = Rule(
    "LW3020", "mesh-members", .error, "the members of a mesh are not said, or cannot be members",
    explanation: """
      A Link names its members or selects them by label, two at least, and each member's Cluster says how \
      Cilium runs there.
      """,
    failing: mesh(link(members: "members: [cluster01]")),
    passing: mesh(link(members: "clusterSelector: {}")))

  static let twoMeshes = Rule(
    "LW3019", "two-meshes", .error, "a cluster is a member of two meshes",
    explanation: """
      A cluster has one Cilium with one list of peers, and every member of a mesh lists every other: two \
      Links would write two lists.
      """,
    failing: mesh(
      """
      -- links/again.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: again}
      spec: {clusterMesh: {members: [cluster01, cluster02]}}

      """),
    passing: mesh())
}
