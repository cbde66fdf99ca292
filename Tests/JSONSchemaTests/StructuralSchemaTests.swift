import Diagnostics
import Testing
import YAMLTree

@testable import JSONSchema

/// Kubernetes' structural schemas: `SchemaDialect.openAPIv3`.
@Suite struct StructuralSchemaTests {
  private static let widget = """
    type: object
    properties:
      spec:
        type: object
        required: [size]
        properties:
          size: {type: integer, minimum: 1, exclusiveMinimum: true}
          note: {type: string, nullable: true}
          level: {type: string, enum: [low, high], nullable: true}
          port: {x-kubernetes-int-or-string: true}
          free: {type: object, x-kubernetes-preserve-unknown-fields: true, properties: {a: {type: string}}}
          tags: {type: array, items: {type: string}, x-kubernetes-list-type: set}
          closed: {type: object}
          map: {type: object, additionalProperties: {type: integer}}
          template: {type: object, x-kubernetes-embedded-resource: true, x-kubernetes-preserve-unknown-fields: true}
          rules:
            type: array
            x-kubernetes-list-type: map
            x-kubernetes-list-map-keys: [host, port]
            items:
              type: object
              required: [host]
              properties: {host: {type: string}, port: {type: integer, default: 80}}
    """

  @Test(arguments: [
    ("{apiVersion: v1, kind: Widget, metadata: {name: a}, spec: {size: 2, note: null, level: high}}", []),
    ("{spec: {size: 2.0, port: 80, free: {b: 1, a: x}, tags: [a, b], closed: {}, map: {a: 1}}}", []),
    ("{spec: {size: 2, port: http, template: {apiVersion: v1, kind: Pod, metadata: {}, spec: {a: 1}}}}", []),
    ("{spec: {size: 1}}", ["1:15 [1] spec.size must be greater than 1, but is 1"]),
    ("{spec: {size: 2, sizes: 3}}", ["1:18 [sizes] unknown field 'sizes' in spec | did you mean 'size'?"]),
    (
      "{specs: {}}",
      ["1:2 [specs] unknown field 'specs' | did you mean 'spec'?"]
    ),
    (
      "{kind: 1, metadata: 5}",
      [
        "1:8 [1] kind must be a string, but 1 is an integer | quote it: \"1\"",
        "1:21 [5] metadata must be a mapping, but 5 is an integer",
      ]
    ),
    (
      "{spec: {size: 2, port: 1.5}}",
      ["1:24 [1.5] spec.port must be an integer or a string, but 1.5 is a number | quote it: \"1.5\""]
    ),
    ("{spec: {size: null}}", ["1:15 [null] spec.size must be an integer, but this is null"]),
    (
      "{spec: {size: 2, level: null}}",
      ["1:25 [null] spec.level must be 'low' or 'high', but is null"]
    ),
    (
      "{spec: {size: 2, free: {a: 1}}}",
      ["1:28 [1] spec.free.a must be a string, but 1 is an integer | quote it: \"1\""]
    ),
    (
      "{spec: {size: 2, tags: [a, b, a]}}",
      ["1:31 [a] spec.tags[2] is equal to the item of line 1 | remove one of them"]
    ),
    (
      "{spec: {size: 2, closed: {x: 1}}}",
      ["1:27 [x] unknown field 'x' in spec.closed | nothing can stand here"]
    ),
    (
      "{spec: {size: 2, map: {a: x}}}",
      ["1:27 [x] spec.map.a must be an integer, but 'x' is a string"]
    ),
    (
      "{spec: {size: 2, template: {kind: Pod}}}",
      [
        "1:28 [{kind: Pod}] missing required field 'apiVersion' in spec.template | add 'apiVersion'"
      ]
    ),
    (
      "{spec: {size: 2, rules: [{host: a}, {host: b}, {host: a, port: 80}, {port: 80}, {port: 80}]}}",
      [
        "1:69 [{port: 80}] missing required field 'host' in spec.rules[3] | add 'host'",
        "1:81 [{port: 80}] missing required field 'host' in spec.rules[4] | add 'host'",
        "1:48 [{host: a, port: 80}] spec.rules[2] has the same host and port as the item of line 1 | remove one of them",
      ]
    ),
  ])
  func structuralSchema(text: String, expected: [String]) throws {
    let schema = try compiled(Self.widget, .openAPIv3)
    let node = try parsed(text)
    #expect(report(schema, node) == expected)
    #expect(schema.isValid(node) == expected.isEmpty)
  }

  /// In draft-07 none of it holds.
  @Test func draft07KnowsNoStrictness() throws {
    let schema = try compiled(Self.widget.replacing(", exclusiveMinimum: true", with: ""))
    #expect(schema.isValid(try parsed("{specs: 1, spec: {size: 1, tags: [a, a], other: 1}}")))
    #expect(!schema.isValid(try parsed("{spec: {size: 1, note: null}}")))
  }

  @Test func fieldsOfBranchesAreKnown() throws {
    let schema = try compiled(
      """
      type: object
      properties:
        spec:
          type: object
          properties: {a: {type: string}}
          anyOf:
            - properties: {b: {type: string}}
              required: [b]
            - required: [a]
      """, .openAPIv3)
    #expect(report(schema, try parsed("{spec: {b: x}}")) == [])
    #expect(
      report(schema, try parsed("{spec: {c: x}}")) == [
        "1:9 [c] unknown field 'c' in spec | did you mean 'a' or 'b'?",
        "1:8 [{c: x}] missing field in spec: 'b' or 'a' is required | add one of them",
      ])
  }

  @Test func openBranchesLiftStrictness() throws {
    let schema = try compiled(
      "{type: object, properties: {a: {}}, allOf: [{additionalProperties: {type: string}}]}", .openAPIv3)
    #expect(report(schema, try parsed("{b: x}")) == [])
    #expect(report(schema, try parsed("{b: 1}")).count == 1)
  }

  @Test func metadataHasItsSchema() throws {
    var registry = SchemaRegistry()
    registry.add(
      try parsed(
        "{definitions: {meta: {type: object, required: [name], properties: {name: {type: string}}}}}"),
      at: "https://example.com/definitions.json")
    let root = try parsed(
      "{type: object, properties: {spec: {type: object, x-kubernetes-embedded-resource: true}}}")
    let schema = try CompiledSchema.compile(
      root: root, registry: registry,
      options: SchemaOptions(
        dialect: .openAPIv3, objectMetadata: "https://example.com/definitions.json#/definitions/meta"))
    #expect(
      report(schema, try parsed("{metadata: {nam: a}, spec: {apiVersion: v1, kind: Pod, metadata: {}}}")) == [
        "1:13 [nam] unknown field 'nam' in metadata | did you mean 'name'?",
        "1:12 [{nam: a}] missing required field 'name' in metadata | add 'name'",
      ])
  }

  @Test func faultsOfSchemasAreReportedWhenAllAreCompiled() throws {
    let files = try KubernetesSchemaTests.sources()
    let schemas = KubernetesSchemas(files: files.filter { !$0.path.hasSuffix("definitions.json") })
    #expect(schemas.schema(apiVersion: "v1", kind: "Service") == nil)
    #expect(throws: SchemaCompilationError.self) { try schemas.compileAll() }
  }

  @Test func validationRulesAreData() throws {
    let schema = try compiled(
      """
      type: object
      properties:
        spec:
          type: array
          items:
            type: object
            x-kubernetes-validations:
              - {rule: self.a > 1, message: too small, fieldPath: .a, reason: FieldValueInvalid}
            properties: {a: {type: integer}}
      """, .openAPIv3)
    #expect(schema.validationRules.map(\.rule) == ["self.a > 1"])
    let sites = schema.validationRuleSites(in: try parsed("spec:\n- {a: 1}\n- {a: 2}\n"))
    #expect(sites.map(\.path.rendered) == ["spec[0]", "spec[1]"])
    #expect(sites.map(\.node.range.startPosition.line) == [2, 3])
    #expect(sites.first?.rule.message == "too small")
    #expect(sites.first?.rule.fieldPath == ".a")
  }

  @Test func transportServerRulesAreExposed() throws {
    let schemas = try KubernetesSchemaTests.load()
    let schema = try #require(schemas.schema(apiVersion: "cis.f5.com/v1", kind: "TransportServer"))
    #expect(schema.validationRules.count == 5)
    #expect(
      schema.validationRules.contains { $0.rule == "has(self.ipamLabel) || has(self.virtualServerAddress)" })
  }

  @Test(arguments: [
    ("int32", "2147483647", true), ("int32", "2147483648", false), ("int32", "1.0", true),
    ("int64", "9223372036854775807", true), ("int64", "9223372036854775808", false),
    ("int-or-string", "1", true), ("int-or-string", "a", true), ("int-or-string", "1.5", false),
    ("int-or-string", "[]", false), ("cidr", "10.0.0.0/8", true), ("cidr", "10.0.0.0/08", false),
    ("cidr", "::/0", true), ("cidr", "::/129", false), ("ip", "::ffff:10.0.0.1", true),
    ("ip", "10.0.0.01", false), ("ip", "1:2:3:4:5:6:7:8", true), ("ip", "1:2:3:4:5:6:7::", true),
    ("ip", "'1:2:3:4:5:6:7:8:'", false), ("ip", "':::'", false), ("byte", "YQ==", true),
    ("byte", "YQ=", false),
    ("date-time", "'1998-12-31T23:59:60Z'", true), ("date-time", "'1998-12-31T22:59:60Z'", false),
    ("date", "'2024-02-29'", true), ("date", "'2023-02-29'", false), ("uri", "'http://[::1]:80/a'", true),
    ("uri", "'http://[::1'", false), ("email", "'\"a b\"@example.com'", true), ("email", "a@b@", false),
    ("no-such-format", "x", true),
  ])
  func formats(format: String, value: String, isValid: Bool) throws {
    let node = try parsed("- \(value)\n")
    let schema = try compiled("{items: {format: \(format)}}", .openAPIv3, assertsFormats: true)
    #expect(schema.isValid(node) == isValid)
    #expect(try compiled("{items: {format: \(format)}}", .openAPIv3).isValid(node))
  }
}
