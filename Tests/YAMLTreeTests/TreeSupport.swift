import Diagnostics
import TestSupport
import YAMLTree

/// Finds a node by a path such as `spec.ports[0].port`; a path that ends in `@` gives the key.
func find(_ path: String, in root: Node?) -> Node? {
  guard var node = root else { return nil }
  let wantsKey = path.hasSuffix("@")
  var key: Node?
  for step in path.split(separator: ".") {
    let parts = step.split(whereSeparator: { "[]@".contains($0) })
    for (index, part) in parts.enumerated() {
      if index == 0, !step.hasPrefix("[") {
        guard let entry = node.entry(String(part)) else { return nil }
        (key, node) = (entry.key, entry.value)
      } else {
        guard let number = Int(part) else { return nil }
        let elements = Array(node.elements)
        guard elements.indices.contains(number) else { return nil }
        node = elements[number]
      }
    }
  }
  return wantsKey ? key : node
}

/// A finding as `LW1004 5..<9`.
func summary(_ findings: [Diagnostic]) -> [String] {
  findings.map { finding in
    let range = finding.primary?.range
    return "\(finding.rule.id) \(range?.start ?? -1)..<\(range?.end ?? -1)"
  }
}

/// A tree in one line of JSON-like text: what readers of the tree see.
func outline(_ node: Node?) -> String {
  guard let node else { return "-" }
  switch node.kind {
  case .null: return "null"
  case .boolean: return node.boolean == true ? "true" : "false"
  case .integer: return node.integer.map { "\($0)" } ?? "int(\(node.text))"
  case .float: return "float(\(node.number.map { "\($0)" } ?? node.text))"
  case .string: return "\"\(node.text)\""
  case .sequence: return "[" + node.elements.map { outline($0) }.joined(separator: ", ") + "]"
  case .mapping:
    return "{" + node.entries.map { "\($0.key.text): " + outline($0.value) }.joined(separator: ", ") + "}"
  case .alias: return "alias"
  }
}

func parse(_ text: String, limits: TreeLimits = TreeLimits()) -> Tree.Parsed {
  Tree.parse(SourceFile(path: "test.yaml", bytes: Array(text.utf8)), limits: limits)
}
