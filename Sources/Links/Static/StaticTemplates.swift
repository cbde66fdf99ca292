import Templates

/// The templates of static links with their variables.
enum StaticTemplates {
  /// Where templates that a fleet adds are rendered.
  static let extras = [
    ExtraScope(
      "client", "once in each namespace of clients, for each target cluster",
      [
        .field(
          "service", .object([.field("name", .string), .field("namespace", .string)]), "that clients use"),
        .field(
          "target",
          .object([.field("cluster", .string), .field("name", .string), .field("namespace", .string)])),
      ])
  ]

  static let all =
    [
      TemplateDeclaration(
        "static/names.yaml", "Names of the objects that a static link emits.",
        names: ["service", "egressPolicy"],
        later: ["egressPolicy"],
        [
          .field("service", .object([.field("name", .string), .field("namespace", .string)]), "the target"),
          .field("link", .string), .field("cluster", .string, "where the target is"),
          .field("connection", .string, "of the clients"),
        ]),
      TemplateDeclaration(
        "static/egress-policy.yaml",
        "Lets isolated clients out to the addresses of the link, and to the DNS of their own cluster: they use a name.",
        [
          .field(
            "policy",
            .object([
              .field("name", .string), .field("namespace", .string, "of the clients"),
              .field("podSelector", .labelSelector, "the clients"),
              .field("networks", .list(.string), "the addresses"),
              .field("ports", .list(SharedTemplates.podPort), "at the addresses"), ClusterDNS.variable,
            ]))
        ]),
    ] + SharedTemplates.external + [SharedTemplates.peerConfigMap]
}
