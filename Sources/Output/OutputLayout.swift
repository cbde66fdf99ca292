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

  // MARK: From paths to places

  /// What a directory of a cluster's output holds.
  package enum Part: String, Sendable, Hashable, CaseIterable {
    case manifests
    case components
    case fragments
    case expected
  }

  /// Where a file of the output lies.
  package struct Place: Sendable, Hashable {
    package let cluster: String
    /// The root of the cluster, or of the output unit in it.
    package let root: String
    package let part: Part
    /// The path below the part's directory.
    package let rest: String

    package init(cluster: String, root: String, part: Part, rest: String) {
      self.cluster = cluster
      self.root = root
      self.part = part
      self.rest = rest
    }
  }

  /// Reads a path of the output; nil for inventories and for paths that the layout does not give.
  /// Linear in the path for each output unit.
  package func place(ofPath path: String) -> Place? {
    let components = path.split(separator: "/")
    var best: (Place, depth: Int)?
    let patterns =
      fleet.units.map { $0.path.value.replacing("{unit}", with: $0.name.value) }
      + ["\(fleet.outputPath)/{cluster}"]
    for pattern in patterns {
      let steps = pattern.split(separator: "/")
      guard components.count > steps.count + 1, steps.count > best?.depth ?? 0,
        let part = Part(rawValue: String(components[steps.count]))
      else { continue }
      var cluster: String?
      let matches = zip(steps, components).allSatisfy { step, component in
        guard let captured = Self.capture(step, component) else { return false }
        if !captured.isEmpty { cluster = captured }
        return true
      }
      guard matches, let cluster else { continue }
      let place = Place(
        cluster: cluster, root: components[..<steps.count].joined(separator: "/"), part: part,
        rest: components[(steps.count + 1)...].joined(separator: "/"))
      best = (place, steps.count)
    }
    return best?.0
  }

  /// What `{cluster}` stands for in a component; empty for a component without it, nil where they differ.
  private static func capture(_ step: Substring, _ component: Substring) -> String? {
    guard let range = step.firstRange(of: "{cluster}") else { return step == component ? "" : nil }
    let (before, after) = (step[..<range.lowerBound], step[range.upperBound...])
    guard component.count > before.count + after.count, component.hasPrefix(before),
      component.hasSuffix(after)
    else { return nil }
    return String(component.dropFirst(before.count).dropLast(after.count))
  }
}
