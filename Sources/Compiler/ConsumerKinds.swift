import Diagnostics
import FleetSpec
import JSONSchema
import Kubernetes
import Output
import YAMLTree

/// Kinds that a Fleet says its consumer refuses or leaves out: a misspelt one guards against nothing.
enum ConsumerKinds {
  /// Kinds that nobody knows and that are nearly one that is known. A kind of somebody's own is no fault.
  static func findings(_ fleet: Fleet, _ schemas: KubernetesSchemas) -> [Diagnostic] {
    guard let consumer = fleet.consumer else { return [] }
    let lists = ["forbiddenKinds", "excludedKinds"].compactMap { consumer.node[$0] }
    guard lists.contains(where: { $0.count > 0 }) else { return [] }
    let known = Set(schemas.kinds.compactMap { $0.split(separator: " ").last.map(String.init) })
    return lists.flatMap { Array($0.elements) }.compactMap { node in
      guard !known.contains(node.text), !ServedVersions.isWidelyKnown(kind: node.text),
        let near = didYouMean(node.text, among: known.sorted())
      else { return nil }
      return Diagnostic(
        OutputRules.unknownKind, "'\(node.text)' is no kind that is known", at: node.range,
        "nothing has this kind", help: [near])
    }
  }
}
