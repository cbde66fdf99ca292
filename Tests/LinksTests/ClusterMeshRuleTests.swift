import Compiler
import Diagnostics
import Testing

/// Every rule of the mesh shows an example that breaks it and one that keeps it; both must be true.
@Suite struct ClusterMeshRuleTests {
  static let exampled = RuleCatalogue.all.filter { $0.failing?.base == "clustermesh" }.map(\.id)

  @Test func baseHasNoFindings() throws {
    let compilation = try ExampleFleet.base().compile()
    // But that nothing isolates the target's pods in a mesh.
    #expect(compilation.findings.map(\.rule.id) == ["LW7242"], "\(compilation.lines)")
    #expect(!compilation.failed && compilation.objects > 0)
  }

  @Test(arguments: exampled)
  func failingExampleFails(_ id: String) throws {
    let rule = try #require(RuleCatalogue.rule(id))
    let example = try #require(rule.failing)
    let fleet = try ExampleFleet.base().overlaid(by: example.files)
    let compilation = try fleet.compile()
    let found = compilation.findings.filter { $0.rule.id == id }
    #expect(found.contains { $0.severity == rule.severity }, "not found; found:\n\(compilation.lines)")
    #expect(found.allSatisfy { !$0.help.isEmpty && !$0.message.hasSuffix(".") })
    for finding in found {
      let path = try #require(finding.primary?.range.file.path)
      #expect(fleet.files[path] != nil, "\(path)")
    }
  }

  /// The passing example keeps its own rule, and no other rule's error hides it.
  @Test(arguments: exampled)
  func passingExamplePasses(_ id: String) throws {
    let example = try #require(RuleCatalogue.rule(id)?.passing)
    let compilation = try ExampleFleet.base().overlaid(by: example.files).compile()
    let unwanted = compilation.findings.filter { $0.rule.id == id || $0.severity == .error }
    #expect(unwanted.isEmpty, "\(id):\n\(compilation.lines)")
  }
}
