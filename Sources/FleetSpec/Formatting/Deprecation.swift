import Diagnostics
import YAMLTree

/// A spelling that an earlier release wrote and that is still read: `fmt --upgrade` replaces it.
package struct Deprecation: Sendable {
  /// The release that brought the new form.
  package let since: String
  let kind: String
  /// From the document to the mapping that holds the key; `[]` stands for every element of a list.
  let path: [String]
  let key: String
  let newKey: String
  /// New texts of values, by the old ones.
  let values: [String: String]

  /// Every deprecated spelling, oldest first. An entry goes when the API version ends that knows it.
  static let all: [Deprecation] = [
    ("Link", ["spec", "porter", "networkPolicy"]),
    ("Link", ["spec", "overrides", "[]", "porter", "networkPolicy"]),
    ("Connection", ["spec", "porter", "networkPolicy"]),
    ("Connection", ["spec", "overrides", "[]", "porter", "networkPolicy"]),
  ].map { kind, path in
    Deprecation(
      since: "0.2", kind: kind, path: path, key: "ports", newKey: "restrictPorts",
      values: ["target": "true", "all": "false"])
  }

  /// A place where the spelling stands.
  struct Use {
    let key: Node
    let value: Node
    let deprecation: Deprecation
    /// The mapping has the new key too: there is nothing to replace.
    let isRepeated: Bool

    var newText: String { "\(deprecation.newKey): \(deprecation.values[value.text] ?? value.text)" }

    var range: SourceRange {
      SourceRange(file: key.range.file, start: key.range.start, end: value.range.end)
    }
  }

  /// Where a document uses deprecated spellings. Linear in the paths.
  static func uses(in document: Node) -> [Use] {
    all.filter { document["kind"]?.text == $0.kind }.flatMap { deprecation in
      deprecation.holders(document, deprecation.path[...]).compactMap { holder in
        holder.entry(deprecation.key).map {
          Use(
            key: $0.key, value: $0.value, deprecation: deprecation,
            isRepeated: holder[deprecation.newKey] != nil)
        }
      }
    }
  }

  private func holders(_ node: Node, _ path: ArraySlice<String>) -> [Node] {
    guard let step = path.first else { return [node] }
    if step == "[]" { return node.elements.flatMap { holders($0, path.dropFirst()) } }
    return node[step].map { holders($0, path.dropFirst()) } ?? []
  }

  /// A warning for each use, with the new form.
  static func findings(_ document: Node) -> [Diagnostic] {
    uses(in: document).map { use in
      Diagnostic(
        FleetSpecRules.deprecated,
        "'\(use.key.text): \(use.value.text)' is written '\(use.newText)' now",
        at: use.range, "an older spelling",
        help: [
          use.isRepeated
            ? "remove it: '\(use.deprecation.newKey)' stands beside it"
            : "'linkwright fmt --upgrade' replaces it"
        ],
        suggestion: use.isRepeated ? nil : Suggestion(replace: use.range, with: use.newText))
    }
  }
}

/// Versions of the specification's API, oldest first; the last is written, all are read.
package enum SpecVersions {
  package static let known = [SpecDecoder.apiVersion]
}
