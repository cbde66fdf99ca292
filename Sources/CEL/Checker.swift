import Diagnostics
import Patterns

/// A part of an expression whose type is known, with the code that evaluates it.
struct Checked {
  var type: CELType
  let code: Code
  /// Set when the part is a variable with fields after it, which is evaluated in one go.
  var path: Path?
  /// The value of a literal.
  var constant: CELValue?
  /// Set when the part is true, or false, whatever is evaluated.
  var truth: Truth?

  init(_ type: CELType, _ code: @escaping Code) {
    self.type = type
    self.code = code
  }

  init(_ type: CELType, path: Path) {
    self.type = type
    self.path = path
    code = Evaluation.path(path)
  }

  init(_ type: CELType, constant: CELValue) {
    self.type = type
    self.constant = constant
    code = { (_: inout Frame) throws(CELError) -> CELValue in constant }
  }

  /// What stands for a part that is reported as wrong.
  static let wrong = Checked(.unknown, constant: .null)
}

/// That a part is always true, or always false, and why.
struct Truth {
  let value: Bool
  /// Decided by values that the environment knows; else because a field is asked for that no object of the type has.
  let isByValue: Bool
}

/// Finds out what every name means and of what type every part is, and makes the code that evaluates it.
struct Checker {
  let environment: CELEnvironment
  var inference = TypeInference()
  private(set) var issues: [CELIssue] = []
  /// Issues of parts that are never reached.
  private(set) var unreachable: [CELIssue] = []
  /// What is read by name, in the order of checking: a chain of names once for each of its lengths.
  private(set) var reads: [(position: Int, path: [String])] = []
  /// The comprehension variables in scope, innermost last; a variable's place is its slot.
  private(set) var locals: [(name: String, type: CELType)] = []
  /// The most variables that are in scope at once.
  private(set) var localCount = 0
  /// The literal regular expressions, compiled.
  var patterns = RegularExpression.Literals()
  /// The longest path read from each place in the text.
  private var paths: [Int: [String]] = [:]

  init(_ environment: CELEnvironment) { self.environment = environment }

  var maximalPaths: [[String]] { paths.sorted { $0.key < $1.key }.map(\.value) }

  mutating func report(
    _ message: String, at range: Range<Int>, help: String? = nil, isAbsence: Bool = false
  ) {
    issues.append(CELIssue(message, at: range, help: help, isAbsence: isAbsence))
  }

  /// Takes back the issues from a number on, since what they are about is never reached.
  mutating func takeBack(from count: Int, exceptAbsences: Bool) {
    let taken = issues[count...]
    issues.removeSubrange(count...)
    if exceptAbsences { issues += taken.filter(\.isAbsence) }
    unreachable += taken.filter { !exceptAbsences || !$0.isAbsence }
  }

  mutating func push(_ name: String, _ type: CELType) -> Int {
    locals.append((name, type))
    localCount = max(localCount, locals.count)
    return locals.count - 1
  }

  mutating func pop(_ count: Int) { locals.removeLast(count) }

  /// Reports when the part is not of the type that is asked for.
  mutating func require(_ checked: Checked, _ type: CELType, _ range: Range<Int>) {
    let saved = inference
    if inference.accepts(type, checked.type) { return }
    inference = saved
    report(
      "this is \(article(inference.settled(checked.type))) where \(article(type)) is needed", at: range,
      help: type == .string ? "convert it with string(…)" : nil)
  }

  func article(_ type: CELType) -> String { withArticle(type.description) }

  mutating func check(_ syntax: Syntax) -> Checked {
    switch syntax.form {
    case .literal(let value): return Checked(type(of: value), constant: value)
    case .identifier(let name, let isRooted): return identifier(name, isRooted, syntax.range)
    case .select(let base, let name, let isOptional):
      if !isOptional, let named = qualified(syntax) { return named }
      return select(check(base), name, isOptional: isOptional, syntax.range)
    case .has(let base, let name, _):
      return has(base, name, syntax.range)
    case .index(let base, let index, let isOptional):
      return self.index(check(base), check(index), base, index, isOptional: isOptional, syntax.range)
    case .call(let name, let receiver, let arguments):
      return call(name, on: receiver, arguments, syntax.range)
    case .and(let parts): return logical(parts, decisive: false, syntax.range)
    case .or(let parts): return logical(parts, decisive: true, syntax.range)
    case .conditional(let condition, let then, let otherwise):
      return conditional(condition, then, otherwise, syntax.range)
    case .list(let items): return list(items)
    case .map(let entries): return map(entries)
    case .message(let name):
      report(
        "objects of a named type cannot be made here", at: name.range,
        help: "write a map, as in {'field': value}")
      return .wrong
    case .comprehension(let comprehension): return self.comprehension(comprehension, syntax.range)
    case .bind(let name, let value, let body): return bind(name, value, body)
    case .optionalMap(let base, let name, let body, let isFlat):
      return optionalMap(base, name, body, isFlat, syntax.range)
    }
  }

  private func type(of literal: CELValue) -> CELType {
    switch literal {
    case .null: .null
    case .bool: .bool
    case .int: .int
    case .uint: .uint
    case .double: .double
    case .string: .string
    case .bytes: .bytes
    default: .dyn
    }
  }

  // MARK: Names

  private mutating func identifier(_ name: String, _ isRooted: Bool, _ range: Range<Int>) -> Checked {
    if !isRooted, let slot = locals.lastIndex(where: { $0.name == name }) {
      return Checked(locals[slot].type, path: Path(root: .local(slot), rootRange: range))
    }
    if let known = global(name, isRooted, range) { return known }
    let known = environment.names + locals.map(\.name)
    report(
      "unknown variable '\(name)'", at: range,
      help: didYouMean(name, among: known)
        ?? (environment.functions[name] != nil
          ? "'\(name)' is a function; call it with '\(name)(…)'"
          : "the variables are: \(listed(known))"))
    return .wrong
  }

  mutating func global(_ name: String, _ isRooted: Bool, _ range: Range<Int>) -> Checked? {
    for candidate in environment.candidates(name, isRooted: isRooted) {
      if let slot = environment.slots[candidate] {
        record([candidate], range)
        return Checked(
          environment.types[slot], path: Path(root: .variable(slot, candidate), rootRange: range))
      }
      if CELType.denotations.contains(candidate) {
        return Checked(.type, constant: .type(candidate))
      }
    }
    return nil
  }

  /// A chain of names that is, as a whole, the qualified name of a variable or a type.
  private mutating func qualified(_ syntax: Syntax) -> Checked? {
    guard let (name, isRooted) = qualifiedName(syntax) else { return nil }
    return global(name, isRooted, syntax.range)
  }

  /// The text of a chain of names that does not start with a comprehension variable.
  func qualifiedName(_ syntax: Syntax) -> (name: String, isRooted: Bool)? {
    switch syntax.form {
    case .identifier(let name, let isRooted):
      return !isRooted && locals.contains { $0.name == name } ? nil : (name, isRooted)
    case .select(let base, let field, isOptional: false):
      guard let (name, isRooted) = qualifiedName(base) else { return nil }
      return (name + "." + field.text, isRooted)
    default: return nil
    }
  }

  private mutating func record(_ path: [String], _ range: Range<Int>) {
    if !environment.knownPaths.isEmpty { reads.append((range.lowerBound, path)) }
    if path.count > paths[range.lowerBound]?.count ?? 0 { paths[range.lowerBound] = path }
  }

  // MARK: Fields

  private mutating func has(_ base: Syntax, _ name: Name, _ range: Range<Int>) -> Checked {
    let checked = check(base)
    let (field, isAbsent) = fieldType(checked.type, name, isAskedFor: true)
    // A host's optional is there and may be empty; one that the expression makes itself is a value like others.
    if case .optional = inference.resolve(field), case .record = inference.resolve(checked.type) {
      report(
        "'\(name.text)' may be absent: ask with '.hasValue()'", at: range,
        help: "its field is always there, and holds an optional")
    }
    recordField(name, of: checked, base.range.lowerBound..<name.range.upperBound)
    var result = Checked(
      .bool, Evaluation.has(checked.code, escaped(name.text, checked.type), name.range))
    if isAbsent { result.truth = Truth(value: false, isByValue: false) }
    return result
  }

  private mutating func select(
    _ base: Checked, _ name: Name, isOptional: Bool, _ range: Range<Int>
  ) -> Checked {
    let field = fieldType(base.type, name).type
    let key = escaped(name.text, base.type)
    if isOptional {
      recordField(name, of: base, range)
      return Checked(optional(field), Evaluation.optionalSelect(base.code, key, name.range))
    }
    let isChained: Bool
    if case .optional = inference.resolve(base.type) { isChained = true } else { isChained = false }
    let type = isChained ? optional(field) : field
    guard let path = base.path?.appending(key, name.range) else {
      return Checked(type, Evaluation.select(base.code, key, name.range))
    }
    if let names = path.names { record(names, range) }
    return Checked(type, path: path)
  }

  /// Records a field that is asked for, whether or not it is there.
  private mutating func recordField(_ name: Name, of base: Checked, _ range: Range<Int>) {
    if let names = base.path?.appending(escaped(name.text, base.type), name.range).names {
      record(names, range)
    }
  }

  /// The optional of a type; optionals do not nest when they are chained.
  func optional(_ type: CELType) -> CELType {
    if case .optional = inference.resolve(type) { return type }
    return .optional(type)
  }

  /// The type of a field, `unknown` after a report when there is no such field.
  private mutating func fieldType(
    _ base: CELType, _ name: Name, isAskedFor: Bool = false
  ) -> (type: CELType, isAbsent: Bool) {
    switch inference.resolve(base) {
    case .dyn, .variable: return (.dyn, false)
    case .unknown: return (.unknown, false)
    case .optional(let inner), .nullable(let inner): return fieldType(inner, name, isAskedFor: isAskedFor)
    case .map(let key, let value):
      let saved = inference
      if inference.accepts(key, .string) { return (value, false) }
      inference = saved
      report("the keys of this map are \(inference.settled(key)), not strings", at: name.range)
      return (.unknown, false)
    case .record(let record):
      if let type = record.type(of: spelling(of: name.text, in: record)) { return (type, false) }
      report(
        "\(record.name) has no field '\(name.text)'", at: name.range,
        help: help(for: name.text, in: record), isAbsence: isAskedFor)
      return (.unknown, true)
    case let other:
      report(
        "\(article(inference.settled(other))) has no fields", at: name.range,
        help: helpForSelection(name.text, other))
      return (.unknown, false)
    }
  }

  private func helpForSelection(_ name: String, _ type: CELType) -> String? {
    if environment.functions[name]?.overloads.contains(where: \.isMethod) == true {
      return "call the method with '\(name)()'"
    }
    if case .list = type {
      return "select it from one element, as in '[0].\(name)', or from all with '.map(e, e.\(name))'"
    }
    return nil
  }

  private func help(for name: String, in record: CELRecordType) -> String {
    let fields = "its fields are: \(listed(record.fieldNames))"
    guard let near = didYouMean(name, among: record.fieldNames) else { return fields }
    return near + " (" + fields + ")"
  }

  /// The field's own name where the expression uses Kubernetes' spelling for names that are no identifiers.
  private func escaped(_ name: String, _ base: CELType) -> String {
    switch inference.resolve(base) {
    case .record(let record): spelling(of: name, in: record)
    case .optional(let inner), .nullable(let inner): escaped(name, inner)
    default: name
    }
  }

  private func spelling(of name: String, in record: CELRecordType) -> String {
    if record.declares(name) { return name }
    let plain = unescape(name)
    return record.declares(plain) ? plain : name
  }

  /// Undoes Kubernetes' escapes: `__dash__`, `__dot__`, `__slash__`, `__underscores__` and `__namespace__` for
  /// reserved words (https://kubernetes.io/docs/reference/using-api/cel/#escaping).
  private func unescape(_ name: String) -> String {
    guard name.utf8.count > 4, name.contains("__") else { return name }
    if name.hasPrefix("__"), name.hasSuffix("__") {
      let word = String(name.dropFirst(2).dropLast(2))
      if ReservedWords.reserved.contains(word) || ReservedWords.literals.contains(word) { return word }
    }
    var result = ""
    var rest = Substring(name)
    let escapes = [("__dash__", "-"), ("__dot__", "."), ("__slash__", "/"), ("__underscores__", "__")]
    while !rest.isEmpty {
      if let (escape, text) = escapes.first(where: { rest.hasPrefix($0.0) }) {
        result += text
        rest = rest.dropFirst(escape.count)
      } else {
        result.append(rest.removeFirst())
      }
    }
    return result
  }
}

/// The name of a type with its article: an int, a uint.
func withArticle(_ type: String) -> String {
  ["a", "e", "i", "o"].contains(type.prefix(1)) ? "an " + type : "a " + type
}
