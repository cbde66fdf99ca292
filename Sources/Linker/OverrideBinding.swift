import Diagnostics
import FleetSpec
import Kubernetes
import YAMLTree

/// A value that a link type keeps for each cluster, so that overrides may give it by cluster.
package struct PerClusterField: Sendable {
  /// Which end of a connection the value belongs to.
  package enum Side: Sendable {
    case client
    case target
  }

  /// The path below the type's section; it stands for all below it.
  package let path: [String]
  package let side: Side
  /// True for what the type's section of a Link holds too, under the same name.
  package let isOfLinks: Bool

  package init(_ path: [String], _ side: Side, ofLinks isOfLinks: Bool = false) {
    self.path = path
    self.side = side
    self.isOfLinks = isOfLinks
  }
}

/// Checks that overrides by cluster name clusters that take part, and values that may differ there.
struct OverrideBinding {
  let model: FleetModel
  /// Values that may differ by cluster, by link type.
  let fields: [String: [PerClusterField]]
  private(set) var findings: [Diagnostic] = []

  init(model: FleetModel, fields: [String: [PerClusterField]]) {
    self.model = model
    self.fields = fields
  }

  mutating func forgetFindings() { findings = [] }

  /// Of a Connection, whatever its link.
  private static let common = [
    PerClusterField(["to"], .target), PerClusterField(["publish"], .client),
  ]

  /// - Parameters:
  ///   - targets: the clusters of the target
  ///   - clients: the clusters of the clients
  mutating func check(
    _ connection: Connection, over link: any BoundLink, targets: [String], clients: [String]
  ) {
    for override in connection.overrides {
      let type = link.link.type.value
      for (path, key) in override.paths where path[0] != type && fields.keys.contains(path[0]) {
        reportOtherType(path[0], key, link)
      }
      guard !override.clusters.isEmpty else { continue }
      let known = Self.common + (fields[type] ?? []).map { PerClusterField([type] + $0.path, $0.side) }
      var sides: Set<PerClusterField.Side> = []
      for (path, key) in override.paths
      where path[0] == type || Self.common.contains(where: { $0.path[0] == path[0] }) {
        guard let field = known.first(where: { path.starts(with: $0.path) }) else {
          report(path, key, known)
          continue
        }
        sides.insert(field.side)
      }
      let name = connection.name.value
      for cluster in override.clusters where exists(cluster) {
        if !targets.contains(cluster.value), !clients.contains(cluster.value) {
          report(cluster, "takes no part in connection '\(name)'", targets + clients)
        } else if sides == [.target], !targets.contains(cluster.value) {
          report(cluster, "is no target of connection '\(name)'", targets)
        } else if sides == [.client], !clients.contains(cluster.value) {
          report(cluster, "has no client of connection '\(name)'", clients)
        }
      }
    }
  }

  mutating func check(_ link: any BoundLink) {
    let type = link.link.type.value
    let known = (fields[type] ?? []).filter(\.isOfLinks).map { PerClusterField([type] + $0.path, $0.side) }
    for override in link.link.overrides {
      for (path, key) in override.paths where !known.contains(where: { path.starts(with: $0.path) }) {
        if path[0] == type { report(path, key, known) } else { reportOtherType(path[0], key, link) }
      }
      for cluster in override.clusters where exists(cluster) && !link.members.contains(cluster.value) {
        report(cluster, "is no member of link '\(link.link.name.value)'", link.members)
      }
    }
  }

  private mutating func exists(_ cluster: Located<String>) -> Bool {
    guard model.clusters[cluster.value] == nil else { return true }
    guard !model.specification.isInvalid("Cluster", cluster.value) else { return false }
    findings.append(
      Diagnostic(
        LinkerRules.unknownCluster, "there is no Cluster '\(cluster.value)'", at: cluster.node.range,
        "not declared",
        help: [
          didYouMean(cluster.value, among: model.clusterNames)
            ?? "the clusters are \(listed(model.clusterNames))"
        ]))
    return false
  }

  private mutating func report(_ cluster: Located<String>, _ what: String, _ others: [String]) {
    findings.append(
      Diagnostic(
        LinkerRules.overrideElsewhere, "cluster '\(cluster.value)' \(what)", at: cluster.node.range,
        "overrides nothing", help: ["the clusters are \(listed(Set(others).sorted()))"]))
  }

  private mutating func report(_ path: [String], _ key: Node, _ known: [PerClusterField]) {
    let names = known.filter { $0.path.count > 1 }.map { $0.path.joined(separator: ".") }
    findings.append(
      Diagnostic(
        OverrideRules.notPerCluster, "'\(path.joined(separator: "."))' cannot differ by cluster",
        at: key.range,
        "the same for all clusters",
        help: [
          names.isEmpty
            ? "override it by namespace, or put it into the document itself"
            : "what can differ by cluster: \(listed(names)); override the rest by namespace"
        ]))
  }

  private mutating func reportOtherType(_ type: String, _ key: Node, _ link: any BoundLink) {
    findings.append(
      Diagnostic(
        LinkerRules.overrideElsewhere, "link '\(link.link.name.value)' is of type \(link.link.type.value)",
        at: key.range,
        "nothing reads '\(type)' here",
        help: ["remove the section, or move it to a connection over such a link"]))
  }
}
