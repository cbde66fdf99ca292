package import Diagnostics
import FleetSpec
import YAMLTree

/// What holds for every link type that joins the Services of one name in several clusters into one, and serves pods of
/// its members alone.
package struct JoinedServices: Sendable {
  /// A connection asks for each cluster by itself.
  package let each: Rule
  /// A client is no pod of a member.
  package let outside: Rule
  /// What makes a cluster a member, in an imperative: `make it a member`.
  package let joining: String

  package init(each: Rule, outside: Rule, joining: String) {
    self.each = each
    self.outside = outside
    self.joining = joining
  }

  /// The connection for those of its clients that are members' pods: what is wrong with another does not hold them up. Nil
  /// where nobody is left, or something else is wrong.
  package func served(
    _ connection: BoundConnection, _ findings: [Diagnostic], isMember: (String) -> Bool
  ) -> BoundConnection? {
    guard findings.allSatisfy({ $0.rule.id == outside.id }) else { return nil }
    guard !findings.isEmpty else { return connection }
    return connection.serving { $0.cluster.map(isMember) ?? false }
  }

  /// Linear in the clients and targets of the connection.
  ///
  /// - Parameter model: says which Clusters have errors of their own: nobody knows whether they are members.
  package func findings(
    _ connection: BoundConnection, in model: FleetModel, isMember: (String) -> Bool
  ) -> [Diagnostic] {
    let link = connection.link
    var findings: [Diagnostic] = []
    if let match = connection.connection.to.match, match.value == .each,
      Set(connection.targets.map(\.cluster)).count > 1
    {
      findings.append(
        Diagnostic(
          each,
          "Services of one name in several clusters are one Service behind Link '\(link.link.name.value)'",
          at: match.node.range, "'each' cannot be told apart",
          help: ["use 'match: any', or declare a connection to one cluster"]))
    }
    for client in connection.clients {
      guard let cluster = client.cluster else {
        findings.append(
          Diagnostic(
            outside, "Link '\(link.link.name.value)' serves pods of its members, not networks outside",
            at: client.node.range, "no pods of a member",
            help: ["use a link with an address of its own for this client"]))
        continue
      }
      guard !isMember(cluster), !model.specification.isInvalid("Cluster", cluster) else { continue }
      findings.append(
        Diagnostic(
          outside, "cluster '\(cluster)' is no member of Link '\(link.link.name.value)'",
          at: client.node.range, "its pods are not told of the Service",
          also: [Label(link.link.name.node.range, "its members: \(listed(link.members))")],
          help: ["\(joining), or use another link"]))
    }
    return findings
  }
}
