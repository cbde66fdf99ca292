import YAMLTree

/// Helm values of a release beside the fragment that is given to it after them: Helm joins the two, so only what the
/// fragment says can change anything.
enum ValuesComparison {
  /// What the charts do where nothing is said (values.yaml of cilium 1.16 to 1.20).
  private static let defaults: [String: String] = [
    "clustermesh.maxConnectedClusters": "255", "clustermesh.config.domain": "mesh.cilium.io",
    "clustermesh.apiserver.service.type": "NodePort", "clustermesh.apiserver.service.nodePort": "32379",
    "clustermesh.apiserver.replicas": "1", "clustermesh.apiserver.kvstoremesh.enabled": "true",
    "clustermesh.apiserver.tls.auto.enabled": "true", "clustermesh.apiserver.tls.auto.method": "helm",
    "hubble.tls.auto.enabled": "true", "clustermesh.cacheTTL": "0s",
    "clustermesh.enableEndpointSliceSynchronization": "false", "clustermesh.defaultGlobalNamespace": "true",
    "kubeProxyReplacement": "false", "encryption.enabled": "false",
  ]

  static func differences(live: Node, emitted: Node) -> [FieldDifference] {
    let mine = flatten(live)
    let theirs = flatten(emitted)
    var differences: [FieldDifference] = []
    for (path, value) in theirs.sorted(by: { $0.key < $1.key }) where mine[path] != value {
      let isRenamed =
        path == "clustermesh.mcsapi.enabled" && mine["clustermesh.enableMCSAPISupport"] == value
      differences.append(
        FieldDifference(
          path: path, live: shown(path, mine[path]), emitted: value,
          reason: isRenamed
            ? "the new name of clustermesh.enableMCSAPISupport" : reason(path, mine[path], value)))
    }
    // Helm joins mappings and replaces lists: a peer that the fragment's list leaves out is gone, other keys stay.
    let isList = emitted.at("clustermesh", "config", "clusters")?.kind == .sequence
    let peers = "clustermesh.config.clusters."
    let name = theirs["cluster.name"] ?? mine["cluster.name"]
    for path in mine.keys.filter({ theirs[$0] == nil && isOfMesh($0) }).sorted() {
      let goes = isList && path.hasPrefix(peers)
      let isOwn = name.map { path.hasPrefix("\(peers)\($0).") } ?? false
      let isShadowed =
        path.hasSuffix(".address") && theirs["\(path.dropLast("address".count))ips[0]"] != nil
      differences.append(
        FieldDifference(
          path: path, live: shown(path, mine[path]), emitted: nil,
          reason: !goes
            ? "stays: the fragment is joined with your values"
            : isOwn
              ? "goes: a cluster ignores the entry with its own name"
              : isShadowed ? "goes: the chart takes no address where there are ips" : nil))
    }
    return differences
  }

  /// Values as a report may show them: keys and certificates stay where they are.
  private static func shown(_ path: String, _ value: String?) -> String? {
    guard let value else { return nil }
    let isPEM = value.hasPrefix("LS0tLS1CRUdJTi") || value.hasPrefix("-----BEGIN")
    let name = path.split(separator: ".").last ?? ""
    return isPEM || ["key", "token", "password"].contains(name) ? "(not shown)" : value
  }

  private static func isOfMesh(_ path: String) -> Bool {
    path.hasPrefix("clustermesh.") || path.hasPrefix("cluster.")
  }

  private static func reason(_ path: String, _ live: String?, _ emitted: String) -> String? {
    guard let live else {
      return defaults[path] == emitted ? "the chart's default" : nil
    }
    return live.lowercased() == emitted.lowercased() && ["true", "false"].contains(emitted.lowercased())
      ? "the chart takes it as text or as a boolean" : nil
  }

  /// Paths to scalars; peers by their names, in whichever form they are listed.
  private static func flatten(_ node: Node) -> [String: String] {
    var values: [String: String] = [:]
    add(node, "", &values)
    return values
  }

  private static func add(_ node: Node, _ path: String, _ values: inout [String: String]) {
    switch node.kind {
    case .mapping:
      for (key, value) in node.entries {
        add(value, path.isEmpty ? key.text : "\(path).\(key.text)", &values)
      }
    case .sequence:
      for (index, element) in node.elements.enumerated() {
        let name = path == "clustermesh.config.clusters" ? element["name"]?.text : nil
        guard let name else {
          add(element, "\(path)[\(index)]", &values)
          continue
        }
        for (key, value) in element.entries where key.text != "name" {
          add(value, "\(path).\(name).\(key.text)", &values)
        }
      }
    case .null: break
    default: values[path] = node.text
    }
  }
}
