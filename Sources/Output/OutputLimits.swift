import Diagnostics
package import FleetSpec
import YAMLTree

/// How much consumers take: Argo CD reads at most 10 MB per directory; kustomize takes time that grows with the square.
package struct OutputLimits {
  /// What is too large, with all that a finding says of it: equal warnings, equal findings.
  package enum Warning: Equatable {
    case directory(megabytes: Int)
    case kustomization(objects: Int)
  }

  private let readsDirectories: Bool
  private let hasKustomization: Bool

  package init(_ fleet: Fleet) {
    readsDirectories = fleet.consumer?.kind == .argocd
    hasKustomization = fleet.writesClusterKustomization
  }

  /// What to say of a root with so many objects of so many bytes.
  package func warnings(objects: Int, bytes: Int) -> [Warning] {
    var warnings: [Warning] = []
    if readsDirectories, bytes > 9_000_000 { warnings.append(.directory(megabytes: bytes / 1_000_000)) }
    if hasKustomization, objects > 2000 { warnings.append(.kustomization(objects: objects)) }
    return warnings
  }
}

extension OutputLimits.Warning {
  func finding(_ cluster: String, _ fleet: Fleet) -> Diagnostic {
    switch self {
    case .directory(let megabytes):
      Diagnostic(
        OutputRules.directoryTooLarge,
        "the manifests of \(cluster) have \(megabytes) MB; Argo CD reads at most 10 MB per directory",
        at: (fleet.consumer?.node ?? fleet.node).range, "the consumer",
        help: [
          "let one Application sync each namespace, or raise --max-combined-directory-manifests-size"
        ])
    case .kustomization(let objects):
      Diagnostic(
        OutputRules.kustomizationTooLarge,
        "the kustomization of \(cluster) has \(objects) objects; kustomize needs time that grows with their square",
        at: fleet.name.node.range, "writes one kustomization per cluster",
        help: ["sync each namespace on its own and set spec.output.clusterKustomization: false"])
    }
  }
}
