package import Diagnostics
import YAMLTree

/// Every document of a fleet, each name once.
package struct Specification: Sendable {
  package let fleet: Fleet
  package private(set) var clusters: [String: Cluster] = [:]
  package private(set) var links: [String: Link] = [:]
  /// In the order of their files.
  package private(set) var connections: [Connection] = []
  /// In the order of their files.
  package private(set) var policies: [Policy] = []
  /// Names of documents that exist but cannot be used: `Kind/name`.
  package private(set) var invalidNames: Set<String> = []
  /// Files that could not be read to their end.
  package private(set) var unread: [UnreadFile] = []
  package private(set) var findings: [Diagnostic] = []

  /// Joins what the files declare, in the order of their paths.
  package init(fleet: Fleet, _ files: [DecodedDocuments]) {
    self.fleet = fleet
    var seenConnections: [String: Connection] = [:]
    for file in files {
      findings += file.findings
      if let unread = file.unread { self.unread.append(unread) }
      for invalid in file.invalid { invalidNames.insert("\(invalid.kind)/\(invalid.name)") }
      for cluster in file.clusters {
        if let first = clusters[cluster.name.value] {
          reportDuplicate("Cluster", cluster.name, first.name)
        } else {
          clusters[cluster.name.value] = cluster
        }
      }
      for link in file.links {
        if let first = links[link.name.value] {
          reportDuplicate("Link", link.name, first.name)
        } else {
          links[link.name.value] = link
        }
      }
      for policy in file.policies {
        if let first = policies.first(where: { $0.name.value == policy.name.value }) {
          reportDuplicate("Policy", policy.name, first.name)
        } else {
          policies.append(policy)
        }
      }
      for connection in file.connections {
        var isNew = true
        for namespace in connection.namespaces {
          let key = "\(namespace.value)/\(connection.name.value)"
          if let first = seenConnections[key] {
            reportDuplicate("Connection", Located(key, connection.name.node), first.name)
            isNew = false
          } else {
            seenConnections[key] = connection
          }
        }
        if isNew { connections.append(connection) }
      }
    }
  }

  /// True when a document of that kind and name exists but has findings of its own, or may be in a file that could not
  /// be read: nothing else may complain that it is missing.
  package func isInvalid(_ kind: String, _ name: String) -> Bool {
    invalidNames.contains("\(kind)/\(name)") || unread.contains { $0.mayHold(name) }
  }

  /// True when a Cluster has errors of its own: what the others lack may be what it has. Linear in the invalid documents.
  package var hasInvalidClusters: Bool { invalidNames.contains { $0.hasPrefix("Cluster/") } }

  private mutating func reportDuplicate(_ kind: String, _ again: Located<String>, _ first: Located<String>) {
    findings.append(
      Diagnostic(
        FleetSpecRules.duplicateName, "there are two documents \(kind) '\(again.value)'",
        at: again.node.range,
        "the name again", also: [Label(first.node.range, "first here")],
        help: ["rename or remove one of them"]))
  }
}
