package import Diagnostics
import FleetSpec
import Kubernetes
package import Linker
package import Parallel
import YAMLTree

/// The verdict about one crossing, with what decided it.
package struct JudgedCrossing: Sendable {
  package let crossing: Crossing
  package let verdict: ConnectionVerdict
  /// The hops that do not hold, in their order: for `refuted` the last is the first broken one.
  package let openHops: [Hop]
  /// What isolated pods at both ends need of their policies.
  let needs: [Need]

  /// The hop that decides: the broken one, or the first that waits or depends.
  package var decisiveHop: Hop? {
    openHops.first { ConnectionVerdict($0.state) == verdict }
  }
}

/// A crossing with all its hops.
package struct CrossingTrace: Sendable {
  package let crossing: Crossing
  package let verdict: ConnectionVerdict
  package let hops: [Hop]
  /// What the verdict rests on.
  package let certificate: Certificate
}

/// What is known of every connection of a fleet.
///
/// Verdicts are kept, hops are not: a trace is walked anew when somebody asks for it.
package struct Judgement: Sendable {
  /// In the order of the plan's connections. Connections over carriers that nobody has modelled are not among them.
  package internal(set) var crossings: [JudgedCrossing]
  let judge: Judge
  /// What rules found on the way of crossings.
  var refusals: [CrossingKey: Refusal] = [:]

  /// Judges every connection. Linear in crossings times the pods and policies at their ends.
  package init(
    _ fleet: JudgedFleet, links: [any BoundLink], connections: [BoundConnection],
    mapping: some ParallelMapping
  ) {
    let crossings = connections.flatMap(Crossing.all)
    let judge = Judge(fleet, links, connections, crossings, mapping: mapping)
    self.judge = judge
    let judged = mapping.map(crossings, piece: 64) { crossing -> JudgedCrossing? in
      judge.walk(crossing, isTracing: false).map {
        JudgedCrossing(crossing: crossing, verdict: $0.verdict, openHops: $0.hops, needs: $0.needs)
      }
    }
    self.crossings = judged.compactMap { $0 }
  }

  /// The fleet as it will be.
  package var fleet: JudgedFleet { judge.fleet }

  /// All hops of a crossing.
  package func trace(of crossing: Crossing) -> CrossingTrace? {
    judge.walk(crossing, isTracing: true).map {
      refusing(
        CrossingTrace(
          crossing: crossing, verdict: $0.verdict, hops: $0.hops,
          certificate: Certificate(crossing: crossing, verdict: $0.verdict, claims: $0.claims)))
    }
  }

  /// How many crossings have a verdict.
  package func count(_ verdict: ConnectionVerdict) -> Int { crossings.count { $0.verdict == verdict } }

  /// Checks every verdict's certificate with an evaluator of its own. Linear in crossings times the policies of a
  /// namespace, and slow: for `--paranoid`.
  ///
  /// - Parameter fleet: where the manifests are read; nil for the fleet that was judged. A test that reads others sees
  ///   whether a judge that was wrong about these would be noticed.
  package func disputes(mapping: some ParallelMapping, reading fleet: JudgedFleet? = nil) -> [Diagnostic] {
    let checker = CertificateChecker(fleet ?? judge.fleet)
    let judgement = self
    let objections = mapping.map(crossings, piece: 16) { judged -> String? in
      guard let trace = judgement.trace(of: judged.crossing) else { return nil }
      guard trace.verdict == judged.verdict else {
        return "it was \(judged.verdict.rawValue) without a trace"
      }
      return checker.objection(to: trace.certificate)
    }
    return zip(crossings, objections).compactMap { judged, objection in
      objection.map {
        Diagnostic(
          JudgementRules.certificate,
          "the verdict '\(judged.verdict.rawValue)' about \(judged.crossing.description) is not confirmed: \($0)",
          at: judged.crossing.connection.connection.name.node.range, "of this connection",
          help: ["report this: one of the two evaluators is wrong"])
      }
    }
  }

  /// The checker of certificates, for tests.
  package var checker: CertificateChecker { CertificateChecker(judge.fleet) }
}
