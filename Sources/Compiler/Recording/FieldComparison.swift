import YAMLTree

/// The fields of an expected object that an observed one does not have, or has otherwise.
struct FieldComparison {
  struct Difference {
    /// `spec.pool.servicePort`, `subsets[0].ports[0].port`.
    let path: String
    let expected: Node
    let observed: Node?
  }

  private(set) var differences: [Difference] = []

  /// Compares whole objects of one identity.
  /// - Parameter selection: the fields that the observed object can have; nil: all.
  mutating func compareObject(_ expected: Node, _ observed: Node, selection: FieldSelection?) {
    for (key, value) in expected.entries {
      let name = key.text
      guard !["apiVersion", "kind", "status"].contains(name) else { continue }
      if name == "metadata" {
        compareLabels(
          value["labels"], observed.at("metadata", "labels"), selection?.field("metadata")?.field("labels"),
          selection != nil)
      } else {
        compareField(name, value, observed, path: name, selection, isLimited: selection != nil)
      }
    }
  }

  /// Of the metadata only labels are compared, and of those not ours: controllers do not set them.
  private mutating func compareLabels(
    _ expected: Node?, _ observed: Node?, _ selection: FieldSelection?, _ isLimited: Bool
  ) {
    for (key, value) in expected?.entries.map({ $0 }) ?? [] {
      let name = key.text
      guard name != "app.kubernetes.io/managed-by", !name.hasPrefix("linkwright.dev/") else { continue }
      if isLimited, selection?.field(name) == nil { continue }
      compare(value, observed?.entry(name)?.value, path: "metadata.labels.\(name)", nil)
    }
  }

  private mutating func compareField(
    _ name: String, _ value: Node, _ observed: Node, path: String, _ selection: FieldSelection?,
    isLimited: Bool
  ) {
    let below = selection?.field(name)
    if isLimited, below == nil { return }
    compare(value, observed.entry(name)?.value, path: path, below)
  }

  private mutating func compare(
    _ expected: Node, _ observed: Node?, path: String, _ selection: FieldSelection?
  ) {
    guard let observed, !observed.isNull else {
      // The API leaves out what is empty.
      let isEmpty = expected.isNull || !expected.isScalar && expected.count == 0
      if !isEmpty { differences.append(Difference(path: path, expected: expected, observed: nil)) }
      return
    }
    switch (expected.kind, observed.kind) {
    case (.mapping, .mapping):
      for (key, value) in expected.entries {
        let name = key.text
        compareField(name, value, observed, path: "\(path).\(name)", selection, isLimited: selection != nil)
      }
    case (.sequence, .sequence): compareLists(expected, observed, path: path, selection?.element)
    default:
      // A port is a number in one API and a string in another: the text is what counts.
      let isEqual =
        expected.isEqual(to: observed)
        || expected.isScalar && observed.isScalar && expected.text == observed.text
      if !isEqual { differences.append(Difference(path: path, expected: expected, observed: observed)) }
    }
  }

  /// In any order, since the API promises none for endpoints; quadratic only where the order differs.
  private mutating func compareLists(
    _ expected: Node, _ observed: Node, path: String, _ selection: FieldSelection?
  ) {
    guard expected.count == observed.count else {
      differences.append(Difference(path: path, expected: expected, observed: observed))
      return
    }
    var pairwise = FieldComparison()
    for (index, (wanted, found)) in zip(expected.elements, observed.elements).enumerated() {
      pairwise.compare(wanted, found, path: "\(path)[\(index)]", selection)
    }
    guard !pairwise.differences.isEmpty, !Self.isPermutation(expected, observed, selection) else { return }
    differences += pairwise.differences
  }

  private static func isPermutation(_ expected: Node, _ observed: Node, _ selection: FieldSelection?) -> Bool
  {
    var rest = Array(observed.elements)
    for wanted in expected.elements {
      let match = rest.firstIndex { found in
        var walk = FieldComparison()
        walk.compare(wanted, found, path: "", selection)
        return walk.differences.isEmpty
      }
      guard let match else { return false }
      rest.remove(at: match)
    }
    return true
  }
}
