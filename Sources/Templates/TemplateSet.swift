package import Diagnostics
import YAMLTree

/// The templates of a compile: the built-in ones, and over them those of the fleet, of its links and of single
/// connections.
package struct TemplateSet: Sendable {
  /// What a link type allows.
  package struct Folder: Sendable {
    let declarations: [TemplateDeclaration]
    let scopes: [ExtraScope]

    package init(declarations: [TemplateDeclaration], scopes: [ExtraScope]) {
      self.declarations = declarations
      self.scopes = scopes
    }
  }

  private let declarations: [String: TemplateDeclaration]
  private let scopes: [String: [ExtraScope]]
  /// The built-in templates, and those of the fleet in their place.
  private var general: [String: Template] = [:]
  private var builtIn: [String: Template] = [:]
  private var ofLinks: [String: [String: Template]] = [:]
  private var ofConnections: [String: [String: Template]] = [:]
  /// Templates that add objects, by folder, in the order of their names.
  private var extras: [String: [Template]] = [:]
  /// All of them by the paths of their files.
  private var byFile: [String: Template] = [:]
  package private(set) var findings: [Diagnostic] = []
  /// What used up its budget in the compile that renders with this set.
  package private(set) var exhaustion = TemplateExhaustion()

  /// A set without templates, for link types by their folders. A template that several types share is declared by
  /// each in the same way.
  package init(_ folders: [String: Folder] = [:]) {
    declarations = Dictionary(
      folders.values.flatMap { $0.declarations.map { ($0.path, $0) } },
      uniquingKeysWith: { first, _ in first })
    scopes = folders.mapValues(\.scopes)
  }

  /// True when a link type brings a template of that path.
  package func declares(_ path: String) -> Bool { declarations[path] != nil }

  /// The occasions of a link type's folder, nil for a folder that is none.
  package func scopes(of folder: String) -> [ExtraScope]? { scopes[folder] }

  /// The paths of all declared templates, in order.
  package var paths: [String] { declarations.keys.sorted() }

  package func declaration(_ path: String) -> TemplateDeclaration? { declarations[path] }

  /// The same templates for a compile of its own.
  package func forOneCompile() -> TemplateSet {
    var copy = self
    copy.exhaustion = TemplateExhaustion()
    return copy
  }

  // MARK: Filling

  /// Adds a template in the place that its path names. What is wrong with it is among the findings.
  package mutating func add(_ file: SourceFile, _ place: TemplatePlace) { add(file, place.path, place.level) }

  /// Adds a built-in template.
  package mutating func addBuiltIn(_ file: SourceFile, path: String) { add(file, path, .builtIn) }

  private mutating func add(_ file: SourceFile, _ path: String, _ level: TemplateLevel) {
    let place = TemplatePlace(path)
    let compiled: (template: Template?, findings: [Diagnostic])
    if place.isExtra {
      compiled = Template.compileExtra(file, path, scopes[place.folder] ?? [], level)
    } else if let declaration = declarations[path] {
      compiled = Template.compile(file, as: declaration, level)
    } else {
      return
    }
    findings += compiled.findings
    guard let template = compiled.template else { return }
    if case .builtIn = level { builtIn[path] = template }
    byFile[file.path] = template
    if place.isExtra {
      extras[place.folder, default: []].append(template)
      return
    }
    switch level {
    case .builtIn, .fleet: general[path] = template
    case .link(let name): ofLinks[name, default: [:]][path] = template
    case .connection(let name): ofConnections[name, default: [:]][path] = template
    }
  }

  /// The templates of single connections, in the order of their files.
  package var ofSingleConnections: [(connection: String, template: Template)] {
    let all =
      ofConnections.flatMap { name, templates in templates.values.map { (name, $0) } }
      + extras.values.joined().compactMap { template in
        if case .connection(let name) = template.level { (name, template) } else { nil }
      }
    return all.sorted { $0.1.tree.file.path < $1.1.tree.file.path }
  }

  /// The template of a file, by its path from the fleet's root.
  package func template(inFile path: String) -> Template? { byFile[path] }

  /// The program's own template, whatever replaces it.
  package func builtInTemplate(_ path: String) -> Template? { builtIn[path] }

  // MARK: Choosing

  /// The template that the fleet as a whole uses.
  package subscript(path: String) -> Template? { general[path] }

  /// The template for an object. Constant time where no link and no connection has templates of its own.
  ///
  /// An object that serves several connections takes the template of one only if all bring the same.
  package func template(_ path: String, for use: TemplateUse) throws(TemplateConflict) -> Template? {
    if !ofConnections.isEmpty {
      let own = use.connections.map { ofConnections[$0]?[path] }
      if let index = own.firstIndex(where: { $0 != nil }), let first = own[index] {
        if let other = own.firstIndex(where: { $0.map { !$0.isSame(as: first) } ?? true }) {
          throw TemplateConflict(
            template: first, connection: use.connections[index], other: own[other],
            otherConnection: use.connections[other])
        }
        return first
      }
    }
    return ofLinks[use.link]?[path] ?? general[path]
  }

  /// True when the fleet adds objects of a link type's folder.
  package func hasExtras(_ folder: String) -> Bool { extras[folder] != nil }

  /// Templates that add objects of a link type's folder, each with the most specific one of its name.
  package func extras(_ folder: String, for use: TemplateUse) -> [Template] {
    guard let all = extras[folder] else { return [] }
    var chosen: [String: Template] = [:]
    for template in all {
      guard template.level.concerns(use) else { continue }
      if let known = chosen[template.path], known.level.rank >= template.level.rank { continue }
      chosen[template.path] = template
    }
    return chosen.sorted { $0.key < $1.key }.map(\.value)
  }
}

extension TemplateLevel {
  var rank: Int {
    switch self {
    case .builtIn: 0
    case .fleet: 1
    case .link: 2
    case .connection: 3
    }
  }

  /// True when a template of the level may be used for an object.
  func concerns(_ use: TemplateUse) -> Bool {
    switch self {
    case .builtIn, .fleet: true
    case .link(let name): name == use.link
    case .connection(let name): use.connections.contains(name)
    }
  }
}

/// Two connections share an object and bring different templates for it.
package struct TemplateConflict: Error, Sendable {
  let template: Template
  let connection: String
  let other: Template?
  let otherConnection: String

  package func finding(for subject: String) -> Diagnostic {
    Diagnostic(
      TemplateRules.conflict,
      "\(subject) serves \(connection) and \(otherConnection), which bring different templates",
      at: template.document.range, "for \(connection) alone",
      also: other.map { [Label($0.document.range, "for \(otherConnection)")] } ?? [],
      help: [
        "put the same template beside each connection, or one for the link: templates/links/<link>/\(template.path)"
      ],
      notes: other == nil ? ["\(otherConnection) brings none"] : [])
  }
}
