import Diagnostics
import YAMLTree

/// An object that does what either of two versions of it does, where Kubernetes or the system that reads it lets what
/// they say add up: labels and annotations, exposed hosts, reachable networks, named ports.
struct ObjectUnion {
  /// How two values become one.
  private enum Combination {
    /// Keys of both; values of keys that both have are combined.
    case keys
    /// Elements of both.
    case set
    /// Items of both by what identifies them; items that both have are combined.
    case items(by: [String])
    /// A list of names in one text, `a,b`.
    case names
    /// Whatever is on in one is on.
    case switchedOn
    /// Says where an object comes from, not what it does.
    case provenance
  }

  /// What adds up, by kind and path; `[]` stands for the items of a list. Everything else must be alike.
  ///
  /// Sources: Istio's Gateway (servers[].hosts), TSB's OrganizationSetting (networkReachability: from → "to,to"),
  /// WorkspaceSetting (exposedServices: any of the labels) and Workspace (namespaceSelector.names), Cilium's annotations
  /// of global services.
  private static let combinations: [String: [String: Combination]] = [
    "": [
      "metadata.labels": .keys, "metadata.annotations": .keys,
      "metadata.annotations.config.kubernetes.io/origin": .provenance,
      "metadata.annotations.linkwright.dev/connection": .provenance,
      "metadata.annotations.service.cilium.io/global": .switchedOn,
      "metadata.annotations.service.cilium.io/shared": .switchedOn,
      "metadata.annotations.service.cilium.io/global-sync-endpoint-slices": .switchedOn,
    ],
    "Gateway": ["spec.servers": .items(by: ["port", "tls"]), "spec.servers[].hosts": .set],
    "OrganizationSetting": [
      "spec.networkSettings.networkReachability": .keys,
      "spec.networkSettings.networkReachability.*": .names,
    ],
    "WorkspaceSetting": [
      "spec.defaultEastWestGatewaySettings": .items(by: ["workloadSelector"]),
      "spec.defaultEastWestGatewaySettings[].exposedServices": .set,
    ],
    "Workspace": ["spec.namespaceSelector.names": .set],
    "Service": ["spec.ports": .items(by: ["name", "port", "protocol"])],
  ]

  static func change(from before: Node, to after: Node, kind: String) -> InPlaceChange {
    var union = ObjectUnion(kind: kind)
    guard let merged = union.merge(before, after, []) else { return .switches(nil) }
    if !union.removes { return .wider }
    if !union.adds { return .narrower }
    if kind == "Service", !hasUsablePorts(merged) { return .switches(nil) }
    var tree = TreeBuilder(file: SourceFile(path: "", bytes: []))
    tree.beginDocument()
    merged.write(to: &tree)
    guard let result = tree.finish().root else { return .switches(nil) }
    return .between(YAMLWriter.write(result))
  }

  private let kind: String
  /// The later version has something that the earlier one lacks.
  private var adds = false
  private var removes = false

  private init(kind: String) { self.kind = kind }

  private indirect enum Merged {
    case node(Node)
    case text(String)
    case mapping([(key: String, value: Merged)])
    case sequence([Merged])

    func write(to tree: inout TreeBuilder) {
      switch self {
      case .node(let node): tree.copy(node)
      case .text(let text): tree.string(text)
      case .mapping(let entries):
        let mapping = tree.open(.mapping)
        for entry in entries {
          tree.key(entry.key)
          entry.value.write(to: &tree)
        }
        tree.close(mapping, count: entries.count)
      case .sequence(let items):
        let list = tree.open(.sequence)
        for item in items { item.write(to: &tree) }
        tree.close(list, count: items.count)
      }
    }
  }

  private func combination(_ path: [String]) -> Combination? {
    let text = path.joined(separator: ".").replacing(".[]", with: "[]")
    let any = path.dropLast().joined(separator: ".") + ".*"
    for table in [Self.combinations[kind], Self.combinations[""]] {
      if let found = table?[text] ?? table?[any] { return found }
    }
    return nil
  }

  /// Nil where the two do not add up.
  private mutating func merge(_ old: Node, _ new: Node, _ path: [String]) -> Merged? {
    if old.isEqual(to: new) { return .node(new) }
    switch combination(path) {
    case .provenance: return .node(new)
    case .switchedOn:
      // Other values than these two mean something else.
      switch (old.text, new.text) {
      case ("true", "false"):
        removes = true
        return .node(old)
      case ("false", "true"):
        adds = true
        return .node(new)
      default: return nil
      }
    case .names:
      let (a, b) = (Self.names(old), Self.names(new))
      note(adds: !b.isSubset(of: a), removes: !a.isSubset(of: b))
      return .text(a.union(b).sorted().joined(separator: ","))
    case .set: return set(old, new)
    case .items(let keys): return items(old, new, by: keys, path)
    case .keys, nil:
      guard old.kind == .mapping, new.kind == .mapping else { return nil }
      return mapping(old, new, path, isOpen: combination(path) != nil)
    }
  }

  private static func names(_ node: Node) -> Set<String> {
    Set(node.text.split { $0 == "," || $0 == " " }.map(String.init))
  }

  private mutating func note(adds: Bool, removes: Bool) {
    if adds { self.adds = true }
    if removes { self.removes = true }
  }

  private mutating func mapping(_ old: Node, _ new: Node, _ path: [String], isOpen: Bool) -> Merged? {
    var entries: [(key: String, value: Merged)] = []
    for (key, value) in new.entries {
      if let before = old[key.text] {
        guard let merged = merge(before, value, path + [key.text]) else { return nil }
        entries.append((key.text, merged))
      } else {
        // A mapping of labels that only one side has is one without labels on the other.
        guard isOpen || isAddition(value, path + [key.text]) else { return nil }
        if !isProvenance(path + [key.text]) { adds = true }
        entries.append((key.text, .node(value)))
      }
    }
    for (key, value) in old.entries where new[key.text] == nil {
      guard isOpen || isAddition(value, path + [key.text]) else { return nil }
      if isProvenance(path + [key.text]) { continue }
      removes = true
      entries.append((key.text, .node(value)))
    }
    return .mapping(entries)
  }

  private func isAddition(_ value: Node, _ path: [String]) -> Bool {
    if case .keys? = combination(path), value.kind == .mapping, path.first == "metadata" { return true }
    return false
  }

  private func isProvenance(_ path: [String]) -> Bool {
    if case .provenance? = combination(path) { return true }
    return false
  }

  private mutating func set(_ old: Node, _ new: Node) -> Merged? {
    guard old.kind == .sequence, new.kind == .sequence, old.count > 0, new.count > 0 else { return nil }
    let gone = old.elements.filter { item in !new.elements.contains { $0.isEqual(to: item) } }
    let come = new.elements.contains { item in !old.elements.contains { $0.isEqual(to: item) } }
    note(adds: come, removes: !gone.isEmpty)
    return .sequence(new.elements.map { Merged.node($0) } + gone.map { Merged.node($0) })
  }

  private mutating func items(_ old: Node, _ new: Node, by keys: [String], _ path: [String]) -> Merged? {
    guard old.kind == .sequence, new.kind == .sequence else { return nil }
    func isSame(_ a: Node, _ b: Node) -> Bool {
      keys.allSatisfy { key in
        switch (a[key], b[key]) {
        case (nil, nil): true
        case (let x?, let y?): x.isEqual(to: y)
        default: false
        }
      }
    }
    var items: [Merged] = []
    for item in new.elements {
      if let before = old.elements.first(where: { isSame($0, item) }) {
        guard let merged = merge(before, item, path + ["[]"]) else { return nil }
        items.append(merged)
      } else {
        adds = true
        items.append(.node(item))
      }
    }
    for item in old.elements where !new.elements.contains(where: { isSame($0, item) }) {
      removes = true
      items.append(.node(item))
    }
    return .sequence(items)
  }

  /// Ports of a Service have names where there is more than one, and no two are the same.
  private static func hasUsablePorts(_ merged: Merged) -> Bool {
    guard case .mapping(let root) = merged,
      case .mapping(let spec)? = root.first(where: { $0.key == "spec" })?.value,
      case .sequence(let ports)? = spec.first(where: { $0.key == "ports" })?.value
    else { return true }
    var names: Set<String> = []
    var numbers: Set<String> = []
    var nodePorts: Set<String> = []
    return ports.allSatisfy { port in
      guard case .node(let node) = port, let name = node["name"]?.string else { return false }
      let isNew = names.insert(name).inserted
      let number = "\(node["port"]?.text ?? "")/\(node["protocol"]?.text ?? "TCP")"
      let isFree = node["nodePort"].map { nodePorts.insert($0.text).inserted } ?? true
      return isNew && isFree && numbers.insert(number).inserted
    }
  }
}
