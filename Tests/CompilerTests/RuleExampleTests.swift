import Compiler
import Diagnostics
import TestSupport
import Testing

/// Every rule shows an example that breaks it and one that keeps it; both must be true.
@Suite struct RuleExampleTests {
  static let exampled = RuleCatalogue.all.filter { $0.failing != nil }.map(\.id)

  @Test(arguments: ["clustermesh", "gateway-dns", "porter-pair", "porter-silver", "tetrate"])
  func baseHasNoFindings(_ base: String) throws {
    let compilation = try FixtureFleet(base: base).compile()
    // But that a Component for the resolver's Corefile is somebody else's to apply, and that a mesh is open.
    let findings = compilation.findings.filter { !["LW7212", "LW7242"].contains($0.rule.id) }
    #expect(findings.isEmpty, "\(compilation.findingsText)")
    #expect(!compilation.failed && compilation.objects > 0)
  }

  @Test(arguments: RuleCatalogue.all.map(\.id))
  func ruleHasExamplesOrReason(_ id: String) throws {
    let rule = try #require(RuleCatalogue.rule(id))
    let hasBoth = rule.failing != nil && rule.passing != nil
    #expect(hasBoth != (rule.unexampled?.isEmpty == false))
  }

  @Test(arguments: exampled)
  func failingExampleFails(_ id: String) throws {
    let example = try #require(RuleCatalogue.rule(id)?.failing)
    let compilation = try FixtureFleet(base: example.base).overlaid(by: example.files).compile()
    #expect(
      compilation.findings.contains { $0.rule.id == id },
      "\(id) is not found; found:\n\(compilation.findingsText)")
  }

  /// The passing example keeps its own rule, and no other rule's error hides it.
  @Test(arguments: exampled)
  func passingExamplePasses(_ id: String) throws {
    let example = try #require(RuleCatalogue.rule(id)?.passing)
    let compilation = try FixtureFleet(base: example.base).overlaid(by: example.files).compile()
    let unwanted = compilation.findings.filter {
      ($0.rule.id == id || $0.severity == .error) && $0.suppression == nil
    }
    #expect(unwanted.isEmpty, "\(id):\n\(unwanted.map(\.goldenText).joined())")
  }

  /// What each rule says about its failing example, and where: a file for each hundred of rules in `Findings`.
  @Test(arguments: Set(exampled.map { String($0.prefix(4)) }).sorted())
  func findingsHaveTheirPlaceAndText(_ group: String) throws {
    var text = ""
    for id in Self.exampled where id.hasPrefix(group) {
      let example = try #require(RuleCatalogue.rule(id)?.failing)
      let compilation = try FixtureFleet(base: example.base).overlaid(by: example.files).compile()
      let findings = compilation.findings.filter { $0.rule.id == id }
      #expect(!findings.isEmpty, "\(id)")
      text += findings.map(\.goldenText).joined()
    }
    if let difference = Golden.difference(text, from: "Tests/CompilerTests/Findings/\(group).txt") {
      Issue.record(Comment(rawValue: difference))
    }
  }

  /// A finding with a place points into a file of the fleet, so that people and editors can go there.
  @Test(arguments: exampled)
  func findingsPointIntoFiles(_ id: String) throws {
    let example = try #require(RuleCatalogue.rule(id)?.failing)
    let fleet = try FixtureFleet(base: example.base).overlaid(by: example.files)
    for finding in try fleet.compile().findings where finding.rule.id == id {
      let path = try #require(finding.primary?.range.file.path)
      #expect(fleet.files[path] != nil || path.hasPrefix("templates/"), "\(path)")
      #expect(!finding.message.isEmpty && !finding.message.hasSuffix("."))
      #expect(!finding.help.isEmpty, "\(id) does not say what would mend it")
    }
  }
}
