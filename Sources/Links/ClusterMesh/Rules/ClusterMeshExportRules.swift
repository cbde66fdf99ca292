import Diagnostics

/// Rules about the Multi-Cluster Services API. Sources: cilium/cilium pkg/clustermesh/mcsapi and the documentation,
/// network/clustermesh/mcsapi.
extension ClusterMeshRules {
  static let exportRules = [
    notExportable, exportPorts, exportConflict, clustersetNames, exportDefinitions,
    importByHand, exportOfNothing,
  ]

  /// A mesh that exports its Services; both members answer.
  private static func exporting(
    _ first: String = service(1, annotations: "{}"), _ second: String = service(2, annotations: "{}")
  ) -> String {
    link(also: "services: mcs") + pods(1) + pods(2) + first + second
      + connection(
        from: "[{clusters: [cluster01, cluster02]}]",
        to: "{match: any, clusters: [cluster01, cluster02], service: rebel-base, ports: [80]}")
  }

  /// The example's connection over exports.
  private static func exported() -> String {
    link(also: "services: mcs") + pods(2) + service(2, annotations: "{}")
  }

  private static func pods(_ cluster: Int) -> String {
    """
    -- workloads/cluster0\(cluster)/rebel-base.yaml --
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: rebel-base, namespace: default}
    spec:
      selector: {matchLabels: {name: rebel-base}}
      template:
        metadata: {labels: {name: rebel-base}}
        spec: {containers: [{name: rebel-base, image: nginx}]}

    """
  }

  /// The two kinds, as far as their names.
  private static func definitions(_ cluster: Int) -> String {
    """
    -- workloads/cluster0\(cluster)/definitions.yaml --
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: serviceexports.multicluster.x-k8s.io}
    ---
    apiVersion: apiextensions.k8s.io/v1
    kind: CustomResourceDefinition
    metadata: {name: serviceimports.multicluster.x-k8s.io}

    """
  }

  static let notExportable = Rule(
    "LW3060", "not-exportable", .error, "a Service of type ExternalName is exported",
    explanation: """
      An export joins the pods of a Service to other clusters' imports; a Service that is only a name has none \
      (condition Valid, reason InvalidServiceType).
      """,
    failing: mesh(
      exporting(service(1, annotations: "{}", spec: "type: ExternalName, externalName: db.example.com"))),
    passing: mesh(exporting())
  )

  static let exportPorts = Rule(
    "LW3061", "export-ports", .error, "exports of one Service have different ports",
    explanation: """
      An import has the ports of the oldest export. Until 1.18 it had those of all; since 1.19 any difference raises \
      PortConflict, and which export is the oldest depends on the order in which clusters were synced.
      """,
    failing: mesh(
      exporting(service(1, annotations: "{}", ports: "[{name: http, port: 80}, {name: admin, port: 81}]"))),
    passing: mesh(exporting())
  )

  static let exportConflict = Rule(
    "LW3062", "export-conflict", .warning, "exports of one Service differ in a field that an import has once",
    explanation: """
      Type, session affinity and the traffic policies of an import are those of the oldest export; the others get the \
      condition Conflict.
      """,
    failing: mesh(
      exporting(service(1, annotations: "{}", spec: "type: ClusterIP, sessionAffinity: ClientIP"))),
    passing: mesh(exporting()))

  static let clustersetNames = Rule(
    "LW3064", "clusterset-names", .error, "nobody answers for clusterset.local where clients are",
    explanation: """
      Names of imports are CoreDNS's work: its plugin kubernetes needs the option 'multicluster clusterset.local' \
      (CoreDNS 1.12.2) and permission to read ServiceImports. Charts from 1.19 on can configure kubeadm's CoreDNS; \
      other resolvers are configured by hand.
      """,
    failing: mesh(exported() + cluster(1, chart: "1.18.12") + cluster(2, chart: "1.19.6")),
    passing: mesh(
      exported() + cluster(1, chart: "1.18.12", cilium: "mcsapi: {coreDNS: configured}")
        + cluster(2, chart: "1.19.6"))
  ).breaking(.name)

  static let exportDefinitions = Rule(
    "LW3065", "export-definitions", .warning, "the kinds ServiceExport and ServiceImport are not installed",
    explanation: """
      Charts from 1.19 on install them. Before, or with installCRDs: false, somebody else does, or Cilium's agents \
      start without the API.
      """,
    failing: mesh(exported() + cluster(cilium: "mcsapi: {installCRDs: false}")),
    passing: mesh(exported() + cluster(cilium: "mcsapi: {installCRDs: false}") + definitions(2)))

  static let importByHand = Rule(
    "LW3066", "import-by-hand", .warning, "a manifest holds a ServiceImport",
    explanation: """
      Cilium's operator writes ServiceImports; a second writer is overwritten, or overwrites.
      """,
    failing: mesh(
      exported() + """
        -- workloads/cluster01/import.yaml --
        apiVersion: multicluster.x-k8s.io/v1alpha1
        kind: ServiceImport
        metadata: {name: rebel-base, namespace: default}
        spec: {type: ClusterSetIP, ports: [{port: 80}]}

        """),
    passing: mesh(exported()))

  private static func export(_ name: String) -> String {
    """
    -- workloads/cluster02/export.yaml --
    apiVersion: multicluster.x-k8s.io/v1alpha1
    kind: ServiceExport
    metadata: {name: \(name), namespace: default}

    """
  }

  static let exportOfNothing = Rule(
    "LW3082", "export-of-nothing", .warning, "a ServiceExport has no Service",
    explanation: """
      An export belongs to the Service of its name and namespace. Without one its condition Valid is false, with reason \
      NoService, and nothing is imported.
      """,
    failing: mesh(exported() + export("rebel-bases")), passing: mesh(exported() + export("rebel-base")))
}
