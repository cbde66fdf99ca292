import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Links
import Output
package import Snapshot
import Templates
import YAMLTree

/// The pipeline. A pure function of a snapshot: no clock, no environment, no absolute paths.
package struct Compiler: Sendable {
  /// The version that `spec.compilerVersion` is compared with.
  package static let version = "0.1.0"
  /// The file that marks the root of a fleet.
  package static let fleetFile = "linkwright.yaml"

  let resources: Resources

  package init(resources: Resources) {
    self.resources = resources
  }

  /// Schema texts by path below `schemas/`.
  package var schemaTexts: [(path: String, text: String)] { resources.schemaTexts }

  var decoder: SpecDecoder {
    SpecDecoder(schemas: resources.specSchemas, linkTypes: LinkRegistry.types.map { $0.descriptor.key })
  }

  /// Compiles the fleet at the snapshot's root. Throws only when the snapshot itself cannot be read; all that
  /// is wrong with its content is in the findings.
  package func compile(
    _ snapshot: some Snapshot, options: CompileOptions = CompileOptions()
  ) throws(SnapshotError) -> Compilation {
    let front = try FrontEnd(self, snapshot, options)
    guard let fleet = front.fleet, let specification = front.specification else {
      return Compilation(
        findings: front.findings.inReportOrder(), fleet: front.fleet, output: .empty, record: front.record,
        heldBack: [], clusters: [], connections: 0, objects: 0, pending: [], satisfied: [], failed: true)
    }
    let model = FleetModel(
      specification: specification, clusters: front.clusters, templates: front.templates,
      recordedOutput: front.recordedOutput, recordedValues: front.recordedValues)
    let plan = Linker.link(model, types: LinkRegistry.types)
    var findings = front.findings + plan.findings
    let rendering = UnitRendering(resources: resources, model: model)
    let units = parallelMap(plan.units, piece: 32) { rendering.render($0) }
    var objects: [RenderedObject] = []
    var fragments: [RenderedFragment] = []
    var back = BackEnd(fleet: fleet, record: front.record, options: options)
    for unit in units {
      findings += unit.lowered.findings
      objects += unit.objects
      fragments += unit.fragments
      back.add(unit)
    }
    if !options.clusters.isEmpty {
      objects = objects.filter { options.clusters.contains($0.cluster) }
      fragments = fragments.filter { options.clusters.contains($0.cluster) }
    }
    let output = OutputTree(objects, fragments: fragments, fleet: fleet)
    findings += output.findings
    findings += back.findings(output, objects, model)
    findings += ManifestChecks(schemas: resources.objectSchemas).findings(model, plan.connections)
    let judged = Suppressions(front.trees).applied(to: findings)
    let verdict = Verdict(judged, fleet: fleet, connections: plan.connections, trees: front.trees)
    return Compilation(
      findings: judged.inReportOrder(), fleet: fleet, output: output, record: front.record,
      heldBack: verdict.heldBack, clusters: model.clusterNames, connections: plan.connections.count,
      objects: objects.count, pending: back.pending,
      satisfied: back.satisfied, failed: verdict.failed)
  }
}
