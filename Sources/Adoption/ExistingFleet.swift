import Compiler
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// The fleet that is there already: what a person wrote is never written again.
struct ExistingFleet {
  /// Nil where there is no fleet, or none that can be read.
  let fleet: Fleet?
  private let specification: Specification?
  /// Connections by each of their namespaces.
  private var connections: [String: [Connection]] = [:]

  init(_ compilation: Compilation?) {
    fleet = compilation?.fleet
    specification = compilation?.specification
    for connection in specification?.connections ?? [] {
      for namespace in Set(connection.namespaces.map(\.value)) {
        connections[namespace, default: []].append(connection)
      }
    }
  }

  func has(cluster: String) -> Bool {
    specification?.clusters[cluster] != nil || specification?.isInvalid("Cluster", cluster) == true
  }

  /// The keys of an existing Cluster's spec.
  func keys(ofCluster name: String) -> Set<String> {
    Set(specification?.clusters[name]?.node["spec"]?.entries.map(\.key.text) ?? [])
  }

  /// The name of the Link that does what a candidate would do.
  func link(like candidate: LinkCandidate) -> String? {
    let links = specification?.links.values.filter { $0.type.value == candidate.type } ?? []
    return links.filter { link in
      if let matches = candidate.matches { return matches(link.section) }
      guard let anchor = candidate.anchor else { return true }
      return link.section[anchor.key].map { Self.text($0) == anchor.text } ?? false
    }.map(\.name.value).min()
  }

  /// A section's value as an anchor names it.
  private static func text(_ node: Node) -> String {
    if node.isScalar { return node.text }
    if node.kind == .sequence { return node.elements.map(text).joined(separator: ",") }
    return node.entries.map { "\($0.key.text)=\(text($0.value))" }.sorted().joined(separator: ",")
  }

  /// The section of an existing Link.
  func section(ofLink name: String) -> Node? { specification?.links[name]?.section }

  func has(link name: String) -> Bool {
    specification?.links[name] != nil || specification?.isInvalid("Link", name) == true
  }

  /// The Connection that leads to a candidate's Service already.
  func connection(like candidate: ConnectionCandidate, over link: String) -> Connection? {
    connections[candidate.namespace]?.first { connection in
      if connection.name.value == candidate.name { return true }
      guard (connection.to.namespace?.value ?? candidate.namespace) == candidate.service.namespace,
        connection.via.map({ $0.value == link }) ?? true
      else { return false }
      switch connection.to.service {
      case .named(let names): return names.contains { $0.value == candidate.service.name }
      case .inline(let service, _): return service.key.name == candidate.service.name
      case .selected: return false
      }
    }
  }
}
