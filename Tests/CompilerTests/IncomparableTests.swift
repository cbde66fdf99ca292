import Compiler
import Diagnostics
import Output
import Review
import Testing

/// What a side with errors could not compile is not called gone.
@Suite struct IncomparableTests {
  private static func comparison(
    _ fleet: String, _ file: String, _ old: String, _ new: String
  ) throws -> ObjectComparison {
    var files = try FixtureFleet(directory: fleet).files.filter { !$0.key.hasPrefix("rendered/") }
    let before = try FixtureFleet(files).compile()
    let text = String(decoding: files[file] ?? [], as: UTF8.self)
    #expect(text.contains(old))
    files[file] = Array(text.replacing(old, with: new).utf8)
    let after = try FixtureFleet(files).compile()
    #expect(!before.findings.containErrors && after.findings.containErrors)
    let layout = try #require(before.fleet)
    return try ObjectComparison(
      from: OutputSide(before.output, fleet: layout), to: OutputSide(after.output, fleet: layout),
      unknown: (before.unknownConnections, after.unknownConnections))
  }

  /// Objects of a link as a whole, its patches and fragments among them, name no connection.
  @Test(arguments: [
    (
      "gateway-dns", "links/dev-team-gateway-dns.yaml", "resolutionType: loadBalancer", "resolutionType: none"
    ),
    ("tetrate-bookinfo-istio", "links/bookinfo-east-west.yaml", "form: istio", "form: istoi"),
    ("porter-pair", "links/gold-pair.yaml", "primary: gold", "primary: glod"),
  ])
  func aLinkWithAnErrorTakesNothingAway(_ fleet: String, _ file: String, _ old: String, _ new: String) throws
  {
    let comparison = try Self.comparison("examples/\(fleet)", file, old, new)
    let gone = comparison.changes.filter { $0.kind == .removed }.map(\.path)
    #expect(gone.isEmpty, "\(gone)")
    #expect(comparison.incomparable > 0)
  }

  @Test func aConnectionWithAnErrorTakesNothingAway() throws {
    let comparison = try Self.comparison(
      "examples/patroni", "connections/rest.yaml", "ports: [8008]", "ports: [8009]")
    #expect(comparison.changes.allSatisfy { $0.kind != .removed } && comparison.incomparable > 0)
  }
}
