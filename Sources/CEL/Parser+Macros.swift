/// Calls, some of which are macros: they are recognised by name and number of arguments, before types are known.
extension Parser {
  func call(
    _ name: Name, on receiver: Syntax?, _ arguments: [Syntax], _ range: Range<Int>
  ) throws(SyntaxError) -> Syntax {
    if let macro = try macro(name, receiver, arguments, range) { return macro }
    let children = (receiver.map { [$0] } ?? []) + arguments
    return try node(.call(name, receiver: receiver, arguments), range, above: children)
  }

  private func macro(
    _ name: Name, _ receiver: Syntax?, _ arguments: [Syntax], _ range: Range<Int>
  ) throws(SyntaxError) -> Syntax? {
    guard let receiver else {
      return name.text == "has" && arguments.count == 1 ? try has(arguments[0], range) : nil
    }
    if name.text == "bind", arguments.count == 3, case .identifier("cel", _) = receiver.form {
      let variable = try variable(arguments[0])
      return try node(
        .bind(variable, value: arguments[1], body: arguments[2]), range, above: [arguments[1], arguments[2]])
    }
    if name.text == "optMap" || name.text == "optFlatMap", arguments.count == 2 {
      let variable = try variable(arguments[0])
      let form = Syntax.Form.optionalMap(
        receiver, variable, body: arguments[1], isFlat: name.text == "optFlatMap")
      return try node(form, range, above: [receiver, arguments[1]])
    }
    return try comprehension(name, receiver, arguments, range)
  }

  private func has(_ argument: Syntax, _ range: Range<Int>) throws(SyntaxError) -> Syntax {
    guard case .select(let base, let field, let isOptional) = argument.form else {
      throw SyntaxError(
        "has() asks for a field, as in has(a.b)", at: argument.range,
        help: "for a key that is no identifier, write \"'key' in a\"")
    }
    return try node(.has(base, field, isOptional: isOptional), range, above: [base])
  }

  private func comprehension(
    _ name: Name, _ receiver: Syntax, _ arguments: [Syntax], _ range: Range<Int>
  ) throws(SyntaxError) -> Syntax? {
    guard let shape = Self.shape(name.text, arguments.count) else { return nil }
    var variables: [Name] = []
    for argument in arguments.prefix(shape.variables) { variables.append(try variable(argument)) }
    if variables.count == 2, variables[0].text == variables[1].text {
      throw SyntaxError("the two variables have the same name", at: variables[1].range)
    }
    let rest = Array(arguments.dropFirst(shape.variables))
    let comprehension = Comprehension(
      kind: shape.kind, range: receiver, variables: variables, condition: rest.count == 2 ? rest[0] : nil,
      body: rest[rest.count - 1])
    return try node(.comprehension(comprehension), range, above: [receiver] + rest)
  }

  private static func shape(
    _ name: String, _ count: Int
  ) -> (kind: Comprehension.Kind, variables: Int)? {
    switch (name, count) {
    case ("all", 2): (.all, 1)
    case ("all", 3): (.all, 2)
    case ("exists", 2): (.exists, 1)
    case ("exists", 3): (.exists, 2)
    case ("exists_one", 2), ("existsOne", 2): (.existsOne, 1)
    case ("exists_one", 3), ("existsOne", 3): (.existsOne, 2)
    case ("map", 2), ("map", 3): (.map, 1)
    case ("filter", 2): (.filter, 1)
    case ("transformList", 3), ("transformList", 4): (.transformList, 2)
    case ("transformMap", 3), ("transformMap", 4): (.transformMap, 2)
    case ("transformMapEntry", 3), ("transformMapEntry", 4): (.transformMapEntry, 2)
    case ("sortBy", 2): (.sortBy, 1)
    default: nil
    }
  }

  private func variable(_ argument: Syntax) throws(SyntaxError) -> Name {
    guard case .identifier(let text, isRooted: false) = argument.form else {
      throw SyntaxError("this must be a simple name for the variable", at: argument.range)
    }
    return Name(text: text, range: argument.range)
  }
}
