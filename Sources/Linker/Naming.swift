package import Diagnostics
package import Templates
package import YAMLTree

/// Names of emitted objects, from naming templates. They are bound before anything is rendered, so that a link can
/// speak of an object that another unit makes.
package struct Naming: Sendable {
  /// What a name is for; Kubernetes asks for different characters.
  package enum Syntax: Sendable {
    /// RFC 1123: most objects.
    case subdomain
    /// RFC 1035: Services.
    case label
  }

  private let model: FleetModel
  private let path: String
  private let use: TemplateUse
  private let place: Node?

  /// - Parameters:
  ///   - path: the naming template's path below `templates/`: `porter/names.yaml`.
  ///   - use: for whom names are asked; a link or a connection may have a naming template of its own.
  ///   - place: the author's line that findings point at where the built-in template is used.
  package init(_ path: String, for use: TemplateUse, at place: Node?, in model: FleetModel) {
    self.path = path
    self.use = use
    self.place = place
    self.model = model
  }

  /// A name that can stand in a cluster; nil after a finding at the place in the template that is to blame.
  ///
  /// - Parameter subject: for what the name is asked, in messages.
  package func name(
    _ key: String, _ syntax: Syntax = .subdomain, for subject: String, _ variables: TemplateFields,
    _ findings: inout [Diagnostic]
  ) -> String? {
    let template: Template
    do {
      guard let chosen = try model.templates.template(path, for: use) else { return nil }
      template = chosen
    } catch {
      findings.append(error.finding(for: "the name of \(key)"))
      return nil
    }
    do {
      let exhaustion = model.templates.exhaustion
      var named = try template.name(key, variables, exhaustion)
      // A replacement of an earlier release does not know the name yet.
      if named == nil, let own = model.templates.builtInTemplate(path) {
        named = try own.name(key, variables, exhaustion)
      }
      guard let (name, node) = named else {
        findings.append(
          Diagnostic(
            TemplateRules.renderingFailed, "the naming template yields no '\(key)'",
            at: template.document.range, "in this template", help: ["add the key '\(key)'"],
            notes: ["while naming \(subject)"]))
        return nil
      }
      if let fault = Self.fault(in: name, syntax) {
        findings.append(
          finding(name, fault, syntax, node, isBuiltIn: template.level == .builtIn, subject, variables))
        return nil
      }
      return name
    } catch {
      findings.append(error.finding(for: subject))
      return nil
    }
  }

  /// Nobody edits the built-in template: there the author's own word comes first that no name can hold.
  private func finding(
    _ name: String, _ fault: String, _ syntax: Syntax, _ node: Node, isBuiltIn: Bool, _ subject: String,
    _ variables: TemplateFields
  ) -> Diagnostic {
    let message = "'\(name)' cannot be a name: \(fault)"
    let culprit = isBuiltIn ? Self.culprit(in: name, syntax, .map(variables)) : nil
    guard isBuiltIn, let place = culprit ?? place else {
      return Diagnostic(
        TemplateRules.invalidName, message, at: node.range, "yields it",
        help: ["change what this template makes of its variables"], notes: ["while naming \(subject)"])
    }
    return Diagnostic(
      TemplateRules.invalidName, message, at: place.range,
      culprit == nil ? "an object of it gets the name" : "a part of the name",
      also: [Label(node.range, "in the built-in template")],
      help: [
        "\(culprit == nil ? "" : "change it, or ")give the object another name with a \(path) of your own"
      ],
      notes: ["while naming \(subject)"])
  }

  /// The source of a variable that is part of a name and could not be one itself.
  private static func culprit(in name: String, _ syntax: Syntax, _ value: TemplateValue) -> Node? {
    switch value {
    case .map(let fields):
      for (_, value) in fields {
        if let node = culprit(in: name, syntax, value) { return node }
      }
      return nil
    case .node(let node):
      return node.isScalar && name.contains(node.text) && fault(in: node.text, syntax) != nil ? node : nil
    default: return nil
    }
  }

  /// What is wrong with a name (apimachinery, pkg/util/validation).
  package static func fault(in name: String, _ syntax: Syntax = .subdomain) -> String? {
    let most = syntax == .label ? 63 : 253
    let bytes = Array(name.utf8)
    guard !bytes.isEmpty else { return "it is empty" }
    guard bytes.count <= most else { return "it has \(bytes.count) characters, and \(most) is the most" }
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      byte &- UInt8(ascii: "a") < 26 || byte &- UInt8(ascii: "0") < 10
    }
    let allowed = bytes.allSatisfy {
      isAlphanumeric($0) || $0 == UInt8(ascii: "-") || syntax == .subdomain && $0 == UInt8(ascii: ".")
    }
    guard allowed else {
      return syntax == .label
        ? "a Service's name has lower-case letters, digits and '-' only"
        : "a name has lower-case letters, digits, '-' and '.' only"
    }
    let parts =
      syntax == .label
      ? [bytes[...]] : bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
    for part in parts {
      guard let first = part.first, let last = part.last, isAlphanumeric(first), isAlphanumeric(last) else {
        return "it starts and ends with a letter or digit"
      }
    }
    if syntax == .label, bytes[0] &- UInt8(ascii: "a") >= 26 {
      return "a Service's name starts with a letter"
    }
    return nil
  }
}
