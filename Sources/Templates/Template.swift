package import Diagnostics
package import YAMLTree

/// A YAML template, compiled once and rendered many times.
///
/// Its structure is always valid YAML, and no value can break out of its place: values become nodes, never
/// text that is parsed again.
package struct Template: Sendable {
  /// A node of the template with its meaning.
  indirect enum Form: Sendable {
    /// A subtree without expressions.
    case literal(Node)
    case expression(TemplateExpression, Node)
    case text([TextPart], Node)
    case mapping([Entry], Node)
    case sequence([Form], Node)
    case conditional(TemplateExpression, then: Form, otherwise: Form?, Node)
    case loop(variable: String, over: TemplateExpression, yield: Form, otherwise: Form?, Node)
    case removed
  }

  enum TextPart: Sendable {
    case literal(String)
    case expression(TemplateExpression)
  }

  enum Entry: Sendable {
    /// A key that stands in the template as it shall stand in the object.
    case fixed(keyNode: Node, Form)
    case value(key: [TextPart], keyNode: Node, Form)
    case merge(TemplateExpression, Node)
  }

  /// The template's path below `templates/`: `porter/network-policy.yaml`.
  package let path: String
  let root: Form
  /// `$if` at the top of the document.
  let condition: TemplateExpression?
  /// The template's own tree; `Node.origin` of a rendered node is an index into it.
  package let tree: Tree

  /// Compiles a template. Returns nil with findings when it cannot be used.
  package static func compile(_ file: SourceFile, path: String) -> (
    template: Template?, findings: [Diagnostic]
  ) {
    let parsed = Tree.parse(file)
    guard parsed.findings.isEmpty else {
      return (nil, parsed.findings.map { explained($0) })
    }
    let documents = parsed.tree.documents.filter { !$0.isNull }
    guard documents.count == 1, let document = documents.first, document.kind == .mapping else {
      return (
        nil,
        [
          Diagnostic(
            TemplateRules.invalidTemplate,
            "a template holds one document, a mapping; this file has \(documents.count)",
            at: SourceRange(wholeFile: file))
        ]
      )
    }
    var compiler = TemplateCompiler()
    let condition = compiler.topCondition(of: document)
    let root = compiler.form(of: document, isTop: true)
    guard compiler.findings.isEmpty else { return (nil, compiler.findings) }
    return (Template(path: path, root: root, condition: condition, tree: parsed.tree), [])
  }

  /// The node of the template that made a node of a rendered object.
  package func node(forOrigin origin: Int) -> Node? {
    guard let root = tree.root, origin > 0 else { return tree.root }
    return Node(tree: root.tree, index: origin)
  }

  /// A syntax error inside `${…}` is nearly always a missing quote.
  private static func explained(_ finding: Diagnostic) -> Diagnostic {
    guard let range = finding.primary?.range else { return finding }
    let line = range.file.text(ofLine: range.startPosition.line)
    guard line.contains("${") else { return finding }
    var explained = finding
    explained.help.insert("quote this expression: \"${…}\"", at: 0)
    return explained
  }
}
