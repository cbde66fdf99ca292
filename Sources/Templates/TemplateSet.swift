package import Diagnostics
import YAMLTree

/// The templates of a compile: the built-in ones, and over them those of the fleet.
package struct TemplateSet: Sendable {
  private var declarations: [String: TemplateDeclaration]
  private var templates: [String: Template] = [:]
  package private(set) var findings: [Diagnostic] = []

  /// A set without templates. A template that several link types share is declared by each in the same way.
  package init(_ declarations: [TemplateDeclaration] = []) {
    self.declarations = Dictionary(
      declarations.map { ($0.path, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// True when a link type brings a template of that path.
  package func declares(_ path: String) -> Bool { declarations[path] != nil }

  /// Adds a declared template under its path below `templates/`; a later one replaces an earlier one.
  package mutating func add(_ file: SourceFile, path: String) {
    guard let declaration = declarations[path] else { return }
    let (template, findings) = Template.compile(file, as: declaration)
    self.findings += findings
    if let template { templates[path] = template }
  }

  /// The template of that path.
  package subscript(path: String) -> Template? { templates[path] }

  /// The paths of all templates in order.
  package var paths: [String] { declarations.keys.sorted() }
}
