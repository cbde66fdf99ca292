import Diagnostics
import YAMLTree

/// A schema that needs no other file: what it refers to elsewhere stands under its own `definitions`.
///
/// Editors and validators are handed one file. Embedded documents with an `$id` of their own would be legal, but not
/// every editor resolves them, so references are rewritten: `definitions.json#/definitions/name` becomes
/// `#/definitions/definitions-name`.
package struct SchemaBundle {
  private let roots: [String: Node]
  private let path: String
  /// Definitions of other files by their name in the bundle, in the order in which they were met.
  private var pending: [(name: String, place: Place)] = []
  private var known: Set<String> = []

  /// A schema within a file.
  private struct Place {
    let file: String
    /// The steps of the JSON pointer; empty for the file as a whole.
    let steps: [String]
  }

  private init(_ roots: [String: Node], _ path: String) {
    self.roots = roots
    self.path = path
  }

  /// The schema of a file, bundled; as it is written where it refers to no other. Linear in what it refers to.
  ///
  /// - Parameters:
  ///   - path: below `schemas/`.
  ///   - schemas: all schema texts by path.
  package static func text(of path: String, in schemas: [(path: String, text: String)]) -> String {
    let texts = Dictionary(schemas.map { ($0.path, $0.text) }) { first, _ in first }
    let directory = directory(of: path)
    // Only what lies in the same part can be meant: the specification, or Kubernetes' kinds.
    let part = directory == "kubernetes" ? "kubernetes/" : ""
    var roots: [String: Node] = [:]
    for (path, text) in schemas where path.hasPrefix(part) && path.hasPrefix("kubernetes/") == !part.isEmpty {
      roots[path] = Tree.parse(text: text, path: path).tree.root
    }
    guard let root = roots[path], refersElsewhere(root) else { return texts[path] ?? "" }
    var bundle = SchemaBundle(roots, path)
    return bundle.write(root)
  }

  private static func directory(of path: String) -> String {
    path.split(separator: "/").dropLast().joined(separator: "/")
  }

  private static func refersElsewhere(_ node: Node) -> Bool {
    if let reference = node["$ref"]?.string, !reference.hasPrefix("#") { return true }
    return node.entries.contains { refersElsewhere($0.value) }
      || node.elements.contains { refersElsewhere($0) }
  }

  private mutating func write(_ root: Node) -> String {
    var writer = JSONWriter()
    writer.object { writer in
      for (key, value) in root.entries where key.text != "definitions" {
        writer.key(key.text)
        write(value, of: path, to: &writer)
      }
      writer.key("definitions")
      writer.object { writer in
        for (key, value) in root["definitions"]?.entries.map({ $0 }) ?? [] {
          writer.key(key.text)
          write(value, of: path, to: &writer)
        }
        var next = 0
        while next < pending.count {
          let (name, place) = pending[next]
          next += 1
          guard let node = node(at: place) else { continue }
          writer.key(name)
          // A whole file leaves its definitions to those who refer to them.
          write(node, of: place.file, isWholeFile: place.steps.isEmpty, to: &writer)
        }
      }
    }
    return writer.finish()
  }

  private mutating func write(
    _ node: Node, of file: String, isWholeFile: Bool = false, to writer: inout JSONWriter
  ) {
    switch node.kind {
    case .mapping:
      writer.object { writer in
        for (key, value) in node.entries {
          if isWholeFile, ["$id", "$schema", "definitions"].contains(key.text) { continue }
          writer.key(key.text)
          if key.text == "$ref", let reference = value.string {
            writer.string(rewritten(reference, in: file))
          } else {
            write(value, of: file, to: &writer)
          }
        }
      }
    case .sequence:
      writer.array { writer in for element in node.elements { write(element, of: file, to: &writer) } }
    case .boolean: writer.boolean(node.boolean ?? false)
    case .null, .alias: writer.null()
    case .integer, .float:
      if let whole = node.integer { writer.integer(whole) } else { writer.number(node.number ?? .nan) }
    case .string: writer.string(node.text)
    }
  }

  // MARK: References

  private mutating func rewritten(_ reference: String, in file: String) -> String {
    let parts = reference.split(separator: "#", maxSplits: 1, omittingEmptySubsequences: false).map(
      String.init)
    let target = parts[0].isEmpty ? file : resolved(parts[0], from: file)
    if target == path { return "#" + (parts.count > 1 ? parts[1] : "") }
    let steps = parts.count > 1 ? parts[1].split(separator: "/").map(String.init) : []
    let place = Place(file: target, steps: steps)
    guard node(at: place) != nil else { return reference }
    let stem = target.dropLast(".json".count).split(separator: "/").joined(separator: "-")
    let name = ([stem] + (steps.first == "definitions" ? steps.dropFirst() : steps[...])).joined(
      separator: "-")
    if known.insert(name).inserted { pending.append((name, place)) }
    return "#/definitions/\(name)"
  }

  private func resolved(_ relative: String, from file: String) -> String {
    var steps = file.split(separator: "/").dropLast().map(String.init)
    for step in relative.split(separator: "/") {
      if step == ".." { _ = steps.popLast() } else if step != "." { steps.append(String(step)) }
    }
    return steps.joined(separator: "/")
  }

  private func node(at place: Place) -> Node? {
    var node = roots[place.file]
    for step in place.steps { node = node?[step] }
    return node
  }
}
