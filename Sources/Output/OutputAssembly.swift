import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Snapshot
import YAMLTree

/// Deals objects and fragments out to the roots of the output and joins what the roots come to.
struct OutputAssembly {
  /// The objects of one root.
  struct Part: Sendable {
    let root: String
    let cluster: String
    var objects: [RenderedObject] = []
    var fragments: [RenderedFragment] = []
  }

  /// A namespace in a cluster; several can share a root.
  private struct Location: Hashable {
    let cluster: String
    let namespace: String?
  }

  private let fleet: Fleet
  private(set) var parts: [Part] = []
  private var findings: [Diagnostic] = []

  init(_ objects: [RenderedObject], fragments: [RenderedFragment], fleet: Fleet) {
    self.fleet = fleet
    let layout = OutputLayout(fleet)
    var indices: [String: Int] = [:]
    // Objects come by the ten thousand, namespaces by the hundred.
    var indicesByLocation: [Location: Int] = [:]
    for object in objects {
      let location = Location(cluster: object.cluster, namespace: object.identity.namespace)
      if let index = indicesByLocation[location] {
        parts[index].objects.append(object)
        continue
      }
      let root = layout.root(cluster: location.cluster, namespace: location.namespace)
      let index = indices[root] ?? parts.count
      if index == parts.count { parts.append(Part(root: root, cluster: object.cluster)) }
      indices[root] = index
      indicesByLocation[location] = index
      parts[index].objects.append(object)
    }
    for fragment in fragments {
      let root = layout.root(cluster: fragment.cluster, namespace: nil)
      let index = indices[root] ?? parts.count
      if index == parts.count { parts.append(Part(root: root, cluster: fragment.cluster)) }
      indices[root] = index
      parts[index].fragments.append(fragment)
    }
    parts.sort { utf8Precedes($0.root + "/", $1.root + "/") }
  }

  /// Puts the files of one root together. Independent of all other roots.
  func assemble(_ part: Part) -> AssembledRoot {
    RootAssembly.assemble(part, hasKustomization: fleet.writesClusterKustomization)
  }

  /// Joins the roots, given in the order of `parts`.
  mutating func finish(_ results: [AssembledRoot]) -> ([OutputFile], [Diagnostic]) {
    findings += results.flatMap(\.findings)
    checkSizes(results)
    let files = results.flatMap(\.files)
    // In order already, unless one root lies inside another.
    let isOrdered = zip(files, files.dropFirst()).allSatisfy { utf8Precedes($0.path, $1.path) }
    return (isOrdered ? files : files.sorted { utf8Precedes($0.path, $1.path) }, findings)
  }

  /// Argo CD reads at most 10 MB per directory; kustomize takes time that grows with the square.
  private mutating func checkSizes(_ results: [AssembledRoot]) {
    for result in results {
      let cluster = result.cluster
      let size = result.manifests
      if fleet.consumer?.kind == .argocd, size.bytes > 9_000_000 {
        findings.append(
          Diagnostic(
            OutputRules.directoryTooLarge,
            "the manifests of \(cluster) have \(size.bytes / 1_000_000) MB; Argo CD reads at most 10 MB per directory",
            at: (fleet.consumer?.node ?? fleet.node).range, "the consumer",
            help: [
              "let one Application sync each namespace, or raise --max-combined-directory-manifests-size"
            ]))
      }
      if fleet.writesClusterKustomization, size.objects > 2000 {
        findings.append(
          Diagnostic(
            OutputRules.kustomizationTooLarge,
            "the kustomization of \(cluster) has \(size.objects) objects; kustomize needs time that grows with their square",
            at: fleet.name.node.range, "writes one kustomization per cluster",
            help: ["sync each namespace on its own and set spec.output.clusterKustomization: false"]))
      }
    }
  }
}
