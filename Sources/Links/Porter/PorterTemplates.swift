import Templates

/// The templates of Porter with their variables.
enum PorterTemplates {
  static let all =
    [
      TemplateDeclaration(
        "porter/names.yaml",
        "Names of the objects that a Porter link emits. Renaming a live claim gives it another port.",
        names: ["claim", "policy", "egressPolicy"],
        [
          .field("service", .object([.field("name", .string), .field("namespace", .string)])),
          .field("link", .string), .field("cluster", .string, "of the target; empty for the claim"),
          .field("connection", .string, "of the clients, for the egress policy; else empty"),
        ]),
      TemplateDeclaration(
        "porter/transport-server-claim.yaml",
        "The claim on a virtual server: one per Service, in the primary cluster only.", unit),
      TemplateDeclaration(
        "porter/network-policy.yaml", "Admits the load balancer to the Service's pods.",
        unit + [
          .field(
            "policy",
            .object([
              .field("name", .string),
              .field("selector", .labelSelector, "of the pods: the author's or the Service's"),
              .field("podSelector", .labels, "the Service's selector"),
              .field("peers", .list(.object([.field("labels", .labels)])), "the ingress namespaces' labels"),
              .optional("ports", .list(SharedTemplates.podPort), "absent for every port"),
            ]))
        ]),
      TemplateDeclaration(
        "porter/egress-policy.yaml",
        "Lets isolated clients out to the virtual server, and to the DNS of their own cluster: they use its name.",
        unit + [
          .field(
            "policy",
            .object([
              .field("name", .string), .field("namespace", .string, "of the clients"),
              .field("podSelector", .labelSelector, "the clients"), .field("cidr", .string),
              .field("port", .integer),
              ClusterDNS.variable,
            ]))
        ]),
      TemplateDeclaration(
        "porter/transport-server.yaml",
        "What the operator makes of a claim in each cluster of the link; never synced.", unit + server),
      TemplateDeclaration(
        "porter/operator-service.yaml",
        "The Service that the operator writes opposite a virtual server; never synced.",
        unit + server),
      TemplateDeclaration(
        "porter/operator-endpoints.yaml",
        "The Endpoints that the operator writes opposite a virtual server; never synced.", unit + server),
    ] + SharedTemplates.external + [SharedTemplates.peerConfigMap]

  /// Where templates that a fleet adds are rendered.
  static let extras = [
    ExtraScope("claim", "once for each claim, in the primary cluster", unit),
    ExtraScope("target", "once in each cluster of the link in which a connection's Service is", unit),
    ExtraScope(
      "client", "once in each namespace of clients, for each target cluster",
      unit + [
        .field("target", .object([.field("cluster", .string)])),
        .field("consumer", .object([.field("name", .string)]), "the Service that clients use"),
      ]),
  ]

  /// Variables of a Service behind a Porter link; all its templates may use them.
  static let unit: [TemplateField] = [
    .field("link", .string, "the Link's name"),
    .field(
      "service",
      .object([.field("name", .string), .field("namespace", .string), .field("port", .integer)])),
    .field(
      "claim",
      .object([
        .field("name", .string), .optional("overrideServicePort", .boolean, "absent unless asked for"),
        .optional("requestedPort", .integer, "absent unless asked for"),
        .field(
          "monitor",
          .object([.field("type", .string), .field("interval", .integer), .field("timeout", .integer)])),
        .optional("syncWave", .string, "absent where the consumer knows no waves"),
      ])),
  ]

  private static let server: [TemplateField] = [
    .field(
      "server",
      .object([
        .field("address", .string), .field("port", .integer), .field("label", .string, "the operator's f5cr"),
      ]), "the virtual server"),
    .field(
      "consumer", .object([.field("name", .string), .field("port", .integer)]), "the Service opposite"),
  ]
}
