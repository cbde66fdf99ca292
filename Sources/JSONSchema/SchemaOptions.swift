/// Which language a schema is written in.
package enum SchemaDialect: Sendable {
  /// JSON Schema draft-07.
  case draft07
  /// The structural schemas of Kubernetes CRDs: draft-07's keywords with `nullable` and `x-kubernetes-*`,
  /// and a field that no schema knows is an error, as under the API server's `fieldValidation: Strict`.
  case openAPIv3
}

/// How a schema is compiled.
package struct SchemaOptions: Sendable {
  package var dialect: SchemaDialect
  /// `format` is checked; otherwise it is an annotation. Formats that are not known always pass.
  package var assertsFormats: Bool
  /// In `openAPIv3`, the URI of the schema for `metadata`, where the schema itself has none for it.
  package var objectMetadata: String?

  package init(dialect: SchemaDialect = .draft07, assertsFormats: Bool = false, objectMetadata: String? = nil)
  {
    self.dialect = dialect
    self.assertsFormats = assertsFormats
    self.objectMetadata = objectMetadata
  }
}
