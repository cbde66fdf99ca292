package import Diagnostics
package import YAMLTree

/// Why a template could not be rendered: a place in the template and what is wrong there.
package struct TemplateError: Error, Sendable {
  package let range: SourceRange
  package let message: String
  package var help: String?
  /// The budget of a rendering is used up: the template is at fault, whatever it was rendered for.
  package var isBudget = false

  private var standardHelp: String {
    isBudget
      ? "visit fewer elements, or take work out of the inner loop"
      : "guard it with '$if' or '? :', or select with '.?' and say what else with '.orValue(…)'"
  }

  /// The finding, with a note that says for what the template was rendered.
  package func finding(for subject: String) -> Diagnostic {
    Diagnostic(
      TemplateRules.renderingFailed, message, at: range, "in this template", help: [help ?? standardHelp],
      notes: isBudget ? [] : ["while rendering it for \(subject)"])
  }
}

/// What one rendering may use.
enum RenderingLimits {
  /// Steps of all its expressions together, as CEL counts them: about a tenth of a second.
  static let steps = 1_000_000
  /// Nodes of the rendered tree.
  static let nodes = 1_000_000
}

extension Template {
  /// Renders the object. Nil when the template's `$if` is false. Linear in the result, and bounded.
  ///
  /// - Parameters:
  ///   - layers: variables; a later layer hides those of the same name in earlier ones.
  ///   - exhaustion: where a used-up budget is noted.
  package func render(
    _ layers: [TemplateFields], _ exhaustion: TemplateExhaustion = TemplateExhaustion()
  ) throws(TemplateError) -> Tree? {
    var sources = SourceTrace()
    return try exhaustion.spending(of: self) { () throws(TemplateError) in try render(layers, &sources) }
  }

  /// Renders the object once more, to learn which of its nodes were taken over whole from which source.
  package func trace(_ layers: [TemplateFields]) -> SourceTrace {
    var sources = SourceTrace(isKept: true)
    do throws(TemplateError) { _ = try render(layers, &sources) } catch { return SourceTrace() }
    return sources
  }

  private func render(
    _ layers: [TemplateFields], _ sources: inout SourceTrace
  ) throws(TemplateError) -> Tree? {
    var renderer = TemplateRenderer(
      tree: tree, variables: TemplateVariables(layers: layers), sources: sources)
    if let condition, try renderer.condition(condition) == false { return nil }
    var builder = TreeBuilder(file: tree.file, capacity: 96)
    builder.beginDocument()
    _ = try renderer.append(root, to: &builder)
    sources = renderer.sources
    return builder.finish()
  }

  /// A name that a naming template (`names.yaml`) yields, with the node of the template that yields it. Nil when
  /// it yields none.
  package func name(
    _ key: String, _ variables: TemplateFields, _ exhaustion: TemplateExhaustion
  ) throws(TemplateError) -> (text: String, node: Node)? {
    try exhaustion.spending(of: self) { () throws(TemplateError) in try name(key, variables) }
  }

  private func name(
    _ key: String, _ variables: TemplateFields
  ) throws(TemplateError) -> (text: String, node: Node)? {
    var renderer = TemplateRenderer(
      tree: tree, variables: TemplateVariables(layers: [variables]), sources: SourceTrace())
    switch nameForm(key) {
    case .text(let parts, let index): return (try renderer.text(parts), Node(tree: tree, index: index))
    case .literal(let index):
      let node = Node(tree: tree, index: index)
      if node.kind == .string { return (node.text, node) }
    default: break
    }
    var sources = SourceTrace()
    guard let value = try render([variables], &sources)?.root?[key] else { return nil }
    let place = node(forOrigin: value.origin) ?? document
    guard value.kind == .string else {
      throw TemplateError(
        range: place.range, message: "'\(key)' is \(value.kind.description) here, and a name is a text",
        help: value.isScalar && value.kind != .null
          ? "quote it: \"\(value.text)\", or make a text of it: ${string(…)}"
          : "write the name, or an expression for it")
    }
    return (value.text, place)
  }
}

struct TemplateRenderer {
  /// The template's.
  private let tree: Tree
  var variables: TemplateVariables
  var sources: SourceTrace
  private var steps = RenderingLimits.steps

  init(tree: Tree, variables: TemplateVariables, sources: SourceTrace) {
    self.tree = tree
    self.variables = variables
    self.sources = sources
  }

  /// Appends what a form yields; returns how many nodes of the parent it became: 0 when it was removed.
  mutating func append(_ form: Template.Form, to builder: inout TreeBuilder) throws(TemplateError) -> Int {
    switch form {
    case .removed: return 0
    case .literal(let index):
      copy(Node(tree: tree, index: index), to: &builder)
      return 1
    case .expression(let expression, let origin):
      let value = try evaluate(expression)
      if case .none = value { return 0 }
      value.append(to: &builder, origin: origin, &sources)
      return 1
    case .text(let parts, let origin):
      builder.string(try text(parts), origin: origin)
      return 1
    case .mapping(let entries, let origin):
      try mapping(entries, origin, to: &builder)
      return 1
    case .sequence(let forms, let origin):
      let index = builder.open(.sequence, origin: origin)
      var count = 0
      for form in forms { count += try appendItem(form, to: &builder) }
      builder.close(index, count: count)
      return 1
    case .conditional(let test, let then, let otherwise):
      if try condition(test) { return try append(then, to: &builder) }
      guard let otherwise else { return 0 }
      return try append(otherwise, to: &builder)
    case .loop(let loop):
      if loop.yield.hasComputedKey { return try mergedLoop(loop, to: &builder) }
      let index = builder.open(.sequence, origin: loop.node.index)
      let count = try appendYields(of: loop, to: &builder)
      if count > 0 {
        builder.close(index, count: count)
        return 1
      }
      builder.discard(from: index)
      return try append(try alternative(of: loop), to: &builder)
    }
  }

  /// Appends a list item; a loop is spliced into the list, and so is a list that stands for an empty loop.
  private mutating func appendItem(
    _ form: Template.Form, to builder: inout TreeBuilder
  ) throws(TemplateError) -> Int {
    guard case .loop(let loop) = form else { return try append(form, to: &builder) }
    let count = try appendYields(of: loop, to: &builder)
    if count > 0 { return count }
    switch try alternative(of: loop) {
    case .sequence(let forms, _):
      var count = 0
      for form in forms { count += try appendItem(form, to: &builder) }
      return count
    case .literal(let index) where Node(tree: tree, index: index).kind == .sequence:
      let list = Node(tree: tree, index: index)
      for element in list.elements { copy(element, to: &builder) }
      return list.count
    case let other: return try appendItem(other, to: &builder)
    }
  }

  private mutating func appendYields(
    of loop: Template.Loop, to builder: inout TreeBuilder
  ) throws(TemplateError) -> Int {
    var count = 0
    for value in try loopValues(loop) {
      variables.loops.append((loop.variable, value))
      count += try appendItem(loop.yield, to: &builder)
      variables.loops.removeLast()
      try checkSize(builder, loop.node)
    }
    return count
  }

  /// A loop as a value whose yield has computed keys: the yielded mappings become one mapping.
  private mutating func mergedLoop(
    _ loop: Template.Loop, to builder: inout TreeBuilder
  ) throws(TemplateError) -> Int {
    guard case .mapping(let entries, _) = loop.yield else { return 0 }
    let index = builder.open(.mapping, origin: loop.node.index)
    var keys: Set<String> = []
    for value in try loopValues(loop) {
      variables.loops.append((loop.variable, value))
      try append(entries, keys: &keys, to: &builder)
      variables.loops.removeLast()
      try checkSize(builder, loop.node)
    }
    if keys.isEmpty {
      builder.discard(from: index)
      return try append(try alternative(of: loop), to: &builder)
    }
    builder.close(index, count: keys.count)
    return 1
  }

  /// What stands for a loop that yields nothing. `from: []` admits everybody: an empty loop must be meant.
  private func alternative(of loop: Template.Loop) throws(TemplateError) -> Template.Form {
    if let otherwise = loop.otherwise { return otherwise }
    throw TemplateError(
      range: loop.over.wholeRange, message: "the loop yields nothing and there is no '$else'",
      help: "an empty list or mapping often means everything: say with '$else' what shall stand here")
  }

  private func checkSize(_ builder: borrowing TreeBuilder, _ node: Node) throws(TemplateError) {
    guard builder.count > RenderingLimits.nodes else { return }
    throw TemplateError(
      range: node.range, message: "the template yields more than \(RenderingLimits.nodes) nodes",
      isBudget: true)
  }

  private mutating func mapping(
    _ entries: [Template.Entry], _ origin: Int, to builder: inout TreeBuilder
  ) throws(TemplateError) {
    let index = builder.open(.mapping, origin: origin)
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
    for case .fixed(let key, let form) in entries {
      let start = builder.count
      builder.copyScalar(Node(tree: tree, index: key), as: .string, origin: key)
      if try append(form, to: &builder) > 0 { count += 1 } else { builder.discard(from: start) }
    }
    return count
  }

  private mutating func append(
    _ entries: [Template.Entry], keys: inout Set<String>, to builder: inout TreeBuilder
  ) throws(TemplateError) {
    for entry in entries {
      switch entry {
      case .fixed(let key, let form):
        try append(Node(tree: tree, index: key).text, key, form, keys: &keys, to: &builder)
      case .value(let parts, let keyNode, let form):
        try append(try text(parts), keyNode, form, keys: &keys, to: &builder)
      case .merge(let expression, let node):
        try merge(try evaluate(expression), expression, node, keys: &keys, to: &builder)
      }
    }
  }

  private mutating func merge(
    _ value: TemplateValue, _ expression: TemplateExpression, _ origin: Int, keys: inout Set<String>,
    to builder: inout TreeBuilder
  ) throws(TemplateError) {
    if case .none = value { return }
    guard value.isMapping else {
      throw TemplateError(
        range: expression.wholeRange, message: "'$merge' takes a mapping, not \(value.kindDescription)")
    }
    for key in value.keys {
      let field = value.field(key) ?? .none
      if case .none = field { continue }
      guard keys.insert(key).inserted else { throw repeated(key, expression.wholeRange) }
      builder.key(key, origin: origin)
      field.append(to: &builder, origin: origin, &sources)
    }
  }

  private mutating func append(
    _ key: String, _ keyNode: Int, _ form: Template.Form, keys: inout Set<String>,
    to builder: inout TreeBuilder
  ) throws(TemplateError) {
    let start = builder.count
    builder.key(key, origin: keyNode)
    guard try append(form, to: &builder) > 0 else {
      builder.discard(from: start)
      return
    }
    guard keys.insert(key).inserted else {
      throw repeated(key, Node(tree: tree, index: keyNode).range)
    }
  }

  private func repeated(_ key: String, _ range: SourceRange) -> TemplateError {
    TemplateError(
      range: range, message: "the key '\(key)' is there already",
      help: "two parts of this mapping yield the key: leave it out of one of them")
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

  private mutating func loopValues(_ loop: Template.Loop) throws(TemplateError) -> [TemplateValue] {
    let value = try evaluate(loop.over)
    guard let elements = value.elements else {
      throw TemplateError(
        range: loop.over.wholeRange, message: "'$in' takes a list, not \(value.kindDescription)")
    }
    return elements
  }

  mutating func condition(_ test: TemplateExpression) throws(TemplateError) -> Bool {
    let value = try evaluate(test)
    guard let condition = value.condition else {
      throw TemplateError(
        range: test.wholeRange, message: "'$if' takes a boolean, not \(value.kindDescription)")
    }
    return condition
  }

  fileprivate mutating func text(_ parts: [Template.TextPart]) throws(TemplateError) -> String {
    if parts.count == 1, case .literal(let text) = parts[0] { return text }
    var result = ""
    for part in parts {
      switch part {
      case .literal(let text): result += text
      case .expression(let expression):
        let value = try evaluate(expression)
        guard let text = value.interpolated else {
          throw TemplateError(
            range: expression.wholeRange, message: "\(value.kindDescription) cannot stand inside a text",
            help: "only strings, integers and booleans can")
        }
        result += text
      }
    }
    return result
  }

  private mutating func evaluate(_ expression: TemplateExpression) throws(TemplateError) -> TemplateValue {
    do {
      return try expression.evaluate(variables, budget: &steps)
    } catch {
      throw TemplateError(
        range: expression.range(error.range), message: error.message, isBudget: error.isBudget)
    }
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
