import Diagnostics
import Linker
import Templates
import YAMLTree

/// The built-in templates as files for a fleet, each with its variables at the top.
package enum TemplateCopies {
  /// The templates of a link type's folder, with those that it shares with others and a page that explains them;
  /// all of them where `folder` is nil. In the order of their paths, which are below `templates/`.
  package static func files(of compiler: Compiler, folder: String? = nil) -> [(path: String, text: String)] {
    let types = LinkRegistry.types.map { $0.descriptor }.filter { folder == nil || $0.folder == folder }
    let declarations = Dictionary(
      types.flatMap { $0.templates.map { ($0.path, $0) } }, uniquingKeysWith: { first, _ in first })
    var files: [(path: String, text: String)] = declarations.sorted { $0.key < $1.key }.compactMap {
      path, declaration in
      guard let template = compiler.resources.templates[path] else { return nil }
      return (path, head(of: declaration) + body(of: template))
    }
    files.append(("README.md", page(types)))
    return files
  }

  /// The folders of all link types, in order.
  package static var folders: [String] { LinkRegistry.folders.values.sorted() }

  // MARK: One template

  /// What stands above a template: what it makes, and its variables with their types.
  static func head(of declaration: TemplateDeclaration) -> String {
    var lines = wrapped(declaration.summary, width: 110)
    lines.append("")
    if !declaration.names.isEmpty {
      lines += wrapped("Yields the names \(declaration.names.joined(separator: ", ")).", width: 110)
      lines.append("")
    }
    lines.append("Variables; '?' marks what may be absent:")
    lines += rows(declaration.variables).map { "  " + $0 }
    return lines.map { $0.isEmpty ? "#\n" : "# \($0)\n" }.joined()
  }

  /// The template without the comment that stands above it.
  private static func body(of template: Template) -> String {
    let text = String(decoding: template.tree.file.bytes, as: UTF8.self)
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.drop { $0.hasPrefix("#") }.joined(separator: "\n")
  }

  /// The variables, a line each: path, type, meaning.
  static func rows(_ variables: [TemplateField]) -> [String] {
    var rows: [(name: String, text: String)] = []
    func add(_ field: TemplateField, _ prefix: String) {
      let name = prefix + field.name + (field.isOptional ? "?" : "")
      if !field.type.fields.isEmpty, case .object = field.type {
        if !field.summary.isEmpty { rows.append((name, "object: \(field.summary)")) }
      } else {
        rows.append(
          (name, field.type.description + (field.summary.isEmpty ? "" : ": \(field.summary)")))
      }
      for inner in field.type.fields { add(inner, name + field.type.step) }
    }
    for variable in variables { add(variable, "") }
    let width = min(44, rows.map(\.name.count).max() ?? 0)
    return rows.map { row in
      row.name + String(repeating: " ", count: max(1, width - row.name.count + 1)) + row.text
    }
  }

  private static func wrapped(_ text: String, width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
      if let last = lines.last, last.count + word.count < width {
        lines[lines.count - 1] += " " + word
      } else {
        lines.append(String(word))
      }
    }
    return lines
  }

  // MARK: The page

  private static func page(_ types: [LinkDescriptor]) -> String {
    var text = """
      # Templates

      Every object that Linkwright emits comes from a template. A file here takes the place of the built-in one of
      the same path: for the whole fleet (`templates/porter/network-policy.yaml`), for one link
      (`templates/links/<link>/porter/network-policy.yaml`) or for one connection
      (`templates/connections/<namespace>/<name>/porter/network-policy.yaml`); the most specific one is used. Delete
      what you do not change: then it stays up to date. `linkwright build --explain-templates` says which template
      made which object. What templates can do is in Linkwright's docs/templates.md.

      A file whose name starts with `+` adds an object (`templates/porter/+service-monitor.yaml`). Its key `$scope`
      says when it is rendered:

      """
    for type in types {
      for scope in type.extras {
        text += "\n## \(type.folder): `$scope: \(scope.name)`\n\nRendered \(scope.summary).\n\n```\n"
        let variables = TemplateDeclaration("", "", scope.variables).variables
        text += rows(variables).joined(separator: "\n") + "\n```\n"
      }
    }
    return text
  }
}

extension TemplateType {
  /// What leads from a value to a field of it, or of its elements.
  fileprivate var step: String {
    switch self {
    case .list(let element): "[]" + element.step
    case .map(let value): "[…]" + value.step
    default: "."
    }
  }
}
