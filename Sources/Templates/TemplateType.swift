import CEL

/// What a template may count on of a variable: its type, field by field.
package indirect enum TemplateType: Sendable {
  case string
  case integer
  case boolean
  /// A number or a name, as ports have it.
  case integerOrString
  /// Anything: what is done with the value is checked when it is rendered.
  case any
  case list(TemplateType)
  /// Texts as keys, values of one type.
  case map(TemplateType)
  case object([TemplateField])

  /// Labels or annotations.
  package static let labels = TemplateType.map(.string)

  /// A Kubernetes label selector.
  package static let labelSelector = TemplateType.object([
    .optional("matchLabels", .labels), .optional("matchExpressions", .list(.any)),
  ])

  /// The type in CEL. Every call makes new record types, which are unlike all others.
  ///
  /// - Parameter name: what messages call an object of the type: `policy.rules[]`.
  func celType(name: String) -> CELType {
    switch self {
    case .string: return .string
    case .integer: return .int
    case .boolean: return .bool
    case .integerOrString, .any: return .dyn
    case .list(let element): return .list(element.celType(name: name + "[]"))
    case .map(let value): return .map(key: .string, value: value.celType(name: name + "[…]"))
    case .object(let fields):
      let types = fields.map { field in (field.name, field.celType(name: "\(name).\(field.name)")) }
      return .record(CELRecordType(name: name, fields: types))
    }
  }

  /// The type in the words of a template's head.
  package var description: String {
    switch self {
    case .string: "string"
    case .integer: "int"
    case .boolean: "bool"
    case .integerOrString: "int or string"
    case .any: "any"
    case .list(let element): "list of \(element.description)"
    case .map(let value): "map of \(value.description)"
    case .object: "object"
    }
  }

  /// The fields of an object, or of the objects in a list or map.
  package var fields: [TemplateField] {
    switch self {
    case .object(let fields): fields
    case .list(let inner), .map(let inner): inner.fields
    default: []
    }
  }
}

/// A variable of a template, or a field of one.
package struct TemplateField: Sendable {
  package let name: String
  package let type: TemplateType
  /// The value may be absent: it is an optional of CEL, and an entry that it would fill goes away with it.
  package let isOptional: Bool
  /// What it is, where the name does not say it.
  package let summary: String

  /// A field that is always there.
  package static func field(_ name: String, _ type: TemplateType, _ summary: String = "") -> TemplateField {
    TemplateField(name: name, type: type, isOptional: false, summary: summary)
  }

  /// A field that may be absent.
  package static func optional(_ name: String, _ type: TemplateType, _ summary: String = "") -> TemplateField
  {
    TemplateField(name: name, type: type, isOptional: true, summary: summary)
  }

  func celType(name: String) -> CELType {
    let type = type.celType(name: name)
    return isOptional ? .optional(type) : type
  }
}

/// A template that a link type brings: its path and the variables that it may use.
package struct TemplateDeclaration: Sendable {
  /// The path below `templates/`: `porter/network-policy.yaml`.
  package let path: String
  /// What it makes, in one sentence.
  package let summary: String
  package let variables: [TemplateField]
  /// For a naming template, the names that it has to yield; empty for templates of objects.
  package let names: [String]
  /// Those of them that a replacement may leave out, because an earlier release did not ask for them: the built-in
  /// template gives them then.
  package let laterNames: Set<String>
  /// False for a naming template whose names belong to a link as a whole: no connection can replace it.
  package let concernsConnections: Bool

  /// A template of objects; `common` is among its variables without being listed.
  package init(_ path: String, _ summary: String, _ variables: [TemplateField]) {
    self.path = path
    self.summary = summary
    self.variables = variables + [Self.common]
    names = []
    laterNames = []
    concernsConnections = true
  }

  /// A naming template: it yields these names and nothing else.
  package init(
    _ path: String, _ summary: String, names: [String], later: Set<String> = [], _ variables: [TemplateField],
    ofLink: Bool = false
  ) {
    laterNames = later
    concernsConnections = !ofLink
    self.path = path
    self.summary = summary
    self.variables = variables
    self.names = names
  }

  /// What every object carries. Patches have no labels: the object stays its owner's.
  static let common = TemplateField.field(
    "common",
    .object([
      .optional("labels", .labels, "that every emitted object carries; absent in patches"),
      .field("annotations", .labels, "connection and origin"),
    ]))

  /// The variables' types in CEL, by name.
  var types: [String: CELType] {
    Dictionary(
      variables.map { ($0.name, $0.celType(name: $0.name)) }, uniquingKeysWith: { first, _ in first })
  }
}
