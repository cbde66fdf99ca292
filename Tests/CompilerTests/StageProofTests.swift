import Compiler
import Foundation
import Kubernetes
import Output
import Snapshot
import TestSupport
import Testing

@testable import Review

/// The judge of stages can say no.
@Suite struct StageProofTests {
  /// The example, whose two paths work.
  private static func compilation() throws -> Compilation {
    var files: [String: [UInt8]] = [:]
    for (path, content) in try FixtureFleet(directory: "examples/porter-pair").files
    where !path.hasPrefix("rendered/") {
      files[path] = content
    }
    return try Compiler(resources: try Resources()).compile(MemorySnapshot(files))
  }

  private static func step(
    _ action: StagePlan.Step.Action, _ file: OutputFile, _ content: [UInt8]?
  ) -> StagePlan.Step {
    let identity = ObjectIdentity(
      apiVersion: "networking.k8s.io/v1", kind: "NetworkPolicy", namespace: "yourlicenceplate-dev", name: "x")
    let cluster = file.path.contains("/golddr/") ? "golddr" : "gold"
    return StagePlan.Step(
      action: action, key: ObjectKey(cluster: cluster, part: .manifests, subject: .object(identity)),
      path: file.path, content: content, formerPath: nil)
  }

  @Test func aStageThatTakesAPolicyAwayTooEarlyIsAFault() throws {
    let compilation = try Self.compilation()
    let fleet = try #require(compilation.fleet)
    let paths = compilation.reviewedPaths
    #expect(paths.count == 2 && paths.allSatisfy { $0.verdict?.isReachable == true }, "\(paths)")
    let policies = compilation.output.files.filter {
      $0.path.contains("/networkpolicy-") && $0.path.contains("/golddr/")
    }
    let policy = try #require(policies.first)
    var plan = StagePlan([])
    plan.stages = [
      StagePlan.Stage(name: .provide, steps: [Self.step(.remove, policy, nil)], faults: []),
      StagePlan.Stage(name: .remove, steps: [Self.step(.add, policy, policy.content)], faults: []),
    ]
    let base = OutputSide(compilation.output, fleet: fleet)
    let proved = try compilation.proved(plan, from: base)
    #expect(proved.stages[0].faults.count == 1, "\(proved.stages[0].faults)")
    #expect(
      proved.stages[0].faults.first?.contains(
        "gold → golddr yourlicenceplate-dev/yourservice 8000/TCP is refuted on this stage: no policy of ")
        == true)
    #expect(proved.stages[1].faults.isEmpty)
    // The other way round nothing is taken away.
    plan.stages[0] = StagePlan.Stage(
      name: .provide, steps: [Self.step(.change, policy, policy.content)], faults: [])
    #expect(try compilation.proved(plan, from: base).stages.allSatisfy(\.faults.isEmpty))
  }
}
