/// What is wrong with an expression before it is evaluated: its syntax or a type.
package struct CELIssue: Sendable, Equatable {
  /// Byte range in the expression's text.
  package let range: Range<Int>
  /// One sentence without a full stop.
  package let message: String
  /// What would mend it, where that is known.
  package let help: String?
  /// True when `has(…)` asks for a field that the object's type does not declare.
  package let isAbsence: Bool

  package init(
    _ message: String, at range: Range<Int>, help: String? = nil, isAbsence: Bool = false
  ) {
    self.message = message
    self.range = range
    self.help = help
    self.isAbsence = isAbsence
  }
}

/// Everything that is wrong with an expression, in the order of the text.
package struct CELIssues: Error, Sendable, Equatable {
  package let issues: [CELIssue]
  /// What is wrong in parts that are never reached, as far as is known.
  package var unreachable: [CELIssue] = []
}

/// Why an evaluation has no value.
package struct CELError: Error, Sendable, Equatable {
  /// What a host may want to tell apart.
  package enum Kind: Sendable, Equatable {
    /// The expression's own doing: a missing key, a division by zero.
    case failure
    /// The step budget is used up. Unlike other errors, no operator absorbs it.
    case budget
  }

  package let kind: Kind
  /// One sentence without a full stop.
  package let message: String
  /// Byte range, in the expression's text, of the part that failed.
  package let range: Range<Int>

  package init(kind: Kind, message: String, range: Range<Int>) {
    self.kind = kind
    self.message = message
    self.range = range
  }
}

/// Bounds on what one expression may use.
package struct CELLimits: Sendable {
  /// Bytes of an expression's text.
  package var textLength = 100_000
  /// Levels of nesting, and also the length of a chain such as `a.b.c` or `1 + 2 + 3`.
  package var depth = 250
  /// What one evaluation may spend: a step for each call and each turn of a comprehension, and one for about
  /// every 16 bytes or every element that a function reads or makes. Kubernetes allows as much for one call.
  package var steps = 1_000_000

  package static let standard = CELLimits()

  package init() {}
}

/// A failure whose place the caller knows.
struct Failure: Error {
  var kind = CELError.Kind.failure
  let message: String

  init(_ message: String) { self.message = message }

  init(kind: CELError.Kind, _ message: String) {
    self.kind = kind
    self.message = message
  }

  func at(_ range: Range<Int>) -> CELError {
    CELError(kind: kind, message: message, range: range)
  }
}
