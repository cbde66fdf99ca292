package import Diagnostics
package import FleetSpec
import Kubernetes
import Linker
import Links
package import Output
import Policies
import Reachability
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

  /// Reads only the Fleet document at the snapshot's root; nil with findings when it cannot be used.
  package func fleet(_ snapshot: some Snapshot) throws(SnapshotError) -> (
    fleet: Fleet?, findings: [Diagnostic]
  ) {
    do throws(SnapshotError) {
      guard let entry = try snapshot.entry(at: Compiler.fleetFile), entry.kind != .directory else {
        return (nil, [FleetSpecRules.missingFleet])
      }
      let file = ParsedFile.read(entry, snapshot)
      if let damage = file.damage { throw damage }
      guard file.findings.isEmpty else { return (nil, file.findings) }
      return decoder.decodeFleet(file.tree)
    } catch {
      guard !error.kind.isOfTheWorld else { throw error }
      return (nil, [GitRules.finding(for: error)])
    }
  }

  /// The files that hold documents of the specification, linkwright.yaml first; nil where there is no fleet.
  package func specificationFiles(_ snapshot: some Snapshot) throws(SnapshotError) -> [SnapshotEntry]? {
    guard let root = try snapshot.entry(at: Compiler.fleetFile), root.kind != .directory,
      let fleet = try fleet(snapshot).fleet
    else { return nil }
    return [root] + (try SourceWalk(snapshot, fleet: fleet, outputs: OutputLayout(fleet).roots).spec)
  }

  /// Compiles the fleet at the snapshot's root. Throws only when the snapshot itself cannot be read; all that
  /// is wrong with its content is in the findings.
  ///
  /// - Parameters:
  ///   - recorded: where the output on record lies; nil for the snapshot itself.
  ///   - memo: results of earlier compiles. The compilation is the same with it and without.
  ///   - whenAssembled: is handed the output as soon as it is put together; it is judged after that, and may yet be
  ///     refused.
  package func compile(
    _ snapshot: some Snapshot, recorded: (any Snapshot)? = nil, options: CompileOptions = CompileOptions(),
    memo: (any MemoStore)? = nil, whenAssembled: (@Sendable (OutputTree) -> Void)? = nil
  ) throws(SnapshotError) -> Compilation {
    let front: FrontEnd
    do {
      front = try FrontEnd(self, snapshot, recorded: recorded ?? snapshot, options, memo: memo)
    } catch {
      guard !error.kind.isOfTheWorld else { throw error }
      return Compilation(failed: [GitRules.finding(for: error)], fleet: nil, record: OutputRecord())
    }
    guard let fleet = front.fleet, let specification = front.specification, let policies = front.policies
    else {
      return Compilation(failed: front.findings, fleet: front.fleet, record: front.record)
    }
    let model = FleetModel(
      specification: specification, clusters: front.clusters, templates: front.templates,
      recordedOutput: front.recordedOutput, recordedValues: front.recordedValues)
    let plan = Linker.link(model, types: LinkRegistry.types, mapping: AllCores())
    var findings = front.findings + plan.findings + TemplateReading.findings(model, plan)
    let rendering = UnitRendering(
      resources: resources, model: model, policies: policies, customResources: front.customResources)
    var unitMemo: UnitMemo?
    if let memo, let digests = front.digests {
      unitMemo = UnitMemo(store: memo, digests: digests, trees: front.trees, templates: front.templates)
    }
    let units = rendering.render(plan, unitMemo)
    findings += RepeatedFindings.merged(units.flatMap(\.lowered.findings))
    // The files of the output and what is judged of its objects do not need each other.
    let before = findings
    let (assembled, (judging, checked)) = concurrently {
      assembly(front, model, specification, policies, units, options, reported: before, whenAssembled)
    } _: {
      concurrently {
        Judging(model, plan, units, options, trees: front.trees)
      } _: {
        Checked(
          findings: PolicySelections(specification.policies, model, plan.connections).findings
            + ManifestChecks(schemas: resources.objectSchemas).findings(model, plan.connections),
          suppressions: Suppressions(front.trees))
      }
    }
    let (output, back) = (assembled.output, assembled.back)
    findings += assembled.findings + checked.findings + judging.findings
    findings = RepeatedFindings.withoutFollowers(findings, of: plan.connections)
    findings += PolicyLinting.findings(
      judging.judgement, model, plan.connections, reported: findings)
    let judged = checked.suppressions.applied(to: findings)
    let seen = judgedOver(model, plan, units, judging, rendering)
    let refusals = ConnectionRefusals(judged, model, seen.plan, seen.units)
    let judgement =
      refusals.isEmpty && !plan.lacksTargets
      ? seen.judgement : seen.judgement.refused(by: refusals.refusals)
    let verdict = Verdict(judged, fleet: fleet, record: front.record, output: output, trees: front.trees)
    return Compilation(
      findings: Owners(specification.connections).named(in: judged.inReportOrder()), fleet: fleet,
      output: output, record: front.record,
      heldBack: verdict.heldBack, clusters: model.clusterNames, connections: plan.connections.count,
      objects: assembled.objects, pending: back.pending,
      satisfied: back.satisfied, judgement: judgement, remarks: back.remarks,
      dependsOnDay: policies.dependsOnDay,
      failed: verdict.failed,
      workings: Compilation.Workings(
        model: model, plan: plan, units: units, judged: seen.plan.connections, trees: front.trees))
  }

  /// The plan that verdicts are about: where targets are missing, one that assumes them, so that the rest of each way is
  /// judged. Of that one nothing is written, and nothing but its verdicts is told.
  private func judgedOver(
    _ model: FleetModel, _ plan: Plan, _ units: [RenderedUnit], _ judging: Judging, _ rendering: UnitRendering
  ) -> (plan: Plan, units: [RenderedUnit], judgement: Judgement) {
    guard plan.lacksTargets else { return (plan, units, judging.judgement) }
    let assumed = Linker.link(model, types: LinkRegistry.types, mapping: AllCores(), assumesTargets: true)
    let rendered = rendering.render(assumed, nil)
    return (assumed, rendered, Judging.judgement(model, assumed, rendered))
  }

  /// What is found out beside the assembly of the output and its judgement.
  private struct Checked: Sendable {
    let findings: [Diagnostic]
    let suppressions: Suppressions
  }

  /// The output, put together, and what is said of it as a whole.
  private struct Assembled {
    let output: OutputTree
    let objects: Int
    let back: BackEnd
    let findings: [Diagnostic]
  }

  private func assembly(
    _ front: FrontEnd, _ model: FleetModel, _ specification: Specification, _ policies: PolicySet,
    _ units: [RenderedUnit], _ options: CompileOptions, reported: [Diagnostic],
    _ whenAssembled: (@Sendable (OutputTree) -> Void)?
  ) -> Assembled {
    let fleet = specification.fleet
    var objects: [RenderedObject] = []
    objects.reserveCapacity(units.reduce(0) { $0 + $1.objects.count })
    var fragments: [RenderedFragment] = []
    var back = BackEnd(fleet: fleet, record: front.record, options: options)
    for index in units.indices {
      objects += units[index].objects
      fragments += units[index].fragments
      back.add(units[index].lowered)
    }
    if !options.clusters.isEmpty {
      objects = objects.filter { options.clusters.contains($0.cluster) }
      fragments = fragments.filter { options.clusters.contains($0.cluster) }
    }
    let output = OutputTree(
      objects, fragments: fragments, fleet: fleet, isCheckOnly: options.isCheckOnly,
      mapping: AllCores())
    whenAssembled?(output)
    var findings = output.findings + back.findings(output, objects, model)
    findings += PolicyPhase(policies: policies, types: policyTypes).findings(
      specification, units, objects, definedKinds: Set(front.customResources.kinds),
      isComplete: !reported.containErrors && !findings.containErrors)
    return Assembled(output: output, objects: objects.count, back: back, findings: findings)
  }
}

extension Compilation {
  /// A compile that did not get beyond reading.
  fileprivate init(failed findings: [Diagnostic], fleet: Fleet?, record: OutputRecord) {
    self.init(
      findings: findings.inReportOrder(), fleet: fleet, output: .empty, record: record, heldBack: [],
      clusters: [], connections: 0, objects: 0, pending: [], satisfied: [], judgement: nil, remarks: [],
      dependsOnDay: false,
      failed: true,
      workings: nil)
  }
}
