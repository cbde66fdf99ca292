package import Diagnostics
package import Kubernetes
import Linker
import YAMLTree

extension Judgement {
  /// What is taken as applied though only its owner can apply it: patches of objects that somebody else keeps. A note for
  /// each cluster, and a warning where a Component says the opposite of what the owner has written. Linear in the patches.
  ///
  /// - Parameters:
  ///   - path: where a Component lies in the output.
  ///   - isListed: true where a kustomization among the sources lists its directory.
  package func assumedComponents(
    path: (_ cluster: String, _ identity: ObjectIdentity) -> String,
    isListed: (_ path: String) -> Bool = { _ in false }
  ) -> [Diagnostic] {
    fleet.clusters.filter { !$0.value.patches.isEmpty }.sorted { $0.key < $1.key }.flatMap {
      name, cluster -> [Diagnostic] in
      let components = cluster.patches.map { identity, patch in
        (file: path(name, identity), patch: patch, owner: cluster.model.declared.objects[identity])
      }.sorted { $0.file < $1.file }
      let contradictions = components.flatMap { component in
        component.owner.map { Self.contradictions(component.patch, $0, component.file) } ?? []
      }
      let unlisted = components.filter { !isListed($0.file) }
      guard let first = unlisted.first else { return contradictions }
      let identity = first.patch.manifest.identity.description
      let served = unlisted.flatMap(\.patch.connections).withoutRepetitions
      let note = Diagnostic(
        JudgementRules.assumesComponent,
        unlisted.count == 1
          ? "the Component \(first.file) is taken as applied to \(identity) in \(name)"
          : "\(unlisted.count) Components of \(name) are taken as applied: \(listed(unlisted.map(\.file)))",
        at: first.owner.map { Label($0.nameNode.range, "its owner's manifest") } ?? first.patch.label(),
        help: [
          "list the directory of \(first.file) under 'components' of the kustomization that applies \(identity)"
        ], notes: served.isEmpty ? [] : ["what is said of \(listed(served)) rests on it"])
      return [note] + contradictions
    }
  }

  /// Labels and annotations to which a patch gives another value than the owner.
  private static func contradictions(
    _ patch: KnownObject, _ owner: Manifest, _ file: String
  ) -> [Diagnostic] {
    (["labels", "annotations"] as [StaticString]).flatMap { part -> [Diagnostic] in
      let written = owner.node.at("metadata", part)
      return (patch.node.at("metadata", part)?.entries.map { $0 } ?? []).compactMap {
        key, value -> Diagnostic? in
        guard let own = written?[key.text], own.text != value.text else { return nil }
        return Diagnostic(
          JudgementRules.overridesOwner,
          "the Component \(file) sets '\(key.text): \(value.text)', and the owner of \(owner.identity.description) has written '\(own.text)'",
          at: own.range, "the owner's word", also: [patch.label("asks for the other")],
          help: ["write '\(value.text)' here if it is meant, or take the connection out"])
      }
    }
  }
}
