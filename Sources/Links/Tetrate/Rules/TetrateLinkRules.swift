import Diagnostics

/// Rules about the section of a Link.
extension TetrateRules {
  static let linkRules = [
    members, formKeys, hierarchyMissing, hierarchyName, configCluster, twoConfigClusters, unknownWorkspace,
    gatewayForms,
  ]

  static let members = Rule(
    "LW5001", "east-west-members", .error, "an east-west link does not join two clusters",
    explanation: """
      Members are named, selected, or every Cluster with a 'tetrate' section. With fewer than two there is \
      nobody to be reached.
      """,
    failing: tetrate(link(also: "members: [cluster-1]")),
    passing: tetrate(link(also: "members: [cluster-1, cluster-2]")))

  static let formKeys = Rule(
    "LW5002", "form-keys", .error, "a link says something that its form does not know",
    explanation: """
      With 'form: istio' there is no TSB that could own a workspace; with the other forms there is no Istio \
      Gateway that the link would write.
      """,
    failing: tetrate(link(also: "istio: {hosts: [\"*.local\"]}")), passing: tetrate(link()))

  static let hierarchyMissing = Rule(
    "LW5003", "hierarchy-missing", .error, "a link does not say where in TSB's hierarchy its workspace is",
    explanation: """
      Every object of TSB belongs to an organization, and below it to a tenant and a workspace; they stand in \
      annotations (gitops) or in the metadata (tctl) of what is emitted.
      """,
    failing: tetrate(
      """
      -- links/east-west.yaml --
      apiVersion: linkwright.dev/v1alpha1
      kind: Link
      metadata: {name: east-west}
      spec: {tetrate: {configCluster: cluster-1, gateway: {name: eastwest-gateway, namespace: bookinfo}}}

      """), passing: tetrate(link()))

  static let hierarchyName = Rule(
    "LW5004", "hierarchy-name", .warning, "a name in TSB's hierarchy is not accepted everywhere",
    explanation: """
      Names become parts of Kubernetes names and of labels. TSB's own pattern is a letter, then letters, digits \
      and '-', at most 63 in all.
      """,
    failing: tetrate(link(tenant: "Dev")), passing: tetrate(link(tenant: "dev")))

  static let configCluster = Rule(
    "LW5005", "config-cluster-missing", .error, "a GitOps link does not name its config cluster",
    explanation: """
      One cluster's control plane pushes TSB's objects. In the output of any other cluster they would lie \
      without effect, and with GitOps enabled there too, two clusters overwrite each other.
      """,
    failing: tetrate(link(config: nil)), passing: tetrate(link()))

  static let twoConfigClusters = Rule(
    "LW5006", "two-config-clusters", .error,
    "objects of TSB are pushed from two places, or from the wrong one",
    explanation: """
      Tetrate's documentation asks for GitOps in one cluster only: with two, each reconciliation overwrites the \
      other's objects. All links of an organization have one form and one config cluster, and that is the \
      cluster whose ControlPlane enables GitOps.
      """,
    failing: tetrate(
      link(
        name: "second", workspace: "{name: second-ws, namespaces: [\"*/second\"]}", config: "cluster-2",
        gateway: "{name: second-gateway, namespace: second}")),
    passing: tetrate(
      link(
        name: "second", workspace: "{name: second-ws, namespaces: [\"*/second\"]}",
        gateway: "{name: second-gateway, namespace: second}")))

  static let unknownWorkspace = Rule(
    "LW5007", "unknown-workspace", .error, "a link refers to a workspace that nothing declares",
    explanation: """
      The workspace's namespaces decide which Services can be exposed. They come from its manifest, or from \
      the link.
      """,
    failing: tetrate(link(workspace: "bookinfo-ws")),
    passing: tetrate(
      link(workspace: "bookinfo-ws")
        + object(
          "Workspace", name: "bookinfo-ws", spec: "{namespaceSelector: {names: [\"*/bookinfo\"]}}",
          tenant: "dev")))

  static let gatewayForms = Rule(
    "LW5008", "gateway-forms", .error, "a link does not say which gateway, or says it twice",
    explanation: """
      A gateway to install has a name and a namespace; one that exists is chosen by the labels of its pods.
      """,
    failing: tetrate(link(gateway: "{name: eastwest-gateway}")), passing: tetrate(link()))
}

/// Rules about TSB's objects in the fleet as a whole.
extension TetrateRules {
  static let hierarchyRules = [
    workspacePattern, workspaceOverlap, workspaceTwice, wrongForm, objectElsewhere, unknownParent,
    reservedName,
    trustDomainTwice, trustDomain, deprecatedField, organizationSettingTwice, workspaceSettingTwice,
  ]

  static let workspacePattern = Rule(
    "LW5010", "workspace-selector", .error, "a workspace selects namespaces in a way that TSB refuses",
    explanation: """
      An entry is a cluster's name or '*', a '/', and a namespace, of which the last character may be '*' \
      (^(\\*|[^/*]+)/(\\*|[^/*]+\\*?)$). The cluster is one that TSB knows.
      """,
    failing: tetrate(link(workspace: "{name: bookinfo-ws, namespaces: [bookinfo]}")), passing: tetrate(link())
  )

  static let workspaceOverlap = Rule(
    "LW5011", "workspace-overlap", .error, "two workspaces own the same namespace",
    explanation: """
      Namespaces are owned exclusively. A '*' for the cluster, and one at the end of a namespace, overlap with \
      every name that they stand for.
      """,
    failing: tetrate(
      object(
        "Workspace", name: "other-ws", spec: "{namespaceSelector: {names: [cluster-1/book*]}}", tenant: "dev")
    ),
    passing: tetrate(
      object(
        "Workspace", name: "other-ws", spec: "{namespaceSelector: {names: [cluster-1/shop*]}}", tenant: "dev")
    ))

  static let workspaceTwice = Rule(
    "LW5012", "workspace-in-two-links", .error, "two links of one workspace install one gateway",
    explanation: """
      Several links may carry a workspace's connections, each through a gateway of its own; TSB keeps one setting with \
      an entry for each gateway. A gateway that two links install would be written twice.
      """,
    failing: tetrate(link(name: "second")),
    passing: tetrate(
      link(
        name: "second", workspace: "{name: second-ws, namespaces: [\"*/second\"]}",
        gateway: "{name: second-gateway, namespace: second}")))

  static let wrongForm = Rule(
    "LW5013", "tsb-object-form", .error, "an object of TSB is written in the wrong form for a cluster",
    explanation: """
      For tctl the base kinds have group api.tsb.tetrate.io and the hierarchy in their metadata; as Kubernetes \
      objects they have group tsb.tetrate.io and the hierarchy in annotations.
      """,
    failing: tetrate(
      workload(
        1, "tenant",
        """
        apiVersion: api.tsb.tetrate.io/v2
        kind: Tenant
        metadata: {name: dev, organization: tetrate}
        """)),
    passing: tetrate(object("Tenant", name: "dev", spec: "{displayName: Development}")))

  static let objectElsewhere = Rule(
    "LW5014", "tsb-object-elsewhere", .error, "an object of TSB lies in a cluster that does not push it",
    explanation: """
      Only the config cluster's objects go to TSB. Elsewhere they have no effect, or, where GitOps is enabled \
      there too, fight with the config cluster's.
      """,
    failing: tetrate(object("Tenant", name: "dev", spec: "{displayName: Development}", cluster: 2)),
    passing: tetrate(object("Tenant", name: "dev", spec: "{displayName: Development}")))

  static let unknownParent = Rule(
    "LW5015", "unknown-tsb-parent", .error,
    "an object of TSB belongs to a tenant or workspace that is not declared",
    explanation: """
      Where the repository declares tenants or workspaces at all, a name that is not among them is misspelt: \
      TSB refuses the object.
      """,
    failing: tetrate(
      link(tenant: "dve") + object("Tenant", name: "dev", spec: "{displayName: Development}")),
    passing: tetrate(object("Tenant", name: "dev", spec: "{displayName: Development}")))

  static let reservedName = Rule(
    "LW5016", "reserved-name", .error, "an Istio object has a name that XCP uses for its own",
    explanation: """
      XCP writes to namespace xcp-multicluster, and objects named global-gwinternal-… and ewgen-…; it changes \
      and removes what it finds there.
      """,
    failing: tetrate(
      workload(
        1, "entry",
        """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: backup, namespace: xcp-multicluster}
        spec: {hosts: [db.example.com], ports: [{name: tcp, number: 5432, protocol: TCP}], resolution: DNS}
        """)),
    passing: tetrate(
      workload(
        1, "entry",
        """
        apiVersion: networking.istio.io/v1
        kind: ServiceEntry
        metadata: {name: backup, namespace: bookinfo}
        spec: {hosts: [db.example.com], ports: [{name: tcp, number: 5432, protocol: TCP}], resolution: DNS}
        """)))

  static let trustDomainTwice = Rule(
    "LW5017", "trust-domain-twice", .error, "two clusters have one trust domain",
    explanation: """
      Identities would not tell the clusters of TSB apart; each needs a trust domain of its own. Without TSB \
      ('form: istio') the clusters of one mesh share theirs.
      """,
    failing: tetrate(
      cluster(1, "{network: net-1, trustDomain: one.local}")
        + cluster(2, "{network: net-2, trustDomain: one.local}")),
    passing: tetrate(
      cluster(1, "{network: net-1, trustDomain: one.local}")
        + cluster(2, "{network: net-2, trustDomain: two.local}")))

  static let trustDomain = Rule(
    "LW5120", "trust-domain", .error, "a trust domain has characters that SPIFFE ids cannot have",
    explanation: """
      The trust domain is a part of every workload's identity, spiffe://<trust domain>/ns/…: lower-case letters, digits, \
      '.', '-' and '_', at most 255.
      """,
    failing: tetrate(cluster(1, "{network: net-1, trustDomain: One Example}")),
    passing: tetrate(cluster(1, "{network: net-1, trustDomain: one.example.net}")))

  static let deprecatedField = Rule(
    "LW5018", "deprecated-cluster-field", .warning, "a Cluster of TSB has a field that is deprecated",
    explanation: "locality.region is discovered by XCP's edge; tier1Cluster has no meaning any more.",
    failing: tetrate(object("Cluster", name: "cluster-1", spec: "{network: net-1, tier1Cluster: true}")),
    passing: tetrate(object("Cluster", name: "cluster-1", spec: "{network: net-1}")))

  static let organizationSettingTwice = Rule(
    "LW5019", "organization-settings-twice", .error, "an organization has two OrganizationSettings",
    explanation: "TSB keeps exactly one; the second replaces it or is refused.",
    failing: tetrate(
      object(
        "OrganizationSetting", name: "one", spec: "{networkSettings: {networkReachability: {net-2: net-1}}}")
        + object("OrganizationSetting", name: "two", spec: "{regionalFailover: []}")),
    passing: tetrate(
      object(
        "OrganizationSetting", name: "one", spec: "{networkSettings: {networkReachability: {net-2: net-1}}}"))
  )

  static let workspaceSettingTwice = Rule(
    "LW5020", "workspace-settings-twice", .warning, "a workspace has two WorkspaceSettings",
    explanation: "One per workspace is documented; which of two counts is not.",
    failing: tetrate(setting("[{\(selector)}]") + setting("[]", name: "again")),
    passing: tetrate(setting("[{\(selector)}]")))
}
