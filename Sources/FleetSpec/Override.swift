import Diagnostics
package import YAMLTree

/// Values that hold in some clusters or namespaces only, laid over those of the document.
package struct Override: Sendable {
  /// Empty: every cluster.
  package let clusters: [Located<String>]
  /// Empty: every namespace of the document.
  package let namespaces: [Located<String>]
  package let node: Node

  /// Keys that say where an override holds.
  static let places: Set<String> = ["clusters", "namespaces"]

  init(_ node: Node) {
    clusters = node["clusters"]?.locatedStrings ?? []
    namespaces = node["namespaces"]?.locatedStrings ?? []
    self.node = node
  }

  func holds(inNamespace name: String) -> Bool {
    namespaces.isEmpty || namespaces.contains { $0.value == name }
  }

  /// True when the override holds in a cluster; nil stands for all that no override names.
  func holds(inCluster name: String?) -> Bool {
    clusters.isEmpty || clusters.contains { $0.value == name }
  }

  /// What is overridden: paths to values, with the key that ends each.
  package var paths: [(path: [String], key: Node)] {
    node.entries.filter { !Self.places.contains($0.key.text) }.flatMap {
      Self.paths($0.key, $0.value, below: [])
    }
  }

  private static func paths(_ key: Node, _ value: Node, below: [String]) -> [(path: [String], key: Node)] {
    let path = below + [key.text]
    guard value.kind == .mapping, value.count > 0 else { return [(path, key)] }
    return value.entries.flatMap { paths($0.key, $0.value, below: path) }
  }
}

extension SpecDecoder {
  /// Ways of saying one thing: an override in one of them takes the place of the others.
  private static let overlay = TreeOverlay(alternatives: [
    ["service", "services", "serviceSelector"], ["clusters", "clusterSelector"],
  ])
  /// What a connection has once for all its clusters.
  private static let perConnection: Set<String> = ["via", "from", "owner", "exposure"]
  private static let perTarget: Set<String> = ["clusters", "clusterSelector", "match"]

  // MARK: Connections

  /// A Connection document: one value, or one for each set of namespaces whose overrides differ.
  func connections(_ document: Node, _ findings: inout [Diagnostic]) -> [Connection] {
    guard let name = document.at("metadata", "name")?.locatedString, let spec = document["spec"] else {
      return []
    }
    let before = findings.count
    let namespaces = namespaces(document, name, &findings)
    let overrides = spec["overrides"]?.elements.map(Override.init) ?? []
    guard !overrides.isEmpty else {
      return connection(document, spec, name, namespaces, &findings).map { [$0] } ?? []
    }
    for override in overrides { check(override, of: name, namespaces, &findings) }
    guard findings.count == before else { return [] }
    var groups: [(overrides: [Int], namespaces: [Located<String>])] = []
    for namespace in namespaces {
      let held = overrides.indices.filter { overrides[$0].holds(inNamespace: namespace.value) }
      if let index = groups.firstIndex(where: { $0.overrides == held }) {
        groups[index].namespaces.append(namespace)
      } else {
        groups.append((held, [namespace]))
      }
    }
    var used: Set<Int> = []
    let connections = groups.compactMap { group in
      self.connection(document, name, group.namespaces, overrides, group.overrides, &used, &findings)
    }
    guard !findings[before...].contains(where: { $0.severity == .error }) else { return [] }
    reportUnused(overrides, used, &findings)
    return connections
  }

  /// The connection in namespaces in which the same overrides hold.
  private func connection(
    _ document: Node, _ name: Located<String>, _ namespaces: [Located<String>], _ all: [Override],
    _ held: [Int],
    _ used: inout Set<Int>, _ findings: inout [Diagnostic]
  ) -> Connection? {
    guard let spec = effective(document, all, held, nil, &used, &findings),
      var connection = connection(document, spec, name, namespaces, &findings)
    else { return nil }
    connection.overrides = held.map { all[$0] }
    for cluster in Set(connection.overrides.flatMap { $0.clusters.map(\.value) }).sorted() {
      guard let spec = effective(document, all, held, cluster, &used, &findings) else { return nil }
      connection.clusterSpecs[cluster] = spec
      if let to = spec["to"] {
        connection.clusterTargets[cluster] = target(to, namespace: namespaces.first?.value ?? "", &findings)
      }
    }
    return connection
  }

  /// `spec` with the overrides laid over it that hold in a cluster; nil after reporting what does not fit.
  private func effective(
    _ document: Node, _ all: [Override], _ held: [Int], _ cluster: String?, _ used: inout Set<Int>,
    _ findings: inout [Diagnostic]
  ) -> Node? {
    let here = held.filter { all[$0].holds(inCluster: cluster) }
    func laid(_ indices: [Int]) -> Node {
      Self.overlay.document(
        document, key: "spec", layers: indices.map { all[$0].node }, without: ["overrides"],
        and: Override.places)
    }
    let effective = laid(here)
    for index in here where !used.contains(index) {
      if !laid(here.filter { $0 != index }).isEqual(to: effective) { used.insert(index) }
    }
    let kind = document["kind"]?.text ?? ""
    let broken = schemas.findings(for: kind, effective)
    findings += broken
    return broken.isEmpty ? effective["spec"] : nil
  }

  private func check(
    _ override: Override, of name: Located<String>, _ namespaces: [Located<String>],
    _ findings: inout [Diagnostic]
  ) {
    checkPlace(override, &findings)
    let known = namespaces.map(\.value)
    for namespace in override.namespaces where !known.contains(namespace.value) {
      findings.append(
        Diagnostic(
          OverrideRules.unknownNamespace,
          "Connection '\(name.value)' is not declared for namespace '\(namespace.value)'",
          at: namespace.node.range,
          "overrides nothing",
          help: [didYouMean(namespace.value, among: known) ?? "its namespaces are \(listed(known))"]))
    }
    guard !override.clusters.isEmpty else { return }
    for (path, key) in override.paths
    where Self.perConnection.contains(path[0])
      || path[0] == "to" && path.count > 1 && Self.perTarget.contains(path[1])
    {
      findings.append(
        Diagnostic(
          OverrideRules.notPerCluster, "'\(path.prefix(2).joined(separator: "."))' cannot differ by cluster",
          at: key.range, "a connection has one",
          help: ["override it by namespace, or declare a second Connection"]))
    }
  }

  /// An override says where it holds and what it changes.
  private func checkPlace(_ override: Override, _ findings: inout [Diagnostic]) {
    let hasPlace = !override.clusters.isEmpty || !override.namespaces.isEmpty
    guard !hasPlace || override.paths.isEmpty else { return }
    findings.append(
      Diagnostic(
        OverrideRules.incomplete,
        hasPlace ? "this override changes nothing" : "this override does not say where it holds",
        at: override.node.range, hasPlace ? "only a place" : "no 'clusters' and no 'namespaces'",
        help: [
          hasPlace
            ? "add the values that differ there, or remove it"
            : "name clusters or namespaces, or put the values into the document itself"
        ]))
  }

  private func reportUnused(_ overrides: [Override], _ used: Set<Int>, _ findings: inout [Diagnostic]) {
    for (index, override) in overrides.enumerated() where !used.contains(index) {
      findings.append(
        Diagnostic(
          OverrideRules.unused, "this override changes nothing", at: override.node.range,
          "the values are the same without it", help: ["remove it"]))
    }
  }

  // MARK: Links

  /// A Link with its section for every cluster that an override names.
  func overridden(_ link: Link, _ spec: Node, _ findings: inout [Diagnostic]) -> Link? {
    let overrides = spec["overrides"]?.elements.map(Override.init) ?? []
    guard !overrides.isEmpty else { return link }
    let before = findings.count
    for override in overrides { checkPlace(override, &findings) }
    guard findings.count == before else { return nil }
    var result = link
    var used: Set<Int> = []
    result.overrides = overrides
    for cluster in Set(overrides.flatMap { $0.clusters.map(\.value) }).sorted() {
      guard let spec = effective(link.node, overrides, Array(overrides.indices), cluster, &used, &findings)
      else {
        return nil
      }
      result.clusterSections[cluster] = spec[link.type.value]
    }
    reportUnused(overrides, used, &findings)
    return result
  }
}
