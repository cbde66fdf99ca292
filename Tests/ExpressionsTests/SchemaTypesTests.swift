import CEL
import Expressions
import JSONSchema
import Testing
import YAMLTree

/// Schemas as types: an expression is checked before there is a value.
@Suite struct SchemaTypesTests {
  static let schema = """
    type: object
    additionalProperties: false
    properties:
      name: {type: string}
      port: {x-kubernetes-int-or-string: true}
      size: {type: integer, nullable: true}
      labels: {type: object, additionalProperties: {type: string}}
      items: {type: array, items: {$ref: '#/definitions/item'}}
      open: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {known: {type: boolean}}}
      choice: {anyOf: [{type: string}, {type: integer}]}
      level: {enum: [low, high]}
      empty: {type: object}
    definitions:
      item:
        type: object
        properties:
          host: {type: string}
          children: {type: array, items: {$ref: '#/definitions/item'}}
    """

  static func environment() throws -> CELEnvironment {
    let root = try #require(Tree.parse(text: schema, path: "s.yaml").tree.root)
    var registry = SchemaRegistry()
    registry.add(root, at: "https://example.org/s.yaml")
    let types = SchemaTypes(registry, SchemaOptions(dialect: .openAPIv3))
    return CELEnvironment(
      variables: ["self": types.type(of: root, at: "https://example.org/s.yaml", named: "Thing")])
  }

  @Test(arguments: [
    "self.name.startsWith('a')", "self.port == 80 || self.port == 'http'",
    "self.size == null || self.size > 3",
    "self.labels.all(k, self.labels[k] != '')", "self.items.all(i, i.host != '')",
    "self.items[0].children[0].children.size() == 0", "self.open.anything == 3 && self.open.known",
    "self.choice == 'x'", "self.level == 'low'", "[self.items[0], self.items[0].children[0]].size() == 2",
    "has(self.empty.whatever)",
  ])
  func accepted(_ text: String) throws {
    _ = try CELExpression.compile(text, in: Self.environment(), expecting: .bool)
  }

  @Test(arguments: [
    ("self.nmae == 'x'", "Thing has no field 'nmae'"),
    ("self.items[0].hots == ''", "Thing.items[] has no field 'hots'"),
    ("self.items[0].children[0].hots == ''", "has no field 'hots'"), ("self.name > 3", ""),
    ("self.labels.app == 3", ""), ("self.open.known == 'x'", ""),
  ])
  func refused(_ text: String, _ message: String) throws {
    let environment = try Self.environment()
    #expect {
      try CELExpression.compile(text, in: environment, expecting: .bool)
    } throws: { error in
      (error as? CELIssues)?.issues.contains { $0.message.contains(message) } ?? false
    }
  }
}
