/// Cilium's names for groups of peers (`pkg/policy/api/entity.go`, the documentation on layer 3 policies).
struct CiliumEntities: OptionSet, Sendable, Hashable {
  let rawValue: UInt16

  static let all = CiliumEntities(rawValue: 1)
  static let worldIPv4 = CiliumEntities(rawValue: 2)
  static let worldIPv6 = CiliumEntities(rawValue: 4)
  static let host = CiliumEntities(rawValue: 8)
  static let remoteNode = CiliumEntities(rawValue: 16)
  static let cluster = CiliumEntities(rawValue: 32)
  static let clusterMesh = CiliumEntities(rawValue: 64)
  static let apiServer = CiliumEntities(rawValue: 128)
  /// Cilium's own proxies and probes, which are no pods.
  static let proxies = CiliumEntities(rawValue: 256)
  /// Pods that Cilium does not know yet, or never will.
  static let unmanaged = CiliumEntities(rawValue: 512)

  /// The names of entities.
  static let names: KeyValuePairs<String, CiliumEntities> = [
    "all": .all, "world": [.worldIPv4, .worldIPv6], "world-ipv4": .worldIPv4, "world-ipv6": .worldIPv6,
    "host": .host, "remote-node": .remoteNode, "cluster": .cluster, "cluster-mesh": .clusterMesh,
    "kube-apiserver": .apiServer, "ingress": .proxies, "health": .proxies, "init": .unmanaged,
    "unmanaged": .unmanaged, "none": [],
  ]

  /// Nil where there is no such entity.
  init?(named name: String) {
    guard let found = Self.names.first(where: { $0.key == name }) else { return nil }
    self = found.value
  }

  init(rawValue: UInt16) { self.rawValue = rawValue }
}

/// Labels that Cilium gives endpoints (`pkg/k8s/apis/cilium.io/const.go`).
enum CiliumLabels {
  static let cluster = "io.cilium.k8s.policy.cluster"
  static let serviceAccount = "io.cilium.k8s.policy.serviceaccount"
  static let namespace = "io.kubernetes.pod.namespace"
  static let namespaceLabels = "io.cilium.k8s.namespace.labels."

  /// A key without the source of its label.
  static func bare(_ key: String) -> String {
    for source in ["k8s:", "any:"] where key.hasPrefix(source) { return String(key.dropFirst(source.count)) }
    return key
  }
}
