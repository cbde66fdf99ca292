package import Diagnostics
import FleetSpec
import Kubernetes
import YAMLTree

/// Namespaces of clients of which nothing else in the repository knows: often a misspelt one, in which objects are
/// emitted that the API server refuses, while the real clients stay closed.
///
/// A repository need not hold a cluster's manifests, and then nothing can be told. It can be where the cluster's
/// Namespaces are among its manifests, or where a namespace that they name is spelt nearly like the client's.
package struct ClientNamespaces: Sendable, Equatable {
  /// A client's namespace in a cluster.
  package struct Place: Hashable, Sendable, Comparable {
    let cluster: String
    let namespace: String

    package static func < (a: Place, b: Place) -> Bool {
      (a.cluster, a.namespace) < (b.cluster, b.namespace)
    }
  }

  /// What manifests and observations name in the clusters with a place that is not known otherwise.
  private(set) var named: [String: Set<String>] = [:]
  /// Named by one connection and by nothing else.
  private(set) var unknown: [Place: Node] = [:]

  /// Linear in the clients; in the objects of clusters with clients whose namespaces have no workloads, Services or
  /// policies.
  package init(_ connections: [BoundConnection], in model: FleetModel) {
    var users: [Place: (client: BoundClient, document: SourceRange, isShared: Bool)] = [:]
    for connection in connections {
      let document = connection.connection.name.node.range
      for client in connection.clients {
        guard let cluster = client.cluster else { continue }
        let place = Place(cluster: cluster, namespace: client.namespace)
        if let user = users[place] {
          if user.document != document { users[place]?.isShared = true }
        } else {
          users[place] = (client, document, false)
        }
      }
    }
    for (place, user) in users {
      guard let cluster = model.clusters[place.cluster], !Self.isBuiltIn(place.namespace),
        !cluster.declared.hasObjects(in: place.namespace)
      else { continue }
      if named[place.cluster] == nil {
        named[place.cluster] = cluster.declared.namespaceNames.union(cluster.observed.namespaceNames)
      }
      guard named[place.cluster]?.contains(place.namespace) == false, !user.isShared else { continue }
      unknown[place] = user.client.node
    }
  }

  /// Namespaces that every cluster has.
  private static func isBuiltIn(_ namespace: String) -> Bool {
    namespace == "default" || namespace.hasPrefix("kube-") || namespace.hasPrefix("openshift-")
  }

  /// True for names that a slip of the pen makes of each other: one letter more, less, or another, or two in the wrong
  /// order. Names that differ in a digit are numbered. Linear.
  private static func isSlip(_ a: String, _ b: String) -> Bool {
    let (first, second) =
      a.utf8.count <= b.utf8.count ? (Array(a.utf8), Array(b.utf8)) : (Array(b.utf8), Array(a.utf8))
    guard second.count - first.count <= 1, first != second else { return false }
    let start = zip(first, second).prefix { $0 == $1 }.count
    let (shorter, longer) = (first[start...], second[start...])
    func isLetter(_ byte: UInt8?) -> Bool {
      byte.map { !(UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0) } ?? true
    }
    if first.count < second.count {
      return isLetter(longer.first) && shorter.elementsEqual(longer.dropFirst())
    }
    guard isLetter(shorter.first), isLetter(longer.first) else { return false }
    if shorter.dropFirst().elementsEqual(longer.dropFirst()) { return true }
    return shorter.count >= 2 && shorter.first == longer.dropFirst().first
      && shorter.dropFirst().first == longer.first && shorter.dropFirst(2).elementsEqual(longer.dropFirst(2))
  }

  package static func == (a: ClientNamespaces, b: ClientNamespaces) -> Bool {
    a.named == b.named && Set(a.unknown.keys) == Set(b.unknown.keys)
  }

  /// What to say of the unknown ones.
  package func findings(_ model: FleetModel) -> [Diagnostic] {
    unknown.sorted { $0.key < $1.key }.compactMap { place, client in
      let names = named[place.cluster] ?? []
      let slip = names.sorted().first { Self.isSlip(place.namespace, $0) }
      guard slip != nil || model.clusters[place.cluster]?.declared.namespaces.isEmpty == false else {
        return nil
      }
      let near = slip.map { "did you mean '\($0)'?" } ?? didYouMean(place.namespace, among: names.sorted())
      return Diagnostic(
        LinkerRules.unknownNamespace,
        "nothing else in the repository names a namespace '\(place.namespace)' of \(place.cluster)",
        at: (client["namespace"] ?? client).range, "the clients' namespace",
        help: [
          near ?? "the namespaces of \(place.cluster) are \(listed(names.sorted()))",
          "where it is right, put its Namespace among the workloads of \(place.cluster)",
        ])
    }
  }
}

extension ClusterFacts {
  /// True for a namespace with what connections are usually bound by; without looking at every object.
  fileprivate func hasObjects(in namespace: String) -> Bool {
    namespaces[namespace] != nil || workloads[namespace] != nil || policies[namespace] != nil
  }

  /// Every namespace that an object lies in or is. Linear in the objects.
  fileprivate var namespaceNames: Set<String> {
    var names = Set(namespaces.keys)
    for identity in objects.keys {
      if let namespace = identity.namespace { names.insert(namespace) }
    }
    return names
  }
}
