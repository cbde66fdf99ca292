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

  /// Looks at what lies in one root. Independent of all other roots.
  func settle(_ part: Part) -> RootAssembly {
    RootAssembly(part, hasKustomization: fleet.writesClusterKustomization)
  }

  /// What is wrong with the roots, given in the order of `parts`.
  func findings(_ roots: [RootAssembly]) -> [Diagnostic] {
    let limits = OutputLimits(fleet)
    return roots.flatMap(\.findings)
      + roots.flatMap { root in
        limits.warnings(objects: root.size.objects, bytes: root.size.bytes).map {
          $0.finding(root.cluster, fleet)
        }
      }
  }

  /// The files of all roots, given in the order of `parts`, by path.
  static func ordered(_ roots: [[OutputFile]]) -> [OutputFile] {
    let files = roots.flatMap { $0 }
    // In order already, unless one root lies inside another.
    let isOrdered = zip(files, files.dropFirst()).allSatisfy { utf8Precedes($0.path, $1.path) }
    return isOrdered ? files : files.sorted { utf8Precedes($0.path, $1.path) }
  }
}
