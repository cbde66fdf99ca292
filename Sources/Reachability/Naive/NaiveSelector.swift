import YAMLTree

/// Label selectors over trees, string by string.
enum NaiveSelector {
  /// Marks that, beside the listed values, any value is possible.
  static let wildcard: [String?] = ["\u{1}any value"]

  static func isEmpty(_ selector: Node?) -> Bool {
    (selector?["matchLabels"]?.count ?? 0) == 0 && (selector?["matchExpressions"]?.count ?? 0) == 0
  }

  /// Every key that a selector looks at.
  static func keys(_ selector: Node?) -> [String] {
    (selector?["matchLabels"]?.entries.map { $0.key.text } ?? [])
      + (selector?["matchExpressions"]?.elements.map { $0["key"]?.text ?? "" } ?? [])
  }

  /// A requirement holds for sure when it holds for every value that the label may have; a selector when all
  /// of its requirements do.
  static func matches(_ selector: Node?, possibleValues: (String) -> [String?]?) -> Ternary {
    var isSure = true
    func judge(_ key: String, _ operation: String, _ wanted: [String]) -> Bool {
      var candidates = possibleValues(key) ?? [nil, "\u{1}anything"] + wildcard
      // Any value at all includes those that the selector names.
      if candidates.contains(wildcard[0]) { candidates += wanted.map { Optional($0) } }
      let outcomes = candidates.map { holds(operation, $0, wanted) }
      if outcomes.contains(false) { isSure = false }
      return outcomes.contains(true)
    }
    for (key, value) in selector?["matchLabels"]?.entries.map({ ($0.text, $1.isNull ? "" : $1.text) }) ?? [] {
      guard judge(key, "In", [value]) else { return .no }
    }
    for expression in selector?["matchExpressions"]?.elements.map({ $0 }) ?? [] {
      let wanted = expression["values"]?.elements.map(\.text) ?? []
      guard judge(expression["key"]?.text ?? "", expression["operator"]?.text ?? "", wanted) else {
        return .no
      }
    }
    return isSure ? .yes : .depends
  }

  private static func holds(_ operation: String, _ value: String?, _ wanted: [String]) -> Bool {
    switch (operation, value) {
    case ("In", let value?): wanted.contains(value)
    case ("In", nil): false
    case ("NotIn", let value?): !wanted.contains(value)
    case ("NotIn", nil): true
    case ("Exists", let value): value != nil
    case ("DoesNotExist", let value): value == nil
    default: false
    }
  }
}
