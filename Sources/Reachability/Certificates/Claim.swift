import Diagnostics
import FleetSpec
package import Kubernetes
import Linker
import YAMLTree

/// One thing that a verdict rests on, small enough to be checked by itself.
package enum Claim: Sendable {
  /// Where a client's traffic goes.
  package enum Place: Sendable {
    case address(IPAddress)
    case peer(PeerPod)
  }

  /// The policies of a namespace let some pods out.
  case egress(NamespaceSlice.Key, SubjectPod, Place, port: Int, TransportProtocol)
  /// The policies of a namespace let a sender in.
  case ingress(NamespaceSlice.Key, SubjectPod, Sender, port: Int, TransportProtocol)
  /// A Service of a cluster leads from a port to a target port.
  case service(String, NamespacedName, port: Int, TransportProtocol, target: PortReference)
  /// An object has a text at a path: declared, emitted or observed.
  case field(String, ObjectIdentity, path: [String], text: String, Hop.Evidence)
}

/// A claim with what the judge found.
package struct CheckedClaim: Sendable {
  package var claim: Claim
  package var holds: Ternary

  package init(claim: Claim, holds: Ternary) {
    self.claim = claim
    self.holds = holds
  }
}
