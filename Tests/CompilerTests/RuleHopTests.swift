import Compiler
import Diagnostics
import Foundation
import Linker
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

  // MARK: What is not there

  /// One cluster's end of a connection that leads both ways, broken; and the hop that its clients miss.
  struct MissingEnd: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let hop: ConnectionHop
    let old: String
    let new: String
  }

  static let missingEnds = [
    MissingEnd(
      testDescription: "another Service", hop: .service, old: "{name: yourservice,", new: "{name: yourservce,"
    ),
    MissingEnd(
      testDescription: "another port", hop: .service, old: "port: 8000, targetPort: 8000",
      new: "port: 8001, targetPort: 8000"),
    MissingEnd(
      testDescription: "another selector", hop: .pod, old: "selector: {name: yourapp}",
      new: "selector: {name: yurapp}"),
    MissingEnd(
      testDescription: "another name of the target port", hop: .targetPort, old: "targetPort: 8000",
      new: "targetPort: apis"),
    MissingEnd(
      testDescription: "other pods", hop: .pod, old: "labels: {name: yourapp}", new: "labels: {name: yourap}"),
  ]

  private static let bothWays = """
    -- connections/yourservice.yaml --
    apiVersion: linkwright.dev/v1alpha1
    kind: Connection
    metadata: {name: yourservice, namespace: a1b2c3-dev}
    spec:
      from: [{clusters: [gold, golddr]}]
      to: {clusters: [gold, golddr], service: yourservice, ports: [8000]}
      exposure: {acknowledged: span-bc}
      porter: {overrideServicePort: true}

    """

  /// Where a name is bound to nothing, the hop that lacks it is refuted, and the other direction keeps its verdict.
  @Test(arguments: missingEnds)
  func onlyTheMissingEndIsRefuted(_ end: MissingEnd) throws {
    let fleet = try FixtureFleet(base: "porter-pair").overlaid(by: Self.bothWays)
    func verdicts(_ fleet: FixtureFleet) throws -> [String: String] {
      let judgement = try #require(try fleet.compile().judgement)
      return Dictionary(
        judgement.crossings.map { judged in
          let hop = judged.decisiveHop.map { " at \($0.kind.rawValue)" } ?? ""
          return (judged.crossing.target.cluster, judged.verdict.rawValue + hop)
        }
      ) { first, _ in first }
    }
    let path = "workloads/gold/yourservice.yaml"
    let text = String(decoding: try #require(fleet.files[path]), as: UTF8.self)
    #expect(text.contains(end.old))
    let whole = try verdicts(fleet)
    let broken = try verdicts(
      fleet.overlaid(by: "-- \(path) --\n" + text.replacingOccurrences(of: end.old, with: end.new)))
    #expect(broken["gold"] == "refuted at \(end.hop.rawValue)", "\(broken)")
    #expect(broken["golddr"] == whole["golddr"], "\(broken) \(whole)")
  }
}
