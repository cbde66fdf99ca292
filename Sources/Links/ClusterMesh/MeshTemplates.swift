import Templates

/// The templates of a mesh with their variables.
enum MeshTemplates {
  static let all = names + member + service + [SharedTemplates.peerConfigMap]

  /// Where templates that a fleet adds are rendered.
  static let extras = [
    ExtraScope(
      "member", "once for each member of the mesh, in its namespace of Cilium",
      [
        .field(
          "member",
          .object([
            .field("name", .string, "in the mesh"), .field("cluster", .string, "the Cluster's name"),
            .field("id", .integer), .field("chartVersion", .string),
          ]))
      ]),
    ExtraScope(
      "service", "once for each global Service in each cluster where it stands",
      [
        .field(
          "service",
          .object([
            .field("name", .string), .field("namespace", .string),
            .field("isServed", .boolean, "its pods answer in this cluster"),
            .field("hasClients", .boolean, "it has clients in this cluster"),
          ]))
      ]),
  ]

  private static let names = [
    TemplateDeclaration(
      "cluster-mesh/names.yaml", "Names of the objects that a mesh emits.",
      names: ["apiServer", "ingressPolicy", "egressPolicy"],
      [
        .field(
          "service",
          .object([.field("name", .string, "empty for the API server's"), .field("namespace", .string)])
        ), .field("link", .string), .field("cluster", .string, "where the object lies"),
      ])
  ]

  // MARK: Members

  private static let member = [
    TemplateDeclaration(
      "cluster-mesh/api-server-service.yaml", "Opens the API server's pods at a port of the nodes.",
      [
        .field(
          "apiServer",
          .object([
            .field("name", .string), .optional("nodePort", .integer, "absent: the cluster chooses"),
          ]))
      ]),
    TemplateDeclaration(
      "cluster-mesh/cilium-values.yaml",
      "Helm values that make a cluster a member of the mesh: a fragment, to be given to the release with -f. What is absent leaves the chart's default.",
      values),
    TemplateDeclaration(
      "cluster-mesh/kubeconfig.yaml",
      "A kubeconfig to be merged through KUBECONFIG. It sets no current-context: that stays the reader's own.",
      [
        .field(
          "kubeconfig",
          .object([
            .field(
              "members",
              .list(
                .object([
                  .field("name", .string), .field("server", .string),
                  .optional("certificateAuthorityData", .string), .optional("tlsServerName", .string),
                ]))), .field("users", .list(.object([.field("name", .string), .field("user", .any)]))),
            .field("hasUsers", .boolean),
          ]))
      ]),
    TemplateDeclaration(
      "cluster-mesh/peers-secret.yaml",
      "The peers of a member, as agents and KVStoreMesh read them: an etcd client's configuration per peer. It names files and addresses and holds no key.",
      [
        .field(
          "secret",
          .object([
            .field("name", .string), .field("namespace", .string),
            .field("data", .map(.string), "a configuration per peer, in Base64"),
          ]))
      ]),
    TemplateDeclaration(
      "cluster-mesh/remote-users.yaml", "The users under which peers read a member's etcd.",
      [.field("users", .object([.field("namespace", .string), .field("text", .string)]))]),
  ]

  private static let values: [TemplateField] = [
    .field("member", .object([.field("name", .string), .field("id", .integer)])),
    .field(
      "cilium",
      .object([
        .optional("routingMode", .string), .optional("tunnelProtocol", .string),
        .optional("tunnelPort", .integer), .optional("ipv4NativeRoutingCIDR", .string),
        .optional("ipv6NativeRoutingCIDR", .string), .optional("encryption", .any),
        .optional("kubeProxyReplacement", .string), .optional("hubble", .any), .optional("tls", .any),
      ]), "what the Cluster declares"),
    .field(
      "mesh",
      .object([
        .field("maxConnectedClusters", .integer), .optional("cacheTTL", .string),
        .optional("policyDefaultLocalCluster", .boolean), .optional("defaultGlobalNamespace", .boolean),
        .optional("endpointSliceSynchronization", .boolean),
        .optional("enableMCSAPISupport", .boolean, "charts before 1.19"), .optional("mcsapi", .any),
        .field("domain", .string),
        .field("listsPeers", .boolean),
        .optional("peers", .any, "a list or a map, as the chart takes it"),
      ])),
    .field(
      "apiserver",
      .object([
        .optional("replicas", .integer), .optional("kvstoremesh", .any), .field("service", .any),
        .field("tls", .any),
      ])),
  ]

  // MARK: Services

  private static let service = [
    TemplateDeclaration(
      "cluster-mesh/global-service.yaml",
      "The Service through which clients of another cluster reach the target: the same name, namespace and ports.",
      [
        .field(
          "service",
          .object([
            .field("name", .string), .field("namespace", .string),
            .optional("clusterIP", .string, "None for a headless Service"), .optional("selector", .labels),
            .field("annotations", annotations),
            .field(
              "ports",
              .list(
                .object([
                  .optional("name", .string), .field("port", .integer),
                  .field("targetPort", .integerOrString),
                  .field("protocol", .string),
                ]))),
          ]))
      ]),
    TemplateDeclaration(
      "cluster-mesh/global-service-patch.yaml", "A kustomize patch that makes somebody's Service global.",
      [
        .field(
          "service",
          .object([
            .field("name", .string), .field("namespace", .string), .field("annotations", annotations),
          ]))
      ]),
    TemplateDeclaration(
      "cluster-mesh/service-export.yaml",
      "Exports a Service to the other members of the mesh: Cilium imports it wherever its namespace exists.",
      export),
    TemplateDeclaration(
      "cluster-mesh/service-export-patch.yaml",
      "A kustomize patch that makes somebody's ServiceExport hand annotations on.", export),
    TemplateDeclaration(
      "cluster-mesh/ingress-policy.yaml",
      "Admits the clients of other clusters to the Service's pods, each with its cluster's name.",
      [
        .field(
          "policy",
          .object(
            policy + [
              .field("podSelector", .labels, "the Service's selector"),
              .field("selector", .labelSelector, "the pods: those of the Service that are isolated"),
            ]))
      ]),
    TemplateDeclaration(
      "cluster-mesh/egress-policy.yaml",
      "Lets isolated clients out to the Service's pods in other clusters, and to the DNS of their own.",
      [
        .field(
          "policy",
          .object(
            policy + [
              .field("podSelector", .labelSelector, "the clients"),
              ClusterDNS.variable,
            ]))
      ]),
  ]

  private static let export: [TemplateField] = [
    .field(
      "export",
      .object([
        .field("name", .string), .field("namespace", .string),
        .optional("annotations", .map(.string), "what clients of every cluster get with the import"),
      ]))
  ]

  private static let annotations = TemplateType.object([
    .field("global", .string), .optional("shared", .string), .optional("affinity", .string),
    .optional("syncEndpointSlices", .string),
  ])

  private static let policy: [TemplateField] = [
    .field("name", .string), .field("namespace", .string),
    .field(
      "rules",
      .list(
        .object([
          .field(
            "peers",
            .list(.object([.field("namespace", .string), .field("podSelector", .labelSelector)]))),
          .field("ports", .list(SharedTemplates.podPort)),
        ]))),
  ]
}
