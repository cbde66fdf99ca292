import Diagnostics
import FleetSpec
package import Linker

/// The verdict about one crossing, with what decided it.
package struct JudgedCrossing: Sendable {
  package let crossing: Crossing
  package let verdict: ConnectionVerdict
  /// The hops that do not hold, in their order: for `refuted` the last is the first broken one.
  package let openHops: [Hop]

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
}

/// What is known of every connection of a fleet.
///
/// Verdicts are kept, hops are not: a trace is walked anew when somebody asks for it.
package struct Judgement: Sendable {
  /// In the order of the plan's connections. Connections over carriers that nobody has modelled are not among them.
  package let crossings: [JudgedCrossing]
  let judge: Judge

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
        JudgedCrossing(crossing: crossing, verdict: $0.verdict, openHops: $0.hops)
      }
    }
    self.crossings = judged.compactMap { $0 }
  }

  /// The fleet as it will be.
  package var fleet: JudgedFleet { judge.fleet }

  /// All hops of a crossing.
  package func trace(of crossing: Crossing) -> CrossingTrace? {
    judge.walk(crossing, isTracing: true).map {
      CrossingTrace(crossing: crossing, verdict: $0.verdict, hops: $0.hops)
    }
  }

  /// How many crossings have a verdict.
  package func count(_ verdict: ConnectionVerdict) -> Int { crossings.count { $0.verdict == verdict } }
}
