package import Diagnostics
package import YAMLTree

/// Why a template could not be rendered: a place in the template and what is wrong there.
package struct TemplateError: Error, Sendable {
  package let range: SourceRange
  package let message: String
  package let help: String?

  /// The finding, with a note that says for what the template was rendered.
  package func finding(for subject: String) -> Diagnostic {
    Diagnostic(
      TemplateRules.renderingFailed, message, at: range, "in this template", help: help.map { [$0] } ?? [],
      notes: ["while rendering it for \(subject)"])
  }
}

extension Template {
  /// Renders the object. Nil when the template's `$if` is false. Linear in the result.
  ///
  /// `layers` are variables; a later layer hides those of the same name in earlier ones.
  package func render(_ layers: [[String: TemplateValue]], file: SourceFile) throws(TemplateError) -> Tree? {
    var renderer = TemplateRenderer(variables: TemplateVariables(layers: layers))
    if let condition, try renderer.condition(condition, tree.root) == false { return nil }
    var builder = TreeBuilder(file: file, capacity: 96)
    builder.beginDocument()
    _ = try renderer.append(root, to: &builder)
    return builder.finish()
  }

  /// Renders a template whose entries are names: `names.yaml`.
  package func names(_ variables: [String: TemplateValue]) throws(TemplateError) -> [String: String] {
    guard let root = try render([variables], file: tree.file)?.root else { return [:] }
    var names: [String: String] = [:]
    for (key, value) in root.entries { names[key.text] = value.text }
    return names
  }
}

struct TemplateRenderer {
  var variables: TemplateVariables

  /// Appends what a form yields; returns how many nodes of the parent it became: 0 when it was removed.
  mutating func append(_ form: Template.Form, to builder: inout TreeBuilder) throws(TemplateError) -> Int {
    switch form {
    case .removed: return 0
    case .literal(let node):
      copy(node, to: &builder)
      return 1
    case .expression(let expression, let node):
      let value = try evaluate(expression, node)
      if case .none = value { return 0 }
      value.append(to: &builder, origin: node.index)
      return 1
    case .text(let parts, let node):
      builder.string(try text(parts, node), origin: node.index)
      return 1
    case .mapping(let entries, let node):
      try mapping(entries, node, to: &builder)
      return 1
    case .sequence(let forms, let node):
      let index = builder.open(.sequence, origin: node.index)
      var count = 0
      for form in forms { count += try appendItem(form, to: &builder) }
      builder.close(index, count: count)
      return 1
    case .conditional(let test, let then, let otherwise, let node):
      if try condition(test, node) { return try append(then, to: &builder) }
      return try otherwise.map { other throws(TemplateError) in try append(other, to: &builder) } ?? 0
    case .loop(_, _, let yield, _, let node):
      if yield.hasComputedKey { return try mergedLoop(form, node, to: &builder) }
      let index = builder.open(.sequence, origin: node.index)
      builder.close(index, count: try appendItem(form, to: &builder))
      return 1
    }
  }

  /// Appends a list item; a loop is spliced into the list.
  private mutating func appendItem(
    _ form: Template.Form, to builder: inout TreeBuilder
  ) throws(TemplateError) -> Int {
    guard case .loop(let variable, let over, let yield, let otherwise, let node) = form else {
      return try append(form, to: &builder)
    }
    var count = 0
    for value in try loopValues(over, otherwise, node) {
      variables.loops.append((variable, value))
      count += try appendItem(yield, to: &builder)
      variables.loops.removeLast()
    }
    if count == 0, let otherwise { count += try appendItem(otherwise, to: &builder) }
    return count
  }

  /// A loop as a value whose yield has computed keys: the yielded mappings become one mapping.
  private mutating func mergedLoop(
    _ form: Template.Form, _ node: Node, to builder: inout TreeBuilder
  ) throws(TemplateError) -> Int {
    guard case .loop(let variable, let over, .mapping(let entries, _), let otherwise, _) = form else {
      return 0
    }
    let values = try loopValues(over, otherwise, node)
    if values.isEmpty, let otherwise { return try append(otherwise, to: &builder) }
    let index = builder.open(.mapping, origin: node.index)
    var keys: Set<String> = []
    for value in values {
      variables.loops.append((variable, value))
      try append(entries, keys: &keys, to: &builder)
      variables.loops.removeLast()
    }
    builder.close(index, count: keys.count)
    return 1
  }

  private mutating func mapping(
    _ entries: [Template.Entry], _ node: Node, to builder: inout TreeBuilder
  ) throws(TemplateError) {
    let index = builder.open(.mapping, origin: node.index)
    if entries.allSatisfy(\.isFixed) {
      builder.close(index, count: try appendFixed(entries, to: &builder))
      return
    }
    var keys: Set<String> = []
    try append(entries, keys: &keys, to: &builder)
    builder.close(index, count: keys.count)
  }

  /// Appends entries whose keys are all written out: the YAML parser has refused two of one name.
  private mutating func appendFixed(
    _ entries: [Template.Entry], to builder: inout TreeBuilder
  ) throws(TemplateError) -> Int {
    var count = 0
    for case .fixed(let keyNode, let form) in entries {
      let start = builder.count
      builder.copyScalar(keyNode, as: .string, origin: keyNode.index)
      if try append(form, to: &builder) > 0 { count += 1 } else { builder.discard(from: start) }
    }
    return count
  }

  private mutating func append(
    _ entries: [Template.Entry], keys: inout Set<String>, to builder: inout TreeBuilder
  ) throws(TemplateError) {
    for entry in entries {
      switch entry {
      case .fixed(let keyNode, let form):
        try append(keyNode.text, keyNode, form, keys: &keys, to: &builder)
      case .value(let parts, let keyNode, let form):
        try append(try text(parts, keyNode), keyNode, form, keys: &keys, to: &builder)
      case .merge(let expression, let valueNode):
        let value = try evaluate(expression, valueNode)
        for key in value.fieldNames.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
          guard keys.insert(key).inserted else {
            throw failure(valueNode, "the key '\(key)' is there already")
          }
          builder.key(key, origin: valueNode.index)
          (value.field(key) ?? .null).append(to: &builder, origin: valueNode.index)
        }
      }
    }
  }

  private mutating func append(
    _ key: String, _ keyNode: Node, _ form: Template.Form, keys: inout Set<String>,
    to builder: inout TreeBuilder
  ) throws(TemplateError) {
    let start = builder.count
    builder.key(key, origin: keyNode.index)
    guard try append(form, to: &builder) > 0 else {
      builder.discard(from: start)
      return
    }
    guard keys.insert(key).inserted else { throw failure(keyNode, "the key '\(key)' is there already") }
  }

  /// Copies a literal subtree, each node with its own origin.
  private func copy(_ node: Node, to builder: inout TreeBuilder) {
    switch node.kind {
    case .mapping:
      let index = builder.open(.mapping, origin: node.index)
      for (key, value) in node.entries {
        builder.copyScalar(key, as: .string, origin: key.index)
        copy(value, to: &builder)
      }
      builder.close(index, count: node.count)
    case .sequence:
      let index = builder.open(.sequence, origin: node.index)
      for element in node.elements { copy(element, to: &builder) }
      builder.close(index, count: node.count)
    default: builder.copyScalar(node, as: node.kind, origin: node.index)
    }
  }

  // MARK: Expressions

  private func loopValues(
    _ over: TemplateExpression, _ otherwise: Template.Form?, _ node: Node
  ) throws(TemplateError) -> [TemplateValue] {
    let value = try evaluate(over, node)
    guard let elements = value.elements else {
      throw failure(node, "'$in' takes a list, not \(value.kindDescription)")
    }
    // `from: []` admits everybody: an empty loop must be meant.
    if elements.isEmpty, otherwise == nil {
      throw failure(node, "the list of '$in' is empty and there is no '$else'")
    }
    return elements
  }

  mutating func condition(_ test: TemplateExpression, _ node: Node?) throws(TemplateError) -> Bool {
    let value = try evaluate(test, node)
    guard let condition = value.condition else {
      throw failure(node, "'$if' takes a boolean, not \(value.kindDescription)")
    }
    return condition
  }

  private func text(_ parts: [Template.TextPart], _ node: Node) throws(TemplateError) -> String {
    if parts.count == 1, case .literal(let text) = parts[0] { return text }
    var result = ""
    for part in parts {
      switch part {
      case .literal(let text): result += text
      case .expression(let expression):
        let value = try evaluate(expression, node)
        guard let text = value.interpolated else {
          throw failure(node, "\(value.kindDescription) cannot stand inside a text")
        }
        result += text
      }
    }
    return result
  }

  private func evaluate(_ expression: TemplateExpression, _ node: Node?) throws(TemplateError)
    -> TemplateValue
  {
    do {
      return try expression.evaluate(variables)
    } catch {
      let start = node.map { TemplateCompiler.offset(of: expression.text, in: $0) + error.offset } ?? 0
      let file = node?.tree.file ?? SourceFile(path: "", bytes: [])
      throw TemplateError(
        range: SourceRange(file: file, start: start, end: start + error.length), message: error.message,
        help: error.help)
    }
  }

  private func failure(_ node: Node?, _ message: String) -> TemplateError {
    TemplateError(
      range: node?.range ?? SourceRange(wholeFile: SourceFile(path: "", bytes: [])), message: message,
      help: nil)
  }
}

extension Template.Form {
  /// True for a mapping with an expression in a key: a loop over it makes one mapping instead of a list.
  var hasComputedKey: Bool {
    guard case .mapping(let entries, _) = self else { return false }
    return entries.contains { entry in
      if case .value(let key, _, _) = entry { return !key.isLiteral }
      return false
    }
  }
}

extension Template.Entry {
  var isFixed: Bool {
    if case .fixed = self { return true }
    return false
  }
}
