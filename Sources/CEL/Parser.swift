/// Reads tokens as an expression, by recursive descent with the operators' precedence.
struct Parser {
  private let tokens: [Token]
  private let limits: CELLimits
  private var position = 0
  private var depth = 0

  /// The whole text as one expression.
  static func parse(_ text: String, limits: CELLimits) throws(SyntaxError) -> Syntax {
    guard text.utf8.count <= limits.textLength else {
      throw SyntaxError(
        "the expression is \(text.utf8.count) bytes long; \(limits.textLength) are allowed", at: 0..<0)
    }
    var lexer = Lexer(text)
    var parser = Parser(tokens: try lexer.tokens(), limits: limits)
    if case .end = parser.current.kind {
      throw SyntaxError("the expression is empty", at: parser.current.range)
    }
    let expression = try parser.expression()
    guard case .end = parser.current.kind else {
      throw parser.unexpected("an operator or the end of the expression", help: parser.wordHelp)
    }
    return expression
  }

  private init(tokens: [Token], limits: CELLimits) {
    self.tokens = tokens
    self.limits = limits
  }

  // MARK: Tokens

  var current: Token { tokens[position] }

  private var previousEnd: Int { position > 0 ? tokens[position - 1].range.upperBound : 0 }

  mutating func advance() {
    if position < tokens.count - 1 { position += 1 }
  }

  func at(_ symbol: String) -> Bool { current.kind == .symbol(symbol) }

  mutating func take(_ symbol: String) -> Bool {
    guard at(symbol) else { return false }
    advance()
    return true
  }

  private mutating func expect(_ symbol: String, for opening: Token) throws(SyntaxError) {
    if take(symbol) { return }
    if case .end = current.kind {
      throw SyntaxError("\(describe(opening)) is not closed", at: opening.range, help: "add '\(symbol)'")
    }
    throw unexpected("',' or '\(symbol)'")
  }

  private func describe(_ token: Token) -> String {
    switch token.kind {
    case .identifier(let name), .quotedIdentifier(let name): "'\(name)'"
    case .symbol(let symbol): "'\(symbol)'"
    case .int, .uint, .double: "a number"
    case .string: "a string"
    case .bytes: "bytes"
    case .end: "the end of the expression"
    }
  }

  func unexpected(_ wanted: String, help: String? = nil) -> SyntaxError {
    SyntaxError("\(describe(current)) where \(wanted) is expected", at: current.range, help: help)
  }

  /// What is meant by an operator that is written as a word.
  private var wordHelp: String? {
    if current.kind == .identifier("and") { return "'and' is written '&&'" }
    if current.kind == .identifier("or") { return "'or' is written '||'" }
    if position > 0, tokens[position - 1].kind == .identifier("not") { return "'not' is written '!'" }
    return nil
  }

  /// A node, refused when it lies too high above its leaves.
  func node(_ form: Syntax.Form, _ range: Range<Int>, above children: [Syntax]) throws(SyntaxError) -> Syntax
  {
    let node = Syntax(form, range, aboveAll: children)
    guard node.height <= limits.depth else { throw tooDeep(range) }
    return node
  }

  private func tooDeep(_ range: Range<Int>) -> SyntaxError {
    SyntaxError(
      "the expression is nested, or chained, more than \(limits.depth) levels deep", at: range,
      help: "split it")
  }

  // MARK: Operators

  mutating func expression() throws(SyntaxError) -> Syntax {
    depth += 1
    defer { depth -= 1 }
    guard depth <= limits.depth else { throw tooDeep(current.range) }
    let condition = try binary(0)
    guard take("?") else { return condition }
    let then = try binary(0)
    guard take(":") else { throw unexpected("':' of the conditional") }
    let otherwise = try expression()
    let range = condition.range.lowerBound..<otherwise.range.upperBound
    return try node(
      .conditional(condition, then: then, otherwise: otherwise), range, above: [condition, then, otherwise])
  }

  /// The binary operators by level, loosest first.
  private static let levels: [Set<String>] = [
    ["||"], ["&&"], ["==", "!=", "<", "<=", ">", ">=", "in"], ["+", "-"], ["*", "/", "%"],
  ]

  private func binaryOperator(from level: Int) -> (symbol: String, level: Int)? {
    let symbol: String
    switch current.kind {
    case .symbol(let text): symbol = text
    case .identifier("in"): symbol = "in"
    default: return nil
    }
    for (index, operators) in Self.levels.enumerated() where index >= level && operators.contains(symbol) {
      return (symbol, index)
    }
    return nil
  }

  private mutating func binary(_ level: Int) throws(SyntaxError) -> Syntax {
    var left = try unary()
    while let (symbol, found) = binaryOperator(from: level) {
      let place = current.range
      advance()
      let right = try binary(found + 1)
      let range = left.range.lowerBound..<right.range.upperBound
      switch (symbol, left.form) {
      case ("&&", _), ("||", _): left = try chain(symbol, found, from: left, right)
      default:
        let name = symbol == "in" ? "@in" : "_\(symbol)_"
        left = try node(
          .call(Name(text: name, range: place), receiver: nil, [left, right]), range, above: [left, right])
      }
    }
    return left
  }

  /// A chain of one logical operator as one node: thousands of parts are no depth, and are gathered in linear time.
  private mutating func chain(
    _ symbol: String, _ level: Int, from left: Syntax, _ right: Syntax
  ) throws(SyntaxError) -> Syntax {
    var parts: [Syntax]
    switch (symbol, left.form) {
    case ("&&", .and(let earlier)), ("||", .or(let earlier)): parts = earlier
    default: parts = [left]
    }
    parts.append(right)
    while take(symbol) { parts.append(try binary(level + 1)) }
    let end = parts.last?.range.upperBound ?? right.range.upperBound
    return try node(
      symbol == "&&" ? .and(parts) : .or(parts), left.range.lowerBound..<end, above: parts)
  }

  private mutating func unary() throws(SyntaxError) -> Syntax {
    let start = current
    for symbol in ["!", "-"] where at(symbol) {
      var count = 0
      while take(symbol) { count += 1 }
      if symbol == "-", count % 2 == 1, let literal = negativeLiteral(start) {
        return try member(from: literal)
      }
      var operand = try member(from: try primary())
      // An even number of signs changes nothing but still asks for a number or a bool: two stand for all.
      for _ in 0..<(count % 2 == 0 ? 2 : 1) {
        let range = start.range.lowerBound..<operand.range.upperBound
        let name = Name(text: symbol == "!" ? "!_" : "-_", range: start.range)
        operand = try node(.call(name, receiver: nil, [operand]), range, above: [operand])
      }
      return operand
    }
    return try member(from: try primary())
  }

  /// A number after a minus sign, which alone reaches -2^63.
  private mutating func negativeLiteral(_ start: Token) -> Syntax? {
    let range = start.range.lowerBound..<current.range.upperBound
    switch current.kind {
    case .int(let magnitude) where magnitude <= UInt64(Int64.max) + 1:
      advance()
      return Syntax(.literal(.int(Int64(truncatingIfNeeded: 0 &- magnitude))), range)
    case .double(let value):
      advance()
      return Syntax(.literal(.double(-value)), range)
    default: return nil
    }
  }

  // MARK: Members

  private mutating func member(from first: Syntax) throws(SyntaxError) -> Syntax {
    var base = first
    while case .symbol(let symbol) = current.kind {
      let opening = current
      switch symbol {
      case ".":
        advance()
        base = try selector(of: base)
      case "[":
        advance()
        let isOptional = take("?")
        let index = try expression()
        try expect("]", for: opening)
        base = try node(
          .index(base, index, isOptional: isOptional), base.range.lowerBound..<previousEnd,
          above: [base, index])
      case "{" where Self.isQualifiedName(base):
        advance()
        try skipFields(opening)
        base = try node(.message(base), base.range.lowerBound..<previousEnd, above: [base])
      default: return base
      }
    }
    return base
  }

  private static func isQualifiedName(_ syntax: Syntax) -> Bool {
    switch syntax.form {
    case .identifier: true
    case .select(let base, _, isOptional: false): isQualifiedName(base)
    default: false
    }
  }

  private mutating func selector(of base: Syntax) throws(SyntaxError) -> Syntax {
    let isOptional = take("?")
    let name: Name
    switch current.kind {
    case .identifier(let text) where !ReservedWords.literals.contains(text):
      name = Name(text: text, range: current.range)
    case .quotedIdentifier(let text): name = Name(text: text, range: current.range)
    default: throw unexpected("the name of a field")
    }
    advance()
    let opening = current
    guard !isOptional, take("(") else {
      let range = base.range.lowerBound..<previousEnd
      return try node(.select(base, name, isOptional: isOptional), range, above: [base])
    }
    let arguments = try arguments(opening)
    let range = base.range.lowerBound..<previousEnd
    return try call(name, on: base, arguments, range)
  }

  private mutating func arguments(_ opening: Token) throws(SyntaxError) -> [Syntax] {
    var arguments: [Syntax] = []
    while !at(")") {
      arguments.append(try expression())
      if !take(",") { break }
      if at(")") { throw unexpected("an argument") }
    }
    try expect(")", for: opening)
    return arguments
  }

  // MARK: Primary expressions

  private mutating func primary() throws(SyntaxError) -> Syntax {
    let token = current
    switch token.kind {
    case .identifier(let text): return try identifier(text, token, isRooted: false)
    case .int(let value):
      guard let value = Int64(exactly: value) else {
        throw SyntaxError(
          "\(value) is beyond the range of int, a 64-bit signed integer", at: token.range,
          help: "append 'u' for an unsigned one")
      }
      return literal(.int(value), token)
    case .uint(let value): return literal(.uint(value), token)
    case .double(let value): return literal(.double(value), token)
    case .string(let value): return literal(.string(value), token)
    case .bytes(let value): return literal(.bytes(value), token)
    case .symbol("("):
      advance()
      let inner = try expression()
      try expect(")", for: token)
      return Syntax(inner.form, token.range.lowerBound..<previousEnd, height: inner.height)
    case .symbol("["):
      advance()
      return try list(token)
    case .symbol("{"):
      advance()
      return try map(token)
    case .symbol("."):
      advance()
      guard case .identifier(let text) = current.kind else { throw unexpected("a name") }
      return try identifier(text, token, isRooted: true)
    case .quotedIdentifier:
      throw SyntaxError("a name in backticks can only follow a dot", at: token.range)
    case .end, .symbol: throw unexpected("a value")
    }
  }

  private mutating func literal(_ value: CELValue, _ token: Token) -> Syntax {
    advance()
    return Syntax(.literal(value), token.range)
  }

  private mutating func identifier(
    _ text: String, _ start: Token, isRooted: Bool
  ) throws(SyntaxError) -> Syntax {
    switch text {
    case "true" where !isRooted: return literal(.bool(true), start)
    case "false" where !isRooted: return literal(.bool(false), start)
    case "null" where !isRooted: return literal(.null, start)
    case _ where ReservedWords.literals.contains(text): throw unexpected("a value")
    case _ where ReservedWords.reserved.contains(text):
      throw SyntaxError("'\(text)' is a reserved word and cannot be a name", at: current.range)
    default: break
    }
    let name = Name(text: isRooted ? "." + text : text, range: current.range)
    advance()
    let opening = current
    if take("(") {
      let arguments = try arguments(opening)
      return try call(name, on: nil, arguments, start.range.lowerBound..<previousEnd)
    }
    return Syntax(.identifier(text, isRooted: isRooted), start.range.lowerBound..<previousEnd)
  }

  private mutating func list(_ opening: Token) throws(SyntaxError) -> Syntax {
    var items: [Syntax.Item] = []
    while !at("]") {
      let isOptional = take("?")
      items.append(Syntax.Item(value: try expression(), isOptional: isOptional))
      if !take(",") { break }
    }
    try expect("]", for: opening)
    return try node(.list(items), opening.range.lowerBound..<previousEnd, above: items.map(\.value))
  }

  private mutating func map(_ opening: Token) throws(SyntaxError) -> Syntax {
    var entries: [Syntax.Entry] = []
    while !at("}") {
      let isOptional = take("?")
      let key = try expression()
      guard take(":") else { throw unexpected("':' after the key") }
      entries.append(Syntax.Entry(key: key, value: try expression(), isOptional: isOptional))
      if !take(",") { break }
    }
    try expect("}", for: opening)
    let children = entries.map(\.key) + entries.map(\.value)
    return try node(.map(entries), opening.range.lowerBound..<previousEnd, above: children)
  }

  /// The fields of a message literal, which the checker refuses as a whole.
  private mutating func skipFields(_ opening: Token) throws(SyntaxError) {
    while !at("}") {
      _ = take("?")
      switch current.kind {
      case .identifier, .quotedIdentifier: advance()
      default: throw unexpected("the name of a field")
      }
      guard take(":") else { throw unexpected("':' after the field's name") }
      _ = try expression()
      if !take(",") { break }
    }
    try expect("}", for: opening)
  }
}
