import YAMLTree

/// The order of keys that readers of Kubernetes manifests expect: the header first, names before the rest,
/// status last, everything else by its bytes.
enum KeyOrder {
  /// Few enough that looking at each is faster than a dictionary.
  private static let ranks: [(hash: UInt32, rank: Int)] =
    ["apiVersion", "kind", "metadata", "name", "namespace"].enumerated().map { (textHash($1), $0) }
    + [(textHash("status"), 1000)]

  /// Constant time: by the hash of the key.
  static func rank(_ hash: UInt32) -> Int {
    for entry in ranks where entry.hash == hash { return entry.rank }
    return 100
  }
}
