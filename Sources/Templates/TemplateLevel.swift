/// Whose template it is. The most specific one is used.
package enum TemplateLevel: Sendable, Hashable {
  case builtIn
  /// `templates/porter/network-policy.yaml`.
  case fleet
  /// `templates/links/<link>/porter/network-policy.yaml`.
  case link(String)
  /// `templates/connections/<namespace>/<name>/porter/network-policy.yaml`.
  case connection(String)

  /// In the words of a listing.
  package var description: String {
    switch self {
    case .builtIn: "built-in"
    case .fleet: "fleet"
    case .link(let name): "link \(name)"
    case .connection(let name): "connection \(name)"
    }
  }
}

/// Where a template of a fleet lies: its level, and the path of what it replaces or adds.
package struct TemplatePlace: Sendable, Equatable {
  package let level: TemplateLevel
  /// `porter/network-policy.yaml`.
  package let path: String

  /// Reads a path below `templates/`.
  package init(_ path: String) {
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
    func rest(_ count: Int) -> String { parts.dropFirst(count).joined(separator: "/") }
    switch parts[0] {
    case "links" where parts.count > 2: (level, self.path) = (.link(parts[1]), rest(2))
    case "connections" where parts.count > 3:
      (level, self.path) = (.connection("\(parts[1])/\(parts[2])"), rest(3))
    default: (level, self.path) = (.fleet, path)
    }
  }

  /// The folder of a link type: `porter`.
  package var folder: String { path.split(separator: "/").first.map(String.init) ?? "" }

  /// True for a template that adds an object: `porter/+service-monitor.yaml`.
  package var isExtra: Bool { path.split(separator: "/").last?.hasPrefix("+") ?? false }
}

/// For whom something is rendered: it decides which template is used.
package struct TemplateUse: Sendable {
  package let link: String
  /// The connections that the object serves, `namespace/name`.
  package let connections: [String]

  package init(link: String, connections: [String]) {
    self.link = link
    self.connections = connections
  }
}

/// An occasion on which templates that a fleet adds are rendered, as a link type declares it.
package struct ExtraScope: Sendable {
  /// What `$scope` says: `target`.
  package let name: String
  /// `once in each cluster whose pods answer`.
  package let summary: String
  package let variables: [TemplateField]

  /// `place` and `connections` are among the variables without being listed, and so is `common`.
  package init(_ name: String, _ summary: String, _ variables: [TemplateField]) {
    self.name = name
    self.summary = summary
    self.variables =
      [
        .field(
          "place", .object([.field("cluster", .string), .field("namespace", .string)]),
          "where the object goes"),
        .field("connections", .list(.string), "that it serves, namespace/name"),
      ] + variables
  }
}
