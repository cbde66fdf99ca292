import Templates

/// The templates of GatewayDNS links with their variables.
enum GatewayDNSTemplates {
  static let names = "gateway-dns/names.yaml"

  static let all = naming + management + resolvers + clients + [SharedTemplates.peerConfigMap]

  /// Where templates that a fleet adds are rendered.
  static let extras = [
    ExtraScope(
      "gateway", "once for each published gateway, in the namespace of its Service",
      [
        .field("link", .string, "the Link's name"),
        .field(
          "gateway",
          .object([
            .field("cluster", .string),
            .field("service", .object([.field("name", .string), .field("namespace", .string)])),
            .field("suffix", .string, "what every host behind it ends in"),
          ])),
      ]),
    ExtraScope(
      "client",
      "for each connection once in each namespace of its clients, for each Service that it reaches",
      [
        .field("link", .string, "the Link's name"),
        .field("service", .object([.field("name", .string), .field("namespace", .string)])),
        .field("target", .object([.field("cluster", .string)])),
        .field(
          "external",
          .object([.field("host", .string, "what clients ask DNS for"), .field("port", .integer)])),
      ]),
  ]

  private static let naming = [
    TemplateDeclaration(
      names,
      "Names of the objects that a GatewayDNS link emits. Names of what the controller creates are its own.",
      names: ["gatewayDNS", "externalName", "customKey", "operatorServer", "egressPolicy"],
      later: ["egressPolicy"],
      [
        .field("link", .string),
        .field("cluster", .string, "of the target; empty but for externalName and egressPolicy"),
        .field("service", .object([.field("name", .string, "empty but for externalName and egressPolicy")])),
        .field("connection", .string, "of the clients; empty but for egressPolicy"),
        .field("dns", .object([.field("namespace", .string, "of the zone's DNS server")])),
      ], ofLink: true)
  ]

  private static let management = [
    TemplateDeclaration(
      "gateway-dns/gateway-dns.yaml",
      "Asks the controller to publish the gateways of the selected clusters: on the management cluster only.",
      [
        .field(
          "gatewayDNS",
          .object([
            .field("namespace", .string), .field("name", .string), .field("clusterSelector", .labelSelector),
            .field("service", .string, "namespace/name"), .field("resolutionType", .string),
          ]))
      ]),
    TemplateDeclaration(
      "gateway-dns/cluster-labels.yaml", "A kustomize patch that labels somebody's Cluster API object.",
      [
        .field(
          "cluster",
          .object([
            .field("apiVersion", .string), .field("namespace", .string), .field("name", .string),
            .field("labels", .labels),
          ]))
      ]),
    TemplateDeclaration(
      "gateway-dns/endpoint-slice.yaml",
      "What the controller writes into every cluster of the management namespace for one gateway; never synced.",
      [
        .field(
          "slice",
          .object([
            .field("apiVersion", .string), .field("namespace", .string), .field("name", .string),
            .optional("labels", .labels, "absent in the older generation"),
            .field("hostname", .string, "with a wildcard"),
            .field("reference", .string, "namespace/name of the GatewayDNS object"),
            .field("addresses", .list(.string)),
          ]))
      ]),
  ]

  private static let resolvers = [
    TemplateDeclaration(
      "gateway-dns/corefile-patch.yaml",
      "A patch of the cluster's own CoreDNS: its Corefile with the link's block in it.",
      [
        .field(
          "corefile",
          .object([.field("namespace", .string), .field("name", .string), .field("text", .string)]))
      ]),
    TemplateDeclaration(
      "gateway-dns/coredns-custom.yaml", "A server block that the cluster's Corefile imports.",
      [
        .field(
          "custom",
          .object([
            .field("namespace", .string), .field("name", .string), .field("key", .string),
            .field("text", .string),
          ]))
      ]),
    TemplateDeclaration(
      "gateway-dns/dns-operator.yaml",
      "OpenShift's DNS operator. The list of servers is replaced as a whole: it holds the entries of others too.",
      [.field("operator", .object([.field("servers", .list(.any))]))]),
  ]

  private static let clients = [
    TemplateDeclaration(
      "gateway-dns/external-name.yaml",
      "A name of the client's own namespace for a Service behind a gateway.",
      [
        .field(
          "external",
          .object([.field("namespace", .string), .field("name", .string), .field("host", .string)]))
      ]),
    TemplateDeclaration(
      "gateway-dns/egress-policy.yaml",
      "Lets isolated clients out to a cluster's gateway, and to the DNS of their own cluster: they use a name.",
      [EgressPolicies.variables]),
  ]
}
