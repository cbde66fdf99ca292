import Templates

/// The templates of static links with their variables.
enum StaticTemplates {
  static let all =
    [
      TemplateDeclaration(
        "static/names.yaml", "Names of the objects that a static link emits.", names: ["service"],
        [
          .field("service", .object([.field("name", .string), .field("namespace", .string)]), "the target"),
          .field("link", .string), .field("cluster", .string, "where the target is"),
        ])
    ] + SharedTemplates.external + [SharedTemplates.peerConfigMap]
}
