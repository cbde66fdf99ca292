import Output

/// An object that two sides do not have alike.
package struct ObjectChange: Sendable {
  package enum Kind: String, Sendable {
    case added
    case changed
    case removed
  }

  package let kind: Kind
  package let key: ObjectKey
  /// Where it lies: on the later side, or on the earlier one for what was removed.
  package let path: String
  /// What differs; empty for what was added or removed, and for what only moved to another file.
  package let fields: [FieldChange]
  /// The connections that it serves, on either side, `namespace/name`.
  package let connections: [String]
  /// The object's text, of the later side or of what was removed; nil for Secrets and for what is no text.
  package let text: String?
  /// The sides' trees, for judging what the change means.
  let before: ReviewedObject?
  let after: ReviewedObject?

  /// True when only the annotation that names the source file differs.
  package var isProvenanceOnly: Bool {
    kind == .changed && !fields.isEmpty && fields.allSatisfy(\.isProvenance)
  }

  init(_ before: ReviewedObject?, _ after: ReviewedObject?) {
    self.before = before
    self.after = after
    let shown = after ?? before
    kind = before == nil ? .added : after == nil ? .removed : .changed
    // One of the two is there.
    key = shown?.key ?? ObjectKey(cluster: "", part: .manifests, subject: .file(""))
    path = shown?.path ?? ""
    connections = Set((before?.connections ?? []) + (after?.connections ?? [])).sorted()
    let isSecret = key.kind == "Secret"
    if let before, let after {
      if let old = before.root, let new = after.root {
        fields = FieldComparison.changes(from: old, to: new, hidesValues: isSecret)
      } else {
        fields = TextComparison.changes(from: before.content, to: after.content)
      }
    } else {
      fields = []
    }
    text =
      isSecret || shown.map { $0.content.contains(0) } ?? true
      ? nil : shown.flatMap { String(validating: $0.content, as: UTF8.self) }
  }
}
