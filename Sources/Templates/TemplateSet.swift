package import Diagnostics
import YAMLTree

/// The templates of a compile: the built-in ones, and over them those of the fleet.
package struct TemplateSet: Sendable {
  private var templates: [String: Template] = [:]
  package private(set) var findings: [Diagnostic] = []

  package init() {}

  /// Adds a template under its path below `templates/`; a later one replaces an earlier one.
  package mutating func add(_ file: SourceFile, path: String) {
    let (template, findings) = Template.compile(file, path: path)
    self.findings += findings
    if let template { templates[path] = template }
  }

  /// The template of that path.
  package subscript(path: String) -> Template? { templates[path] }

  package var paths: [String] { templates.keys.sorted() }
}
