import YAMLTree

/// One compiled schema. All of them lie in one array and name each other by position; what a record does
/// not hold itself lies in ranges of the shared tables of `CompiledSchema`.
struct SchemaRecord: Sendable {
  struct Flags: OptionSet, Sendable {
    let rawValue: UInt8
    /// `nullable: true`: null passes whatever the type says.
    static let nullable = Flags(rawValue: 1)
    /// Unknown fields are errors although no `additionalProperties: false` says so.
    static let strict = Flags(rawValue: 2)
    /// The schema `false`.
    static let forbids = Flags(rawValue: 4)
    /// `x-kubernetes-validations` is present.
    static let hasValidationRules = Flags(rawValue: 8)
    /// A keyword other than `type` looks at the entries of mappings.
    static let readsEntries = Flags(rawValue: 16)
  }

  /// Absent, for positions of other schemas.
  static let none: Int32 = -1

  /// The admitted kinds.
  var kinds: KindSet = .all
  var flags: Flags = []
  /// `$ref`: the schema to use instead of this one.
  var reference = SchemaRecord.none
  /// `additionalProperties`
  var additional = SchemaRecord.none
  var propertyNames = SchemaRecord.none
  /// `items` with one schema.
  var items = SchemaRecord.none
  /// Rows of `properties`, by ascending hash.
  var properties: Range<Int32> = 0..<0
  /// Rows of `patternProperties`.
  var patternProperties: Range<Int32> = 0..<0
  /// The other keywords, rows of `instructions`.
  var instructions: Range<Int32> = 0..<0
  /// One bit for each required name; `PropertyEntry.requiredBit` says which.
  var required: UInt64 = 0
}

/// A name that a schema mentions, as bytes of `CompiledSchema.names`.
struct NameReference: Hashable, Sendable {
  let hash: UInt32
  let start: Int32
  let length: Int32
}

/// What is known of one property name in one schema.
struct PropertyEntry: Sendable {
  let name: NameReference
  /// The property's schema; none for a name that is only required or only known.
  var schema = SchemaRecord.none
  /// The bit of `SchemaRecord.required`, or -1.
  var requiredBit: Int8 = -1
  /// The name is a field although the schema that says so stands elsewhere.
  var isKnown = false
}

/// A row of `patternProperties`: positions in the patterns and the schemas.
struct PatternProperty: Sendable {
  let pattern: Int32
  let schema: Int32
}

/// One keyword that is not part of `SchemaRecord`.
struct Instruction: Sendable {
  enum Operation: UInt8, Sendable {
    /// Constants `first..<second`.
    case enumeration
    case constant
    /// Number `first`; `value` too when `second` is 1.
    case minimum
    case maximum
    case exclusiveMinimum
    case exclusiveMaximum
    case multipleOf
    /// `value`
    case minLength
    case maxLength
    /// Pattern `first`.
    case pattern
    /// The format with raw value `first`.
    case format
    /// `value`
    case minItems
    case maxItems
    case uniqueItems
    /// Names `first..<second` are the keys; the list's element schema is `value`.
    case listMap
    /// Schema `first`.
    case contains
    /// Children `first..<second`, then schema `value`.
    case tuple
    case minProperties
    case maxProperties
    /// Names `first..<second`, for schemas with more than 64 of them.
    case requiredNames
    /// If name `first` is there, schema `second` applies.
    case dependencySchema
    /// If name `first` is there, names `second..<value` must be.
    case dependencyNames
    /// Children `first..<second`.
    case allOf
    case anyOf
    case oneOf
    /// Schema `first`.
    case not
    /// If `first`, then `second`, else `value`.
    case conditional

    /// The keyword in the schema.
    var keyword: StaticString {
      switch self {
      case .enumeration: "enum"
      case .constant: "const"
      case .minimum: "minimum"
      case .maximum: "maximum"
      case .exclusiveMinimum: "exclusiveMinimum"
      case .exclusiveMaximum: "exclusiveMaximum"
      case .multipleOf: "multipleOf"
      case .minLength: "minLength"
      case .maxLength: "maxLength"
      case .pattern: "pattern"
      case .format: "format"
      case .minItems: "minItems"
      case .maxItems: "maxItems"
      case .uniqueItems: "uniqueItems"
      case .listMap: "x-kubernetes-list-map-keys"
      case .contains: "contains"
      case .tuple: "items"
      case .minProperties: "minProperties"
      case .maxProperties: "maxProperties"
      case .requiredNames: "required"
      case .dependencySchema, .dependencyNames: "dependencies"
      case .allOf: "allOf"
      case .anyOf: "anyOf"
      case .oneOf: "oneOf"
      case .not: "not"
      case .conditional: "if"
      }
    }
  }

  let operation: Operation
  /// The kinds that the keyword is about; others pass.
  let kinds: KindSet
  var first: Int32 = 0
  var second: Int32 = 0
  var value = 0
}
