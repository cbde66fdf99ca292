/// What a connection passes on its way from the client's pod to the target's.
///
/// The order is the order of a path; a carrier leaves out what it has not got.
package enum ConnectionHop: String, Sendable, CaseIterable {
  /// The pods, or the network outside, that open the connection.
  case client
  /// The policies that let clients out.
  case egress
  /// The name that clients use, and that they can ask for it.
  case name
  /// The address and port behind the name.
  case address
  case loadBalancer = "load-balancer"
  case gateway
  /// What joins the two clusters' networks.
  case tunnel
  case service
  /// The port of the pods that the Service leads to.
  case targetPort = "target-port"
  /// The policies that let the sender in.
  case ingress
  /// The pods that answer.
  case pod
}

extension ConnectionHop: Comparable {
  private var order: Int { Self.allCases.firstIndex(of: self) ?? 0 }

  package static func < (a: ConnectionHop, b: ConnectionHop) -> Bool { a.order < b.order }
}
