import Patterns

/// A variable with the fields that are selected from it.
struct Path: Sendable {
  enum Root: Sendable {
    case variable(Int, String)
    case local(Int)
  }

  struct Step: Sendable {
    let name: String
    let range: Range<Int>
  }

  let root: Root
  let rootRange: Range<Int>
  var steps: [Step] = []

  init(root: Root, rootRange: Range<Int>) {
    self.root = root
    self.rootRange = rootRange
  }

  func appending(_ name: String, _ range: Range<Int>) -> Path {
    var copy = self
    copy.steps.append(Step(name: name, range: range))
    return copy
  }

  /// The names along the path, nil when it starts at a comprehension variable.
  var names: [String]? {
    guard case .variable(_, let name) = root else { return nil }
    return [name] + steps.map(\.name)
  }
}

/// Makes the code of each kind of expression. The semantics of the language are here and in the functions.
enum Evaluation {
  static func path(_ path: Path) -> Code {
    let steps = path.steps
    let rootRange = path.rootRange
    switch path.root {
    case .local(let slot):
      if steps.isEmpty { return { (frame: inout Frame) throws(CELError) -> CELValue in frame.locals[slot] } }
      return { (frame: inout Frame) throws(CELError) -> CELValue in
        try follow(steps, from: frame.locals[slot])
      }
    case .variable(let slot, let name):
      return { (frame: inout Frame) throws(CELError) -> CELValue in
        guard let value = frame.variables[slot] else {
          throw Failure("the variable '\(name)' has no value here").at(rootRange)
        }
        return steps.isEmpty ? value : try follow(steps, from: value)
      }
    }
  }

  private static func follow(_ steps: [Path.Step], from root: CELValue) throws(CELError) -> CELValue {
    var value = root
    for step in steps {
      if case .map(let object) = value, let next = object.field(named: step.name) {
        value = next
      } else {
        value = try field(step.name, of: value, step.range)
      }
    }
    return value
  }

  /// `value.name`; fields of an optional are optional.
  private static func field(
    _ name: String, of value: CELValue, _ range: Range<Int>
  ) throws(CELError) -> CELValue {
    switch value {
    case .map(let object):
      guard let value = object.field(named: name) else { throw noSuchKey(name, object, range) }
      return value
    case .optional(let inner):
      guard let inner else { return value }
      return try .optional(presentField(name, of: inner, range))
    case .null: throw Failure("null has no field '\(name)'").at(range)
    default:
      throw Failure("no such overload: \(withArticle(value.typeName)) has no field '\(name)'").at(range)
    }
  }

  private static func noSuchKey(_ name: String, _ object: any CELObject, _ range: Range<Int>) -> CELError {
    Failure("no such key: '\(name)'").at(range)
  }

  /// The field when it is there; nil when it is not, or the object itself is absent.
  private static func presentField(
    _ name: String, of value: CELValue, _ range: Range<Int>
  ) throws(CELError) -> CELValue? {
    switch value {
    case .map(let object): return object.field(named: name)
    case .optional(let inner):
      guard let inner else { return nil }
      return try presentField(name, of: inner, range)
    case .null: throw Failure("null has no field '\(name)'").at(range)
    default:
      throw Failure("no such overload: \(withArticle(value.typeName)) has no field '\(name)'").at(range)
    }
  }

  static func select(_ base: @escaping Code, _ name: String, _ range: Range<Int>) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in try field(name, of: try base(&frame), range) }
  }

  static func optionalSelect(_ base: @escaping Code, _ name: String, _ range: Range<Int>) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      let value = try presentField(name, of: try base(&frame), range)
      // Optionals do not nest: a field that holds one gives it as it is.
      if case .optional? = value { return value ?? .optional(nil) }
      return .optional(value)
    }
  }

  static func has(_ base: @escaping Code, _ name: String, _ range: Range<Int>) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      .bool(try presentField(name, of: try base(&frame), range) != nil)
    }
  }

  // MARK: Indexing

  static func index(
    _ base: @escaping Code, _ index: @escaping Code, isOptional: Bool, _ range: Range<Int>
  ) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      let container = try base(&frame)
      let key = try index(&frame)
      if case .optional(let inner) = container {
        guard let inner else { return container }
        return .optional(try element(of: inner, at: key, required: false, range))
      }
      let value = try element(of: container, at: key, required: !isOptional, range)
      return isOptional ? .optional(value) : value ?? .null
    }
  }

  /// `container[key]`; nil only when the element is not required and not there.
  private static func element(
    of container: CELValue, at key: CELValue, required: Bool, _ range: Range<Int>
  ) throws(CELError) -> CELValue? {
    switch container {
    case .list(let list):
      guard let index = try position(key, range) else { throw invalidIndex(key, range) }
      guard index >= 0, index < list.count else {
        if !required { return nil }
        throw Failure("index out of range: \(index) in a list of \(list.count)").at(range)
      }
      return list.element(at: index)
    case .map(let map):
      if let value = map.value(forKey: key) { return value }
      if !required { return nil }
      throw Failure("no such key: \(shown(key))").at(range)
    default:
      throw Failure(overloadMessage("_[_]", [container.typeName, key.typeName])).at(range)
    }
  }

  /// A whole number of any type as a position; nil for anything else.
  private static func position(_ key: CELValue, _ range: Range<Int>) throws(CELError) -> Int? {
    switch key {
    case .int(let value): return Int(value)
    case .uint(let value): return Int(clamping: value)
    case .double(let value): return Int(exactly: value)
    default: return nil
    }
  }

  private static func invalidIndex(_ key: CELValue, _ range: Range<Int>) -> CELError {
    if case .double(let value) = key {
      return Failure("invalid_argument: \(value) is not a whole number and no index").at(range)
    }
    return Failure("no such overload: a list is indexed with an int, not \(key.typeName)").at(range)
  }

  /// A value as messages show it, shortened.
  static func shown(_ value: CELValue) -> String {
    switch value {
    case .bool(let value): return String(value)
    case .int(let value): return String(value)
    case .uint(let value): return String(value) + "u"
    case .double(let value): return formatted(value)
    case .string(let value):
      let short = value.unicodeScalars.count > 60 ? String(value.unicodeScalars.prefix(57)) + "..." : value
      return "'" + printable(short) + "'"
    default: return "a value of type \(value.typeName)"
    }
  }

  // MARK: Logic

  /// `&&` (the value false decides) and `||` (true does): an error counts only when nothing decides.
  static func logical(_ parts: [Code], _ ranges: [Range<Int>], decisive: Bool) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      var failure: CELError?
      for (index, part) in parts.enumerated() {
        do throws(CELError) {
          let value = try part(&frame)
          if case .bool(let value) = value {
            if value == decisive { return .bool(decisive) }
          } else if failure == nil {
            failure = Failure(overloadMessage(decisive ? "_||_" : "_&&_", [value.typeName])).at(ranges[index])
          }
        } catch {
          if error.kind == .budget { throw error }
          if failure == nil { failure = error }
        }
      }
      if let failure { throw failure }
      return .bool(!decisive)
    }
  }

  static func conditional(
    _ condition: @escaping Code, _ then: @escaping Code, _ otherwise: @escaping Code, _ range: Range<Int>
  ) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      let value = try condition(&frame)
      guard case .bool(let isTrue) = value else {
        throw Failure(overloadMessage("_?_:_", [value.typeName])).at(range)
      }
      return isTrue ? try then(&frame) : try otherwise(&frame)
    }
  }

  // MARK: Calls

  static func call(_ name: String, _ body: FunctionBody, _ arguments: [Code], _ range: Range<Int>) -> Code {
    switch body {
    case .unary(let body) where arguments.count == 1:
      let argument = arguments[0]
      return { (frame: inout Frame) throws(CELError) -> CELValue in
        let value = try argument(&frame)
        do throws(Failure) {
          try frame.charge(1)
          if let result = try body(value, &frame) { return result }
        } catch {
          throw error.at(range)
        }
        throw Failure(overloadMessage(name, [value.typeName])).at(range)
      }
    case .binary(let body) where arguments.count == 2:
      let (first, second) = (arguments[0], arguments[1])
      return { (frame: inout Frame) throws(CELError) -> CELValue in
        let left = try first(&frame)
        let right = try second(&frame)
        do throws(Failure) {
          try frame.charge(1)
          if let result = try body(left, right, &frame) { return result }
        } catch {
          throw error.at(range)
        }
        throw Failure(overloadMessage(name, [left.typeName, right.typeName])).at(range)
      }
    case .arguments(let body): return call(name, body, arguments, range)
    case .unary, .binary:
      return { (_: inout Frame) throws(CELError) -> CELValue in
        throw Failure("'\(displayed(name))' takes another number of arguments").at(range)
      }
    }
  }

  private static func call(
    _ name: String, _ body: @escaping ArgumentsBody, _ arguments: [Code], _ range: Range<Int>
  ) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      var values: [CELValue] = []
      values.reserveCapacity(arguments.count)
      for argument in arguments { values.append(try argument(&frame)) }
      do throws(Failure) {
        try frame.charge(1)
        if let result = try body(values, &frame) { return result }
      } catch {
        throw error.at(range)
      }
      throw Failure(overloadMessage(name, values.map(\.typeName))).at(range)
    }
  }

  /// `text.matches('literal')`.
  static func matches(_ text: @escaping Code, _ pattern: Pattern, _ range: Range<Int>) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      let value = try text(&frame)
      guard case .string(let text) = value else {
        throw Failure(overloadMessage("matches", [value.typeName, "string"])).at(range)
      }
      do throws(Failure) {
        try frame.charge(1)
        return .bool(try frame.matches(pattern, text))
      } catch {
        throw error.at(range)
      }
    }
  }
}
