package import Diagnostics
package import Kubernetes
package import YAMLTree

/// A Policy document: what the organisation allows.
package struct Policy: Sendable {
  /// A choice among documents and objects. An absent part does not restrict.
  package struct Selection: Sendable {
    package let names: [NamePattern]?
    package let namespaces: [NamePattern]?
    package let clusters: [NamePattern]?

    init(_ node: Node?) {
      names = Self.patterns(node?["names"])
      namespaces = Self.patterns(node?["namespaces"])
      clusters = Self.patterns(node?["clusters"])
    }

    private static func patterns(_ node: Node?) -> [NamePattern]? {
      node.map { $0.elements.map { NamePattern($0.text) } }
    }

    /// True for what the selection covers. What has no namespace or cluster is not covered by one that asks for
    /// it.
    package func covers(name: String, namespace: String?, cluster: String?) -> Bool {
      Self.covers(names, name) && Self.covers(namespaces, namespace) && Self.covers(clusters, cluster)
    }

    private static func covers(_ patterns: [NamePattern]?, _ value: String?) -> Bool {
      guard let patterns else { return true }
      guard let value else { return false }
      return patterns.contains { $0.matches(value) }
    }
  }

  /// A kind that rules judge: of the specification, or of emitted objects.
  package struct KindReference: Sendable {
    /// Nil: of any group.
    package let group: String?
    package let kind: String
    package let node: Node

    init(_ node: Node) {
      let parts = node.text.split(separator: "/").map(String.init)
      group = parts.count == 2 ? parts[0] : nil
      kind = parts.last ?? ""
      self.node = node
    }
  }

  /// A named part of expressions.
  package struct Variable: Sendable {
    package let name: Located<String>
    package let expression: Located<String>
  }

  /// What must hold for everything that is matched.
  package struct Rule: Sendable {
    package let name: Located<String>?
    package let expression: Located<String>
    package let message: String?
    package let messageExpression: Located<String>?
    package let severity: Severity
  }

  /// What may break rules, and why.
  package struct Exemption: Sendable {
    /// Names of rules; nil: every rule of the policy.
    package let rules: [Located<String>]?
    package let selection: Selection
    package let reason: String
    /// The last day, `2027-03-31`; days in this form compare as texts.
    package let until: Located<String>?
    package let node: Node
  }

  /// A path that must not, or must, exist on the evaluated fleet.
  package struct PathRule: Sendable {
    package enum Demand: String, Sendable {
      case deny
      case require
    }

    package let name: Located<String>?
    package let demand: Demand
    package let from: PathEnd
    package let to: PathEnd
    /// Ports of the pods that are reached; nil: every port.
    package let ports: [PathPorts]?
    package let message: String?
    package let severity: Severity
    /// The mapping under `deny` or `require`.
    package let node: Node
  }

  /// One end of a path.
  package struct PathEnd: Sendable {
    package let clusters: [NamePattern]?
    package let clusterSelector: LabelSelector?
    package let namespaces: NamePattern?
    package let namespaceSelector: LabelSelector?
    package let podSelector: LabelSelector?
    /// Networks outside the clusters; nil where the end is pods.
    package let networks: [Located<IPNetwork>]?
    package let node: Node
  }

  /// A range of ports.
  package struct PathPorts: Sendable {
    package let transport: TransportProtocol
    package let ports: ClosedRange<UInt16>
  }

  package let name: Located<String>
  package let kinds: [KindReference]
  package let selection: Selection
  package let condition: Located<String>?
  package let variables: [Variable]
  package let rules: [Rule]
  package let exemptions: [Exemption]
  package let paths: [PathRule]
  package let node: Node
}
