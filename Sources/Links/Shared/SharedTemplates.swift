package import Templates

/// Templates that several link types bring, and types that their variables share.
package enum SharedTemplates {
  /// A Service without selector, with its endpoints in either API.
  package static let external = [
    TemplateDeclaration(
      "shared/external-service.yaml",
      "A Service without selector: the name under which a cluster knows something outside it.", [endpoint]),
    TemplateDeclaration(
      "shared/external-endpoints.yaml",
      "The addresses behind a Service without selector, in the API before EndpointSlice.", [endpoint]),
    TemplateDeclaration(
      "shared/external-endpoint-slice.yaml", "The addresses behind a Service without selector.", [endpoint]),
  ]

  /// A ConfigMap that tells an application where the other side is.
  package static let peerConfigMap = TemplateDeclaration(
    "shared/peer-config-map.yaml", "Tells an application where the other side of its connection is.",
    [
      .field("configMap", .object([.field("name", .string), .field("namespace", .string)])),
      .field(
        "peer",
        .object([
          .field("host", .string, "the name that clients use"), .field("port", .string),
          .optional("address", .string, "absent until known"),
          .optional("addressPort", .string, "the port at the address"),
        ])),
    ])

  private static let endpoint = TemplateField.field(
    "external",
    .object([
      .field("namespace", .string), .field("name", .string, "of the Service"),
      .field("addressType", .string, "IPv4 or IPv6"),
      .field("slice", .string, "the name of the EndpointSlice"),
      .optional(
        "ipFamilies", .list(.string),
        "for IPv6 addresses: a Service that got the cluster's default family would never use them"),
      .field("addresses", .list(.string)),
      .field(
        "ports",
        .list(
          .object([
            .optional("name", .string, "absent where there is one port without a name"),
            .field("port", .integer, "that clients use"),
            .field("targetPort", .integer, "at the address"), .field("protocol", .string, "TCP or UDP"),
          ]))),
    ]))

  /// A port of pods, as policies name it.
  package static let podPort = TemplateType.object([
    .field("port", .integerOrString), .field("protocol", .string, "TCP or UDP"),
  ])
}
