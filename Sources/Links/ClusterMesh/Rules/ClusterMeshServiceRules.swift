import Diagnostics

/// Rules about global Services.
extension ClusterMeshRules {
  static let serviceRules = [
    alone, portsDiffer, annotation, noExporter, headless, localNamespace, withoutReplacement, exportedTwice,
    clientOutside, matchEach, affinityConflict, formConflict, missingNamespace, sharedTargetPort,
  ]

  /// Pods that answer, without a Service.
  private static func source(_ cluster: Int = 1) -> String {
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

  static let alone = Rule(
    "LW3034", "global-service-alone", .warning, "a Service is global in one member only",
    explanation: """
      Endpoints are exchanged between Services of one name and namespace that are global in both clusters.
      """,
    failing: mesh(service(1, name: "lonely")),
    passing: mesh(service(1, name: "lonely") + service(2, name: "lonely")))

  static let portsDiffer = Rule(
    "LW3035", "global-service-ports", .error, "a global Service has other ports in another member",
    explanation: """
      Endpoints of other clusters are joined by the port's name and protocol \
      (pkg/clustermesh/store/store.go); the numbers may differ. A port that has no counterpart gets no \
      remote endpoints.
      """,
    failing: mesh(service(1, ports: "[{name: web, port: 80}]")),
    passing: mesh(service(1, ports: "[{name: http, port: 8080}]"))
  )

  static let annotation = Rule(
    "LW3036", "global-service-annotation", .error,
    "an annotation of a global Service has no effect or a wrong value",
    explanation: """
      Values are strings; anything but true, false and the affinities is taken for absent \
      (pkg/annotation/k8s.go). The names before 1.12 are still read: that is a warning.
      """,
    failing: mesh(service(1, annotations: "{service.cilium.io/shared: \"false\"}")),
    passing: mesh(service(1))
  ).breaking(.name)

  static let noExporter = Rule(
    "LW3037", "no-exporter", .error, "no member shares the endpoints of a global Service",
    explanation: """
      A Service with shared: false takes remote endpoints and gives none. Where all do, nobody reaches \
      another cluster. Preferring remote endpoints that nobody shares is a warning.
      """,
    failing: mesh(
      service(
        1, annotations: "{service.cilium.io/global: \"true\", service.cilium.io/shared: \"false\"}",
        name: "lonely")
        + service(
          2, annotations: "{service.cilium.io/global: \"true\", service.cilium.io/shared: \"false\"}",
          name: "lonely")),
    passing: mesh(
      service(
        1, annotations: "{service.cilium.io/global: \"true\", service.cilium.io/shared: \"false\"}",
        name: "lonely") + service(2, name: "lonely"))
  ).breaking(.address)

  static let headless = Rule(
    "LW3038", "endpoint-slices-off", .error,
    "clients need remote endpoints as EndpointSlices, and they are switched off",
    explanation: """
      A headless Service has no address that could be translated: its clients see remote pods by \
      EndpointSlices only (pkg/clustermesh/endpointslicesync).
      """,
    failing: mesh(
      cluster(1, cilium: "endpointSliceSynchronization: false")
        + connection(mesh: "{syncEndpointSlices: true}")),
    passing: mesh(connection(mesh: "{syncEndpointSlices: true}"))
  ).breaking(.address)

  static let localNamespace = Rule(
    "LW3039", "local-namespace", .error, "a namespace exchanges no Services with the mesh",
    explanation: """
      With defaultGlobalNamespace: false, namespaces opt in by an annotation; a global Service of another \
      namespace is not exported (#46090).
      """,
    failing: mesh(cluster(cilium: "defaultGlobalNamespace: false")),
    passing: mesh(
      cluster(cilium: "defaultGlobalNamespace: false") + """
        -- workloads/cluster02/namespace.yaml --
        apiVersion: v1
        kind: Namespace
        metadata: {name: default, annotations: {clustermesh.cilium.io/global: "true"}}

        """)
  )

  static let withoutReplacement = Rule(
    "LW3040", "node-port-without-replacement", .warning,
    "node ports of a global Service do not lead to other clusters",
    explanation: """
      kube-proxy does not know remote endpoints: node ports and pods in the host's network reach them only with \
      kubeProxyReplacement (documentation, network/clustermesh/global-services).
      """,
    failing: mesh(cluster(1, cilium: "kubeProxyReplacement: false") + service(1, spec: "type: NodePort")),
    passing: mesh(cluster(1, cilium: "kubeProxyReplacement: true") + service(1, spec: "type: NodePort")))

  static let exportedTwice = Rule(
    "LW3041", "exported-twice", .warning, "a Service is global and exported at once",
    explanation: """
      A ServiceExport makes a Service of its own in every cluster, beside the global one: clients have two \
      ways with two sets of rules.
      """,
    failing: mesh(
      service(1) + """
        -- workloads/cluster01/export.yaml --
        apiVersion: multicluster.x-k8s.io/v1alpha1
        kind: ServiceExport
        metadata: {name: rebel-base, namespace: default}

        """),
    passing: mesh(service(1)))

  static let clientOutside = Rule(
    "LW3053", "client-outside-mesh", .error, "a client is no member of the mesh",
    explanation: """
      Global Services exist in the members only. Other clusters and networks need a link with an address.
      """,
    failing: mesh(connection(from: "[{external: {name: zone-b, cidrs: [10.8.0.0/24]}}]")),
    passing: mesh()
  )

  static let matchEach = Rule(
    "LW3054", "mesh-match-each", .error, "a connection wants to tell clusters apart that a mesh joins",
    explanation: """
      Services of one name are one Service with the endpoints of all clusters that share it. 'affinity' \
      prefers some of them.
      """,
    failing: mesh(
      connection(
        from: "[{clusters: [cluster01, cluster02]}]",
        to: "{match: each, clusters: [cluster01, cluster02], service: rebel-base, ports: [80]}") + service(1)
        + source()),
    passing: mesh(
      connection(
        from: "[{clusters: [cluster01, cluster02]}]",
        to: "{match: any, clusters: [cluster01, cluster02], service: rebel-base, ports: [80]}") + service(1)
        + source()))

  static let affinityConflict = Rule(
    "LW3058", "affinity-conflict", .error, "two connections want different affinities for one Service",
    explanation: """
      The annotation stands once on the Service in each client's cluster.
      """,
    failing: mesh(
      connection(mesh: "{affinity: local}") + connection(mesh: "{affinity: remote}", name: "second")),
    passing: mesh(
      connection(mesh: "{affinity: local}") + connection(mesh: "{affinity: local}", name: "second")))

  static let formConflict = Rule(
    "LW3069", "services-conflict", .error, "two connections want a Service to be global and exported",
    explanation: """
      A Service crosses by its annotations or by exports, and clients use another name in each case. 'services' of a \
      connection stands above that of its link; all connections to one Service must come to the same.
      """,
    failing: mesh(
      connection(mesh: "{services: global}") + connection(mesh: "{services: mcs}", name: "second")),
    passing: mesh(connection(mesh: "{services: global}") + connection(name: "second")))

  static let missingNamespace = Rule(
    "LW3063", "mesh-namespace", .warning,
    "the namespace of a Service is not known where its clients are",
    explanation: """
      A global Service stands in the cluster of its clients too, under the same namespace; with 'services: mcs' Cilium \
      imports a Service into every cluster that has its namespace, and into no other. Linkwright makes no namespaces.
      """,
    failing: mesh(
      """
      -- workloads/cluster01/x-wing.yaml --
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: x-wing, namespace: wings}
      spec:
        selector: {matchLabels: {name: x-wing}}
        template:
          metadata: {labels: {name: x-wing}}
          spec: {containers: [{name: x-wing, image: json-mock}]}

      """
        + connection(
          from: "[{clusters: [cluster01], namespace: wings, podSelector: {matchLabels: {name: x-wing}}}]")),
    passing: mesh())

  static let sharedTargetPort = Rule(
    "LW3067", "shared-target-port", .warning,
    "ports of a Service that lead to one target port lose remote endpoints",
    explanation: """
      Before 1.20, pods of other clusters join only one of several ports that lead to the same target port (#45109); \
      #45179 mends it, and patch releases of 1.18 and 1.19 after April 2026 may have it.
      """,
    failing: mesh(
      cluster(1, chart: "1.19.6")
        + service(
          2, ports: "[{name: http, port: 80, targetPort: 80}, {name: alt, port: 81, targetPort: 80}]",
          file: "rebel-base-service") + source(2)),
    passing: mesh(
      service(
        2, ports: "[{name: http, port: 80, targetPort: 80}, {name: alt, port: 81, targetPort: 80}]",
        file: "rebel-base-service") + source(2)))
}
