package import YAMLTree

/// One place where a value does not keep to its schema.
package struct Violation: Sendable {
  package let kind: Kind
  /// The value at fault. For an unknown or forbidden field its key; for a missing one the mapping that
  /// lacks it.
  package let node: Node
  /// The way from the root to the value at fault; for an unknown field it ends with the field, for a
  /// missing one with the mapping.
  package let path: [PathStep]
  /// The keyword's value in the schema, or the schema itself.
  package let schemaNode: Node?
  /// The name of what the schema describes (`title`), a noun phrase: "a DNS label".
  package let title: String?
  /// The schema's `description`; that of the property before that of the shared definition.
  package let description: String?
  /// The value at fault is a key, by `propertyNames`.
  package var isKey = false
  /// Types that other forms of the value could have had: of a port number, where the name of a port was checked.
  var otherTypes: [SchemaType] = []

  /// What is wrong.
  package indirect enum Kind: Sendable {
    case wrongType(expected: [SchemaType], actual: NodeKind)
    case notInEnum(values: [Node])
    case notConstant(Node)
    case belowMinimum(Node, exclusive: Bool)
    case aboveMaximum(Node, exclusive: Bool)
    case notMultipleOf(Node)
    case tooShort(minimum: Int, actual: Int)
    case tooLong(maximum: Int, actual: Int)
    case pattern(String)
    case format(SchemaFormat)
    case tooFewItems(minimum: Int, actual: Int)
    case tooManyItems(maximum: Int, actual: Int)
    /// The item is equal to an earlier one, as a whole or in `keys`.
    case duplicateItem(first: Node, keys: [String])
    /// No item of the list is as `contains` wants one.
    case noSuchItem
    case tooFewEntries(minimum: Int, actual: Int)
    case tooManyEntries(maximum: Int, actual: Int)
    case missingProperty(name: String)
    /// At least one of several is required (`anyOf` of `required`).
    case missingOneOf(names: [String])
    case missingDependency(name: String, neededBy: String)
    case unknownProperty(name: String, nearest: [String], known: [String])
    /// The schema `false`, or `not: {required: […]}`.
    case forbiddenProperty(name: String)
    /// Only one of these fields may be there (`oneOf` of `required`).
    case exclusiveProperties(names: [String])
    /// Nothing is allowed here.
    case forbidden
    /// The value matches the schema under `not`.
    case matchesForbidden
    /// More than one schema of `oneOf` matches.
    case matchesSeveral(count: Int)
    /// None of several forms matches; each with its first violation.
    case noAlternative([Violation])
    /// The check was given up: the schema tries too many combinations.
    case tooComplex
  }
}
