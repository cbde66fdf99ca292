import Diagnostics
import Foundation
import Testing
import YAMLTree

@testable import JSONSchema

/// The schemas of `schemas/kubernetes`.
@Suite struct KubernetesSchemaTests {
  static let directory = repository.appendingPathComponent("schemas/kubernetes")
  static let files = ((try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? [])
    .filter { $0.hasSuffix(".json") }.sorted()

  static func sources() throws -> [SourceFile] {
    try files.map { name in
      SourceFile(
        path: "schemas/kubernetes/\(name)",
        bytes: Array(try Data(contentsOf: directory.appendingPathComponent(name))))
    }
  }

  /// All of them compiled, as a fleet that meets every kind would have them.
  static func load() throws -> KubernetesSchemas {
    let schemas = KubernetesSchemas(files: try sources())
    try schemas.compileAll()
    return schemas
  }

  @Test func everyFileIsASchemaOfItsKind() throws {
    let schemas = try Self.load()
    #expect(
      schemas.kinds == [
        "cis.f5.com/v1 TransportServer", "connectivity.tanzu.vmware.com/v1alpha1 GatewayDNS",
        "discovery.k8s.io/v1 EndpointSlice", "install.tetrate.io/v1alpha1 Gateway",
        "install.tetrate.io/v1alpha1 IngressGateway", "multicluster.x-k8s.io/v1alpha1 ServiceExport",
        "networking.istio.io/v1 Gateway",
        "networking.istio.io/v1 ServiceEntry", "networking.istio.io/v1 WorkloadEntry",
        "networking.k8s.io/v1 NetworkPolicy", "operator.openshift.io/v1 DNS",
        "porter.devops.gov.bc.ca/v1alpha1 TransportServerClaim", "tsb.tetrate.io/v2 Cluster",
        "tsb.tetrate.io/v2 OrganizationSetting", "tsb.tetrate.io/v2 Workspace",
        "tsb.tetrate.io/v2 WorkspaceSetting", "v1 ConfigMap", "v1 Endpoints", "v1 Namespace", "v1 Secret",
        "v1 Service",
      ])
    for kind in schemas.kinds {
      let parts = kind.split(separator: " ").map(String.init)
      #expect(Self.files.contains(KubernetesSchemas.fileName(apiVersion: parts[0], kind: parts[1])))
    }
    #expect(Self.files.count == schemas.kinds.count + 1)
  }

  @Test(arguments: files)
  func metaschemaAccepts(name: String) throws {
    let root = try parsed(file: repository.appendingPathComponent("schemas/draft-07.json"))
    let metaschema = try CompiledSchema.compile(root: root, at: "http://json-schema.org/draft-07/schema")
    let schema = try parsed(file: Self.directory.appendingPathComponent(name))
    #expect(report(metaschema, schema) == [])
    #expect(schema["$id"]?.text == KubernetesSchemas.base + name)
  }

  /// Every field says what it is for: the text is what the user reads when it is wrong.
  @Test(arguments: files.filter { $0 != "transportserver-cis.f5.com-v1.json" })
  func fieldsAreDescribed(name: String) throws {
    let root = try parsed(file: Self.directory.appendingPathComponent(name))
    var bare: [String] = []
    func visit(_ schema: Node) {
      // Only the schemas that define fields, not the conditions that repeat their names.
      if schema["additionalProperties"]?.boolean == false, let properties = schema["properties"] {
        for (key, value) in properties.entries where value["const"] == nil {
          if value["description"] == nil, value["$ref"] == nil { bare.append(key.text) }
        }
      }
      for inner in Subschemas.of(schema) { visit(inner) }
    }
    visit(root)
    #expect(bare == [])
  }
}
