package import Kubernetes
package import YAMLTree

/// A Connection document.
package struct Connection: Sendable {
  /// Where traffic comes from.
  package struct Client: Sendable {
    package enum Source: Sendable {
      case clusters(ClusterChoice)
      case external(name: Located<String>, cidrs: [Located<String>])
    }

    package let source: Source
    /// Nil: the connection's namespace.
    package let namespace: Located<String>?
    /// Nil: every pod of the namespace.
    package let podSelector: LabelSelector?
    package let node: Node
  }

  /// Clusters by name, by label, or every member of the link.
  package enum ClusterChoice: Sendable {
    case named([Located<String>])
    case selected(LabelSelector, Node)
    case members
  }

  /// The Service that is reached.
  package enum ServiceChoice: Sendable {
    case named([Located<String>])
    case selected(LabelSelector, Node)
    case inline(Service, Node)
  }

  package enum Match: String, Sendable {
    case each
    case any
  }

  /// Where traffic goes.
  package struct Target: Sendable {
    package let clusters: ClusterChoice
    package let match: Located<Match>?
    package let namespace: Located<String>?
    package let service: ServiceChoice
    package let ports: [Located<PortReference>]
    package let runtimeLabels: [String: [String]]
    package let node: Node
  }

  package let name: Located<String>
  /// The namespaces that the connection is declared for, at least one.
  package let namespaces: [Located<String>]
  package let via: Located<String>?
  package let from: [Client]
  package let to: Target
  package let owner: Located<String>?
  package let acknowledgedExposure: Located<String>?
  /// The ConfigMap that tells applications where the other side is.
  package let publishedConfigMap: Located<String>?
  /// `spec`, where the link types find their sections, with the overrides of its namespaces.
  package let spec: Node
  package let node: Node
  /// The overrides that hold in these namespaces, in their order.
  package var overrides: [Override] = []
  /// `spec` as it is in clusters that overrides name.
  package var clusterSpecs: [String: Node] = [:]
  /// `to` as it is in clusters that overrides name.
  package var clusterTargets: [String: Target] = [:]

  /// The target as it is in a cluster.
  package func target(in cluster: String) -> Target { clusterTargets[cluster] ?? to }

  /// A section of `spec` as it is in a cluster.
  package func section(_ key: String, in cluster: String) -> Node? { (clusterSpecs[cluster] ?? spec)[key] }

  /// The ConfigMap that tells applications of a cluster where the other side is.
  package func publishedConfigMap(in cluster: String) -> Located<String>? {
    guard let spec = clusterSpecs[cluster] else { return publishedConfigMap }
    return spec.at("publish", "configMap")?.locatedString
  }
}
