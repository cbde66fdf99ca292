import Diagnostics
import Testing

@testable import Compiler

/// Checks of the fleet's own policies in a compile: found where they stand, once, and not in flocks.
@Suite struct PolicyLintingTests {
  private static let namespace = "a1b2c3-dev"

  private static func findings(_ specs: [String], namespace: String = namespace) throws -> [Diagnostic] {
    let text = specs.enumerated().map { index, spec in
      "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: mine-\(index), namespace: \(namespace)}\nspec: \(spec)\n"
    }
    let fleet = try FixtureFleet(base: "porter-pair").overlaid(
      by:
        "-- workloads/gold/mine.yaml --\n" + text.joined(separator: "---\n"))
    return try fleet.compile().findings.filter { $0.primary?.range.file.path == "workloads/gold/mine.yaml" }
  }

  @Test(arguments: [
    "{podSelector: {}, ingress: [{from: [{}]}]}",
    "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/8]}}]}]}",
    "{podSelector: {}, ingress: [{ports: [{port: 80, endPort: 79}]}]}",
    "{podSelector: {}, ingress: [{ports: [{port: 80, protocol: tcp}]}]}",
    "{podSelector: {}, policyTypes: [ingress]}",
    "{podSelector: {matchExpressions: [{key: a, operator: In, values: []}]}}",
    "{podSelector: {}, ingress: [{form: []}]}",
  ])
  func errorsStandOnce(_ spec: String) throws {
    let errors = try Self.findings([spec]).filter { $0.severity == .error }
    #expect(errors.count == 1, "\(errors.map { $0.rule.id + " " + $0.message })")
  }

  /// A habit is one finding, with the places.
  @Test func warningsAreJoined() throws {
    let lost = "{podSelector: {matchLabels: {app: nobody}}, ingress: [{}]}"
    let found = try Self.findings(Array(repeating: lost, count: 7)).filter { $0.rule.id == "LW7103" }
    #expect(found.count == 1)
    #expect(found.first?.secondary.count == 3)
    #expect(found.first?.help.contains("3 more of the kind lie beside these") == true, "\(found)")
  }

  /// Namespaces that no connection touches are their owners' business.
  @Test func otherNamespacesAreLeftAlone() throws {
    #expect(try Self.findings(["{podSelector: {}, ingress: [{from: [{}]}]}"], namespace: "elsewhere").isEmpty)
  }

  /// The fleets that ship as examples have no findings of this kind.
  @Test(arguments: ["porter-pair", "porter-silver", "clustermesh"]) func fixturesAreClean(_ base: String)
    throws
  {
    let found = try FixtureFleet(base: base).compile().findings.filter {
      $0.rule.id.hasPrefix("LW70") || $0.rule.id.hasPrefix("LW71") || $0.rule.id.hasPrefix("LW74")
    }
    #expect(found.map { $0.rule.id + " " + $0.message } == [])
  }
}
