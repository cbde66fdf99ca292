import Compiler
import Diagnostics
import Foundation
import Output
import TestSupport
import Testing

/// Whole fleets in, whole outputs out. `UPDATE_GOLDEN=1 swift test --filter GoldenCaseTests` rewrites them.
@Suite struct GoldenCaseTests {
  @Test func thereAreCases() {
    #expect(GoldenCase.all.count >= 15)
    #expect(!ExampleFleet.all.isEmpty)
  }

  @Test(arguments: GoldenCase.all)
  func caseGivesItsOutputAndFindings(_ example: GoldenCase) throws {
    let compilation = try example.fleet().compile()
    let expected = GoldenDirectory(path: "\(example.path)/expected")
    for difference in expected.differences(
      from: compilation.writtenFiles, present: try FixtureFleet.paths(below: expected.path))
    {
      Issue.record(Comment(rawValue: difference))
    }
    if let difference = Golden.difference(compilation.reportText, from: "\(example.path)/findings.txt") {
      Issue.record(Comment(rawValue: difference))
    }
  }

  /// An example's output on record is what its fleet gives; nothing is left over, and nothing is found but
  /// facts that the example leaves open on purpose.
  @Test(arguments: ExampleFleet.all)
  func exampleGivesItsOutput(_ example: ExampleFleet) throws {
    let compilation = try example.fleet().compile()
    #expect(!compilation.failed)
    let recorded = compilation.record.present.keys.sorted()
    for difference in GoldenDirectory(path: example.path).differences(
      from: compilation.writtenFiles, present: recorded)
    {
      Issue.record(Comment(rawValue: difference))
    }
    let unwanted = compilation.findings.filter {
      $0.suppression == nil && $0.severity != .note && $0.rule.id != "LW1401"
    }
    #expect(unwanted.isEmpty, "\(unwanted.map(\.goldenText).joined())")
  }
}
