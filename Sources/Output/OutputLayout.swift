package import FleetSpec
package import Kubernetes
package import Linker

/// Where files of the output lie. Paths are from the fleet's root, with `/`.
///
///     rendered/<cluster>/manifests/<namespace>/<kind>-<name>.yaml
///     rendered/<cluster>/expected/<namespace>/…
///     rendered/<cluster>/components/<namespace>-<kind>-<name>/…
///     rendered/<cluster>/fragments/cilium-values.yaml
///     rendered/<cluster>/inventory/<namespace>.lock
package struct OutputLayout: Sendable {
  /// The directory of cluster-scoped objects beside those of namespaces. No namespace can have the name.
  package static let clusterDirectory = "_cluster"

  private let fleet: Fleet

  package init(_ fleet: Fleet) {
    self.fleet = fleet
  }

  /// The root under which a cluster's objects of a namespace (nil: of cluster scope) lie.
  package func root(cluster: String, namespace: String?) -> String {
    guard let unit = unit(cluster: cluster, namespace: namespace) else {
      return "\(fleet.outputPath)/\(cluster)"
    }
    return unit.path.value.replacing("{cluster}", with: cluster).replacing("{unit}", with: unit.name.value)
  }

  /// The output unit that holds a namespace in a cluster; nil for what no unit claims.
  package func unit(cluster: String, namespace: String?) -> Fleet.Unit? {
    fleet.units.first { $0.holds(cluster: cluster, namespace: namespace) }
  }

  /// Directories under which output can lie, for finding what is on record.
  package var roots: [String] {
    let units = fleet.units.map { unit in
      unit.path.value.split(separator: "/").prefix { !$0.contains("{") }.joined(separator: "/")
    }
    let all = Set([fleet.outputPath] + units).filter { !$0.isEmpty }
    return all.filter { path in !all.contains { path != $0 && path.hasPrefix($0 + "/") } }.sorted()
  }

  /// The path of a placed object, from the fleet's root.
  package func path(_ place: Placement) -> String {
    "\(root(cluster: place.cluster, namespace: place.identity.namespace))/\(Self.path(place.part, place.identity))"
  }

  /// The path of an object, below its root.
  package static func path(_ part: OutputPart, _ identity: ObjectIdentity) -> String {
    let directory = identity.namespace ?? clusterDirectory
    let file = fileName(identity)
    switch part {
    case .manifests, .expected: return "\(part.rawValue)/\(directory)/\(file)"
    case .components: return "components/\(directory)-\(file.dropLast(".yaml".count))/\(file)"
    }
  }

  /// `networkpolicy-allow-from-f5-ingress.yaml`. Lower case, so that file systems that ignore case agree.
  package static func fileName(_ identity: ObjectIdentity) -> String {
    "\(identity.kind.lowercased())-\(identity.name.lowercased()).yaml"
  }

  /// The path of a fragment, below its cluster's root.
  package static func fragmentPath(_ name: String) -> String { "fragments/\(name)" }

  /// The directory of a cluster's fragments, from the fleet's root.
  package func fragmentRoot(cluster: String) -> String {
    "\(root(cluster: cluster, namespace: nil))/fragments"
  }

  /// The inventory of a namespace, below its root.
  package static func inventoryPath(namespace: String?) -> String {
    "inventory/\(namespace ?? clusterDirectory).lock"
  }
}
