import Diagnostics
import FleetSpec
import YAMLTree

/// Documents and directories that take part in nothing: usually a misspelt name somewhere else.
enum UnusedDocuments {
  static func findings(
    _ model: FleetModel, _ links: [String: any BoundLink], _ connections: [BoundConnection]
  ) -> [Diagnostic] {
    var findings: [Diagnostic] = []
    // A connection with an error of its own may be the one that uses the link.
    let declared = model.specification.connections.reduce(0) { $0 + $1.namespaces.count }
    guard connections.count == declared, model.specification.invalidNames.isEmpty,
      model.specification.unread.isEmpty
    else { return [] }
    let used = Set(connections.map { $0.link.link.name.value })
    let wanted = Set(model.specification.connections.compactMap { $0.via?.value })
    for (name, link) in links.sorted(by: { $0.key < $1.key })
    where !used.contains(name) && !wanted.contains(name) {
      findings.append(
        Diagnostic(
          LinkerRules.unusedLink, "no connection uses Link '\(name)'", at: link.link.name.node.range,
          "unused",
          help: ["remove it, or name it in 'via' of a connection"]))
    }
    return findings
  }
}
