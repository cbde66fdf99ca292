import YAMLTree

/// The order of keys that readers of Kubernetes manifests expect: the header first, names before the rest,
/// status last, everything else by its bytes.
enum KeyOrder {
  private static let ranks: [UInt32: Int] = {
    let keys = ["apiVersion", "kind", "metadata", "name", "namespace"]
    var ranks: [UInt32: Int] = [:]
    for (rank, key) in keys.enumerated() { ranks[textHash(key)] = rank }
    ranks[textHash("status")] = 1000
    return ranks
  }()

  /// Constant time: by the hash of the key.
  static func rank(_ key: Node) -> Int { ranks[key.hash] ?? 100 }
}
