package import YAMLTree

/// Schema documents by their URIs, for `$ref`. Nothing is ever fetched: a reference to what is not here is
/// an error of compiling.
package struct SchemaRegistry: Sendable {
  /// A schema and the base URI of its surroundings, its own `$id` not yet applied.
  struct Located: Sendable {
    let node: Node
    let base: URIReference
  }

  /// Schemas by absolute URI; those named by a plain fragment (`"$id": "#name"`) with it.
  private var resources: [String: Located] = [:]

  package init() {}

  /// Adds a document under the URI it would be retrieved from, and everything in it that has an `$id`.
  /// Linear in the document.
  package mutating func add(_ root: Node, at uri: String) {
    let base = URIReference(uri)
    resources[base.withoutFragment] = Located(node: root, base: base)
    index(root, base: base)
  }

  /// The base URI inside a schema: the one around it, changed by its `$id`. A sibling of `$ref` does not
  /// count (draft-07 section 8.3).
  static func base(inside schema: Node, from base: URIReference) -> URIReference {
    guard schema.kind == .mapping, let id = schema["$id"]?.string, !id.hasPrefix("#"),
      schema["$ref"]?.string == nil
    else { return base }
    var inner = base.resolving(URIReference(id))
    inner.fragment = nil
    return inner
  }

  private mutating func index(_ schema: Node, base outer: URIReference) {
    guard schema.kind == .mapping else { return }
    let base = Self.base(inside: schema, from: outer)
    if let id = schema["$id"]?.string, schema["$ref"]?.string == nil {
      let key = id.hasPrefix("#") ? outer.withoutFragment + id : base.withoutFragment
      if resources[key] == nil || id.hasPrefix("#") {
        resources[key] = Located(node: schema, base: outer)
      }
    }
    for subschema in Subschemas.of(schema) { index(subschema, base: base) }
  }

  /// The schema that a `$ref` in a document means, with the document's URI; nil when it leads nowhere.
  package func target(of reference: String, from uri: String) -> (node: Node, uri: String)? {
    guard let found = try? resolve(reference, from: URIReference(uri)) else { return nil }
    return (found.node, found.base.withoutFragment)
  }

  /// Why a reference leads nowhere.
  enum Failure: Error {
    case unknownDocument(String)
    case unknownName(String)
    case badPointer(String)
  }

  /// The schema that a `$ref` means. Linear in the pointer times the entries it passes.
  func resolve(_ reference: String, from base: URIReference) throws(Failure) -> Located {
    let target = base.resolving(URIReference(reference))
    let document = target.withoutFragment
    let fragment = target.fragment ?? ""
    guard let root = resources[document] else { throw .unknownDocument(document) }
    if fragment.isEmpty { return root }
    if !fragment.hasPrefix("/") {
      guard let named = resources[document + "#" + fragment] else { throw .unknownName("#" + fragment) }
      return named
    }
    var node = root.node
    var around = root.base
    for token in fragment.split(separator: "/", omittingEmptySubsequences: false).dropFirst() {
      guard let name = JSONPointer.unescaped(String(token)), let next = JSONPointer.step(from: node, name)
      else { throw .badPointer(fragment) }
      around = Self.base(inside: node, from: around)
      node = next
    }
    return Located(node: node, base: around)
  }
}

/// Where schemas stand inside a schema.
enum Subschemas {
  static func of(_ schema: Node) -> [Node] {
    guard schema.kind == .mapping else { return [] }
    var found: [Node] = []
    for (key, value) in schema.entries {
      switch key.text {
      case "additionalItems", "contains", "additionalProperties", "propertyNames", "not", "if", "then",
        "else":
        found.append(value)
      case "items", "allOf", "anyOf", "oneOf":
        if value.kind == .sequence { found.append(contentsOf: value.elements) } else { found.append(value) }
      case "definitions", "$defs", "properties", "patternProperties", "dependencies":
        found.append(contentsOf: value.entries.map(\.value))
      default: break
      }
    }
    return found
  }
}

/// RFC 6901 over nodes.
enum JSONPointer {
  /// A token of a URI fragment as the key it means.
  static func unescaped(_ token: String) -> String? {
    guard let text = URIReference.percentDecoded(token) else { return nil }
    guard text.contains("~") else { return text }
    var result = ""
    var rest = text[...]
    while let character = rest.popFirst() {
      guard character == "~" else {
        result.append(character)
        continue
      }
      switch rest.popFirst() {
      case "0": result.append("~")
      case "1": result.append("/")
      default: return nil
      }
    }
    return result
  }

  static func step(from node: Node, _ name: String) -> Node? {
    switch node.kind {
    case .mapping: return node[name]
    case .sequence:
      guard let position = Int(name), position >= 0, position < node.count else { return nil }
      return node.elements.dropFirst(position).first { _ in true }
    default: return nil
    }
  }
}
