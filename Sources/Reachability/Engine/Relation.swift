import Kubernetes

/// Who on which ports: a union of products of peers and ports. For subjects whose policies also deny, where
/// sets are subtracted; pure NetworkPolicies do without.
struct Relation: Sendable {
  struct Part: Sendable, Hashable {
    var peers: PeerSet
    var ports: PortSet
  }

  private(set) var parts: [Part] = []

  init() {}

  init(_ peers: PeerSet, _ ports: PortSet) { add(peers, ports) }

  var isEmpty: Bool { parts.isEmpty }

  /// Adds a product; products of equal ports or equal peers become one.
  mutating func add(_ peers: PeerSet, _ ports: PortSet) {
    guard !peers.isEmpty, !ports.isEmpty else { return }
    for index in parts.indices {
      if parts[index].ports == ports {
        parts[index].peers = parts[index].peers.union(peers)
        return
      }
      if parts[index].peers == peers {
        parts[index].ports = parts[index].ports.union(ports)
        return
      }
    }
    parts.append(Part(peers: peers, ports: ports))
  }

  /// Linear in both, times the parts that are there.
  func union(_ other: Relation) -> Relation {
    if isEmpty { return other }
    var result = self
    for part in other.parts { result.add(part.peers, part.ports) }
    return result
  }

  func intersection(_ other: Relation) -> Relation {
    var result = Relation()
    for left in parts {
      for right in other.parts {
        result.add(left.peers.intersection(right.peers), left.ports.intersection(right.ports))
      }
    }
    return result
  }

  func subtracting(_ other: Relation) -> Relation {
    var result = self
    for removed in other.parts {
      var rest = Relation()
      for part in result.parts {
        let common = part.peers.intersection(removed.peers)
        guard !common.isEmpty, !part.ports.intersection(removed.ports).isEmpty else {
          rest.add(part.peers, part.ports)
          continue
        }
        rest.add(part.peers.subtracting(common), part.ports)
        rest.add(common, part.ports.subtracting(removed.ports))
      }
      result = rest
    }
    return result
  }
}

/// How a packet may come out of a stage of policies: each is what at least one reading yields. What no
/// reading denies is allowed for sure.
struct StageOutcome: Sendable {
  var allowed = Relation()
  var denied = Relation()
  /// Left to the next stage.
  var undecided = Relation()

  /// What comes out where the undecided goes on to another stage.
  func followed(by next: StageOutcome) -> StageOutcome {
    StageOutcome(
      allowed: allowed.union(undecided.intersection(next.allowed)),
      denied: denied.union(undecided.intersection(next.denied)),
      undecided: undecided.intersection(next.undecided))
  }
}
