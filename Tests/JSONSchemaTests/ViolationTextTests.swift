import Diagnostics
import Testing
import YAMLTree

@testable import JSONSchema

/// Places and words of violations.
@Suite struct ViolationTextTests {
  private static let porter = """
    type: object
    required: [service]
    additionalProperties: false
    properties:
      service: {type: string, description: The Service behind the port.}
      servicePort: {type: integer, minimum: 1, maximum: 65535}
      monitor: {enum: [tcp, udp]}
      labels: {type: object, additionalProperties: {type: string}}
      name: {type: string, title: a DNS label, description: Letters and digits., pattern: "^[a-z]+$", maxLength: 5}
      code: {type: string, pattern: "^[a-z]+$"}
      open: {type: boolean}
      list: {type: array, items: {type: number, multipleOf: 5}, minItems: 1, uniqueItems: true}
      target: {anyOf: [{type: integer, maximum: 65535}, {type: string, maxLength: 15}]}
      either: {oneOf: [{required: [a]}, {required: [b]}]}
      shape:
        oneOf:
          - {properties: {kind: {const: circle}, radius: {type: integer}}, required: [kind, radius]}
          - {properties: {kind: {const: square}, side: {type: integer}}, required: [kind, side]}
      address: {anyOf: [{format: ipv4}, {format: ipv6}]}
    dependencies: {open: [servicePort]}
    """

  @Test(arguments: [
    (
      "servicePorts: 1\nservice: a\n",
      ["1:1 [servicePorts] unknown field 'servicePorts' | did you mean 'servicePort' or 'service'?"]
    ),
    (
      "code: abc\n",
      ["1:1 [code: abc] missing required field 'service' | service: The Service behind the port."]
    ),
    (
      "service: on\n",
      ["1:10 [on] service must be a string, but 'on' is a boolean to Kubernetes' readers | quote it: \"on\""]
    ),
    (
      "service: a\nservicePort: abc\n",
      ["2:14 [abc] servicePort must be an integer, but 'abc' is a string"]
    ),
    (
      "service: a\nservicePort: '80'\n",
      ["2:14 ['80'] servicePort must be an integer, but '80' is a string | remove the quotes"]
    ),
    ("service: a\nservicePort: 70000\n", ["2:14 [70000] servicePort must be at most 65535, but is 70000"]),
    (
      "service: a\nmonitor: tcpp\n",
      ["2:10 [tcpp] monitor must be 'tcp' or 'udp', but is 'tcpp' | did you mean 'tcp'?"]
    ),
    (
      "service: a\nlabels: {a.b/c: 1e3}\n",
      [
        "2:17 [1e3] labels['a.b/c'] must be a string, but '1e3' is a number to Kubernetes' readers | quote it: \"1e3\""
      ]
    ),
    (
      "service: a\nname: A_b\n",
      ["2:7 [A_b] name must be a DNS label, but is 'A_b' | Letters and digits"]
    ),
    (
      "service: a\nname: abcdef\n",
      ["2:7 [abcdef] name must have at most 5 characters, but has 6 | Letters and digits"]
    ),
    ("service: a\ncode: A\n", ["2:7 [A] code must match ^[a-z]+$, but is 'A'"]),
    ("service: a\nopen: 1\nservicePort: 1\n", ["2:7 [1] open must be true or false, but 1 is an integer"]),
    (
      "service: a\nopen: true\n",
      [
        "1:1 […] missing field 'servicePort': 'open' needs it | add 'servicePort' or remove 'open'"
      ]
    ),
    (
      "service: a\nlist: [5, 7, 5]\n",
      [
        "2:11 [7] list[1] must be a multiple of 5, but is 7",
        "2:14 [5] list[2] is equal to the item of line 2 | remove one of them",
      ]
    ),
    ("service: a\nlist: []\n", ["2:7 [[]] list must not be an empty list"]),
    ("service: a\nlist: {}\n", ["2:7 [{}] list must be a list, but this is a mapping"]),
    ("service: a\ntarget: 70000\n", ["2:9 [70000] target must be at most 65535, but is 70000"]),
    ("service: a\ntarget: []\n", ["2:9 [[]] target must be an integer or a string, but this is a list"]),
    (
      "service: a\neither: {}\n",
      ["2:9 [{}] missing field in either: 'a' or 'b' is required | add one of them"]
    ),
    (
      "service: a\neither: {a: 1, b: 2}\n",
      ["2:9 [{a: 1, b: 2}] 'a' and 'b' cannot stand together in either | keep one of them"]
    ),
    (
      "service: a\nshape: {kind: square, side: x}\n",
      ["2:29 [x] shape.side must be an integer, but 'x' is a string"]
    ),
    (
      "service: a\nshape: {kind: circle}\n",
      ["2:8 [{kind: circle}] missing required field 'radius' in shape | add 'radius'"]
    ),
    (
      "service: a\naddress: x\n",
      ["2:10 [x] address must be an IPv4 address or must be an IPv6 address"]
    ),
    ("[]", ["1:1 [[]] the document must be a mapping, but this is a list"]),
  ])
  func placesAndWords(text: String, expected: [String]) throws {
    let schema = try compiled(Self.porter, assertsFormats: true)
    #expect(report(schema, try parsed(text)) == expected)
  }

  /// The key of an unknown field, the mapping of a missing one, the exact bytes of a value.
  @Test func rangesAreExact() throws {
    let schema = try compiled(Self.porter)
    let node = try parsed("labels: {é: 'x', ü: 12}\nservicPort: 1\n")
    let violations = schema.validate(node)
    let ranges = violations.map { [$0.node.range.start, $0.node.range.end] }
    #expect(ranges == [[22, 24], [26, 36], [0, 39]])
    #expect(violations.map(\.path.rendered) == ["labels.ü", "servicPort", ""])
    #expect(violations.map { $0.schemaNode?.range.startPosition.line } == [8, 3, 2])
  }

  /// A value that came through an alias is reported where it is written.
  @Test func aliasesLeadToTheAnchor() throws {
    let schema = try compiled(Self.porter)
    let node = try parsed("service: a\nlabels: &l {a: 1}\nservicePort: 5\n")
    #expect(report(schema, node).map { $0.prefix(8) } == ["2:16 [1]"])
  }

  @Test func findings() throws {
    let rule = Rule(
      "LW0000", "test", .error, "a test", explanation: "", unexampled: "made up for this test")
    let schema = try compiled("{properties: {monitor: {}}, additionalProperties: false}")
    let violation = try #require(schema.validate(try parsed("monitr: 1")).first)
    let finding = violation.diagnostic(rule)
    #expect(finding.message == "unknown field 'monitr'")
    #expect(finding.primary?.text == "not a field here")
    #expect(finding.suggestion?.replacement == "monitor")
    #expect(finding.suggestion?.range.start == 0 && finding.suggestion?.range.end == 6)
  }

  @Test func paths() {
    let path: [PathStep] = [.key("spec"), .key("ports"), .index(0), .key("a.b/c"), .key("d")]
    #expect(path.rendered == "spec.ports[0]['a.b/c'].d")
    #expect([PathStep]().rendered == "")
  }
}
