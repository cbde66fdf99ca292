import Diagnostics
import YAMLTree

/// A template's tree into forms; finds every fault in one go.
struct TemplateCompiler {
  private(set) var findings: [Diagnostic] = []

  /// The `$if` of a document: without it the object is always made.
  mutating func topCondition(of document: Node) -> TemplateExpression? {
    guard let condition = document["$if"], document["$then"] == nil else { return nil }
    return expression(condition)
  }

  /// `isTop`: a `$if` beside other keys has been read already.
  mutating func form(of node: Node, isTop: Bool = false) -> Template.Form {
    switch node.kind {
    case .mapping: return mapping(node, isTop: isTop)
    case .sequence:
      let forms = node.elements.map { form(of: $0) }
      if forms.allSatisfy(\.isLiteral) { return .literal(node) }
      return .sequence(forms, node)
    case .string: return text(node)
    default: return .literal(node)
    }
  }

  // MARK: Scalars

  private mutating func text(_ node: Node) -> Template.Form {
    guard let parts = parts(of: node) else { return .removed }
    if parts.count == 1, case .expression(let expression) = parts[0] { return .expression(expression, node) }
    if parts.count == 1, case .literal(let text) = parts[0], text == node.text { return .literal(node) }
    return .text(parts, node)
  }

  /// Splits a text at `${…}`; `$${` is a literal `${`.
  private mutating func parts(of node: Node) -> [Template.TextPart]? {
    let text = node.text
    guard text.contains("$") else { return [.literal(text)] }
    var parts: [Template.TextPart] = []
    var literal = ""
    var rest = text[...]
    while let dollar = rest.firstIndex(of: "$") {
      literal += rest[..<dollar]
      rest = rest[dollar...]
      if rest.hasPrefix("$${") {
        literal += "${"
        rest = rest.dropFirst(3)
      } else if rest.hasPrefix("${") {
        guard let close = rest.firstIndex(of: "}") else {
          report(node, "'${' is never closed", help: "write '$${' for a literal '${'")
          return nil
        }
        let source = rest[rest.index(rest.startIndex, offsetBy: 2)..<close]
        guard let expression = expression(String(source), at: node) else { return nil }
        if !literal.isEmpty { parts.append(.literal(literal)) }
        literal = ""
        parts.append(.expression(expression))
        rest = rest[rest.index(after: close)...]
      } else {
        literal += "$"
        rest = rest.dropFirst()
      }
    }
    literal += rest
    if !literal.isEmpty || parts.isEmpty { parts.append(.literal(literal)) }
    return parts
  }

  private mutating func expression(_ node: Node) -> TemplateExpression? {
    guard node.isScalar else {
      report(node, "an expression is expected here, not \(node.kind.description)")
      return nil
    }
    return expression(node.text, at: node)
  }

  private mutating func expression(_ source: String, at node: Node) -> TemplateExpression? {
    do {
      return try TemplateExpression(source)
    } catch {
      let start = Self.offset(of: source, in: node) + error.offset
      findings.append(
        Diagnostic(
          TemplateRules.invalidTemplate, error.message,
          at: SourceRange(file: node.tree.file, start: start, end: start + error.length),
          "in this expression",
          help: error.help.map { [$0] } ?? []))
      return nil
    }
  }

  /// Where an expression's text starts in the file, as far as the scalar stands there unchanged.
  static func offset(of source: String, in node: Node) -> Int {
    let range = node.range
    let bytes = node.tree.file.bytes
    guard range.end <= bytes.count, !source.isEmpty else { return range.start }
    let needle = Array(source.utf8)
    var start = range.start
    while start + needle.count <= range.end {
      if bytes[start..<start + needle.count].elementsEqual(needle) { return start }
      start += 1
    }
    return range.start
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
      if name == "$if" {
        if !isTop { condition = expression(value) }
        isLiteral = false
      } else if name == "$merge" {
        guard let source = value.string, source.hasPrefix("${"), source.hasSuffix("}"),
          let merged = expression(String(source.dropFirst(2).dropLast()), at: value)
        else {
          report(value, "'$merge' takes one expression: \"${…}\"")
          continue
        }
        entries.append(.merge(merged, value))
        isLiteral = false
      } else if name.hasPrefix("$"), !name.hasPrefix("$$"), !name.hasPrefix("${") {
        report(
          key, "'\(name)' is not a template key",
          help: didYouMean(name, among: ["$if", "$then", "$else", "$for", "$in", "$yield", "$merge"])
            ?? "write '$\(name)' for a key that starts with '$'")
      } else {
        let form = form(of: value)
        if !name.contains("$") {
          if !form.isLiteral { isLiteral = false }
          entries.append(.fixed(keyNode: key, form))
          continue
        }
        let parts = name.hasPrefix("$$") ? [.literal(String(name.dropFirst()))] : parts(of: key) ?? []
        if !form.isLiteral || !parts.isLiteral { isLiteral = false }
        entries.append(.value(key: parts, keyNode: key, form))
      }
    }
    if isLiteral { return .literal(node) }
    let form = Template.Form.mapping(entries, node)
    return condition.map { .conditional($0, then: form, otherwise: nil, node) } ?? form
  }

  /// `{$if: e, $then: v, $else: w}`.
  private mutating func conditional(_ node: Node) -> Template.Form {
    checkKeys(of: node, ["$if", "$then", "$else"])
    guard let test = node["$if"], let then = node["$then"] else {
      report(node, "'$then' needs '$if' beside it")
      return .removed
    }
    guard let condition = expression(test) else { return .removed }
    let thenForm = form(of: then)
    return .conditional(condition, then: thenForm, otherwise: node["$else"].map { form(of: $0) }, node)
  }

  /// `{$for: x, $in: e, $yield: v}`, with `$else` for an empty list.
  private mutating func loop(_ node: Node) -> Template.Form {
    checkKeys(of: node, ["$for", "$in", "$yield", "$else"])
    guard let variable = node["$for"], let list = node["$in"], let yield = node["$yield"] else {
      report(node, "a loop has '$for' (the variable's name), '$in' (a list) and '$yield' (what is repeated)")
      return .removed
    }
    guard variable.kind == .string else {
      report(variable, "'$for' takes the name of a variable")
      return .removed
    }
    guard let over = expression(list) else { return .removed }
    let yielded = form(of: yield)
    return .loop(
      variable: variable.text, over: over, yield: yielded, otherwise: node["$else"].map { form(of: $0) }, node
    )
  }

  private mutating func checkKeys(of node: Node, _ known: [String]) {
    for (key, _) in node.entries where !known.contains(key.text) {
      report(key, "'\(key.text)' cannot stand beside \(known[0])", help: didYouMean(key.text, among: known))
    }
  }

  private mutating func report(_ node: Node, _ message: String, help: String? = nil) {
    findings.append(
      Diagnostic(
        TemplateRules.invalidTemplate, message, at: node.range, "here", help: help.map { [$0] } ?? []))
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
