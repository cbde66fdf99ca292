package import YAMLTree

/// Labels of an object: few, so a sorted array beats a dictionary.
package struct Labels: Hashable, Sendable {
  package struct Label: Hashable, Sendable {
    package let key: String
    package let value: String
  }

  package private(set) var items: [Label]

  /// Reads a mapping of strings; entries that are not scalars are left out. API servers decode null as the empty text.
  package init(_ node: Node?) {
    items =
      node?.entries.compactMap {
        $1.isScalar ? Label(key: $0.text, value: $1.isNull ? "" : $1.text) : nil
      } ?? []
    items.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  package init(_ pairs: KeyValuePairs<String, String> = [:]) {
    items = pairs.map { Label(key: $0, value: $1) }
    items.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }

  package subscript(key: String) -> String? {
    for item in items where item.key == key { return item.value }
    return nil
  }

  package var isEmpty: Bool { items.isEmpty }

  /// The labels with one set to another value. Linear in the labels.
  package func setting(_ key: String, to value: String) -> Labels {
    var result = self
    result.items.removeAll { $0.key == key }
    let position =
      result.items.firstIndex { key.utf8.lexicographicallyPrecedes($0.key.utf8) } ?? result.items.count
    result.items.insert(Label(key: key, value: value), at: position)
    return result
  }

  /// The labels under other keys. Linear in the labels.
  package func renamed(_ name: (String) -> String) -> Labels {
    var result = self
    result.items = items.map { Label(key: name($0.key), value: $0.value) }
    result.items.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    return result
  }

  /// `app=db,role=master`, as kubectl prints labels.
  package var description: String { items.map { "\($0.key)=\($0.value)" }.joined(separator: ",") }
}

/// A label selector: all requirements must hold (labels.Selector of the Kubernetes API).
package struct LabelSelector: Hashable, Sendable {
  package enum Requirement: Hashable, Sendable {
    case isIn(key: String, values: [String])
    /// True also where the key is missing.
    case notIn(key: String, values: [String])
    case exists(key: String)
    case doesNotExist(key: String)

    package var key: String {
      switch self {
      case .isIn(let key, _), .notIn(let key, _), .exists(let key), .doesNotExist(let key): key
      }
    }
  }

  package let requirements: [Requirement]

  package init(requirements: [Requirement]) {
    self.requirements = requirements
  }

  /// Reads `matchLabels` and `matchExpressions`. An empty or missing selector selects everything; whoever
  /// gives "missing" another meaning tests for it before.
  package init(_ node: Node?) {
    var requirements: [Requirement] = []
    for (key, value) in node?["matchLabels"]?.entries ?? Entries.none {
      requirements.append(.isIn(key: key.text, values: [value.isNull ? "" : value.text]))
    }
    for expression in node?["matchExpressions"]?.elements ?? Elements.none {
      let key = expression["key"]?.text ?? ""
      let values = expression["values"]?.elements.map(\.text) ?? []
      switch expression["operator"]?.text {
      case "In": requirements.append(.isIn(key: key, values: values))
      case "NotIn": requirements.append(.notIn(key: key, values: values))
      case "Exists": requirements.append(.exists(key: key))
      case "DoesNotExist": requirements.append(.doesNotExist(key: key))
      // An unknown operator selects nothing here; the schema reports it.
      default: requirements.append(.isIn(key: key, values: []))
      }
    }
    self.requirements = requirements
  }

  /// The selector of a Service: equality only.
  package init(equality labels: Labels) {
    requirements = labels.items.map { .isIn(key: $0.key, values: [$0.value]) }
  }

  package var selectsEverything: Bool { requirements.isEmpty }

  /// Linear in the requirements.
  package func matches(_ labels: Labels) -> Bool {
    requirements.allSatisfy { Self.holds($0, labels) }
  }

  /// As `matches`, with labels that a controller sets while pods run: a requirement that such a label can
  /// satisfy is taken as satisfied.
  package func matches(_ labels: Labels, runtimeLabels: [String: [String]]) -> Bool {
    requirements.allSatisfy { requirement in
      if Self.holds(requirement, labels) { return true }
      guard let possible = runtimeLabels[requirement.key] else { return false }
      switch requirement {
      case .isIn(_, let values): return values.contains(where: possible.contains)
      case .exists: return true
      case .notIn(_, let values): return possible.contains { !values.contains($0) }
      case .doesNotExist: return false
      }
    }
  }

  private static func holds(_ requirement: Requirement, _ labels: Labels) -> Bool {
    switch requirement {
    case .isIn(let key, let values): labels[key].map(values.contains) ?? false
    case .notIn(let key, let values): labels[key].map { !values.contains($0) } ?? true
    case .exists(let key): labels[key] != nil
    case .doesNotExist(let key): labels[key] == nil
    }
  }

  /// `app=db, role in (a,b)`, as kubectl prints selectors.
  package var description: String {
    guard !requirements.isEmpty else { return "everything" }
    return requirements.map { requirement in
      switch requirement {
      case .isIn(let key, let values) where values.count == 1: "\(key)=\(values[0])"
      case .isIn(let key, let values): "\(key) in (\(values.joined(separator: ",")))"
      case .notIn(let key, let values): "\(key) notin (\(values.joined(separator: ",")))"
      case .exists(let key): key
      case .doesNotExist(let key): "!\(key)"
      }
    }.joined(separator: ",")
  }
}

extension Entries {
  /// No entries, where a mapping is missing.
  package static var none: Entries { Node.missing.entries }
}

extension Elements {
  /// No elements, where a sequence is missing.
  package static var none: Elements { Node.missing.elements }
}

extension Node {
  /// A null node that belongs to no file.
  static let missing: Node = {
    let tree = Tree.parse(text: "null\n", path: "").tree
    return Node(tree: tree, index: 0)
  }()
}

extension Labels {
  package init(dictionary: [String: String]) {
    self.init()
    items = dictionary.map { Label(key: $0, value: $1) }
    items.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
  }
}
