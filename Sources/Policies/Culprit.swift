import CEL
import YAMLTree

/// Looks for the value that makes a rule fail.
///
/// An expression says which fields it reads, but not which element of a list decided. So the lists are narrowed to
/// one element at a time and the expression is asked again: an element with which it still fails is to blame, and
/// the search goes on inside it.
struct Culprit {
  let subject: Subject
  /// Evaluates the failing part with a view of the subject; nil when it cannot be.
  let holds: ([Int: Int]) -> Bool?
  private var budget = 200
  private var chosen: [Int: Int] = [:]

  init(_ subject: Subject, holds: @escaping ([Int: Int]) -> Bool?) {
    self.subject = subject
    self.holds = holds
  }

  /// What stands to blame.
  struct Blame {
    let node: Node
    /// The field that the rule asks for and that is not there.
    let missing: String?
    /// True when the node is a value that the rule reads, not merely what surrounds it.
    var isExact: Bool { missing == nil && !isRoot }
    let isRoot: Bool
  }

  /// The value to blame, from the paths that the part reads.
  mutating func find(_ paths: [[String]]) -> Blame {
    let places = paths.compactMap { locate($0) }
    for place in places where place.missing == nil {
      if let element = narrow(place.node) {
        return Blame(node: element, missing: nil, isRoot: false)
      }
    }
    return places.first { $0.isExact } ?? places.first { $0.missing != nil } ?? places.first
      ?? Blame(node: subject.nameNode, missing: nil, isRoot: true)
  }

  /// Follows a path as far as it goes.
  private func locate(_ path: [String]) -> Blame? {
    var node: Node
    switch path.first {
    case "self": node = subject.own
    case "object": node = subject.document
    default: return nil
    }
    let start = node
    var rest = path.dropFirst()
    if path.first == "self", rest.first == "metadata", let metadata = subject.document["metadata"] {
      node = metadata
      rest = rest.dropFirst()
    }
    while let name = rest.first {
      if node.kind == .mapping, let next = node[name] {
        node = next
        rest = rest.dropFirst()
        continue
      }
      // A field that has a default is not missing; whoever left it out is the place.
      let isAdded = subject.additions[node.index]?.contains { $0.name == name } ?? false
      if isAdded { return Blame(node: subject.nameNode, missing: nil, isRoot: true) }
      let isTop = node.index == start.index && node.kind == .mapping
      return Blame(node: isTop ? subject.nameNode : node, missing: name, isRoot: isTop)
    }
    return Blame(
      node: node.index == start.index ? subject.nameNode : node, missing: nil,
      isRoot: node.index == start.index)
  }

  /// The innermost element below a node with which the rule fails by itself.
  private mutating func narrow(_ node: Node) -> Node? {
    switch node.kind {
    case .sequence:
      // Where even an empty list breaks the rule, something is missing from it: no element is to blame.
      chosen[node.index] = View.none
      let isBlameless = holds(chosen) == false
      chosen[node.index] = nil
      if isBlameless { return node }
      for (position, element) in node.elements.enumerated() {
        guard budget > 0 else { return nil }
        budget -= 1
        chosen[node.index] = position
        if holds(chosen) == false { return narrow(element) ?? element }
      }
      chosen[node.index] = nil
      return nil
    case .mapping:
      for (_, value) in node.entries where value.kind == .sequence || value.kind == .mapping {
        if let element = narrow(value) { return element }
      }
      return nil
    default: return nil
    }
  }
}
