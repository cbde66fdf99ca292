import Diagnostics
import Kubernetes
import Linker
import YAMLTree

/// One step from hand-written manifests to emitted ones.
package struct MigrationStep: Sendable {
  package let title: String
  /// `gold: NetworkPolicy c6af30-dev/allow (workloads/gold/policy.yaml:3)`
  package let objects: [String]

  /// An order in which no live connection is ever without its policy and no claim is ever deleted: whatever applies
  /// manifests today must not prune what it loses sight of, what admits is handed over before what asks, and old
  /// objects under other names go last.
  static func steps(
    _ taken: [TakenOver], _ lines: [AdoptionReport.Line], _ input: AdoptionInput
  ) -> [MigrationStep] {
    guard !taken.isEmpty else { return [] }
    func describe(_ items: [TakenOver]) -> [String] {
      Set(
        items.flatMap { item in
          (input[item.cluster]?.manifests(of: item.identity) ?? [item.manifest]).map { manifest in
            let range = manifest.nameNode.range
            return
              "\(item.cluster): \(item.identity.description) (\(range.file.path):\(range.startPosition.line))"
          }
        }
      ).sorted()
    }
    let emitted = Set(
      lines.filter { $0.output?.contains("/manifests/") == true }.map { "\($0.cluster) \($0.object)" })
    let live = taken.filter { emitted.contains("\($0.cluster) \($0.identity.description)") }
    guard !live.isEmpty else { return [] }
    var steps = [
      MigrationStep(
        title:
          "keep them alive: in their present manifests, annotate them so that nobody prunes them (Argo CD: argocd.argoproj.io/sync-options: Prune=false; Flux: kustomize.toolkit.fluxcd.io/prune: disabled), and let that be applied",
        objects: describe(live))
    ]
    let added = lines.filter { $0.outcome == .added && $0.object.hasPrefix("NetworkPolicy ") }
    if !added.isEmpty {
      steps.append(
        MigrationStep(
          title: "apply the policies that are new, in every cluster",
          objects: added.map { "\($0.cluster): \($0.object) (\($0.output ?? ""))" }))
    }
    for role in [TakenOver.Role.admits, .leads, .asks] {
      let items = live.filter { $0.role == role }
      guard !items.isEmpty else { continue }
      let what =
        switch role {
        case .admits: "policies"
        case .leads: "objects that lead there"
        case .asks: "claims"
        }
      steps.append(
        MigrationStep(
          title:
            "hand over the \(what): remove them from their manifests and build in the same commit, so that the emitted objects, which have the same names, are applied over the live ones",
          objects: describe(items)))
    }
    steps.append(
      MigrationStep(
        title:
          "when 'linkwright check' is content and the emitted objects are synced, forget the old manifests",
        objects: []))
    return steps
  }
}
