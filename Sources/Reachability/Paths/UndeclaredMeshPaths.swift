import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import YAMLTree

/// Ways between members of a mesh that nobody declares. The pods of all members are in one network, so that whatever
/// policies of the two ends leave open passes, by a global Service or by the pod's address.
struct UndeclaredMeshPaths {
  /// One path, in words.
  struct Witness {
    let words: String
    let places: [Label]
    let target: NamespacedName
    let cluster: String
    let path: String
    /// What would close it.
    let closing: String
  }

  let source: ClusterPaths
  let destination: ClusterPaths
  /// True for pairs that a connection declares, which is judged by itself.
  let isDeclared: (Workload, Workload) -> Bool

  /// One pair that may pass; nil where policies keep all of them apart. Linear in the namespaces of the one end times the
  /// pods of the other.
  func witness(_ path: Policy.PathRule) -> Witness? {
    let sources = source.workloads(in: path.from)
    let destinations = destination.workloads(in: path.to)
    guard !sources.isEmpty, !destinations.isEmpty else { return nil }
    let outside = sources.map { Self.peer($0, of: source.cluster) }
    var slices: [String: NamespaceSlice] = [:]
    for target in destinations {
      let namespace = target.key.namespace
      let slice =
        slices[namespace] ?? NamespaceSlice(destination.cluster, namespace, subjects: [], peers: outside)
      slices[namespace] = slice
      guard let pod = slice.number(ofSubject: SubjectPod(target).id) else { continue }
      for (client, peer) in zip(sources, outside) where !isDeclared(client, target) {
        guard let other = slice.number(ofPeer: peer.id) else { continue }
        var open = slice.engine.connections(from: .pod(other), to: .pod(pod)).may
        if let wanted = ClusterPaths.wanted(path) { open = open.intersection(wanted) }
        guard !open.isEmpty else { continue }
        open = open.intersection(leaving(client, to: target))
        guard let (port, transport) = open.first else { continue }
        return witness(client, target, open, slice, other, pod, port, transport)
      }
    }
    return nil
  }

  /// At which ports the client's own policies let it out to a pod of the other cluster.
  private func leaving(_ client: Workload, to target: Workload) -> PortSet {
    let peer = Self.peer(target, of: destination.cluster)
    let slice = NamespaceSlice(source.cluster, client.key.namespace, subjects: [], peers: [peer])
    guard let pod = slice.number(ofSubject: SubjectPod(client).id), let other = slice.number(ofPeer: peer.id)
    else { return PortSet() }
    return slice.engine.connections(from: .pod(pod), to: .pod(other)).may
  }

  private static func peer(_ workload: Workload, of cluster: JudgedCluster) -> PeerPod {
    PeerPod(.special(SubjectPod(workload)), of: cluster, workload.key.namespace)
  }

  private func witness(
    _ client: Workload, _ target: Workload, _ open: PortSet, _ slice: NamespaceSlice, _ other: Int,
    _ pod: Int,
    _ port: UInt16, _ transport: TransportProtocol
  ) -> Witness {
    let sides = slice.engine.trace(from: .pod(other), to: .pod(pod), port: port, transport).sides
    let opening = sides.filter { $0.direction == .ingress }.flatMap(\.decisions).filter(\.opens.may)
    let reasons = opening.map { "\($0.policy.identity.description): \($0.reason)" }
    let isOpen = slice.engine.isOpen(pod, .ingress)
    let one = "\(client.description) of \(client.key.namespace)"
    let two = "\(target.description) of \(target.key.namespace)"
    let at = open.isAll ? "every port" : "\(transport.rawValue) \(port)"
    return Witness(
      words:
        "\(one) in \(source.cluster.name) may reach \(two) in \(destination.cluster.name) at \(at): the mesh joins their pod networks, and \(isOpen ? "nothing isolates the pods" : "policies admit it")",
      places: [
        Label(client.manifest.nameNode.range, "the source"),
        Label(target.manifest.nameNode.range, "the destination"),
      ], target: target.key, cluster: destination.cluster.name,
      path:
        "  \(one) @\(source.cluster.name)\n  tunnel: the mesh\n  ingress: \(isOpen ? "not isolated" : listed(reasons))\n  \(two) @\(destination.cluster.name)\n",
      closing: isOpen
        ? "isolate \(two) with a policy: the connections' clients are admitted by what is emitted then"
        : "narrow \(listed(opening.map(\.policy.identity.description).withoutRepetitions))"
    )
  }
}
