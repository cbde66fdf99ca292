import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// What a connection needs of the policies at one of its ends: one pod, one peer, one port.
package struct Need: Sendable {
  enum Other: Sendable {
    /// Whom the target's policies see.
    case sender(Sender)
    /// Where the client's traffic goes.
    case address(IPAddress)
    /// A pod of another place, by its id.
    case peer(String)
    /// Who answers DNS questions.
    case resolver

    init(_ place: Claim.Place) {
      switch place {
      case .address(let address): self = .address(address)
      case .peer(let peer): self = .peer(peer.id)
      }
    }
  }

  /// True for DNS questions.
  var isOfResolver: Bool { if case .resolver = other { true } else { false } }

  let slice: NamespaceSlice.Key
  let direction: NetworkPolicy.Direction
  /// The number of the pod in the slice.
  let pod: Int
  let other: Other
  let port: UInt16
  let transport: TransportProtocol
}
