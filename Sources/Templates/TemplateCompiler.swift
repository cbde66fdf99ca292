import CEL
import Diagnostics
import YAMLTree

/// A template's tree into forms; finds every fault in one go.
struct TemplateCompiler {
  private(set) var findings: [Diagnostic] = []
  private var scope: TemplateScope

  static let keys = ["$if", "$then", "$else", "$for", "$in", "$yield", "$merge"]

  init(types: [String: CELType]) { scope = TemplateScope(types: types) }

  /// The `$if` of a document: without it the object is always made.
  mutating func topCondition(of document: Node) -> TemplateExpression? {
    guard let condition = document["$if"], document["$then"] == nil else { return nil }
    return expression(of: condition, expecting: .bool)
  }

  /// `isTop`: a `$if` beside other keys has been read already.
  mutating func form(of node: Node, isTop: Bool = false) -> Template.Form {
    switch node.kind {
    case .mapping: return mapping(node, isTop: isTop)
    case .sequence:
      let forms = node.elements.map { form(of: $0) }
      if forms.allSatisfy(\.isLiteral) { return .literal(node.index) }
      return .sequence(forms, node.index)
    case .string: return text(node)
    default: return .literal(node.index)
    }
  }

  // MARK: Scalars

  private mutating func text(_ node: Node) -> Template.Form {
    guard node.withText({ $0.contains(UInt8(ascii: "$")) }) else { return .literal(node.index) }
    let splitter = TextSplitter(node.text)
    if !splitter.isUnclosed, splitter.parts.count == 1, case .expression(let source) = splitter.parts[0] {
      guard let expression = expression(source, at: node) else { return .removed }
      checkWritable(expression)
      return .expression(expression, node.index)
    }
    guard let parts = parts(of: node) else { return .removed }
    if parts.count == 1, case .literal(let text) = parts[0], text == node.text { return .literal(node.index) }
    return .text(parts, node.index)
  }

  /// The parts of a text, each expression of a type that can stand inside one.
  private mutating func parts(of node: Node) -> [Template.TextPart]? {
    let splitter = TextSplitter(node.text)
    guard !splitter.isUnclosed else {
      report(
        node, "'${' is never closed",
        help: UnquotedExpression.cutHelp(node) ?? "write '$${' for a literal '${'")
      return nil
    }
    var parts: [Template.TextPart] = []
    for part in splitter.parts {
      switch part {
      case .literal(let text): parts.append(.literal(text))
      case .expression(let source):
        guard let expression = expression(source, at: node) else { return nil }
        if let fault = Self.interpolationFault(expression.type) {
          report(expression.wholeRange, fault.message, help: fault.help)
        }
        parts.append(.expression(expression))
      }
    }
    return parts
  }

  private static func interpolationFault(_ type: CELType) -> (message: String, help: String)? {
    switch type {
    case .string, .int, .uint, .bool, .dyn, .variable, .unknown: nil
    case .nullable(let inner): interpolationFault(inner)
    case .optional:
      (
        "an optional cannot stand inside a text",
        "take its value with '.orValue(…)', or remove the entry with {$if: ….hasValue(), $then: …}"
      )
    default: ("\(type.withArticle) cannot stand inside a text", "only strings, integers and booleans can")
    }
  }

  /// Values that YAML has no form for.
  private mutating func checkWritable(_ expression: TemplateExpression) {
    guard let type = Self.unwritable(expression.type) else { return }
    report(
      expression.wholeRange, "\(type.withArticle) cannot stand in a document",
      help: type == .bytes ? "write base64.encode(…)" : "write string(…)")
  }

  private static func unwritable(_ type: CELType) -> CELType? {
    switch type {
    case .bytes, .timestamp, .duration, .type, .quantity, .ip, .cidr, .url, .semanticVersion, .format: type
    case .list(let inner), .optional(let inner), .nullable(let inner): unwritable(inner)
    case .map(let key, let value): key == .string || key == .dyn ? unwritable(value) : type
    default: nil
    }
  }

  // MARK: Expressions

  /// A scalar that is an expression as a whole: what `$if`, `$in` and `$merge` take. `${…}` around it is allowed.
  private mutating func expression(of node: Node, expecting expected: CELType = .dyn) -> TemplateExpression? {
    guard node.isScalar, !node.isNull else {
      report(
        node, "an expression is expected here, not \(node.kind.description)",
        help: "quote this expression: \"…\"")
      return nil
    }
    let splitter = TextSplitter(node.text)
    if !splitter.isUnclosed, splitter.parts.count == 1, case .expression(let source) = splitter.parts[0] {
      return expression(source, at: node, expecting: expected)
    }
    return expression(node.text, at: node, expecting: expected)
  }

  private mutating func expression(
    _ source: String, at node: Node, expecting expected: CELType = .dyn
  ) -> TemplateExpression? {
    do {
      return try TemplateExpression(source, at: node, in: &scope, expecting: expected)
    } catch {
      for issue in error.issues {
        findings.append(
          Diagnostic(
            TemplateRules.invalidTemplate, issue.message,
            at: TemplateExpression.range(issue.range, of: source, in: node), "in this expression",
            help: [issue.help, UnquotedExpression.cutHelp(node)].compactMap { $0 }))
      }
      return nil
    }
  }

  // MARK: Mappings

  private mutating func mapping(_ node: Node, isTop: Bool) -> Template.Form {
    if node["$for"] != nil { return loop(node) }
    if node["$then"] != nil { return conditional(node) }
    var entries: [Template.Entry] = []
    var condition: TemplateExpression?
    var isLiteral = true
    for (key, value) in node.entries {
      let name = key.text
      if name == "$scope", isTop {
        isLiteral = false
      } else if name == "$if" {
        if !isTop { condition = expression(of: value, expecting: .bool) }
        isLiteral = false
      } else if name == "$merge" {
        isLiteral = false
        if let merged = merged(value) { entries.append(.merge(merged, value.index)) }
      } else if name.hasPrefix("$"), !name.hasPrefix("$$"), !name.hasPrefix("${") {
        report(
          key, "'\(name)' is not a template key",
          help: didYouMean(name, among: Self.keys) ?? "write '$\(name)' for a key that starts with '$'")
      } else {
        let form = form(of: value)
        if !name.contains("$") {
          if !form.isLiteral { isLiteral = false }
          entries.append(.fixed(key: key.index, form))
          continue
        }
        let isEscaped = name.hasPrefix("$$") && !name.hasPrefix("$${")
        let parts = isEscaped ? [.literal(String(name.dropFirst()))] : parts(of: key) ?? []
        isLiteral = false
        entries.append(.value(key: parts, keyNode: key.index, form))
      }
    }
    if isLiteral { return .literal(node.index) }
    let form = Template.Form.mapping(entries, node.index)
    return condition.map { .conditional($0, then: form, otherwise: nil) } ?? form
  }

  private mutating func merged(_ value: Node) -> TemplateExpression? {
    guard let expression = expression(of: value) else { return nil }
    var type = expression.type
    if case .optional(let inner) = type { type = inner }
    if case .nullable(let inner) = type { type = inner }
    switch type {
    case .map(key: .string, _), .map(key: .dyn, _), .record, .dyn, .variable, .unknown: return expression
    default:
      report(expression.wholeRange, "'$merge' takes a mapping, not \(type.withArticle)", help: nil)
      return nil
    }
  }

  /// `{$if: e, $then: v, $else: w}`.
  private mutating func conditional(_ node: Node) -> Template.Form {
    checkKeys(of: node, ["$if", "$then", "$else"])
    guard let test = node["$if"], let then = node["$then"] else {
      report(node, "'$then' needs '$if' beside it")
      return .removed
    }
    let condition = expression(of: test, expecting: .bool)
    let thenForm = form(of: then)
    let otherwise = node["$else"].map { form(of: $0) }
    guard let condition else { return .removed }
    return .conditional(condition, then: thenForm, otherwise: otherwise)
  }

  /// `{$for: x, $in: e, $yield: v}`, with `$else` for an empty list.
  private mutating func loop(_ node: Node) -> Template.Form {
    checkKeys(of: node, ["$for", "$in", "$yield", "$else"])
    guard let variable = node["$for"], let list = node["$in"], let yield = node["$yield"] else {
      report(node, "a loop has '$for' (the variable's name), '$in' (a list) and '$yield' (what is repeated)")
      return .removed
    }
    guard variable.isScalar, CELEnvironment.isVariableName(variable.text) else {
      report(
        variable, "'\(variable.text)' cannot be the name of a variable",
        help: "letters, digits and '_', and no word of CEL such as 'namespace' or 'in'")
      return .removed
    }
    let over = expression(of: list)
    var element = CELType.dyn
    if let over {
      switch over.type {
      case .list(let type), .nullable(.list(let type)): element = type
      case .dyn, .variable, .unknown: break
      case .optional:
        report(over.wholeRange, "'$in' takes a list, not an optional", help: "write '….orValue([])'")
      case let other:
        report(
          over.wholeRange, "'$in' takes a list, not \(other.withArticle)",
          help: other.isMap ? "write '….map(key, …)' for a list of a map's keys" : nil)
      }
    }
    let otherwise = node["$else"].map { form(of: $0) }
    scope.push(variable.text, element)
    let yielded = form(of: yield)
    scope.pop()
    guard let over else { return .removed }
    return .loop(
      Template.Loop(variable: variable.text, over: over, yield: yielded, otherwise: otherwise, node: node))
  }

  private mutating func checkKeys(of node: Node, _ known: [String]) {
    for (key, _) in node.entries where !known.contains(key.text) {
      report(key, "'\(key.text)' cannot stand beside \(known[0])", help: didYouMean(key.text, among: known))
    }
  }

  // MARK: Naming templates

  /// A naming template has an entry for each name, and no other.
  mutating func checkNames(of root: Template.Form, in tree: Tree, _ declaration: TemplateDeclaration) {
    guard !declaration.names.isEmpty else { return }
    let node: Node
    switch root {
    case .literal(let literal): node = Node(tree: tree, index: literal)
    case .mapping(_, let mapping): node = Node(tree: tree, index: mapping)
    default: return
    }
    let names = declaration.names
    for (key, _) in node.entries where !names.contains(key.text) && !key.text.contains("$") {
      report(
        key, "'\(key.text)' is not a name that is asked for",
        help: didYouMean(key.text, among: names) ?? "the names are \(listed(names))")
    }
    guard node["$merge"] == nil else { return }
    for name in names where node[name] == nil && !declaration.laterNames.contains(name) {
      report(node, "the naming template yields no '\(name)'", help: "add the key '\(name)'")
    }
  }

  private mutating func report(_ node: Node, _ message: String, help: String? = nil) {
    report(node.range, message, help: help)
  }

  private mutating func report(_ range: SourceRange, _ message: String, help: String?) {
    findings.append(
      Diagnostic(TemplateRules.invalidTemplate, message, at: range, "here", help: help.map { [$0] } ?? []))
  }
}

extension CELType {
  var isMap: Bool {
    switch self {
    case .map, .record: true
    default: false
    }
  }

  var withArticle: String {
    let text = description
    return (["a", "e", "i", "o"].contains(text.prefix(1)) ? "an " : "a ") + text
  }
}

extension Template.Form {
  var isLiteral: Bool {
    if case .literal = self { return true }
    return false
  }
}

extension [Template.TextPart] {
  var isLiteral: Bool { allSatisfy { if case .literal = $0 { true } else { false } } }
}
