import Diagnostics
import FleetSpec
import Kubernetes
import Linker
import Snapshot
import Templates
import YAMLTree

/// The fleet's own templates. Each must take the place of one, or add to what a link type emits: a file that does
/// neither would be without effect.
struct TemplateReading {
  private(set) var templates: TemplateSet
  private(set) var findings: [Diagnostic] = []
  /// A fault of the repository that the files come from.
  private(set) var damage: SnapshotError?
  private let specification: Specification
  private let connections: Set<String>

  init(_ templates: TemplateSet, _ specification: Specification) {
    self.templates = templates.forOneCompile()
    self.specification = specification
    connections = Set(
      specification.connections.flatMap { connection in
        connection.namespaces.map { "\($0.value)/\(connection.name.value)" }
      })
  }

  mutating func read(_ entry: SnapshotEntry, _ snapshot: some Snapshot) {
    let file: SourceFile
    do {
      file = SourceFile(path: entry.path, bytes: try snapshot.content(of: entry))
    } catch {
      if error.kind == .repository { damage = damage ?? error }
      findings.append(
        Diagnostic(
          CompilerRules.unreadableFile, "\(entry.path) cannot be read: \(error.reason)",
          at: Label(SourceRange(wholeFile: SourceFile(path: entry.path, bytes: [])))))
      return
    }
    let place = TemplatePlace(String(entry.path.dropFirst("templates/".count)))
    if let fault = fault(of: place) {
      findings.append(
        Diagnostic(
          TemplateRules.unknownTemplate, fault.message, at: SourceRange(wholeFile: file), "without effect",
          help: [fault.help]))
      return
    }
    let before = templates.findings.count
    templates.add(file, place)
    findings += templates.findings[before...]
  }

  /// Templates of single connections that no object of theirs can come from.
  static func findings(_ model: FleetModel, _ plan: Plan) -> [Diagnostic] {
    let own = model.templates.ofSingleConnections
    guard !own.isEmpty else { return [] }
    var types: [String: LinkDescriptor] = [:]
    for connection in plan.connections {
      let key = connection.link.link.type.value
      types[connection.id.description] = LinkRegistry.types.first { $0.descriptor.key == key }?.descriptor
    }
    return own.compactMap { name, template in
      let isExtra = template.scope != nil
      guard let type = types[name],
        isExtra
          ? TemplatePlace(template.path).folder != type.folder
          : !type.templates.contains(where: { $0.path == template.path })
      else { return nil }
      return Diagnostic(
        TemplateRules.unknownTemplate,
        "Connection '\(name)' goes over a link of type \(type.key), which never uses '\(template.path)'",
        at: template.document.range, "without effect",
        help: ["its templates lie in \(type.folder)/ and shared/"])
    }
  }

  private typealias Fault = (message: String, help: String)

  /// Why a file is without effect.
  private func fault(of place: TemplatePlace) -> Fault? {
    if let fault = faultOfLevel(place) { return fault }
    let names = LinkRegistry.folders.values.sorted()
    if place.isExtra {
      guard let scopes = templates.scopes(of: place.folder) else {
        return (
          "'\(place.folder)' is no link type's folder",
          didYouMean(place.folder, among: names) ?? "the folders are \(listed(names))"
        )
      }
      guard scopes.isEmpty else { return nil }
      return (
        "links of \(place.folder) have no occasion to add an object",
        "only built-in templates can be replaced"
      )
    }
    guard !templates.declares(place.path) else { return nil }
    return (
      "there is no built-in template '\(place.path)'",
      didYouMean(place.path, among: templates.paths)
        ?? "the templates are \(templates.paths.joined(separator: ", "))"
    )
  }

  private func faultOfLevel(_ place: TemplatePlace) -> Fault? {
    switch place.level {
    case .builtIn, .fleet: return nil
    case .link(let name):
      guard let link = specification.links[name] else {
        guard !specification.isInvalid("Link", name) else { return nil }
        let names = specification.links.keys.sorted()
        return (
          "there is no Link '\(name)' for these templates",
          didYouMean(name, among: names) ?? "the links are \(listed(names))"
        )
      }
      guard let type = LinkRegistry.types.first(where: { $0.descriptor.key == link.type.value })?.descriptor
      else { return nil }
      let isKnown =
        place.isExtra ? place.folder == type.folder : type.templates.contains { $0.path == place.path }
      guard !isKnown, place.isExtra || templates.declares(place.path) else { return nil }
      return (
        "Link '\(name)' is of type \(type.key) and never uses '\(place.path)'",
        "its templates lie in \(type.folder)/ and shared/"
      )
    case .connection(let name):
      if templates.declaration(place.path)?.concernsConnections == false {
        return (
          "the names of '\(place.path)' belong to a link as a whole",
          "put it into templates/links/<link>/\(place.folder)/"
        )
      }
      guard !connections.contains(name) else { return nil }
      let short = String(name.split(separator: "/").last ?? "")
      guard !specification.isInvalid("Connection", short) else { return nil }
      return (
        "there is no Connection '\(name)' for these templates",
        didYouMean(name, among: connections.sorted())
          ?? "the path is templates/connections/<namespace>/<name>/…"
      )
    }
  }
}
