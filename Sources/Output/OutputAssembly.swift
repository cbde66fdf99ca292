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

  private mutating func checkSizes(_ results: [AssembledRoot]) {
    let limits = OutputLimits(fleet)
    for result in results {
      let warnings = limits.warnings(objects: result.manifests.objects, bytes: result.manifests.bytes)
      findings += warnings.map { $0.finding(result.cluster, fleet) }
    }
  }
}
