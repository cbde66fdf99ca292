/// Optional values. `or` and `orValue` evaluate their argument only when it is needed; `Evaluation` has them.
extension FunctionTable {
  mutating func addOptionals() {
    let optional = CELType.optional(.variable(0))
    function(
      "optional.of", [([.variable(0)], optional)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in .optional(value) })
    function(
      "optional.ofNonZeroValue", [([.variable(0)], optional)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in .optional(value.isNonZero ? value : nil) }
    )
    function(
      "optional.none", [([], optional)],
      .arguments { (_: [CELValue], _: inout Frame) throws(Failure) in .optional(nil) })
    method(
      "hasValue", [([optional], .bool)],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        guard case .optional(let inner) = value else { return nil }
        return .bool(inner != nil)
      })
    method(
      "value", [([optional], .variable(0))],
      .unary { (value: CELValue, _: inout Frame) throws(Failure) in
        guard case .optional(let inner) = value else { return nil }
        guard let inner else { throw Failure("optional.none() dereference: the optional has no value") }
        return inner
      })
    method("or", [([optional, optional], optional)], .binary(alternative))
    method("orValue", [([optional, .variable(0)], .variable(0))], .binary(alternative))
    let unwrap: UnaryBody = { (value: CELValue, frame: inout Frame) throws(Failure) in
      guard case .list(let list) = value else { return nil }
      var values: [CELValue] = []
      for index in 0..<list.count {
        try frame.charge(1)
        guard case .optional(let inner) = list.element(at: index) else { return nil }
        if let inner { values.append(inner) }
      }
      return .list(values)
    }
    function("optional.unwrap", [([.list(optional)], .list(.variable(0)))], .unary(unwrap))
    method("unwrapOpt", [([.list(optional)], .list(.variable(0)))], .unary(unwrap))
  }
}

@Sendable private func alternative(_ value: CELValue, _ other: CELValue, _: inout Frame) -> CELValue? {
  guard case .optional(let inner) = value else { return nil }
  return inner == nil ? other : value
}

extension Evaluation {
  /// `a.or(b)` and, when `takesValue`, `a.orValue(b)`: `b` is evaluated when `a` has no value.
  static func alternative(
    _ optional: @escaping Code, _ other: @escaping Code, takesValue: Bool, _ range: Range<Int>
  ) -> Code {
    { (frame: inout Frame) throws(CELError) -> CELValue in
      let value = try optional(&frame)
      guard case .optional(let inner) = value else {
        throw Failure(overloadMessage(takesValue ? "orValue" : "or", [value.typeName])).at(range)
      }
      guard let inner else {
        let result = try other(&frame)
        if takesValue { return result }
        guard case .optional = result else {
          throw Failure(overloadMessage("or", [value.typeName, result.typeName])).at(range)
        }
        return result
      }
      return takesValue ? inner : value
    }
  }
}
