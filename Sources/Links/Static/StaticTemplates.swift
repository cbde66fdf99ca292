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
        [EgressPolicies.variables]),
    ] + SharedTemplates.external + [SharedTemplates.peerConfigMap]
}
