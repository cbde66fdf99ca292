package import Diagnostics
import YAMLTree

/// A violation in the words of somebody who writes YAML.
package struct ViolationText: Sendable, Equatable {
  /// One sentence without a full stop that can stand alone.
  package let message: String
  /// What to write at the place itself, where the line is seen.
  package let label: String
  /// What would mend it.
  package let help: [String]

  /// `root` names the whole value where the path is empty: "the document".
  package init(_ violation: Violation, root: String = "the document") {
    let subject = violation.path.isEmpty ? root : violation.path.rendered
    let inside = violation.path.isEmpty ? "" : " in \(violation.path.rendered)"
    let parent = Array(violation.path.dropLast()).rendered
    let within = parent.isEmpty ? "" : " in \(parent)"
    var help: [String] = []
    switch violation.kind {
    case .unknownProperty(let name, let nearest, let known):
      message = "unknown field '\(name)'\(within)"
      label = "not a field here"
      if !nearest.isEmpty {
        help = ["did you mean " + nearest.map { "'\($0)'" }.joined(separator: " or ") + "?"]
      } else {
        help = known.isEmpty ? ["nothing can stand here"] : ["the fields are \(listed(known))"]
      }
    case .forbiddenProperty(let name):
      message = "field '\(name)' is not allowed\(within)"
      label = "not allowed here"
      help = ["remove it"] + Self.sentence(violation.description)
    case .missingProperty(let name):
      message = "missing required field '\(name)'\(inside)"
      label = "'\(name)' is missing"
      help = violation.description.map { ["\(name): \($0)"] } ?? ["add '\(name)'"]
    case .missingOneOf(let names):
      let list = names.map { "'\($0)'" }.joined(separator: " or ")
      message = "missing field\(inside): \(list) is required"
      label = "\(list) is missing"
      help = ["add one of them"]
    case .missingDependency(let name, let trigger):
      message = "missing field '\(name)'\(inside): '\(trigger)' needs it"
      label = "'\(name)' is missing"
      help = ["add '\(name)' or remove '\(trigger)'"]
    case .exclusiveProperties(let names):
      let list = names.map { "'\($0)'" }.joined(separator: " and ")
      message = "\(list) cannot stand together\(inside)"
      label = "only one of them"
      help = ["keep one of them"]
    case .wrongType(let expected, let actual):
      (label, help) = Self.type(violation, expected, actual)
      message = "\(subject) \(label)"
    default:
      let requirement = Self.requirement(violation)
      label = requirement
      message = (violation.isKey ? "the key '\(violation.node.text)'\(within) " : "\(subject) ") + requirement
      help = Self.help(violation)
    }
    self.help = help
  }

  // MARK: Types

  private static func type(_ violation: Violation, _ expected: [SchemaType], _ actual: NodeKind) -> (
    String, [String]
  ) {
    let wanted = choice(expected.map(\.description))
    let node = violation.node
    let shown = quoted(node)
    guard node.isScalar, actual != .null else {
      return ("must be \(wanted), but this is \(actual.description)", sentence(violation.description))
    }
    if expected == [.array] {
      return (
        "must be \(wanted), but \(shown) is \(actual.description)",
        ["write [\(isQuoted(node) ? shown : node.text)]"]
      )
    }
    if node.style == .plain, expected.contains(.string) {
      let help = ["quote it: \"\(node.text)\""]
      if node.isAmbiguous {
        return ("must be \(wanted), but \(shown) is \(actual.description) to Kubernetes' readers", help)
      }
      return ("must be \(wanted), but \(shown) is \(actual.description)", help)
    }
    if actual == .string, isQuoted(node), accepts(expected, plain: node.text) {
      return ("must be \(wanted), but \(shown) is a string", ["remove the quotes"])
    }
    return ("must be \(wanted), but \(shown) is \(actual.description)", sentence(violation.description))
  }

  private static func isQuoted(_ node: Node) -> Bool {
    node.style == .singleQuoted || node.style == .doubleQuoted
  }

  /// True when the text would be of an expected type without its quotes.
  private static func accepts(_ types: [SchemaType], plain text: String) -> Bool {
    var copy = text
    let kind = copy.withUTF8 { ScalarResolution.resolve($0).kind }
    return types.contains { KindSet(type: $0).contains(KindSet(kind: kind)) && kind != .null }
  }

  // MARK: Values

  /// "must be …" for kinds that are about the value itself.
  private static func requirement(_ violation: Violation) -> String {
    let node = violation.node
    let butIs = node.isScalar ? ", but is \(quoted(node))" : ""
    switch violation.kind {
    case .notInEnum(let values): return "must be \(choice(values.map(quoted)))\(butIs)"
    case .notConstant(let value): return "must be \(quoted(value))\(butIs)"
    case .belowMinimum(let bound, let exclusive):
      return "must be \(exclusive ? "greater than" : "at least") \(bound.text)\(butIs)"
    case .aboveMaximum(let bound, let exclusive):
      return "must be \(exclusive ? "less than" : "at most") \(bound.text)\(butIs)"
    case .notMultipleOf(let divisor): return "must be a multiple of \(divisor.text)\(butIs)"
    case .tooShort(1, _): return "must not be empty"
    case .tooShort(let minimum, let actual):
      return "must have at least \(counted(minimum, "character")), but has \(actual)"
    case .tooLong(let maximum, let actual):
      return "must have at most \(counted(maximum, "character")), but has \(actual)"
    case .pattern(let source):
      if let title = violation.title { return "must be \(title)\(butIs)" }
      return "must match \(source)\(butIs)"
    case .format(let format): return "must be \(format.description)\(butIs)"
    case .tooFewItems(1, _): return "must not be an empty list"
    case .tooFewItems(let minimum, let actual):
      return "must have at least \(counted(minimum, "item")), but has \(actual)"
    case .tooManyItems(let maximum, let actual):
      return "must have at most \(counted(maximum, "item")), but has \(actual)"
    case .duplicateItem(let first, let keys):
      let line = first.range.file.bytes.isEmpty ? "" : " of line \(first.range.startPosition.line)"
      return keys.isEmpty
        ? "is equal to the item\(line)" : "has the same \(keys.joined(separator: " and ")) as the item\(line)"
    case .noSuchItem: return "has no item of the required kind"
    case .tooFewEntries(1, _): return "must not be empty"
    case .tooFewEntries(let minimum, let actual):
      return "must have at least \(counted(minimum, "entry")), but has \(actual)"
    case .tooManyEntries(let maximum, let actual):
      return "must have at most \(counted(maximum, "entry")), but has \(actual)"
    case .forbidden: return "is not allowed here"
    case .matchesForbidden:
      if let title = violation.title { return "must be \(title)\(butIs)" }
      return "has a form that is not allowed here"
    case .matchesSeveral(let count): return "fits \(count) forms where only one may fit"
    case .noAlternative(let alternatives):
      if let title = violation.title { return "must be \(title)\(butIs)" }
      return choice(alternatives.map(phrase))
    case .tooComplex: return "cannot be checked: the schema tries too many combinations"
    case .wrongType(let expected, _): return "must be \(choice(expected.map(\.description)))\(butIs)"
    default: return "does not fit"
    }
  }

  private static func phrase(_ violation: Violation) -> String {
    switch violation.kind {
    case .pattern where violation.title == nil, .tooShort, .tooLong: requirement(violation)
    case .pattern: "must be \(violation.title ?? "")"
    case .format(let format): "must be \(format.description)"
    case .wrongType(let expected, _): "must be \(choice(expected.map(\.description)))"
    default: requirement(violation)
    }
  }

  private static func help(_ violation: Violation) -> [String] {
    if isQuoted(violation.node), accepts(violation.otherTypes, plain: violation.node.text) {
      return ["remove the quotes"]
    }
    switch violation.kind {
    case .notInEnum(let values):
      let near = didYouMean(violation.node.text, among: values.map(\.text))
      return near.map { [$0] } ?? sentence(violation.description)
    case .duplicateItem: return ["remove one of them"]
    case .noAlternative(let alternatives) where isQuoted(violation.node):
      let wouldFit = alternatives.contains { alternative in
        guard case .wrongType(let expected, .string) = alternative.kind else { return false }
        return accepts(expected, plain: violation.node.text)
      }
      return wouldFit ? ["remove the quotes"] : sentence(violation.description)
    default: return sentence(violation.description)
    }
  }

  // MARK: Words

  private static func sentence(_ text: String?) -> [String] {
    guard var text, !text.isEmpty else { return [] }
    if text.hasSuffix("."), !text.dropLast().contains(".") { text.removeLast() }
    return [text]
  }

  /// A value as it is shown: numbers bare, all else in quotes; at most 60
  /// characters, without line ends.
  private static func quoted(_ node: Node) -> String {
    guard node.isScalar else { return node.kind.description }
    switch node.kind {
    case .null: return "null"
    case .integer where !node.isAmbiguous, .float where !node.isAmbiguous, .boolean where !node.isAmbiguous:
      return node.text
    default: break
    }
    var text = node.text
    if text.unicodeScalars.count > 60 { text = String(text.prefix(57)) + "…" }
    let shown = text.unicodeScalars.map { $0.value < 0x20 ? "\u{FFFD}" : String($0) }.joined()
    return "'\(shown)'"
  }

  private static func choice(_ words: [String]) -> String {
    guard words.count > 1, let last = words.last else { return words.first ?? "nothing" }
    if words.count > 12 { return "one of \(listed(words))" }
    return words.dropLast().joined(separator: ", ") + " or " + last
  }

  private static func counted(_ count: Int, _ noun: String) -> String {
    if count == 1 { return "1 \(noun)" }
    return noun == "entry" ? "\(count) entries" : "\(count) \(noun)s"
  }
}

extension Violation {
  /// The finding that a rule makes of the violation: at the value, with the replacement when only one
  /// name is near.
  package func diagnostic(_ rule: Rule, root: String = "the document") -> Diagnostic {
    let text = ViolationText(self, root: root)
    var suggestion: Suggestion?
    if case .unknownProperty(_, let nearest, _) = kind, nearest.count == 1 {
      suggestion = Suggestion(replace: node.range, with: nearest[0])
    }
    var also: [Label] = []
    if case .duplicateItem(let first, _) = kind { also.append(Label(first.range, "the first one")) }
    return Diagnostic(
      rule, text.message, at: node.range, text.label, also: also, help: text.help, suggestion: suggestion)
  }
}
