import Foundation
import Testing
import YAMLTree

@testable import JSONSchema

let suite = URL(fileURLWithPath: "/usr/share/json-schema-test-suite")
let suiteIsInstalled = FileManager.default.fileExists(atPath: suite.path)

/// The official tests of draft-07, from the Debian package json-schema-test-suite.
@Suite(.enabled(if: suiteIsInstalled, "the Debian package json-schema-test-suite is not installed"))
struct SuiteTests {
  static func names(_ directory: String) -> [String] {
    let url = suite.appendingPathComponent(directory)
    let files = (try? FileManager.default.contentsOfDirectory(atPath: url.path)) ?? []
    return files.filter { $0.hasSuffix(".json") }.sorted().map { directory + "/" + $0 }
  }

  static let required = names("tests/draft7")
  /// Optional files that this module supports whole.
  static let optional = [
    "tests/draft7/optional/bignum.json", "tests/draft7/optional/zeroTerminatedFloats.json",
    "tests/draft7/optional/ecmascript-regex.json",
  ]
  static let formats = names("tests/draft7/optional/format").filter { excluded[$0] == nil }

  /// What is not run, and why.
  static let excluded: [String: String] = [
    "tests/draft7/optional/content.json":
      "contentEncoding and contentMediaType are annotations in draft-07; nothing here has encoded content",
    "tests/draft7/optional/format/idn-email.json": "not supported: needs IDNA tables",
    "tests/draft7/optional/format/idn-hostname.json": "not supported: needs IDNA tables",
    "tests/draft7/optional/format/iri.json": "not supported: no schema here uses IRIs",
    "tests/draft7/optional/format/iri-reference.json": "not supported: no schema here uses IRIs",
    "tests/draft7/optional/format/uri-template.json": "not supported: no schema here uses URI templates",
  ]

  static func registry() throws -> SchemaRegistry {
    var registry = try registryWithMetaschema()
    for path in ["integer.json", "subSchemas.json", "name.json", "folder/folderInteger.json"] {
      let node = try parsed(file: suite.appendingPathComponent("remotes/" + path))
      registry.add(node, at: "http://localhost:1234/" + path)
    }
    return registry
  }

  private func run(_ path: String, assertsFormats: Bool) throws {
    let registry = try Self.registry()
    let groups = try parsed(file: suite.appendingPathComponent(path))
    var count = 0
    for group in groups.elements {
      let title = group["description"]?.text ?? ""
      let root = try #require(group["schema"])
      let schema = try CompiledSchema.compile(
        root: root, registry: registry, options: SchemaOptions(assertsFormats: assertsFormats))
      for test in try #require(group["tests"]).elements {
        let data = try #require(test["data"])
        let valid = test["valid"]
        let expected: Bool = try #require(valid?.boolean as Bool?)
        let name: Comment = "\(title): \(test["description"]?.text ?? "")"
        #expect(schema.isValid(data) == expected, name)
        #expect(schema.validate(data).isEmpty == expected, name)
        for violation in schema.validate(data) {
          #expect(!ViolationText(violation).message.isEmpty, name)
        }
        count += 1
      }
    }
    #expect(count > 0)
  }

  @Test(arguments: required)
  func requiredTests(path: String) throws { try run(path, assertsFormats: false) }

  @Test(arguments: optional)
  func optionalTests(path: String) throws { try run(path, assertsFormats: true) }

  @Test(arguments: formats)
  func formatTests(path: String) throws { try run(path, assertsFormats: true) }

  /// Every file of the suite is run or excluded with a reason.
  @Test func nothingIsForgotten() {
    #expect(Self.required.count >= 33)
    let all = Self.names("tests/draft7/optional") + Self.names("tests/draft7/optional/format")
    let known = Set(Self.optional + Self.formats + Array(Self.excluded.keys))
    #expect(all.filter { !known.contains($0) } == [])
  }

  /// The metaschema accepts every schema of the suite, itself included.
  @Test func metaschemaAcceptsSchemas() throws {
    let root = try parsed(file: repository.appendingPathComponent("schemas/draft-07.json"))
    let metaschema = try CompiledSchema.compile(root: root, at: "http://json-schema.org/draft-07/schema")
    #expect(metaschema.isValid(root))
    for path in Self.required {
      for group in try parsed(file: suite.appendingPathComponent(path)).elements {
        #expect(metaschema.isValid(try #require(group["schema"])), "\(path)")
      }
    }
  }
}
