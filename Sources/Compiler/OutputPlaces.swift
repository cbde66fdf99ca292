import Diagnostics
import FleetSpec
import Linker
import Output
import Snapshot
import YAMLTree

/// Holds the places that a Fleet gives its output against each other, against its sources, and against what there is.
struct OutputPlaces {
  private let fleet: Fleet
  private(set) var findings: [Diagnostic] = []

  /// What the Fleet document alone shows. Quadratic in the units.
  init(_ fleet: Fleet) {
    self.fleet = fleet
    let output = fleet.node.at("spec", "output", "path")
    check(fleet.outputPath, at: output ?? fleet.name.node, placeholders: [])
    for unit in fleet.units {
      check(unit.path.value, at: unit.path.node, placeholders: ["{cluster}", "{unit}"])
    }
    checkOverlaps()
    checkBranches()
    checkSources()
  }

  /// What the other documents show.
  init(_ fleet: Fleet, in specification: Specification) {
    self.fleet = fleet
    let clusters = specification.clusters.keys.sorted()
    for unit in fleet.units {
      for cluster in unit.clusters
      where specification.clusters[cluster.value] == nil
        && !specification.isInvalid("Cluster", cluster.value)
      {
        findings.append(
          Diagnostic(
            LinkerRules.unknownCluster, "there is no Cluster '\(cluster.value)'", at: cluster.node.range,
            "not declared",
            help: [didYouMean(cluster.value, among: clusters) ?? "the clusters are \(listed(clusters))"]))
      }
      checkClusters(of: unit, clusters)
      checkNamespaces(of: unit, specification)
    }
  }

  // MARK: Paths

  private mutating func check(_ path: String, at node: Node, placeholders: [String]) {
    var rest = path[...]
    while let open = rest.firstIndex(of: "{") {
      let close = rest[open...].firstIndex(of: "}")
      let word = close.map { rest[open...$0] } ?? rest[open...]
      if !placeholders.contains(String(word)) {
        findings.append(
          Diagnostic(
            OutputRules.unitPath, "'\(word)' stands for nothing in this path", at: node.range,
            placeholders.isEmpty ? "no placeholders here" : "no placeholder",
            help: [
              placeholders.isEmpty
                ? "write 'rendered': each cluster gets a directory below it; paths with {cluster} belong to spec.output.units"
                : "the placeholders are {cluster} and {unit}"
            ]))
      }
      rest = close.map { rest[rest.index(after: $0)...] } ?? ""
    }
  }

  private mutating func checkOverlaps() {
    for (index, unit) in fleet.units.enumerated() {
      for earlier in fleet.units[..<index] {
        let clusters = unit.clusters.map(\.value)
        let namespaces = unit.namespaces.map(\.value)
        let sameCluster =
          clusters.isEmpty || earlier.clusters.isEmpty
          || earlier.clusters.contains { clusters.contains($0.value) }
        let sameNamespace =
          namespaces.isEmpty || earlier.namespaces.isEmpty
          || earlier.namespaces.contains { namespaces.contains($0.value) }
        guard sameCluster && sameNamespace || earlier.name.value == unit.name.value else { continue }
        findings.append(
          Diagnostic(
            OutputRules.overlappingUnits, "units '\(earlier.name.value)' and '\(unit.name.value)' overlap",
            at: unit.name.node.range, "the second", also: [Label(earlier.name.node.range, "the first")],
            help: ["name different clusters or namespaces"]))
      }
    }
    for unit in fleet.units where unit.path.value.prefix(while: { $0 != "/" }).contains("{") {
      findings.append(
        Diagnostic(
          OutputRules.unplacedUnit, "the path of unit '\(unit.name.value)' begins with a placeholder",
          at: unit.path.node.range,
          help: ["put a directory before it: '\(fleet.outputPath)/\(unit.path.value)'"]))
    }
  }

  /// Paths belong to one branch each.
  private mutating func checkBranches() {
    var owners: [String: (branch: String?, label: Label)] = [
      "\(fleet.outputPath)/{cluster}": (
        fleet.branch?.value, Label(fleet.name.node.range, "takes it for the rest")
      )
    ]
    for unit in fleet.units {
      let path = unit.path.value.replacing("{unit}", with: unit.name.value)
      let branch = unit.branch?.value ?? fleet.branch?.value
      if let owner = owners[path], owner.branch != branch {
        findings.append(
          Diagnostic(
            GitRules.sharedUnitPath, "two branches of the output hold \(path)", at: unit.path.node.range,
            "goes to \(branch ?? "the source's branch")", also: [owner.label],
            help: ["put '{unit}' into the path"]))
      } else {
        owners[path] = (branch, Label(unit.path.node.range, "goes to \(branch ?? "the source's branch")"))
      }
    }
  }

  /// Sources below a directory of the output are never read.
  private mutating func checkSources() {
    let paths =
      [fleet.node.at("spec", "output", "path").map { (fleet.outputPath, $0) }].compactMap { $0 }
      + fleet.units.map { unit in
        let fixed = unit.path.value.split(separator: "/").prefix { !$0.contains("{") }
        return (fixed.joined(separator: "/"), unit.path.node)
      }
    let templates = ["templates/**", "schemas/crds/**"].compactMap { try? PathPattern($0) }
    for (path, node) in paths where !path.isEmpty {
      let patterns =
        [fleet.spec, fleet.workloads, fleet.recorded, fleet.observed].flatMap(\.inclusions) + templates
      let swallowed = patterns.filter { $0.matchesOnly(below: path) }.map(\.source)
      // A directory of templates is read even where it is the output's.
      let inside = templates.filter { $0.mayMatch(below: path) && !$0.matchesOnly(below: path) }.map(\.source)
      guard !swallowed.isEmpty || !inside.isEmpty else { continue }
      findings.append(
        Diagnostic(
          OutputRules.outputOverSources,
          "the output would lie where sources are read from, \(listed(swallowed + inside))",
          at: node.range, "nothing below '\(path)' would be read",
          help: ["give the output a directory of its own, 'rendered' say"]))
    }
  }

  // MARK: Clusters and namespaces

  /// Files of two clusters would be one.
  private mutating func checkClusters(of unit: Fleet.Unit, _ clusters: [String]) {
    let held = unit.clusters.isEmpty ? clusters : unit.clusters.map(\.value)
    guard held.count > 1, !unit.path.value.contains("{cluster}") else { return }
    findings.append(
      Diagnostic(
        OutputRules.unitPath,
        "the path of unit '\(unit.name.value)' is the same in \(listed(held)): their files would be one another's",
        at: unit.path.node.range, "no {cluster} in it",
        help: ["write '\(unit.path.value)/{cluster}', or a unit for each cluster"]))
  }

  /// A unit for a namespace that nothing names stays empty, and what it was meant for lies in the rest.
  private mutating func checkNamespaces(of unit: Fleet.Unit, _ specification: Specification) {
    guard !unit.namespaces.isEmpty, specification.unread.isEmpty, specification.invalidNames.isEmpty else {
      return
    }
    var named: Set<String> = []
    for connection in specification.connections {
      named.formUnion(connection.namespaces.map(\.value))
      named.formUnion(connection.from.compactMap { $0.namespace?.value })
      if let target = connection.to.namespace { named.insert(target.value) }
    }
    for namespace in unit.namespaces where !named.contains(namespace.value) {
      findings.append(
        Diagnostic(
          OutputRules.emptyUnit, "no connection names namespace '\(namespace.value)'",
          at: namespace.node.range, "unit '\(unit.name.value)' gets nothing of it",
          help: [
            didYouMean(namespace.value, among: named.sorted())
              ?? "correct the name, or leave it out until there is a connection"
          ]))
    }
  }
}
