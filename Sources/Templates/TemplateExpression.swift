/// The expressions that templates use: a subset of CEL that keeps its meaning under the full language.
///
///     expression = '!' expression | 'has(' path ')' | path
///     path       = name { '.' name | '.?' name }
///
/// `a.?b` is nothing where `a` has no `b`, as CEL's optional selection.
struct TemplateExpression: Sendable {
  private struct Step: Sendable {
    let name: String
    let isOptional: Bool
    /// Offset of the name in the expression's text.
    let offset: Int
  }

  private enum Form: Sendable {
    case path([Step])
    case has([Step])
    indirect case not(Form)
  }

  private let form: Form
  let text: String

  /// What is wrong with an expression, and where in its text.
  struct Fault: Error {
    let offset: Int
    let length: Int
    let message: String
    var help: String?
  }

  init(_ text: String) throws(Fault) {
    self.text = text
    form = try Self.parse(Array(text.utf8), from: 0)
  }

  /// The names that an expression starts from.
  var variables: [(name: String, offset: Int)] {
    var form = form
    while case .not(let inner) = form { form = inner }
    switch form {
    case .path(let steps), .has(let steps): return steps.first.map { [($0.name, $0.offset)] } ?? []
    case .not: return []
    }
  }

  // MARK: Parsing

  private static func parse(_ bytes: [UInt8], from start: Int) throws(Fault) -> Form {
    var position = start
    skipSpace(bytes, &position)
    if position < bytes.count, bytes[position] == UInt8(ascii: "!") {
      return .not(try parse(bytes, from: position + 1))
    }
    let isHas = bytes[position...].starts(with: "has(".utf8)
    if isHas { position += 4 }
    let steps = try path(bytes, &position)
    skipSpace(bytes, &position)
    if isHas {
      guard position < bytes.count, bytes[position] == UInt8(ascii: ")") else {
        throw Fault(offset: position, length: 1, message: "'has(' is never closed")
      }
      guard steps.count > 1 else {
        throw Fault(offset: start, length: bytes.count - start, message: "has() asks for a field: has(a.b)")
      }
      position += 1
      skipSpace(bytes, &position)
    }
    guard position == bytes.count else {
      throw Fault(
        offset: position, length: bytes.count - position,
        message: "'\(String(decoding: bytes[position...], as: UTF8.self))' cannot be understood here",
        help: "this version reads paths such as service.name, with '!' and has(…)")
    }
    return isHas ? .has(steps) : .path(steps)
  }

  private static func path(_ bytes: [UInt8], _ position: inout Int) throws(Fault) -> [Step] {
    var steps: [Step] = []
    var isOptional = false
    while true {
      skipSpace(bytes, &position)
      let start = position
      while position < bytes.count, isNameByte(bytes[position], isFirst: position == start) { position += 1 }
      guard position > start else {
        throw Fault(offset: start, length: 1, message: "a variable's name is expected here")
      }
      steps.append(
        Step(
          name: String(decoding: bytes[start..<position], as: UTF8.self), isOptional: isOptional,
          offset: start))
      guard position < bytes.count, bytes[position] == UInt8(ascii: ".") else { return steps }
      position += 1
      isOptional = position < bytes.count && bytes[position] == UInt8(ascii: "?")
      if isOptional { position += 1 }
    }
  }

  private static func isNameByte(_ byte: UInt8, isFirst: Bool) -> Bool {
    (byte | 0x20) &- UInt8(ascii: "a") < 26 || byte == UInt8(ascii: "_")
      || !isFirst && byte &- UInt8(ascii: "0") < 10
  }

  private static func skipSpace(_ bytes: [UInt8], _ position: inout Int) {
    while position < bytes.count, bytes[position] == UInt8(ascii: " ") { position += 1 }
  }

  // MARK: Evaluation

  /// The value under these variables. Linear in the path.
  func evaluate(_ variables: TemplateVariables) throws(Fault) -> TemplateValue {
    try Self.evaluate(form, variables)
  }

  private static func evaluate(_ form: Form, _ variables: TemplateVariables) throws(Fault) -> TemplateValue {
    switch form {
    case .path(let steps): return try follow(steps, variables)
    case .has(let steps):
      let parent = try follow(Array(steps.dropLast()), variables)
      guard let last = steps.last, let value = parent.field(last.name) else { return .boolean(false) }
      if case .none = value { return .boolean(false) }
      return .boolean(true)
    case .not(let inner):
      let value = try evaluate(inner, variables)
      guard let condition = value.condition else {
        throw Fault(offset: 0, length: 1, message: "'!' takes a boolean, not \(value.kindDescription)")
      }
      return .boolean(!condition)
    }
  }

  private static func follow(_ steps: [Step], _ variables: TemplateVariables) throws(Fault) -> TemplateValue {
    guard let first = steps.first else { return .none }
    guard var value = variables[first.name] else {
      throw Fault(
        offset: first.offset, length: first.name.utf8.count, message: "there is no variable '\(first.name)'",
        help: "the variables are \(variables.names.joined(separator: ", "))")
    }
    for step in steps.dropFirst() {
      if case .none = value { return .none }
      if let next = value.field(step.name) {
        value = next
      } else if step.isOptional {
        return .none
      } else {
        throw Fault(
          offset: step.offset, length: step.name.utf8.count, message: "there is no field '\(step.name)' here",
          help: value.fieldNames.isEmpty
            ? "the value is \(value.kindDescription)"
            : "the fields are \(value.fieldNames.joined(separator: ", "))")
      }
    }
    return value
  }
}

/// The variables of one evaluation: layers, the nearest last, and above them those of loops.
struct TemplateVariables {
  let layers: [[String: TemplateValue]]
  var loops: [(name: String, value: TemplateValue)] = []

  subscript(name: String) -> TemplateValue? {
    for loop in loops.reversed() where loop.name == name { return loop.value }
    for layer in layers.reversed() {
      if let value = layer[name] { return value }
    }
    return nil
  }

  var names: [String] { Set(layers.flatMap(\.keys) + loops.map(\.name)).sorted() }
}
