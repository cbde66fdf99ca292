import Kubernetes

/// A label selector over numbers instead of strings.
struct CompiledSelector: Sendable {
  enum Test: Sendable {
    case isIn([Int32])
    case notIn([Int32])
    case exists
    case doesNotExist
  }

  let tests: [(key: Int32, test: Test, requirement: LabelSelector.Requirement)]

  init(_ selector: LabelSelector, _ vocabulary: inout Vocabulary) {
    tests = selector.requirements.map { requirement in
      let key = vocabulary.podKeys.number(of: requirement.key) ?? .max
      switch requirement {
      case .isIn(_, let values): return (key, .isIn(values.map { vocabulary.value($0) }), requirement)
      case .notIn(_, let values): return (key, .notIn(values.map { vocabulary.value($0) }), requirement)
      case .exists: return (key, .exists, requirement)
      case .doesNotExist: return (key, .doesNotExist, requirement)
      }
    }
  }

  /// Linear in requirements times labels, both few.
  func matches(_ labels: ArraySlice<ClassTable.Label>, runtime: [RuntimeLabel]) -> Ternary {
    var answer = Ternary.yes
    for (key, test, requirement) in tests {
      var value: Int32?
      var runtimeLabel: RuntimeLabel?
      for label in labels where label.key == key {
        if label.value >= 0 { value = label.value } else { runtimeLabel = runtime[Int(-1 - label.value)] }
      }
      var holds = Ternary(Self.holds(test, value))
      if let runtimeLabel {
        holds = Self.holds(requirement, runtimeLabel, initially: holds, isDeclared: value != nil)
      }
      answer = answer && holds
      if answer == .no { return .no }
    }
    return answer
  }

  private static func holds(_ test: Test, _ value: Int32?) -> Bool {
    switch test {
    case .isIn(let values): value.map { values.contains($0) } ?? false
    case .notIn(let values): value.map { !values.contains($0) } ?? true
    case .exists: value != nil
    case .doesNotExist: value == nil
    }
  }

  /// The label starts as declared (or missing) and may become any of its runtime values.
  private static func holds(
    _ requirement: LabelSelector.Requirement, _ label: RuntimeLabel, initially: Ternary, isDeclared: Bool
  ) -> Ternary {
    guard let values = label.values else {
      switch requirement {
      case .exists: return isDeclared ? .yes : .depends
      case .doesNotExist: return isDeclared ? .no : .depends
      case .isIn(_, let wanted): return wanted.isEmpty ? .no : .depends
      case .notIn(_, let unwanted): return unwanted.isEmpty ? .yes : .depends
      }
    }
    let later = values.map { value in
      switch requirement {
      case .isIn(_, let wanted): wanted.contains(value)
      case .notIn(_, let unwanted): !unwanted.contains(value)
      case .exists: true
      case .doesNotExist: false
      }
    }
    return Ternary(
      may: initially.may || later.contains(true), must: initially.must && !later.contains(false))
  }
}

extension NamespaceFacts {
  /// The label that the API server forces on every namespace.
  static let nameLabel = "kubernetes.io/metadata.name"

  /// Whether a namespaceSelector matches; a label that nobody tells makes it depend.
  func matches(_ selector: LabelSelector, _ profile: NetworkProfile) -> Ternary {
    var answer = Ternary.yes
    for requirement in selector.requirements {
      let key = requirement.key
      let value = key == Self.nameLabel ? name : labels[key]
      let holds: Ternary
      if value == nil, !knowsLabels, !profile.assumesNoOtherLabels {
        switch requirement {
        case .isIn(_, let wanted): holds = wanted.isEmpty ? .no : .depends
        case .notIn(_, let unwanted): holds = unwanted.isEmpty ? .yes : .depends
        case .exists, .doesNotExist: holds = .depends
        }
      } else {
        switch requirement {
        case .isIn(_, let wanted): holds = Ternary(value.map { wanted.contains($0) } ?? false)
        case .notIn(_, let unwanted): holds = Ternary(value.map { !unwanted.contains($0) } ?? true)
        case .exists: holds = Ternary(value != nil)
        case .doesNotExist: holds = Ternary(value == nil)
        }
      }
      answer = answer && holds
      if answer == .no { return .no }
    }
    return answer
  }
}
