package import YAMLTree

/// Two trees field by field: mappings by key, lists as Kubernetes means them (`ListItems`), never by line.
package struct FieldComparison {
  private var changes: [FieldChange] = []
  /// True for Secrets: which fields differ may be said, what is in them may not.
  private let hidesValues: Bool

  /// What differs, in the order of the later tree. Linear, but for lists without keys whose items differ.
  package static func changes(
    from before: Node, to after: Node, hidesValues: Bool = false
  ) -> [FieldChange] {
    var comparison = FieldComparison(hidesValues: hidesValues)
    comparison.compare(before, after, "", field: "")
    return comparison.changes
  }

  private init(hidesValues: Bool) { self.hidesValues = hidesValues }

  private mutating func compare(_ before: Node, _ after: Node, _ path: String, field: String) {
    switch (before.kind, after.kind) {
    case (.mapping, .mapping):
      for (key, value) in after.entries {
        let next = Self.join(path, key.text)
        if let old = before.entry(key.text)?.value {
          compare(old, value, next, field: key.text)
        } else {
          add(.added, next, nil, value)
        }
      }
      for (key, value) in before.entries where after.entry(key.text) == nil {
        add(.removed, Self.join(path, key.text), value, nil)
      }
    case (.sequence, .sequence):
      guard !before.isEqual(to: after) else { return }
      let items = ListItems(field: field, before: before, after: after)
      if items.isReordered { add(.reordered, path, before, after) }
      for pair in items.pairs {
        let next = "\(path)[\(pair.label)]"
        switch (pair.before, pair.after) {
        case (let old?, let new?): compare(old, new, next, field: "")
        case (nil, let new?): add(.added, next, nil, new)
        case (let old?, nil): add(.removed, next, old, nil)
        case (nil, nil): break
        }
      }
    default:
      if !before.isEqual(to: after) { add(.changed, path, before, after) }
    }
  }

  private mutating func add(_ kind: FieldChange.Kind, _ path: String, _ before: Node?, _ after: Node?) {
    let hides =
      hidesValues && !path.hasPrefix("metadata") && path != "type" && path != "kind" && path != "apiVersion"
    changes.append(
      FieldChange(
        path: path, kind: kind, before: hides ? nil : before.map(InlineText.of),
        after: hides ? nil : after.map(InlineText.of)))
  }

  /// Keys that a dot or a bracket would make ambiguous are quoted.
  private static func join(_ path: String, _ key: String) -> String {
    let isPlain =
      !key.isEmpty
      && key.utf8.allSatisfy { byte in
        byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
          || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
          || byte | 0x20 >= UInt8(ascii: "a") && byte | 0x20 <= UInt8(ascii: "z")
      }
    if !isPlain { return "\(path)[\"\(key)\"]" }
    return path.isEmpty ? key : "\(path).\(key)"
  }
}
