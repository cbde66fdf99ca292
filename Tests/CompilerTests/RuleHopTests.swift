import Compiler
import Diagnostics
import Reachability
import TestSupport
import Testing

/// An error on a connection's way breaks the hop where it stops it: nothing that a rule refuses is called proved.
@Suite struct RuleHopTests {
  /// What becomes of the connections of each error's failing example, for those that would otherwise look whole: the
  /// file is read with the question whether the connection could work all the same.
  @Test func whatErrorsLeaveOfConnections() throws {
    var text = ""
    for rule in RuleCatalogue.all where rule.severity == .error {
      guard let example = rule.failing else { continue }
      let compilation = try FixtureFleet(base: example.base).overlaid(by: example.files).compile()
      guard let judgement = compilation.judgement,
        compilation.findings.contains(where: { $0.rule.id == rule.id && $0.suppression == nil })
      else { continue }
      for judged in judgement.crossings {
        let trace = try #require(judgement.trace(of: judged.crossing))
        #expect(trace.verdict == judged.verdict, "\(rule.id)")
        let hop = judged.decisiveHop.map { " at \($0.kind.rawValue)" } ?? ""
        text += "\(rule.id) \(rule.name): \(judged.crossing.description): \(judged.verdict.rawValue)\(hop)\n"
      }
    }
    if let difference = Golden.difference(text, from: "Tests/CompilerTests/Findings/verdicts-of-errors.txt") {
      Issue.record(Comment(rawValue: difference))
    }
  }
}
