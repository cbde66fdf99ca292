import Diagnostics
import YAMLTree

/// A policy that admits what either of two versions of it admits: the step between them that closes nothing.
enum PolicyUnion {
  /// What the name of a policy ends with that stays beside its successor until the last stage.
  static let formerSuffix = "-linkwright-former"
  /// The longest name of an object (DNS subdomain).
  private static let longestName = 253

  private static let directions = ["ingress", "egress"]

  /// Rules of one policy add up (NetworkPolicy, CiliumNetworkPolicy), so the union has the rules of both. A direction
  /// is isolated only where both versions isolate it.
  ///
  /// Policies add up as well, so where no one policy is the union, the two beside each other are: what both versions let
  /// through, neither denies by name and at least one admits, whatever pods they select.
  static func change(from before: Node, to after: Node, kind: String) -> InPlaceChange {
    guard let old = before["spec"], let new = after["spec"] else { return .switches("it has no spec") }
    switch kind {
    case "NetworkPolicy": break
    case "CiliumNetworkPolicy", "CiliumClusterwideNetworkPolicy":
      for name in ["ingressDeny", "egressDeny"] where old[name] != nil || new[name] != nil {
        return old.isEqual(to: new) ? .wider : beside(before)
      }
    case "AuthorizationPolicy":
      // Denials and admissions add up each for themselves; from one to the other there is no way between.
      guard old["action"]?.text ?? "ALLOW" == new["action"]?.text ?? "ALLOW" else {
        return .switches("it admits what it denied, or denies what it admitted")
      }
      return old.isEqual(to: new) ? .wider : beside(before)
    // Ranks decide, and no two may have the same.
    default: return old.isEqual(to: new) ? .wider : .switches("rules of \(kind) do not add up")
    }
    for selector in ["podSelector", "endpointSelector", "nodeSelector"] {
      switch (old[selector], new[selector]) {
      case (nil, nil): break
      case (let a?, let b?) where a.isEqual(to: b): break
      default: return beside(before)
      }
    }
    let types = PolicyIsolation.directions(old, kind).intersection(PolicyIsolation.directions(new, kind))
    guard !types.isEmpty else { return beside(before) }
    let gone = directions.contains { !rules(old, $0, areIn: new, kind) }
    let come = directions.contains { !rules(new, $0, areIn: old, kind) }
    let closes = !PolicyIsolation.directions(new, kind).isSubset(of: PolicyIsolation.directions(old, kind))
    let opens = !PolicyIsolation.directions(old, kind).isSubset(of: PolicyIsolation.directions(new, kind))
    if !gone, !closes { return .wider }
    if !come, !opens { return .narrower }
    return .between(union(after, old, new, kind, types: types.sorted()))
  }

  private static func rules(_ spec: Node, _ direction: String) -> [Node] {
    spec[direction]?.elements.map { $0 } ?? []
  }

  private static func rules(_ spec: Node, _ direction: String, areIn other: Node, _ kind: String) -> Bool {
    let others = rules(other, direction)
    return rules(spec, direction).allSatisfy { rule in
      others.contains { PolicyRuleCover.covers($0, rule, kind: kind) }
    }
  }

  // MARK: Writing

  /// The earlier version under a name of its own.
  private static func beside(_ before: Node) -> InPlaceChange {
    guard let metadata = before["metadata"], let name = metadata["name"]?.string else {
      return .switches("it has no name")
    }
    let former = name + formerSuffix
    guard former.utf8.count <= longestName else { return .switches("its name is too long for a second one") }
    var tree = TreeBuilder(file: SourceFile(path: "", bytes: []))
    tree.beginDocument()
    let root = tree.open(.mapping)
    for (key, value) in before.entries {
      tree.copy(key)
      guard key.text == "metadata" else {
        tree.copy(value)
        continue
      }
      let own = tree.open(.mapping)
      for (key, value) in metadata.entries {
        tree.copy(key)
        if key.text == "name" { tree.string(former) } else { tree.copy(value) }
      }
      tree.close(own, count: metadata.count)
    }
    tree.close(root, count: before.count)
    guard let result = tree.finish().root else { return .switches(nil) }
    return .beside(name: former, YAMLWriter.write(result))
  }

  private static func union(
    _ after: Node, _ old: Node, _ new: Node, _ kind: String, types: [String]
  ) -> [UInt8] {
    var tree = TreeBuilder(file: SourceFile(path: "", bytes: []))
    tree.beginDocument()
    let root = tree.open(.mapping)
    for (key, value) in after.entries {
      tree.copy(key)
      if key.text == "spec" { spec(old, new, kind, types, to: &tree) } else { tree.copy(value) }
    }
    tree.close(root, count: after.count)
    guard let result = tree.finish().root else { return [] }
    return YAMLWriter.write(result)
  }

  private static func spec(
    _ old: Node, _ new: Node, _ kind: String, _ types: [String], to tree: inout TreeBuilder
  ) {
    let isolated = ["ingress": "Ingress", "egress": "Egress"]
    // Cilium's rules admit pods that other policies isolate, also where their own policy isolates none.
    func isWritten(_ section: String, _ direction: String) -> Bool {
      types.contains(direction) || kind != "NetworkPolicy" && old[section] != nil && new[section] != nil
    }
    let names = Set(old.entries.map(\.key.text) + new.entries.map(\.key.text))
      .filter { name in isolated[name].map { isWritten(name, $0) } ?? true }.sorted()
    let spec = tree.open(.mapping)
    for name in names {
      tree.key(name)
      if isolated[name] != nil {
        let earlier = rules(old, name)
        let later = rules(new, name).filter { rule in
          !earlier.contains { PolicyRuleCover.covers($0, rule, kind: kind) }
        }
        let list = tree.open(.sequence)
        for rule in earlier + later { tree.copy(rule) }
        tree.close(list, count: earlier.count + later.count)
      } else if name == "policyTypes" {
        let list = tree.open(.sequence)
        for type in types { tree.string(type) }
        tree.close(list, count: types.count)
      } else if name == "enableDefaultDeny" {
        // Only where both isolate.
        let answers = tree.open(.mapping)
        for section in isolated.keys.sorted() {
          tree.key(section)
          tree.boolean(isolated[section].map(types.contains) ?? false)
        }
        tree.close(answers, count: isolated.count)
      } else if let value = new[name] ?? old[name] {
        tree.copy(value)
      }
    }
    tree.close(spec, count: names.count)
  }
}
