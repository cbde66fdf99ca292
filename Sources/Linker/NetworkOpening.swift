/// What must be open in the networks between clusters so that a link works: one line of a request to whoever owns the
/// firewalls.
package struct NetworkOpening: Sendable, Hashable {
  /// One end.
  package struct End: Sendable, Hashable {
    /// The cluster; nil for people and programs anywhere.
    package let cluster: String?
    /// `nodes`, `pods`, `load balancer`.
    package let what: String
    /// Networks and addresses; empty where nobody has said them.
    package let addresses: [String]

    package init(_ cluster: String?, _ what: String, _ addresses: [String]) {
      self.cluster = cluster
      self.what = what
      self.addresses = addresses
    }
  }

  package enum Need: String, Sendable {
    case required
    case recommended
    /// Only where a feature is used that no file of the repository speaks of.
    case optional
  }

  package let from: End
  package let to: End
  /// True where the other end opens connections as well.
  package let isMutual: Bool
  /// A number, or `all`.
  package let port: String
  /// `TCP`, `UDP`, `ESP`, `ICMP`, or `all`.
  package let transport: String
  package let purpose: String
  package let need: Need

  package init(
    from: End, to: End, isMutual: Bool = false, port: String, transport: String, purpose: String,
    need: Need = .required
  ) {
    self.from = from
    self.to = to
    self.isMutual = isMutual
    self.port = port
    self.transport = transport
    self.purpose = purpose
    self.need = need
  }
}

/// The openings between two clusters.
package struct NetworkPair: Sendable {
  package let clusters: [String]
  package let openings: [NetworkOpening]

  package init(_ clusters: [String], _ openings: [NetworkOpening]) {
    self.clusters = clusters
    self.openings = openings
  }
}
