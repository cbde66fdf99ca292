import Diagnostics
import YAMLTree

/// A policy that admits what either of two versions of it admits: the step between them that closes nothing.
enum PolicyUnion {
  /// What stands between two versions.
  enum Step {
    /// The later version admits all that the earlier one did.
    case laterIsWider
    /// The earlier version admits all that the later one does.
    case earlierIsWider
    /// A policy of its own.
    case between([UInt8])
    /// No one policy does it: other pods are selected, traffic is denied by name, or other directions are isolated.
    case impossible(String)
  }

  /// Rules of one policy add up (NetworkPolicy, CiliumNetworkPolicy), so the union has the rules of both. A direction
  /// is isolated only where both versions isolate it.
  static func step(from before: Node, to after: Node, kind: String) -> Step {
    guard let old = before["spec"], let new = after["spec"] else { return .impossible("it has no spec") }
    let directions = ["ingress", "egress"]
    switch kind {
    case "NetworkPolicy": break
    case "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy":
      for name in ["ingressDeny", "egressDeny"] where old[name] != nil || new[name] != nil {
        return .impossible("it denies by name")
      }
    default: return .impossible("rules of \(kind) do not add up")
    }
    for selector in ["podSelector", "endpointSelector", "nodeSelector"] {
      switch (old[selector], new[selector]) {
      case (nil, nil): break
      case (let a?, let b?) where a.isEqual(to: b): break
      default: return .impossible("it selects other pods")
      }
    }
    let types = isolation(old, kind).intersection(isolation(new, kind))
    guard !types.isEmpty else { return .impossible("it isolates another direction") }
    let gone = directions.contains { !rules(old, $0, areIn: new) }
    let come = directions.contains { !rules(new, $0, areIn: old) }
    let closes = !isolation(new, kind).isSubset(of: isolation(old, kind))
    let opens = !isolation(old, kind).isSubset(of: isolation(new, kind))
    if !gone, !closes { return .laterIsWider }
    if !come, !opens { return .earlierIsWider }
    return .between(union(after, old, new, types: types.sorted()))
  }

  private static func rules(_ spec: Node, _ direction: String) -> [Node] {
    spec[direction]?.elements.map { $0 } ?? []
  }

  private static func rules(_ spec: Node, _ direction: String, areIn other: Node) -> Bool {
    let others = rules(other, direction)
    return rules(spec, direction).allSatisfy { rule in others.contains { $0.isEqual(to: rule) } }
  }

  /// The directions that a policy isolates, with the API's defaults.
  private static func isolation(_ spec: Node, _ kind: String) -> Set<String> {
    if kind == "NetworkPolicy" {
      if let types = spec["policyTypes"], types.count > 0 { return Set(types.elements.map(\.text)) }
      return rules(spec, "egress").isEmpty ? ["Ingress"] : ["Ingress", "Egress"]
    }
    var directions: Set<String> = []
    if spec["ingress"] != nil { directions.insert("Ingress") }
    if spec["egress"] != nil { directions.insert("Egress") }
    return directions
  }

  private static func union(_ after: Node, _ old: Node, _ new: Node, types: [String]) -> [UInt8] {
    var tree = TreeBuilder(file: SourceFile(path: "", bytes: []))
    tree.beginDocument()
    let root = tree.open(.mapping)
    for (key, value) in after.entries {
      tree.copy(key)
      if key.text == "spec" { spec(old, new, types, to: &tree) } else { tree.copy(value) }
    }
    tree.close(root, count: after.count)
    guard let result = tree.finish().root else { return [] }
    return YAMLWriter.write(result)
  }

  private static func spec(_ old: Node, _ new: Node, _ types: [String], to tree: inout TreeBuilder) {
    let directions = ["ingress": "Ingress", "egress": "Egress"]
    let names = Set(old.entries.map(\.key.text) + new.entries.map(\.key.text))
      .filter { name in directions[name].map(types.contains) ?? true }.sorted()
    let spec = tree.open(.mapping)
    for name in names {
      tree.key(name)
      if directions[name] != nil {
        let earlier = rules(old, name)
        let later = rules(new, name).filter { rule in !earlier.contains { $0.isEqual(to: rule) } }
        let list = tree.open(.sequence)
        for rule in earlier + later { tree.copy(rule) }
        tree.close(list, count: earlier.count + later.count)
      } else if name == "policyTypes" {
        let list = tree.open(.sequence)
        for type in types { tree.string(type) }
        tree.close(list, count: types.count)
      } else if let value = new[name] ?? old[name] {
        tree.copy(value)
      }
    }
    tree.close(spec, count: names.count)
  }
}
