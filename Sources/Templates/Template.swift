package import Diagnostics
package import YAMLTree

/// A YAML template, compiled once and rendered many times.
///
/// Its structure is always valid YAML, and no value can break out of its place: values become nodes, never
/// text that is parsed again.
package final class Template: Sendable {
  /// A node of the template with its meaning. Nodes are numbers: all cores render with one template, and to count the
  /// references to its tree at each node would make them take turns.
  enum Form: Sendable {
    /// A subtree without expressions.
    case literal(Int)
    case expression(TemplateExpression, Int)
    case text([TextPart], Int)
    case mapping([Entry], Int)
    case sequence([Form], Int)
    indirect case conditional(TemplateExpression, then: Form, otherwise: Form?)
    case loop(Loop)
    case removed
  }

  final class Loop: Sendable {
    let variable: String
    let over: TemplateExpression
    let yield: Form
    let otherwise: Form?
    let node: Node

    init(variable: String, over: TemplateExpression, yield: Form, otherwise: Form?, node: Node) {
      self.variable = variable
      self.over = over
      self.yield = yield
      self.otherwise = otherwise
      self.node = node
    }
  }

  enum TextPart: Sendable {
    case literal(String)
    case expression(TemplateExpression)
  }

  enum Entry: Sendable {
    /// A key that stands in the template as it shall stand in the object.
    case fixed(key: Int, Form)
    case value(key: [TextPart], keyNode: Int, Form)
    case merge(TemplateExpression, Int)
  }

  package let declaration: TemplateDeclaration
  package let level: TemplateLevel
  /// For a template that adds objects: the name of the occasion on which it is rendered.
  package let scope: String?
  /// The template's own tree; `Node.origin` of a rendered node is an index into it.
  package let tree: Tree
  /// The document.
  package let document: Node
  let root: Form
  /// `$if` at the top of the document.
  let condition: TemplateExpression?
  /// In a naming template whose keys are written out: what yields each name.
  private let nameForms: [String: Form]

  init(
    _ declaration: TemplateDeclaration, _ level: TemplateLevel, tree: Tree, document: Node, root: Form,
    condition: TemplateExpression?, scope: String?
  ) {
    self.level = level
    self.scope = scope
    self.declaration = declaration
    self.tree = tree
    self.document = document
    self.root = root
    self.condition = condition
    var forms: [String: Form] = [:]
    if !declaration.names.isEmpty, condition == nil, case .mapping(let entries, _) = root,
      entries.allSatisfy(\.isFixed)
    {
      for case .fixed(let key, let form) in entries { forms[Node(tree: tree, index: key).text] = form }
    }
    nameForms = forms
  }

  /// What yields a name, where that is known without rendering the others.
  func nameForm(_ name: String) -> Form? { nameForms[name] }

  /// The template's path below `templates/`: `porter/network-policy.yaml`.
  package var path: String { declaration.path }

  /// Compiles a template and checks every expression against the declared variables. Returns nil with findings
  /// when it cannot be used.
  package static func compile(
    _ file: SourceFile, as declaration: TemplateDeclaration, _ level: TemplateLevel = .builtIn
  ) -> (template: Template?, findings: [Diagnostic]) {
    let (document, findings) = parse(file)
    guard let document else { return (nil, findings) }
    if let scope = document.key("$scope") {
      return (
        nil,
        [
          Diagnostic(
            TemplateRules.invalidTemplate, "'$scope' is for templates that add objects", at: scope.range,
            "here",
            help: [
              "this one replaces '\(declaration.path)'; one that adds an object has a name with '+' in front"
            ])
        ]
      )
    }
    return compile(document, as: declaration, level, scope: nil)
  }

  /// Compiles a template that adds objects. Its `$scope` says on which of a link type's occasions it is rendered,
  /// and so which variables it may use.
  static func compileExtra(
    _ file: SourceFile, _ path: String, _ scopes: [ExtraScope], _ level: TemplateLevel
  ) -> (template: Template?, findings: [Diagnostic]) {
    let (document, findings) = parse(file)
    guard let document else { return (nil, findings) }
    let listing = scopes.map { "\($0.name) (\($0.summary))" }.joined(separator: ", ")
    guard let name = document["$scope"], let scope = scopes.first(where: { $0.name == name.text }) else {
      let name = document["$scope"]
      return (
        nil,
        [
          Diagnostic(
            TemplateRules.invalidTemplate,
            name.map { "'\($0.text)' is no occasion to add an object" } ?? "'$scope' is missing",
            at: name?.range ?? document.range, "here",
            help: [
              scopes.isEmpty
                ? "this link type has none"
                : "write '$scope: …' with one of these: \(listing)"
            ])
        ]
      )
    }
    return compile(
      document, as: TemplateDeclaration(path, "", scope.variables), level, scope: scope.name)
  }

  private static func parse(_ file: SourceFile) -> (document: Node?, findings: [Diagnostic]) {
    let parsed = Tree.parse(file)
    guard parsed.findings.isEmpty else {
      return (nil, parsed.findings.map { UnquotedExpression.explained($0) })
    }
    let documents = parsed.tree.documents.filter { !$0.isNull }
    guard documents.count == 1, let document = documents.first, document.kind == .mapping else {
      return (
        nil,
        [
          Diagnostic(
            TemplateRules.invalidTemplate,
            documents.count == 1
              ? "a template holds one document, a mapping; this one is \(documents[0].kind == .sequence ? "a list" : "a single value")"
              : "a template holds one document, a mapping; this file has \(documents.count)",
            at: SourceRange(wholeFile: file))
        ]
      )
    }
    return (document, [])
  }

  private static func compile(
    _ document: Node, as declaration: TemplateDeclaration, _ level: TemplateLevel, scope: String?
  ) -> (template: Template?, findings: [Diagnostic]) {
    var compiler = TemplateCompiler(types: declaration.types)
    let condition = compiler.topCondition(of: document)
    let root = compiler.form(of: document, isTop: true)
    compiler.checkNames(of: root, in: document.tree, declaration)
    guard compiler.findings.isEmpty else { return (nil, compiler.findings) }
    let template = Template(
      declaration, level, tree: document.tree, document: document, root: root, condition: condition,
      scope: scope)
    return (template, [])
  }

  /// True for two files with the same text.
  func isSame(as other: Template) -> Bool { self === other || tree.file.bytes == other.tree.file.bytes }

  /// Where the template stands: the file from the fleet's root, and the line where its document starts.
  package var location: (path: String, line: Int) {
    (tree.file.path, document.range.startPosition.line)
  }

  /// The node of the template that made a node of a rendered object.
  package func node(forOrigin origin: Int) -> Node? {
    guard let root = tree.root, origin > 0 else { return tree.root }
    return Node(tree: root.tree, index: origin)
  }
}

/// Finds out when an expression is broken because YAML read it as something else.
enum UnquotedExpression {
  static let help = "quote this expression: \"${…}\""

  /// A syntax error beside an expression is nearly always a missing quote.
  static func explained(_ finding: Diagnostic) -> Diagnostic {
    let causes = [
      YAMLRules.syntax, YAMLRules.unknownTag, YAMLRules.unknownAnchor, YAMLRules.keyIsNotScalar,
    ]
    guard let range = finding.primary?.range, causes.contains(where: { $0.id == finding.rule.id }) else {
      return finding
    }
    let line = range.startPosition.line
    let text = [line, line - 1].lazy.filter { $0 > 0 }.map { range.file.text(ofLine: $0) }.first {
      $0.contains("${") || $0.contains("$if:") || $0.contains("$in:") || $0.contains("$merge:")
    }
    guard let text else { return finding }
    var explained = finding
    explained.help.insert(
      text.contains("${") ? help : "quote this expression: \"…\"", at: 0)
    return explained
  }

  /// What to say of a plain scalar that ends at a comment: ` #` may have been meant as part of an expression.
  static func cutHelp(_ node: Node) -> String? {
    guard node.style == .plain, node.isScalar else { return nil }
    let bytes = node.tree.file.bytes
    var position = node.range.end
    while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
    guard position > node.range.end, position < bytes.count, bytes[position] == UInt8(ascii: "#") else {
      return nil
    }
    return help + "; ' #' starts a comment in YAML"
  }
}
