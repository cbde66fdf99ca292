import Testing

@testable import CEL

/// Parts of an expression that are never reached, by what is known of its variables.
@Suite struct ReachTests {
  private static let policy = CELRecordType(
    name: "NetworkPolicy",
    fields: [
      ("kind", .string),
      ("spec", .record(CELRecordType(name: "NetworkPolicy.spec", fields: [("types", .list(.string))]))),
    ])
  private static let environment = CELEnvironment(
    variables: ["object": .record(policy), "x": .bool], known: [["object", "kind"]: .string("NetworkPolicy")])

  private func issues(_ text: String) -> [String] {
    do throws(CELIssues) {
      _ = try CELExpression.compile(text, in: Self.environment)
      return []
    } catch {
      return error.issues.map { excerpt(text, $0.range) }
    }
  }

  @Test(arguments: [
    "object.kind != 'Pod' || object.spec.containers.all(c, c.image != '')",
    "object.spec.containers.all(c, c.image != '') || object.kind != 'Pod'",
    "object.kind == 'Pod' && object.spec.containers.size() > 0",
    "!(object.kind == 'Pod') || has(object.spec.containers)",
    "['Pod', 'Job'].all(kind, object.kind != kind) || object.spec.containers.size() > 0",
    "(object.kind == 'Pod' ? object.spec.containers : object.kind in ['Job'] ? object.spec.template.spec.containers : []).all(c, has(c.image))",
    "object.kind == 'Pod' && x && object.spec.foo || object.kind == 'NetworkPolicy'",
    "!(x && object.kind == 'Pod' && object.spec.foo) && x",
    "(object.kind != 'NetworkPolicy' ? object.spec.foo : object.spec.types).size() > 0",
    "x ? (object.kind == 'Pod' ? object.spec.foo == 1 : true) : false",
  ])
  func guarded(_ text: String) { #expect(issues(text) == []) }

  @Test(arguments: [
    ("object.kind != 'NetworkPolicy' || object.spec.containers.size() > 0", ["containers"]),
    ("object.kind == 'NetworkPolicy' && object.spec.containers.size() > 0", ["containers"]),
    ("object.kind == 'Pod' || object.spec.containers.size() > 0", ["containers"]),
    ("x || object.spec.foo == 1", ["foo"]), ("has(object.spec.foo) && object.spec.foo == 1", ["foo"]),
    ("!has(object.spec.foo) || object.spec.foo.bar == 1", ["foo"]),
    ("object.knd != 'Pod' || object.spec.foo == 1", ["knd", "foo"]),
    ("true || object.spec.foo == 1", ["foo"]), ("dyn(object).kind != 'Pod' || object.spec.foo == 1", ["foo"]),
    ("object.kind == 'Pod' ? object.spec.foo == 1 : object.spec.bar == 1", ["bar"]),
    ("[1].all(i, object.kind == 'Pod' || object.spec.foo == i)", ["foo"]),
  ])
  func reached(_ text: String, _ wrong: [String]) { #expect(issues(text) == wrong) }

  /// What is not reached does not change what comes out.
  @Test(arguments: [
    ("object.kind != 'Pod' || object.spec.foo == 1", true),
    ("object.kind == 'Pod' && object.spec.foo == 1 || x", false),
    ("object.kind == 'Pod' ? object.spec.foo == 1 : x", false),
    ("object.kind == 'NetworkPolicy' && !x", true),
    ("object.spec.foo == null && object.kind == 'Pod'", false),
  ])
  func values(_ text: String, _ expected: Bool) throws {
    let expression = try CELExpression.compile(text, in: Self.environment, expecting: .bool)
    let object = CELValue.object([("kind", .string("NetworkPolicy")), ("spec", .object([]))])
    let value = try expression.evaluate(Self.environment.bindings(["object": object, "x": .bool(false)]))
    #expect(value.isEqual(to: .bool(expected)))
  }

  @Test func knownValues() throws {
    let known = try CELExpression.compile("object.kind + '!'", in: Self.environment).known
    #expect(known?.isEqual(to: .string("NetworkPolicy!")) == true)
    #expect(try CELExpression.compile("object.kind == 'Pod' && x", in: Self.environment).known == nil)
    #expect(try CELExpression.compile("1 + 1", in: Self.environment).known == nil)
  }
}
