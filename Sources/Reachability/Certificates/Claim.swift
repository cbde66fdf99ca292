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

    /// True for pods in the network of their node.
    var isHostNetwork: Bool {
      if case .peer(let peer) = self { return peer.isHostNetwork }
      return false
    }
  }

  /// The policies of a namespace let some pods out.
  case egress(NamespaceSlice.Key, SubjectPod, Place, port: Int, TransportProtocol)
  /// The policies of a namespace let a sender in.
  case ingress(NamespaceSlice.Key, SubjectPod, Sender, port: Int, TransportProtocol)
  /// A Service of a cluster leads from a port to a target port.
  case service(String, NamespacedName, port: Int, TransportProtocol, target: PortReference)
  /// Some object answers one of the questions: declared, emitted or observed.
  case found([ObjectQuery])
  /// A Service without selector of a namespace, and its endpoints, lead to an address and port.
  case leads(String, namespace: String, to: IPAddress, port: Int, TransportProtocol)
  /// Pods carry what a Service selects, with labels that controllers set while pods run.
  case pods(String, NamespacedName, runtimeLabels: [String: [String]])
  /// The pods behind a Service have a container port of the name that the Service leads to.
  case targetPort(String, NamespacedName, name: String, TransportProtocol)
  /// A text is an IPv4 address that endpoints may hold.
  case address(String)
  /// A cluster's resolver sends questions for a name to a server.
  case forwards(String, name: String, to: String)
  /// A cluster's resolver answers for Services that are imported: names below `clusterset.local`.
  case resolvesImports(String)

  /// A claim that some object answers the question.
  package static func found(_ query: ObjectQuery) -> Claim { .found([query]) }
}

/// A claim with what the judge found, and what it means for the connection.
package struct CheckedClaim: Sendable {
  package var claim: Claim
  package var holds: Ternary
  /// The answer with which the hop holds: `.no` for what would stand in the way.
  package var wanted: Ternary
  /// True where an answer would settle a hop that waits: nobody has observed it yet.
  package var isMissing: Bool

  package init(claim: Claim, holds: Ternary, wanted: Ternary = .yes, isMissing: Bool = false) {
    self.claim = claim
    self.holds = holds
    self.wanted = wanted
    self.isMissing = isMissing
  }

  /// True where the hop fails for it, under every reading.
  var breaks: Bool { !isMissing && holds != .depends && holds != wanted }
}
