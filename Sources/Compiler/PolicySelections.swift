import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Policies
import YAMLTree

/// Whether the names and selectors of Policy documents choose anything of the fleet. A guard rail with a misspelt name
/// would forbid nothing, and nobody would notice.
struct PolicySelections {
  private let model: FleetModel
  /// Namespaces that manifests or connections name, by cluster.
  private let namespaces: [String: Set<String>]
  private(set) var findings: [Diagnostic] = []

  /// Linear in the policies' ends times the workloads of the fleet.
  init(_ policies: [Policy], _ model: FleetModel, _ connections: [BoundConnection]) {
    self.model = model
    guard policies.contains(where: { !$0.paths.isEmpty || $0.node.at("spec", "match") != nil }) else {
      namespaces = [:]
      return
    }
    var namespaces = model.clusters.mapValues { cluster in
      let facts = cluster.declared
      return Set(facts.namespaces.keys).union(facts.workloads.keys).union(facts.policies.keys)
        .union(facts.services.keys.map(\.namespace))
    }
    for connection in connections {
      for client in connection.clients {
        if let cluster = client.cluster { namespaces[cluster, default: []].insert(client.namespace) }
      }
      for target in connection.targets {
        namespaces[target.cluster, default: []].insert(target.service.key.namespace)
      }
    }
    self.namespaces = namespaces
    for policy in policies {
      if let match = policy.node.at("spec", "match") { checkMatch(match) }
      for path in policy.paths {
        for end in [path.from, path.to] where end.networks == nil { check(end) }
      }
    }
  }

  private func clusters(_ names: Node?) -> [String] {
    guard let names else { return model.clusterNames }
    let patterns = names.elements.map { NamePattern($0.text) }
    return model.clusterNames.filter { name in patterns.contains { $0.matches(name) } }
  }

  private func isKnown(_ namespace: NamePattern, in clusters: [String]) -> Bool {
    clusters.contains { namespaces[$0]?.contains(where: namespace.matches) ?? false }
  }

  private func namespaceNames(in clusters: [String]) -> [String] {
    clusters.reduce(into: Set<String>()) { $0.formUnion(namespaces[$1] ?? []) }.sorted()
  }

  private mutating func selectsNothing(_ what: String, _ node: Node, help: String?) {
    // What it means may stand in a file that was not read to its end.
    guard model.clusters.values.allSatisfy(\.declared.unread.isEmpty) else { return }
    findings.append(
      Diagnostic(
        PolicyRules.selectsNothing, "\(what), so the policy concerns nothing here", at: node.range,
        "chooses nothing", help: help.map { [$0] } ?? []))
  }

  private mutating func checkMatch(_ match: Node) {
    checkClusters(match["clusters"])
    let covered = clusters(match["clusters"])
    guard !covered.isEmpty else { return }
    for namespace in match["namespaces"]?.elements ?? Elements.none {
      checkNamespace(namespace, in: covered)
    }
  }

  /// A name without a star must be a cluster's.
  private mutating func checkClusters(_ names: Node?) {
    for name in names?.elements ?? Elements.none {
      let pattern = NamePattern(name.text)
      guard !model.clusterNames.contains(where: pattern.matches) else { continue }
      if name.text.contains("*") {
        selectsNothing(
          "no Cluster has a name like '\(name.text)'", name,
          help: "the clusters are \(listed(model.clusterNames))")
        continue
      }
      guard !model.specification.isInvalid("Cluster", name.text) else { continue }
      findings.append(
        Diagnostic(
          LinkerRules.unknownCluster, "there is no Cluster '\(name.text)'", at: name.range,
          "the policy concerns nothing",
          help: [
            didYouMean(name.text, among: model.clusterNames)
              ?? "the clusters are \(listed(model.clusterNames))"
          ]))
    }
  }

  private mutating func checkNamespace(_ node: Node, in clusters: [String]) {
    guard !isKnown(NamePattern(node.text), in: clusters) else { return }
    let names = namespaceNames(in: clusters)
    selectsNothing(
      "no manifest and no connection names a namespace '\(node.text)'", node,
      help: didYouMean(node.text, among: names))
  }

  // MARK: Ends of paths

  private mutating func check(_ end: Policy.PathEnd) {
    checkClusters(end.node["clusters"])
    var covered = clusters(end.node["clusters"])
    guard !covered.isEmpty else { return }
    if let selector = end.clusterSelector, let node = end.node["clusterSelector"] {
      covered = covered.filter { model.clusters[$0].map { selector.matches($0.cluster.labels) } ?? false }
      guard !covered.isEmpty else {
        let labels = model.clusters.values.map(\.cluster.labels)
        selectsNothing("no Cluster has the labels \(selector.description)", node, help: nearest(node, labels))
        return
      }
    }
    guard let node = end.node["namespaceSelector"] else {
      checkPods(end, covered) { _, _ in true }
      return
    }
    if let pattern = end.namespaces {
      guard isKnown(pattern, in: covered) else {
        checkNamespace(node, in: covered)
        return
      }
      checkPods(end, covered) { _, name in pattern.matches(name) }
      return
    }
    guard let selector = end.namespaceSelector else { return }
    let all = covered.flatMap { cluster in (namespaces[cluster] ?? []).map { (cluster: cluster, name: $0) } }
    let labels = all.map { self.labels(of: $0.name, in: $0.cluster) }
    let chosen = Set(
      zip(all, labels).filter { selector.matches($0.1) }.map { NamespacedName($0.0.cluster, $0.0.name) })
    guard !chosen.isEmpty else {
      selectsNothing(
        "no namespace has the labels \(selector.description)", node,
        help: nearest(node, labels)
          ?? "a namespace's labels are those of its manifest, and kubernetes.io/metadata.name")
      return
    }
    checkPods(end, covered) { chosen.contains(NamespacedName($0, $1)) }
  }

  private func labels(of namespace: String, in cluster: String) -> Labels {
    let labels = model.clusters[cluster]?.declared.namespaces[namespace]?.labels ?? Labels()
    return labels.setting("kubernetes.io/metadata.name", to: namespace)
  }

  private mutating func checkPods(
    _ end: Policy.PathEnd, _ clusters: [String], _ covers: (_ cluster: String, _ namespace: String) -> Bool
  ) {
    guard let selector = end.podSelector, let node = end.node["podSelector"] else { return }
    var known: [Labels] = []
    for cluster in clusters {
      for (namespace, workloads) in model.clusters[cluster]?.declared.workloads ?? [:]
      where covers(cluster, namespace) {
        known += workloads.map(\.podLabels)
      }
    }
    // Where nobody's pods are known, none of these can be missed.
    guard !known.isEmpty, !known.contains(where: { selector.matches($0) }) else { return }
    selectsNothing("no pod there has the labels \(selector.description)", node, help: nearest(node, known))
  }

  /// The nearest value, or key, that is carried.
  private func nearest(_ selector: Node, _ known: [Labels]) -> String? {
    for (key, value) in selector["matchLabels"]?.entries.map({ ($0, $1) }) ?? [] {
      let values = Set(known.compactMap { $0[key.text] })
      if values.isEmpty {
        return didYouMean(key.text, among: Set(known.flatMap { $0.items.map(\.key) }).sorted())
      }
      if let near = didYouMean(value.text, among: values.sorted()) { return near }
    }
    return nil
  }
}
