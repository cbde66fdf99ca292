import Kubernetes

/// One thing that a verdict rests on, small enough to be checked by itself.
enum Claim: Sendable {
  enum Destination: Sendable {
    case address(IPAddress)
    /// A peer of the slice, by its id.
    case peer(String)
  }

  /// The subject's policies let it out.
  case egress(NamespaceSlice.Key, subject: String, Destination, port: Int, TransportProtocol)
  /// The subject's policies let the sender in.
  case ingress(NamespaceSlice.Key, subject: String, Sender, port: Int, TransportProtocol)
  /// A Service of a cluster leads from a port to a target port.
  case service(String, NamespacedName, port: Int, TransportProtocol, target: PortReference)
}
