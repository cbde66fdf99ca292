import Templates

/// The templates of Tetrate links with their variables.
enum TetrateTemplates {
  static let all = names + install + control + expected + policies + istio + [SharedTemplates.peerConfigMap]

  /// Where templates that a fleet adds are rendered.
  static let extras = [
    ExtraScope(
      "gateway", "once for each cluster that exposes Services, in the namespace of its east-west gateway",
      [
        .field("link", .string, "the Link's name"),
        .field(
          "gateway",
          .object([
            .optional("name", .string, "of the installed gateway, where the link or its manifest names it"),
            .field("namespace", .string), .field("labels", .labels, "of its pods"),
            .optional("network", .string, "of its cluster"),
          ])),
      ]),
    ExtraScope(
      "target", "once for each Service that connections reach, in each cluster whose pods answer", service),
    ExtraScope(
      "client",
      "once for each Service that connections reach, in each cluster and namespace of clients elsewhere",
      service),
  ]

  private static let service: [TemplateField] = [
    .field("link", .string, "the Link's name"),
    .field("service", .object([.field("name", .string), .field("namespace", .string)])),
    .field("exporters", .list(.string), "the other clusters that serve it"),
  ]

  private static let names = [
    TemplateDeclaration(
      "tetrate/names.yaml",
      "Names of the objects that a Tetrate link emits; the expected ones are XCP's own. Variables that do not apply are empty.",
      names: [
        "workspaceSetting", "organizationSetting", "ingressPolicy", "gatewayPolicy", "egressPolicy",
        "expectedServiceEntry", "expectedWorkloadEntry", "serviceEntry", "workloadEntry", "istioGateway",
      ],
      [
        .field("service", .object([.field("name", .string), .field("namespace", .string)])),
        .field("cluster", .string, "where the object lies; of a WorkloadEntry, where the gateway is"),
        .field("link", .string), .field("organization", .string), .field("workspace", .string),
      ], ofLink: true)
  ]

  // MARK: Gateways

  private static let gateway: [TemplateField] = [
    .field(
      "gateway",
      .object([
        .field("name", .string), .field("namespace", .string), .optional("revision", .string),
        .optional("connectionDrainDuration", .string),
        .field("hasKubeSpec", .boolean, "whether pods or Service are other than the installer's"),
        .optional("podLabels", .labels, "absent: app: <name>"),
        .optional("service", .any, "type, annotations and labels of the Service"),
        .field("deployment", .map(.any), "further fields of kubeSpec.deployment, as the link has them"),
      ]))
  ]

  private static let install = [
    TemplateDeclaration(
      "tetrate/ingress-gateway.yaml", "The east-west gateway of an exposing cluster, in the older kind.",
      gateway),
    TemplateDeclaration(
      "tetrate/gateway.yaml", "The east-west gateway of an exposing cluster, of type EASTWEST.", gateway),
  ]

  // MARK: What TSB owns

  /// Where an object is in TSB's hierarchy.
  private enum Level {
    case organization
    case tenant
    case workspace
  }

  /// The two forms of an object that TSB owns.
  private static func object(
    _ path: String, _ summary: String, _ level: Level, _ fields: [TemplateField]
  ) -> [TemplateDeclaration] {
    var hierarchy: [TemplateField] = [.field("name", .string), .field("organization", .string)]
    if level != .organization { hierarchy.append(.field("tenant", .string)) }
    if level == .workspace { hierarchy.append(.field("workspace", .string)) }
    return [
      TemplateDeclaration(
        "tetrate/\(path).yaml", "\(summary), as a Kubernetes object of the config cluster.",
        [.field("object", .object(hierarchy + [.field("namespace", .string)]))] + fields),
      TemplateDeclaration(
        "tetrate/tctl-\(path).yaml", "\(summary), as a file for 'tctl apply'.",
        [.field("object", .object(hierarchy))] + fields),
    ]
  }

  /// A patch of an object that somebody else keeps.
  private static func patch(_ path: String, _ what: String, _ fields: [TemplateField]) -> TemplateDeclaration
  {
    TemplateDeclaration(
      "tetrate/\(path)-patch.yaml", "A kustomize patch of \(what) that somebody else keeps.",
      [.field("object", .object([.field("name", .string), .optional("namespace", .string)]))] + fields)
  }

  private static let setting: [TemplateField] = [
    .field(
      "setting",
      .object([
        .field(
          "gateways", .list(.any), "each with workloadSelector, and exposedServices unless all are exposed"),
        .optional("failoverSettings", .any), .optional("defaultTrafficSetting", .any),
        .optional("defaultSecuritySetting", .any), .optional("hostsReachability", .any),
      ]))
  ]

  private static let reachability: [TemplateField] = [
    .field("reachability", .map(.string), "each consumer's network, and its exporters joined by commas")
  ]

  private static let control =
    object(
      "workspace", "The workspace", .tenant,
      [
        .field(
          "workspace",
          .object([
            .field("namespaces", .list(.string)), .optional("displayName", .string),
            .optional("description", .string), .optional("privileged", .boolean),
            .optional("deletionProtectionEnabled", .boolean), .optional("securityDomain", .string),
            .optional("isolationBoundary", .string),
          ]))
      ]) + object("workspace-setting", "What the workspace exposes at which gateway", .workspace, setting) + [
      patch("workspace-setting", "a WorkspaceSetting", setting)
    ] + object("organization-setting", "Which networks reach which", .organization, reachability) + [
      patch("organization-setting", "an OrganizationSetting", reachability)
    ]
    + object(
      "cluster", "A cluster and its network", .organization,
      [
        .field(
          "cluster",
          .object([
            .field("network", .string), .optional("tokenTtl", .string), .optional("trustDomain", .string),
            .optional("displayName", .string), .optional("namespaceScope", .any),
            .optional("labels", .labels),
          ]))
      ]) + [
      patch("cluster", "a cluster's network", [.field("cluster", .object([.field("network", .string)]))])
    ]

  // MARK: Entries

  private static let serviceEntry: [TemplateField] = [
    .field("name", .string), .field("namespace", .string), .field("host", .string),
    .field("service", .string, "the Service's name"), .field("serviceNamespace", .string),
    .field("resolution", .string, "STATIC, or DNS for gateways with a name"),
    .field(
      "ports",
      .list(.object([.field("name", .string), .field("number", .integer), .field("protocol", .string)]))),
    .field(
      "endpoints",
      .list(
        .object([
          .field("address", .string), .field("ports", .map(.integer)), .optional("network", .string),
          .optional("locality", .string), .field("cluster", .string, "the cluster's name in TSB"),
        ]))),
  ]

  private static let workloadEntry: [TemplateField] = [
    .field("name", .string), .field("namespace", .string), .field("address", .string),
    .optional("network", .string), .field("ports", .map(.integer)),
    .field("labels", .labels, "the Service's selector"),
    .field("cluster", .string, "the cluster's name in TSB"),
  ]

  private static let uncertain = TemplateField.field(
    "uncertain", .string, "what may be otherwise, a line each")

  private static let expected = [
    TemplateDeclaration(
      "tetrate/expected-service-entry.yaml",
      "What XCP creates in a consumer's cluster; shown, never applied.",
      [.field("entry", .object(serviceEntry + [uncertain]))]),
    TemplateDeclaration(
      "tetrate/expected-workload-entry.yaml",
      "What XCP creates beside a Service that exists in both clusters; shown, never applied.",
      [.field("entry", .object(workloadEntry + [uncertain]))]),
  ]

  // MARK: Policies

  private static let identity: [TemplateField] = [.field("name", .string), .field("namespace", .string)]

  private static let policies = [
    TemplateDeclaration(
      "tetrate/ingress-policy.yaml", "Admits the east-west gateway to the Service's pods.",
      [
        .field(
          "policy",
          .object(
            identity + [
              .field("podSelector", .labels, "the Service's selector"),
              .field("selector", .labelSelector, "the pods: those of the Service that are isolated"),
              .field("gateway", .object([.field("namespace", .string), .field("podLabels", .labels)])),
              .field("ports", .list(SharedTemplates.podPort)),
            ]))
      ]),
    TemplateDeclaration(
      "tetrate/gateway-policy.yaml", "Admits other clusters to the east-west gateway.",
      [.field("policy", .object(identity + [.field("podLabels", .labels, "the gateway's pods")]))]),
    TemplateDeclaration(
      "tetrate/egress-policy.yaml",
      "Lets isolated clients out to the east-west gateways of other clusters, and to the DNS of their own.",
      [
        .field(
          "policy",
          .object(
            identity + [
              .field("podSelector", .labelSelector, "the clients"),
              .field("networks", .list(.string), "the gateways' addresses"),
              ClusterDNS.variable,
            ]))
      ]),
  ]

  // MARK: Istio

  private static let istio = [
    TemplateDeclaration(
      "istio/gateway.yaml",
      "Passes mutual TLS of other clusters on to the Services of this one, without ending it.",
      [.field("gateway", .object(identity + [.field("selector", .labels), .field("hosts", .list(.string))]))]),
    TemplateDeclaration(
      "istio/network-label-patch.yaml",
      "A kustomize patch that names the network of istiod's namespace, or of a gateway's Service.",
      [
        .field(
          "object",
          .object([
            .field("kind", .string), .field("name", .string), .optional("namespace", .string),
            .field("network", .string),
          ]))
      ]),
    TemplateDeclaration(
      "istio/service-entry.yaml",
      "Tells the mesh of a client's cluster that a Service lies behind the gateways of others.",
      [.field("entry", .object(serviceEntry))]),
    TemplateDeclaration(
      "istio/workload-entry.yaml",
      "Adds the gateway of another cluster to the endpoints of a Service that exists here too.",
      [.field("entry", .object(workloadEntry))]),
    TemplateDeclaration(
      "istio/service.yaml",
      "A Service of another cluster, so that its name resolves here; istiod brings the endpoints.",
      [
        .field(
          "service",
          .object(
            identity + [
              .optional("selector", .labels),
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
  ]
}
