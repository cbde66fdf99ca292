import Diagnostics
import Linker
import Output
import Reachability

/// The phase that judges every connection on the fleet as it will be.
struct Judging {
  let judgement: Judgement
  let findings: [Diagnostic]

  /// - Parameter units: all units of the plan, rendered.
  init(_ model: FleetModel, _ plan: Plan, _ units: [RenderedUnit]) {
    let fragments = units.flatMap(\.fragments).map {
      EmittedFragment(cluster: $0.cluster, name: $0.name, content: $0.content, subject: $0.subject)
    }
    let mapping = AllCores()
    let fleet = JudgedFleet(model, emitted: units.flatMap(\.judged), fragments: fragments, mapping: mapping)
    judgement = Judgement(fleet, links: plan.links, connections: plan.connections, mapping: mapping)
    // A unit with an error has emitted nothing, or not what it should: its connections fail for that reason.
    var faulted: Set<String> = []
    for unit in units where unit.lowered.findings.containErrors {
      faulted.formUnion(unit.lowered.connections)
    }
    findings = judgement.findings(except: faulted)
  }
}

/// Maps on all cores.
package struct AllCores: ParallelMapping {
  package init() {}

  package func map<Element: Sendable, Result: Sendable>(
    _ elements: [Element], piece: Int, _ transform: @Sendable (Element) -> Result
  ) -> [Result] {
    parallelMap(elements, piece: piece, transform)
  }
}
