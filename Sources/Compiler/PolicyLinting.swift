import Diagnostics
import Kubernetes
import Linker
import Reachability

/// Checks of the fleet's own network policies, where connections begin or end: what an API server refuses, and what
/// is valid and rarely meant. Policies elsewhere are their owners' business.
struct PolicyLinting {
  /// - Parameter reported: what other rules have found; a place that one of them names is not named again.
  /// - Returns: warnings and notes joined by rule and namespace, so that a habit is one finding.
  static func findings(
    _ judgement: Judgement, _ model: FleetModel, _ connections: [BoundConnection], reported: [Diagnostic]
  ) -> [Diagnostic] {
    var namespaces: [String: Set<String>] = [:]
    for connection in connections {
      for target in connection.targets {
        namespaces[target.cluster, default: []].insert(target.service.key.namespace)
      }
      for client in connection.clients {
        if let cluster = client.cluster { namespaces[cluster, default: []].insert(client.namespace) }
      }
    }
    let (fleet, touched) = (judgement.fleet, namespaces)
    let clusters = model.clusterNames.filter { name in
      guard let declared = model.clusters[name]?.declared, let own = touched[name] else { return false }
      return own.contains { declared.policies[$0]?.isEmpty == false }
        || fleet.clusters[name]?.declaresOtherPolicies ?? false
    }
    guard !clusters.isEmpty else { return [] }
    let known = Places(reported)
    return parallelMap(clusters, piece: 1) { name -> [Diagnostic] in
      guard let cluster = fleet.clusters[name] else { return [] }
      let manifests = cluster.network(checking: touched[name])
      let lints = PolicyLints(manifests, PolicyEngine(manifests.network)).findings
      return joined((manifests.findings + lints).filter { !known.contain($0) })
    }.flatMap { $0 }
  }

  /// One finding per rule and file of what is not an error; the others of its kind are counted.
  private static func joined(_ findings: [Diagnostic]) -> [Diagnostic] {
    var groups: [String: Int] = [:]
    var result: [Diagnostic] = []
    var counts: [Int] = []
    for finding in findings {
      let file = finding.primary?.range.file.path ?? ""
      // Files of one directory are one namespace's, as a rule.
      let directory = file.lastIndex(of: "/").map { String(file[..<$0]) } ?? ""
      let key = "\(finding.rule.id) \(directory)"
      guard finding.severity != .error, let first = groups[key] else {
        groups[key] = result.count
        result.append(finding)
        counts.append(1)
        continue
      }
      counts[first] += 1
      if counts[first] <= 4, let range = finding.primary?.range {
        result[first].secondary.append(Label(range, "so here"))
      }
    }
    for (index, count) in counts.enumerated() where count > 4 {
      result[index].help.append("\(count - 4) more of the kind lie beside these")
    }
    return result
  }

  /// Places that findings name.
  private struct Places {
    private var byFile: [String: [Range<Int>]] = [:]

    init(_ findings: [Diagnostic]) {
      for finding in findings {
        guard let range = finding.primary?.range else { continue }
        byFile[range.file.path, default: []].append(range.start..<max(range.end, range.start + 1))
      }
    }

    func contain(_ finding: Diagnostic) -> Bool {
      guard let range = finding.primary?.range else { return false }
      return byFile[range.file.path]?.contains { $0.overlaps(range.start..<max(range.end, range.start + 1)) }
        ?? false
    }
  }
}
